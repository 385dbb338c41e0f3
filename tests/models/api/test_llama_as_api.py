"""The same GGUF as a local model and as an API: one protocol, the same answers and letters."""

from __future__ import annotations

import json
import math
import urllib.request

import pytest

import llama_server_shim
from api_kit import answers, ask, at, score
from api_stub import ApiStub, Status
from engine_kit import opened, stories
from harness.analysis.compare import compare
from harness.models.api.model import ApiModel
from harness.models.api.options import ApiOptions
from harness.models.api.policy import Policy
from harness.models.llamacpp.model import LlamaCppModel
from harness.models.llamacpp.options import EngineOptions
from harness.models.open import OpenOptions, open_model
from pipeline_kit import go, outcomes, plan_of
from shared_data import requires_shared

SHIM = llama_server_shim.__file__  # a port, where the embedded engine has a socket
ONCE = "Once upon a time"
# In single precision: else a prompt has slightly other numbers from the cache than without.
EXACT = EngineOptions(
    threads=1, kv_type_k="f32", kv_type_v="f32", flash_attention="off", llama_server=SHIM
)


@pytest.fixture(scope="module")
def story_model():
    with opened(stories(), kv_type_k="f32", kv_type_v="f32", llama_server=SHIM) as model:
        yield model


@pytest.fixture(scope="module")
def chat_model():
    with open_model("pico-f16", OpenOptions(EXACT)) as model:
        yield model


@pytest.fixture(scope="module")
def nano():
    with open_model("nano-f16", OpenOptions(EXACT)) as model:
        yield model


def through_http(host, *, wire="openai", interface=None, name="#tiny", **settings):
    """The model of a running LlamaCppModel, by the address of its server."""
    api = ApiOptions(wire=wire, environment={"LLAMA_API_KEY": host._server.key}, **settings)
    options = OpenOptions(EngineOptions(interface=interface), api)
    return open_model(f"{host._server.address}/v1{name}", options)


def rows(run):
    return [
        (
            row["sample_id"],
            row["text"],
            row["finish_reason"],
            json.loads(row["letter_logprobs"] or "null"),
        )
        for row in run.rows("responses")
    ]


def assert_equal_runs(first, second):
    assert first.manifest.fingerprint == second.manifest.fingerprint
    assert first.manifest.model.identity != second.manifest.model.identity
    assert outcomes(first) == outcomes(second)
    for ours, theirs in zip(rows(first), rows(second), strict=True):
        assert ours[:3] == theirs[:3]
        assert ours[3] == pytest.approx(theirs[3], abs=1e-4)


@requires_shared
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_base_model_answers_alike(story_model, tmp_path, stream):
    plan = plan_of("toy_mc")
    local = go(tmp_path / "local", story_model, plan)
    with through_http(story_model, interface="completion", stream=stream) as model:
        hosted = go(tmp_path / "hosted", model, plan)

    assert_equal_runs(local, hosted)
    assert hosted.manifest.model.engine == "llama-server"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_chat_model_answers_alike(chat_model, tmp_path, stream):
    plan = plan_of("toy_mc")
    local = go(tmp_path / "local", chat_model, plan)
    with through_http(chat_model, stream=stream) as model:
        hosted = go(tmp_path / "hosted", model, plan)

    assert_equal_runs(local, hosted)


def test_the_bundled_suite_is_answered_and_judged_alike(nano, tmp_path):
    plan = plan_of("quick_mc", "toy_mc", limit=16)
    local = go(tmp_path / "local", nano, plan)
    with through_http(nano, concurrency=4) as model:
        hosted = go(tmp_path / "hosted", model, plan)
    found = compare(local, hosted)

    assert_equal_runs(local, hosted)
    assert list(local.rows("scores")) == list(hosted.rows("scores"))
    assert local.scores["answer"].notna().sum() > 12
    assert {
        name: (t.n, t.changes.all_flips.value, t.missing) for name, t in found.tasks.items()
    } == {
        "quick_mc": (16, 0.0, None),
        "toy_mc": (12, 0.0, None),
    }


def test_a_conversation_is_the_same(chat_model, tmp_path):
    plan = plan_of("toy_chat")
    local = go(tmp_path / "local", chat_model, plan)
    with through_http(chat_model) as model:
        hosted = go(tmp_path / "hosted", model, plan)

    assert local.manifest.fingerprint == hosted.manifest.fingerprint
    assert local.responses["text"].tolist() == hosted.responses["text"].tolist()


def test_a_llama_server_by_url_is_asked_locally_unless_insisted_otherwise(chat_model):
    with through_http(chat_model, wire=None) as found:
        assert isinstance(found, LlamaCppModel)
    with through_http(chat_model) as found:
        assert isinstance(found, ApiModel)
        assert found.info.capabilities == ("generate", "letters")  # it does not echo


def test_a_llama_server_speaks_anthropics_protocol_too(chat_model):
    request = ask("What is 2 plus 3?", max_tokens=12)
    (local,) = answers(chat_model, request)
    with through_http(chat_model, wire="anthropic") as model:
        (hosted,) = answers(model, request)

    assert hosted.text == local.text
    assert hosted.output_tokens == local.output_tokens


def test_the_only_model_of_a_server_has_its_name(chat_model):
    with through_http(chat_model, name="") as model:
        assert model.info.name.startswith("pico-f16")


def test_stops_and_lengths_end_alike(chat_model):
    requests = [
        ask("Name a colour.", max_tokens=30, stop=("e", "o")),
        ask("Name a colour.", max_tokens=2),
        ask("Tell me more.", temperature=1.0, seed=7, max_tokens=12),
    ]
    local = answers(chat_model, *requests)
    with through_http(chat_model) as model:
        hosted = answers(model, *requests)

    for ours, theirs in zip(local[:2], hosted[:2], strict=True):
        assert (ours.text, ours.finish_reason) == (theirs.text, theirs.finish_reason)
    assert [r.prompt_tokens for r in local] == [r.prompt_tokens for r in hosted]


def test_a_prompt_that_is_too_long_is_the_same_error(chat_model):
    request = ask("word " * 3000)
    (local,) = answers(chat_model, request)
    with through_http(chat_model) as model:
        (hosted,) = answers(model, request)

    assert hosted.error_kind == local.error_kind == "context"


def test_a_wrong_key_is_said_by_the_probe(chat_model):
    api = ApiOptions(environment={"HARNESS_API_KEY": "sk-wrong-canary"})
    with pytest.raises(Exception, match="status 401: Invalid API Key") as caught:
        open_model(f"{chat_model._server.address}#x", OpenOptions(api=api))

    assert "canary" not in str(caught.value)


def post(host, path, body):
    request = urllib.request.Request(
        host._server.address + path,
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {host._server.key}"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        return json.load(reply)


def echo_of(host):
    """A server with echo whose log-probabilities are those of a real model, token by token."""

    def answer(asked):
        if not asked.body.get("echo"):
            return Status(400, {"error": {"message": "this server only echoes"}})
        told = post(
            host, "/tokenize", {"content": asked.text, "add_special": True, "with_pieces": True}
        )["tokens"]
        ids, pieces = [t["id"] for t in told], [str(t["piece"]) for t in told]
        values, tops = [None], [None]
        for place in range(1, len(ids)):
            body = {"prompt": ids[:place], "n_predict": 1, "n_probs": 1000, "temperature": 0.0}
            probabilities = post(host, "/completion", body)["completion_probabilities"][0]
            top = probabilities["top_logprobs"]
            values.append(next(t["logprob"] for t in top if t["id"] == ids[place]))
            tops.append({top[0]["token"]: top[0]["logprob"], pieces[place]: values[-1]})
        logprobs = {"tokens": pieces, "token_logprobs": values, "top_logprobs": tops}
        choice = {"text": asked.text, "finish_reason": "length", "logprobs": logprobs}
        return Status(200, {"choices": [choice], "usage": {"completion_tokens": 0}})

    return answer


@requires_shared
def test_log_likelihoods_through_echo_equal_the_local_ones(story_model):
    requests = [
        score(ONCE, ", there was a little girl", ", there lived", " the"),
        score(ONCE + ", there was a", " girl", " boy", " dragon"),
        score(ONCE + " ", "there"),
    ]
    local = answers(story_model, *requests)
    with (
        ApiStub(echo_of(story_model)) as stub,
        at(stub, f"{stub.url}#echo", policy=Policy()) as model,
    ):
        hosted = answers(model, *requests)

        assert "logprob" in model.info.capabilities
    for ours, theirs in zip(local, hosted, strict=True):
        assert theirs.logprobs == pytest.approx(ours.logprobs, abs=1e-3)
        assert theirs.greedy == ours.greedy
        assert all(math.isfinite(value) for value in theirs.logprobs)
