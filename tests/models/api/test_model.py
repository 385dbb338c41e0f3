"""What comes of asking a hosted model that answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api_kit import PROVIDERS, QUICK, answers, ask, at, every_provider, one
from api_stub import ApiStub, Reply, Status
from harness.models.api.policy import Policy


@every_provider
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_every_provider_answers(address, stream):
    with ApiStub(lambda _: "B it is") as stub, at(stub, address, stream=stream) as model:
        (response,) = answers(model, ask("a question"))

    assert (response.text, response.finish_reason, response.error_kind) == ("B it is", "stop", None)
    tokens = response.prompt_tokens, response.reused_tokens, response.output_tokens
    assert tokens == (20, 8, 5)
    assert response.reasoning_tokens == 2
    assert response.model_version == "stub-2024-08-06"
    assert response.attempts == 1
    assert response.answered_at.endswith("+00:00")
    assert response.total_seconds > 0
    assert (response.first_token_seconds is not None) == stream
    if stream:
        assert 0 < response.first_token_seconds <= response.total_seconds


@pytest.mark.parametrize(
    ("reply", "text", "finish"),
    [
        (Reply(""), "", "stop"),
        (Reply("The answer is", finish="length"), "The answer is", "length"),
        (Reply(None, finish="length"), "", "length"),
        (Reply("", finish="content_filter"), "", "content_filter"),
        (Reply(None, refusal="I cannot."), "I cannot.", "refusal"),
        (Status(400, {"error": {"code": "content_filter", "message": "no"}}), "", "content_filter"),
    ],
)
def test_outcomes_that_are_no_faults(reply, text, finish):
    with ApiStub(lambda _: reply) as stub:
        response = one(stub)

        assert stub.calls == 1
    assert (response.text, response.finish_reason, response.error_kind) == (text, finish, None)


def test_stops_that_a_provider_did_not_take_cut_the_text_here():
    request = ask("count", stop=("nine", "eight", "seven", "six", "three", "4"), max_tokens=50)
    with ApiStub(lambda _: Reply("one two three 4", finish="length")) as stub:
        response = one(stub, requests=[request])

        assert stub.asked[0].body["stop"] == ["nine", "eight", "seven", "six"]
    assert (response.text, response.finish_reason) == ("one two ", "stop")


def test_counts_that_cannot_be_are_not_stored():
    usage = {"prompt": -3, "cached": 2**70, "output": 5, "reasoning": True}
    with ApiStub(lambda _: Reply("B", usage=usage, model=["x"], fingerprint=7)) as stub:
        response = one(stub)

    assert (response.prompt_tokens, response.reused_tokens) == (None, None)
    assert (response.output_tokens, response.reasoning_tokens) == (5, None)
    assert (response.model_version, response.system_fingerprint) == (None, None)


def test_text_of_every_kind_comes_through():
    text = 'NUL \x00, bell \x07, RTL \u202e, snow \u2603, pair \U0001f600, alone \ud83d "<script>"'
    with ApiStub(lambda _: text) as stub:
        assert one(stub).text == text


def test_letters_come_from_the_first_position():
    top = [("**B", -0.5), (" b", -1.5), ("A", -2.5), ("The", -6.0)]
    with ApiStub(lambda _: Reply("**B**", top=top)) as stub:
        response = one(stub, requests=[ask("a question", letters=tuple("ABC"))])

        assert stub.asked[0].body["top_logprobs"] == 20
    a, b, c = response.letter_logprobs
    assert (a, c) == (-2.5, None)
    assert b == pytest.approx(-0.1867, abs=1e-4)
    assert response.letter_bound == -6.0


def test_a_server_that_ignores_log_probabilities_is_asked_without_them_and_said_so_once():
    requests = [ask(f"question {n}", letters=("A",)) for n in range(6)]
    with ApiStub(lambda _: "B") as stub, at(stub, concurrency=1) as model:
        responses = answers(model, *requests)
        asked = ["logprobs" in asked.body for asked in stub.asked]
        warnings = model.warnings

    assert [r.letter_logprobs for r in responses] == [None] * 6
    assert asked == [True] + [False] * 5
    assert len(warnings) == 1
    assert "does not tell log-probabilities" in warnings[0]


def test_a_server_that_refuses_log_probabilities_still_answers():
    def refuse(asked):
        refusal = {"error": {"message": "logprobs is not supported with this model"}}
        return Status(400, refusal) if "logprobs" in asked.body else "B"

    requests = [ask(f"question {n}", letters=("A",)) for n in range(6)]
    with ApiStub(refuse) as stub, at(stub, concurrency=1) as model:
        responses = answers(model, *requests)
        calls, warnings = stub.calls, model.warnings

    assert [r.text for r in responses] == ["B"] * 6
    assert [r.attempts for r in responses] == [2, 1, 1, 1, 1, 1]
    assert calls == 7
    assert len(warnings) == 1
    assert "refuses log-probabilities" in warnings[0]


def test_an_empty_reply_says_nothing_about_log_probabilities():
    with (
        ApiStub(
            lambda asked: (
                Reply("", top=None) if "one" in asked.text else Reply("A", top=[("A", -1)])
            )
        ) as stub,
        at(stub, concurrency=1) as model,
    ):
        responses = answers(model, *(ask(word, letters=("A",)) for word in ("one", "two")))

        assert model.warnings == []
    assert [r.letter_logprobs for r in responses] == [None, (-1.0,)]


def test_claude_is_never_asked_for_letters():
    with ApiStub(lambda _: "B") as stub, at(stub, PROVIDERS[1]) as model:
        (response,) = answers(model, ask("a question", letters=("A",)))

        assert model.warnings == []
        assert "letters" not in model.info.capabilities
    assert response.letter_logprobs is None


def test_nothing_to_ask_is_nothing():
    with ApiStub() as stub, at(stub) as model:
        assert list(model.respond([])) == []


def test_closing_twice_is_fine():
    with ApiStub() as stub:
        model = at(stub)
        answers(model, ask("one"))
        model.close()
        model.close()


def test_a_generate_request_without_decoding_is_an_error_of_its_own():
    with ApiStub() as stub:
        response = one(stub, requests=[replace(ask("x"), decoding=None)])

        assert stub.calls == 0
    assert response.error_kind == "prompt"


def test_quick_is_quick():
    assert QUICK.deadline < Policy().deadline
