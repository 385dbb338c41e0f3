from dataclasses import replace

import pytest

from api_kit import at
from api_stub import ApiStub
from harness.analysis.snapshots import refuse_undated
from harness.errors import UsageError
from harness.models.api.options import ApiOptions
from harness.models.mock import MockModel
from harness.models.open import OpenOptions, open_model

ROW = """
models:
  - {{name: mine, title: Mine, family: own, kind: openai, api_id: mine, url: "{url}/v1", {more}}}
"""


def info_of(stub, address, **options):
    with at(stub, address, **options) as model:
        return model.info


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("openai/gpt-4o", "gpt-4o"),
        ("anthropic/claude-3-5-sonnet-latest", "claude-3-5-sonnet-latest"),
        ("gemini/gemini-2.5-flash", "gemini-2.5-flash"),
        ("{url}#served", "served"),
    ],
)
def test_what_may_change_without_notice_is_refused(address, named):
    with ApiStub() as stub:
        info = info_of(stub, address.format(url=stub.url))

    with pytest.raises(UsageError, match=rf"{named}.*is an undated name.*dated snapshot") as caught:
        refuse_undated(info)
    assert caught.value.exit_code == 2


def test_what_is_fixed_passes():
    with ApiStub() as stub:
        refuse_undated(info_of(stub, "openai/gpt-4o-2024-08-06"))
        refuse_undated(info_of(stub, "anthropic/claude-opus-4-6"))
        undated = info_of(stub, "openai/gpt-4o")
    refuse_undated(replace(undated, sha256="00" * 32))
    refuse_undated(MockModel(lambda _: "A").info)


@pytest.mark.parametrize("vouched", [True, False])
def test_an_own_server_can_be_vouched_for(tmp_path, vouched):
    registry = tmp_path / "models.yaml"
    with ApiStub() as stub:
        registry.write_text(ROW.format(url=stub.url, more=f"undated: {str(not vouched).lower()}"))
        api = ApiOptions(environment={})
        with open_model("mine", OpenOptions(api=api, registry=registry)) as model:
            info = model.info

    if vouched:
        refuse_undated(info)
    else:
        with pytest.raises(UsageError, match="undated"):
            refuse_undated(info)
