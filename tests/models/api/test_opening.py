"""From addresses to hosted models: what is sent where, what is recorded, what is refused."""

from dataclasses import replace

import pytest
from pydantic import SecretStr

from api_kit import QUICK, answers, ask, at, score
from api_stub import ApiStub, Asked, Reply, Status, listing
from harness.errors import ModelError
from harness.models.api.identity import is_undated
from harness.models.api.keys import Place
from harness.models.api.model import ApiModel, client_headers
from harness.models.api.options import ApiOptions
from harness.models.base import Verifiable
from harness.models.llamacpp.options import EngineOptions
from harness.models.open import OpenOptions, open_model
from harness.models.wires import openai

ROW = """
models:
  - name: mine
    title: Mine
    family: own
    kind: openai
    api_id: org/mine
    url: {url}/v1
    key_env: MY_KEY
    context: 8192
    capabilities: [generate, letters, logprob]
    omit: [seed]
"""


def test_what_is_recorded_of_a_dated_model():
    with ApiStub() as stub, at(stub) as model:
        info = model.info

        assert info.source == f"{stub.url}/v1"
    assert (info.name, info.backend, info.interface) == ("gpt-4o-2024-08-06", "openai", "chat")
    assert (info.snapshot, info.sha256) == ("gpt-4o-2024-08-06", None)
    assert info.capabilities == ("generate", "letters")
    assert info.context == 128_000
    assert info.settings == {
        "undated": False,
        "not_sent": [],
        "length_field": "max_tokens",
        "reasoning_room": 0,
    }


def test_identity_is_what_moves_answers_and_nothing_else():
    with ApiStub() as stub:
        usual = at(stub)
        slower = replace(QUICK, deadline=9.0, attempts=2)
        same = at(stub, concurrency=3, stream=True, policy=slower)
        other = [
            at(stub, omit=("temperature",)),
            at(stub, reasoning_room=100),
            at(stub, "openai/gpt-4o-mini-2024-07-18"),
            at(stub, "anthropic/claude-3-haiku-20240307"),
        ]
        for model in (usual, same, *other):
            model.close()

    assert usual.info.identity == same.info.identity
    assert len({model.info.identity for model in (usual, *other)}) == 5


@pytest.mark.parametrize(
    ("provider", "api_id", "undated"),
    [
        ("openai", "gpt-4o", True),
        ("openai", "gpt-4o-2024-08-06", False),
        ("openai", "gpt-3.5-turbo-0125", False),
        ("openai", "gpt-4o-mini", True),
        ("openai", "ft:gpt-4o-2024-08-06:org::id", False),
        ("openai", "gpt-5.4", True),
        ("anthropic", "claude-3-5-sonnet-latest", True),
        ("anthropic", "claude-opus-4-5", True),
        ("anthropic", "claude-opus-4-5-20251101", False),
        ("anthropic", "claude-opus-4-6", False),
        ("anthropic", "claude-sonnet-5", False),
        ("anthropic", "claude-haiku-5-5", False),
        ("gemini", "gemini-2.5-flash", True),
        ("gemini", "gemini-2.0-flash-001", False),
        ("gemini", "gemini-2.5-flash-preview-05-20", False),
        ("gemini", "gemini-flash-latest", True),
    ],
)
def test_undated_names_are_told_from_dated_ones(provider, api_id, undated):
    assert is_undated(provider, api_id) is undated


def test_an_undated_alias_is_marked_and_said():
    with ApiStub() as stub, at(stub, "openai/gpt-4o") as model:
        assert model.info.settings["undated"] is True
        assert "undated alias" in model.warnings[0]


def test_a_model_that_reasons_gets_no_temperature_and_that_is_said():
    with ApiStub() as stub, at(stub, "openai/o3-2025-04-16") as model:
        answers(model, ask("x", stop=("END",), letters=("A",)))
        body = stub.asked[0].body
        warnings = " ".join(model.warnings)

    assert set(body) == {"model", "max_tokens", "messages", "seed"}
    assert model.info.settings["not_sent"] == ["stop", "temperature", "top_p"]
    assert "without stop, temperature, top_p" in warnings
    assert "--reasoning-room" in warnings


def test_room_for_reasoning_is_sent_and_recorded():
    options = {"address": "gemini/gemini-2.5-flash-001", "reasoning_room": 1000}
    with ApiStub() as stub, at(stub, **options) as model:
        answers(model, ask("x", max_tokens=16))
        config = stub.asked[0].body["generationConfig"]

    assert config["maxOutputTokens"] == 1016
    assert model.info.settings["reasoning_room"] == 1000
    assert not any("--reasoning-room" in warning for warning in model.warnings)


def test_what_the_user_omits_is_not_sent():
    with ApiStub() as stub, at(stub, omit=("temperature", "seed")) as model:
        answers(model, ask("x"))

        assert not {"temperature", "seed"} & set(stub.asked[0].body)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"omit": ("max_tokens",)}, "cannot be omitted"),
        ({"concurrency": 0}, "expected 1 or more"),
        ({"reasoning_room": -1}, "expected 0 or more"),
        ({"wire": "cohere"}, "expected one of openai, anthropic, gemini"),
    ],
)
def test_choices_that_cannot_be_meant(options, words):
    with ApiStub() as stub, pytest.raises(ModelError, match=words):
        at(stub, **options)


@pytest.mark.parametrize("option", [{"context": 4096}, {"slots": 2}, {"flash_attention": "on"}])
@pytest.mark.parametrize("by_url", [False, True])
def test_options_of_local_models_are_refused_not_ignored(option, by_url):
    with ApiStub() as stub:
        address = f"{stub.url}#x" if by_url else "openai/gpt-4o-2024-08-06"
        api = ApiOptions(environment=stub.environment(), policy=QUICK)
        name = next(iter(option)).replace("_", "-")
        with pytest.raises(ModelError, match=f"--{name} is for local models"):
            open_model(address, OpenOptions(EngineOptions(**option), api))


def test_a_row_of_the_registry_says_where_and_how(tmp_path):
    registry = tmp_path / "models.yaml"
    with ApiStub() as stub:
        registry.write_text(ROW.format(url=stub.url))
        api = ApiOptions(environment={"MY_KEY": "key-of-mine"}, policy=QUICK)
        with open_model("mine", OpenOptions(api=api, registry=registry)) as model:
            answers(model, ask("x"))
        (asked,) = stub.asked

    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == "Bearer key-of-mine"
    assert asked.body["model"] == "org/mine"
    assert "seed" not in asked.body
    assert set(model.info.capabilities) == {"generate", "letters", "logprob"}
    assert (model.info.family, model.info.context) == ("own", 8192)


def test_a_row_of_the_registry_may_state_the_price(tmp_path):
    registry = tmp_path / "models.yaml"
    with ApiStub() as stub:
        registry.write_text(ROW.format(url=stub.url) + "    price: [2.0, 30.0]\n")
        api = ApiOptions(environment={}, policy=QUICK)
        with open_model("mine", OpenOptions(api=api, registry=registry)) as model:
            (response,) = answers(model, ask("x"))  # 20 tokens of input, 5 of output

    assert response.cost_usd == pytest.approx((20 * 2.0 + 5 * 30.0) / 1e6)
    assert model.price.source == "registry"
    assert not any("nobody knows" in warning for warning in model.warnings)


@pytest.mark.parametrize(
    "field",
    [
        "price: [1, -2]",
        "price: [1]",
        "url: http://u:p@host/v1",
        "url: host",
        "omit: [top_k]",
        "key_env: a b",
    ],
)
def test_a_row_with_a_wrong_field_is_refused(tmp_path, field):
    registry = tmp_path / "models.yaml"
    registry.write_text(
        f"models: [{{name: x, title: X, family: f, kind: openai, api_id: x, {field}}}]"
    )

    with pytest.raises(ModelError, match=field.partition(":")[0]):
        open_model("x", OpenOptions(registry=registry))


def test_a_local_row_takes_no_url(tmp_path):
    registry = tmp_path / "models.yaml"
    registry.write_text(
        "models: [{name: x, title: X, family: f, kind: gguf, path: x.gguf, url: 'http://h/v1'}]"
    )
    with pytest.raises(ModelError, match="asked by HTTP"):
        open_model("x", OpenOptions(registry=registry))


def test_weights_that_were_not_converted_are_named():
    with pytest.raises(ModelError, match="unconverted weights"):
        open_model("mixtral-8x7b", OpenOptions())


def test_a_server_by_url_is_asked_as_an_api():
    with (
        ApiStub(lambda _: Reply("B", top=[("B", -0.1)])) as stub,
        at(stub, f"{stub.url}#my-model") as model,
    ):
        (response,) = answers(model, ask("x", letters=("B",)))
        asked = stub.asked[-1]
        info = model.info

    assert isinstance(model, ApiModel)
    assert asked.path == "/v1/chat/completions"
    assert asked.body["model"] == "my-model"
    assert "authorization" not in asked.headers
    assert response.letter_logprobs == (-0.1,)
    assert (info.name, info.snapshot, info.engine, info.context) == ("my-model",) * 2 + (
        "stub",
        4096,
    )
    assert info.settings["undated"] is True
    assert info.capabilities == ("generate", "letters")
    (warning,) = model.warnings
    assert "nobody knows what my-model costs" in warning


def test_the_only_model_of_a_server_need_not_be_named():
    with ApiStub() as stub, at(stub, stub.url) as model:
        assert (model.info.name, model.info.snapshot) == ("stub", "stub")


def serving(rows):
    def handler(asked: Asked):
        if asked.path.endswith("/models"):
            return Status(200, rows)
        return listing(asked)

    return handler


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"data": [{"id": "one"}, {"id": "two"}]}, "it offers one, two"),
        ({"data": []}, "it lists none"),
        ({"oops": 1}, "it lists none"),
        ([1, 2], "it lists none"),
    ],
)
def test_which_model_is_meant_must_be_clear(monkeypatch, rows, said):
    monkeypatch.setattr("api_stub.listing", serving(rows))
    with ApiStub() as stub, pytest.raises(ModelError, match=rf"{said}.*#<name"):
        at(stub, stub.url)


def test_a_server_that_is_not_there():
    with ApiStub() as stub:
        pass
    with pytest.raises(ModelError, match=r"cannot be used: connection.*check the address"):
        at(stub, f"{stub.url}#x")


def test_a_server_that_refuses_the_key(monkeypatch):
    monkeypatch.setattr("api_stub.listing", lambda _: Status(401, {"error": {"message": "who?"}}))
    with ApiStub() as stub, pytest.raises(ModelError, match="status 401: who"):
        at(stub, f"{stub.url}#x")


def test_a_server_that_answers_html_to_everything_may_still_be_one(monkeypatch):
    monkeypatch.setattr("api_stub.listing", lambda _: Status(200, "<html>"))
    with ApiStub() as stub, at(stub, f"{stub.url}#x") as model:
        assert model.info.capabilities == ("generate", "letters")


def test_the_protocol_of_a_server_can_be_insisted_on():
    with ApiStub() as stub, at(stub, f"{stub.url}#x", wire="anthropic") as model:
        (response,) = answers(model, ask("x"))
        paths = [asked.path for asked in stub.asked]

    assert response.text == "B"
    assert paths == ["/v1/messages"]
    assert model.info.backend == "anthropic"


def test_plain_completions_for_a_base_model():
    with ApiStub() as stub:
        api = ApiOptions(environment=stub.environment(), policy=QUICK)
        options = OpenOptions(EngineOptions(interface="completion"), api)
        with open_model(f"{stub.url}#base", options) as model:
            (response,) = answers(model, ask("Once", " upon"))
        asked = stub.asked[-1]

    assert (asked.path, asked.body["prompt"]) == ("/v1/completions", "Once upon")
    assert response.text == "B"
    assert model.info.interface == "completion"


def test_anthropic_has_no_plain_completions():
    with ApiStub() as stub:
        api = ApiOptions(environment=stub.environment())
        options = OpenOptions(EngineOptions(interface="completion"), api)
        with pytest.raises(ModelError, match="no plain completions"):
            open_model("anthropic/claude-3-haiku-20240307", options)


def echoing(asked: Asked):
    """A server with echo: one token a word, the more probable the shorter."""
    if not asked.body.get("echo"):
        return "B"
    words = asked.body["prompt"].split(" ")
    tokens = [words[0], *(f" {word}" for word in words[1:]), " more"]
    values = [None, *(-float(len(token)) for token in tokens[1:])]
    told = {
        "tokens": tokens,
        "token_logprobs": values,
        "top_logprobs": [None, *({t: v} for t, v in zip(tokens[1:], values[1:], strict=True))],
    }
    choice = {"text": "".join(tokens), "finish_reason": "length", "logprobs": told}
    return Status(200, {"choices": [choice], "usage": {"completion_tokens": 1}})


def test_log_likelihoods_come_through_echo_where_it_is_offered():
    with ApiStub(echoing) as stub, at(stub, f"{stub.url}#base") as model:
        response, spaced = answers(
            model, score("Question: x Answer:", " A", " BB CC"), score("Answer: ", "A", "DDD")
        )
        calls = stub.calls

    assert model.info.capabilities == ("generate", "letters", "logprob")
    assert response.logprobs == (-2.0, -6.0)
    assert response.greedy == (True, True)
    assert response.attempts == 2
    assert spaced.logprobs == (-2.0, -4.0)
    assert calls == 1 + 4  # the probe, then one a continuation


def test_a_logprob_request_without_continuations_is_its_own_error():
    with ApiStub(echoing) as stub, at(stub, f"{stub.url}#base") as model:
        (response,) = answers(model, score("x"))

    assert response.error_kind == "prompt"


def test_a_broken_echo_is_an_error_and_no_likelihood():
    def sometimes(asked):
        if "one two three" in asked.text:
            return echoing(asked)
        answer = echoing(asked)
        answer.body["choices"][0]["logprobs"]["token_logprobs"][-2] = float("nan")
        return answer

    policy = replace(QUICK, attempts=2, deadline=20.0)
    with ApiStub(sometimes) as stub, at(stub, f"{stub.url}#base", policy=policy) as model:
        (response,) = answers(model, score("Answer:", " A"))

    assert (response.error_kind, response.logprobs) == ("malformed", None)


def test_an_outage_during_the_probe_is_not_taken_for_an_answer():
    policy = replace(QUICK, deadline=20.0)
    busy = Status(503, "busy")
    with (
        ApiStub(lambda asked: busy if asked.attempt < 3 else echoing(asked)) as stub,
        at(stub, f"{stub.url}#base", policy=policy) as model,
    ):
        assert "logprob" in model.info.capabilities
    with ApiStub(lambda _: busy) as stub, pytest.raises(ModelError, match="status 503"):
        at(stub, f"{stub.url}#base")


def test_azure_wants_its_key_elsewhere_and_a_version():

    place = Place("https://my.openai.azure.com/openai/v1", SecretStr("key-of-azure"))
    assert client_headers(place, openai) == {"api-key": "key-of-azure"}

    with ApiStub() as stub:
        environment = {"OPENAI_API_VERSION": "2024-10-21"}
        address = f"{stub.url}/openai/deployments/mine#gpt-4o"
        with at(stub, address, environment=environment) as model:
            answers(model, ask("x"))
        path = stub.asked[-1].path

    assert path == "/openai/deployments/mine/chat/completions?api-version=2024-10-21"


def test_a_hosted_model_cannot_be_asked_cold():
    with ApiStub() as stub, at(stub) as model:
        assert not isinstance(model, Verifiable)
