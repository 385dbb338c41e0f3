from __future__ import annotations

import http.client
import json
import math
import socket
from dataclasses import replace

import pytest

from engine_kit import answers, ask, opened, score, stories
from gguf_files import write_phi3
from harness.models.llamacpp.prompt import Prompts
from harness.models.transport import FailureKind, HttpFailure
from shared_data import requires_shared

ONCE = "Once upon a time"


@pytest.fixture(scope="module")
def story_model():
    with opened(stories(), kv_type_k="f32", kv_type_v="f32") as model:
        yield model


@pytest.fixture(scope="module")
def random_model(tmp_path_factory):
    path = write_phi3(tmp_path_factory.mktemp("models") / "random.gguf", quantization="Q4_0")
    with opened(path) as model:
        yield model


def post(model, path, body):
    """Ask the model's server directly, past everything under test."""
    connection = http.client.HTTPConnection("localhost", timeout=30)
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.connect(model._server.address.removeprefix("unix://"))
        headers = {"Authorization": f"Bearer {model._server.key}"}
        connection.request("POST", path, json.dumps(body), headers)
        reply = connection.getresponse()
        assert reply.status == 200
        return json.load(reply)


def cold_score(model, context, continuation):
    """Log-likelihood and greedy flag, token by token from the full distribution, no cache."""
    ids = post(model, "/tokenize", {"content": context, "add_special": True})["tokens"]
    whole = post(model, "/tokenize", {"content": context + continuation, "add_special": True})
    visible = post(model, "/tokenize", {"content": "a"})["tokens"][-1]
    total, greedy = 0.0, True
    for token in whole["tokens"][len(ids) :]:
        body = {"prompt": ids, "n_predict": 1, "n_probs": 100_000, "cache_prompt": False}
        body["logit_bias"] = [[visible, 1e6]]  # a token that ends within a character is not shown
        top = post(model, "/completion", body)["completion_probabilities"][0]["top_logprobs"]
        assert math.fsum(math.exp(entry["logprob"]) for entry in top) == pytest.approx(1, abs=1e-3)
        total += next(entry["logprob"] for entry in top if entry["id"] == token)
        greedy = greedy and top[0]["id"] == token
        ids = [*ids, token]
    return total, greedy


@requires_shared
def test_greedy_text_of_the_trained_model(story_model):
    [response] = answers(story_model, ask(ONCE, max_tokens=11))

    assert response.text == ", there was a little girl named Lily."
    assert response.finish_reason == "length"
    assert (response.prompt_tokens, response.output_tokens) == (5, 11)


@requires_shared
def test_stop_words_end_the_text_and_are_not_part_of_it(story_model):
    [response] = answers(story_model, ask(ONCE, max_tokens=40, stop=(".",)))

    assert response.text == ", there was a little girl named Lily"
    assert response.finish_reason == "stop"


@requires_shared
def test_a_response_carries_times_memory_and_moment(story_model):
    [response] = answers(story_model, ask(ONCE, max_tokens=20))

    assert response.prefill_seconds > 0
    assert response.decode_seconds > 0
    assert response.total_seconds > response.first_token_seconds > 0
    assert response.peak_memory_bytes > 10_000_000
    assert response.answered_at.endswith("+00:00")


@requires_shared
def test_log_likelihood_equals_a_cold_scorer_token_by_token(story_model):
    continuations = (", there was a little girl", ", there lived a dragon.", " the", ", the")
    [response] = answers(story_model, score(ONCE, *continuations))

    expected = [cold_score(story_model, ONCE, text) for text in continuations]
    assert response.logprobs == pytest.approx([total for total, _ in expected], abs=1e-3)
    assert response.greedy == tuple(greedy for _, greedy in expected)
    assert response.greedy == (True, False, False, False)


def test_log_likelihood_of_a_quantized_model_equals_the_cold_scorer(random_model):
    continuations = (" the answer", " zebra 7", "\nquestion", " A")
    [response] = answers(random_model, score("there was one question", *continuations))

    expected = [cold_score(random_model, "there was one question", text) for text in continuations]
    assert response.logprobs == pytest.approx([total for total, _ in expected], abs=1e-3)


def test_characters_of_several_tokens_have_their_log_likelihood(random_model):
    snow, mixed = " \u2603", " one \u2603\u00e9 two"
    [response] = answers(random_model, score("question", snow, mixed, " one"))

    expected = [cold_score(random_model, "question", text) for text in (snow, mixed, " one")]
    assert response.logprobs == pytest.approx([total for total, _ in expected], abs=1e-3)
    assert response.greedy == (False, False, False)


def test_what_makes_grammars_abort_is_asked_step_by_step(random_model, monkeypatch):
    [expected] = answers(random_model, score("question", " one \x00 two"))
    pid = random_model._server.pid
    force = Prompts.continuations

    async def always_by_grammar(self, request):
        context, continuations = await force(self, request)
        return context, [replace(c, plain_ascii=True) for c in continuations]

    monkeypatch.setattr(Prompts, "continuations", always_by_grammar)
    [recovered] = answers(random_model, score("question", " one \x00 two"))

    assert random_model._server.pid != pid
    assert recovered.logprobs == pytest.approx(expected.logprobs, abs=1e-3)


def test_letters_are_found_where_the_answer_begins_with_a_stop_word(random_model):
    [free] = answers(random_model, ask("question", letters=("Q", "a"), max_tokens=1))
    stop = (free.text,)
    [stopped] = answers(random_model, ask("question", letters=("Q", "a"), stop=stop))

    assert stopped.text == ""
    assert stopped.letter_logprobs == pytest.approx(free.letter_logprobs, abs=1e-3)


@requires_shared
def test_a_server_without_token_grammars_gives_the_same_numbers(story_model, monkeypatch):
    request = score(ONCE, ", there was a little girl", ", there lived")
    [by_grammar] = answers(story_model, request)
    client = story_model._client
    complete = client.complete

    async def old_server(body):
        if "grammar" in body:
            raise HttpFailure(FailureKind.STATUS, "failed to parse grammar", 400)
        return await complete(body)

    monkeypatch.setattr(client, "complete", old_server)
    [by_steps] = answers(story_model, request)

    assert by_steps.logprobs == pytest.approx(by_grammar.logprobs, abs=1e-4)


@requires_shared
def test_spaces_at_the_end_of_the_context_belong_to_the_continuation(story_model):
    with_space, without = answers(story_model, score(ONCE + " ", "there"), score(ONCE, " there"))

    assert with_space.logprobs == pytest.approx(without.logprobs, abs=1e-4)


@requires_shared
def test_an_empty_context_is_the_start_of_text(story_model):
    [response] = answers(story_model, score("", "Once"))

    assert response.logprobs == pytest.approx([cold_score(story_model, "", "Once")[0]], abs=1e-3)
    assert response.prompt_tokens == 1


@requires_shared
def test_cached_answers_equal_cold_ones(story_model):
    requests = [ask(f"{ONCE} there was a {animal}") for animal in ("dog", "cat", "bird")]
    requests.append(score(ONCE, ", there was", " in the park"))
    warm = answers(story_model, *requests)
    cold = answers(story_model, *requests, cold=True)

    assert [r.text for r in warm] == [r.text for r in cold]
    assert warm[-1].logprobs == pytest.approx(cold[-1].logprobs, abs=1e-3)
    assert sum(r.reused_tokens for r in warm) > 15
    assert sum(r.reused_tokens for r in cold) == 0


@requires_shared
def test_letters_are_read_at_the_first_position(story_model):
    [response] = answers(story_model, ask(ONCE, letters=(",", "there", "Q")))

    comma, there, q = response.letter_logprobs
    assert comma == pytest.approx(cold_score(story_model, ONCE, ",")[0], abs=1e-3)
    assert there == pytest.approx(cold_score(story_model, ONCE, " there")[0], abs=1e-3)
    assert q is None


def test_sampling_follows_its_seed(random_model):
    def hot(seed, repeat=0):
        return ask("question", temperature=1.0, seed=seed, max_tokens=12, repeat=repeat)

    once, again, other = answers(random_model, hot(1), hot(1, repeat=1), hot(2))

    assert once.text == again.text != other.text


@requires_shared
def test_a_prompt_beyond_the_context_is_an_error_with_both_numbers(story_model):
    long = ask("word " * 600)
    response, fine = answers(story_model, long, ask(ONCE))

    assert response.error_kind == "context"
    assert "512" in response.error_message
    assert response.text is None
    assert fine.text
    [misfit] = story_model.preflight([long, ask(ONCE)])
    assert misfit.request_key == long.key
    assert f"{misfit.tokens:,}" in response.error_message
    assert misfit.limit == 512


@requires_shared
def test_several_slots_share_the_work_and_answer_everything_once():
    requests = [ask(f"{ONCE} there was a {n}", max_tokens=4) for n in range(17)]
    with opened(stories(), slots=3, context=256) as model:
        responses = answers(model, *requests)

    assert all(response.text for response in responses)
    assert model.info.context == 256


@requires_shared
def test_drain_ends_the_pass_early_and_for_good():
    requests = [ask(f"{ONCE} {n}") for n in range(50)]
    with opened(stories()) as model:
        stream = model.respond(requests)
        first = next(stream)
        model.drain()
        rest = list(stream)

        assert list(model.respond(requests)) == []
    assert first.text
    assert len(rest) < 49


@pytest.mark.parametrize("strange", ["\x00", "\ud800", "\u202e\ufeff", "\U0001f600" * 9, ""])
def test_strange_text_is_answered_or_an_error(random_model, strange):
    odd, fine, scored = answers(
        random_model, ask(f"one {strange}"), ask("one"), score(f"one {strange}", f" two{strange}")
    )

    assert (odd.text is None) == (odd.error_kind is not None)
    assert (scored.logprobs is None) == (scored.error_kind is not None)
    assert fine.error_kind is None
    assert "crash" not in {odd.error_kind, scored.error_kind}


@requires_shared
def test_info_identifies_the_system(story_model):
    info = story_model.info

    assert (info.engine, info.quantization, info.interface) == ("xllamacpp", "F32", "completion")
    assert (info.context, info.trained_context) == (512, 512)
    assert info.chat_template_sha256 is None
    assert info.settings["slots"] == 1
    assert info.settings["kv_type_k"] == "f32"
    assert "AVX" in info.settings["cpu_features"] or "NEON" in info.settings["cpu_features"]
    assert info.hardware["threads"] >= 1


@requires_shared
def test_asking_for_more_than_the_trained_context_warns():
    with opened(stories(), context=2048) as model:
        assert model.info.context == 512
        assert any("trained 512" in warning for warning in model.warnings)
