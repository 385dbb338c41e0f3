"""An independent imitation of hosted models agrees, in calm and in chaos."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aimock_kit import aimock, requires_aimock
from api_kit import QUICK, answers, ask
from harness.models.api.options import ApiOptions
from harness.models.open import OpenOptions, open_model
from pipeline_kit import go, outcomes, plan_of

pytestmark = requires_aimock
PROVIDERS = [
    "openai/gpt-4o-2024-08-06",
    "anthropic/claude-3-haiku-20240307",
    "gemini/gemini-2.0-flash-001",
]
PATIENT = replace(QUICK, deadline=60.0, attempts=12, longest_wait=0.05)
USAGE = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
CALM = {
    "capital of France": {"content": "Paris", "usage": USAGE},
    "a long story": {"content": "Once upon", "finishReason": "length"},
}


def at(server, address=PROVIDERS[0], **options):
    settings = {"environment": server.environment, "policy": PATIENT, **options}
    return open_model(address, OpenOptions(api=ApiOptions(**settings)))


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    with aimock(tmp_path_factory.mktemp("calm"), CALM) as server:
        yield server


@pytest.mark.parametrize("address", PROVIDERS, ids=lambda a: a.partition("/")[0])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_every_provider(calm, address, stream):
    with at(calm, address, stream=stream) as model:
        paris, story = answers(model, ask("What is the capital of France?"), ask("a long story"))

    assert (paris.text, paris.finish_reason, paris.attempts) == ("Paris", "stop", 1)
    assert (story.text, story.finish_reason) == ("Once upon", "length")
    if address.startswith("openai"):
        assert (paris.prompt_tokens, paris.output_tokens) == (11, 3)


def test_azure_and_a_plain_url(calm):
    environment = {"OPENAI_API_VERSION": "2024-10-21"}
    for address in (f"{calm.url}/openai/deployments/gpt-4o#gpt-4o", f"{calm.url}#gpt-4o"):
        with at(calm, address, environment=environment) as model:
            (paris,) = answers(model, ask("What is the capital of France?"))
            assert paris.text == "Paris"
            assert "logprob" not in model.info.capabilities


def test_letters_that_are_not_told_are_none(calm):
    with at(calm) as model:
        (paris,) = answers(model, ask("the capital of France", letters=("A", "B")))

        assert len(model.warnings) == 1
    assert paris.letter_logprobs is None


def test_the_key_arrived_and_what_was_asked(calm):
    with at(calm) as model:
        answers(model, ask("the capital of France, again", max_tokens=7))
    asked = calm.journal()[-1]

    assert asked["path"] == "/v1/chat/completions"
    assert asked["body"]["max_tokens"] == 7
    assert asked["headers"]["authorization"]


def solved(plan):
    """What aimock has to say to get everything right but one question in four."""
    return {
        sample.requests[0].messages[-1].content: sample.gold if n % 4 else "E"
        for n, sample in enumerate(plan.samples)
    }


@pytest.fixture(scope="module")
def many():
    return plan_of("toy_many")


@pytest.fixture(scope="module")
def fault_free(many, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fault-free")
    with aimock(folder / "fixtures", solved(many)) as server, at(server) as model:
        run = go(folder, model, many)
    assert run.manifest.status == "complete"
    return run


@pytest.mark.slow
@pytest.mark.parametrize(
    "chaos",
    [
        {"ratelimit": 0.1, "drop": 0.05, "malformed": 0.05, "disconnect": 0.05},
        {"ratelimit": 0.5},
        {"disconnect": 0.3},
        {"malformed": 0.3},
        {"drop": 0.3},
    ],
    ids="+".join,
)
def test_chaos_changes_no_score(many, fault_free, tmp_path, chaos):
    with aimock(tmp_path / "fixtures", solved(many), **chaos) as server:
        with at(server) as model:
            run = go(tmp_path, model, many)
        received = len(server.journal())
    summary = run.responses

    assert outcomes(run) == outcomes(fault_free)
    assert (run.scores["outcome"] == fault_free.scores["outcome"]).all()
    assert summary["attempts"].sum() == received > len(many.samples)
    assert run.manifest.status == "complete"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_ten_thousand_requests_in_chaos(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_MANY", "10000")
    plan = plan_of("toy_many")
    chaos = {"ratelimit": 0.1, "drop": 0.05, "malformed": 0.05, "disconnect": 0.05}
    impatient = replace(PATIENT, attempts=2)  # so that some requests are given up
    with aimock(tmp_path / "calm", solved(plan)) as server, at(server) as model:
        calm = go(tmp_path / "calm", model, plan)
    with aimock(tmp_path / "chaos", solved(plan), **chaos) as server:
        with at(server, policy=impatient, concurrency=32) as model:
            run = go(tmp_path / "chaos", model, plan)
        received = len(server.journal())
    both = run.scores.merge(calm.scores, on="sample_id", suffixes=("", "_calm"))
    answered = both[both["outcome"] != "error"]

    assert len(both) == 10_000
    assert calm.manifest.status == "complete"
    assert 0 < len(both) - len(answered) < 1_500
    assert (answered["outcome"] == answered["outcome_calm"]).all()
    assert both[both["outcome"] == "error"]["value"].isna().all()
    assert run.responses["attempts"].sum() == received
    print(f"10,000 requests: {received:,} calls, {outcomes(run)}, fault-free {outcomes(calm)}")
