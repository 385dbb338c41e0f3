"""A hosted model against a server that fails in every way: the fault table, row by row.

Time limits are scaled down; the deadlines of a test are long enough for a busy machine.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import replace
from email.utils import formatdate
from itertools import pairwise

import pytest

from api_kit import QUICK, answers, ask, at
from api_stub import ApiStub, Reply, Status, Wrong
from harness.errors import HarnessError, ModelError, ProviderError
from harness.models.api.policy import Policy

PROVIDERS = [
    "openai/gpt-4o-2024-08-06",
    "anthropic/claude-3-haiku-20240307",
    "gemini/gemini-2.0-flash-001",
]
every_provider = pytest.mark.parametrize("address", PROVIDERS, ids=lambda a: a.partition("/")[0])
FULL = b'{"choices": [{"finish_reason": "stop", "message": {"content": "B"}}]}'


def first(fault, then="B", times=1):
    """Fail the first calls of every request, then answer."""
    return lambda asked: fault if asked.attempt <= times else then


def until_the_end(model, requests):
    """What came before the end, and the error that was the end."""
    got = []
    try:
        got.extend(model.respond(requests))
    except HarnessError as error:
        return got, error
    return got, None


def one(stub, *, requests=None, **options):
    with at(stub, **options) as model:
        (response,) = answers(model, *(requests or [ask("a question")]))
    return response


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


FAULTS = {
    "429 with Retry-After": Status(429, {"error": {"message": "slow"}}, {"Retry-After": "0.05"}),
    "429 with a date": Status(429, "", {"Retry-After": formatdate(0, usegmt=True)}),
    "429 with milliseconds": Status(429, "", {"retry-after-ms": "20"}),
    "429 with junk": Status(429, "", {"Retry-After": "-5, soon"}),
    "408": Status(408, ""),
    "409": Status(409, ""),
    "500": Status(500, {"error": {"message": "oops"}}),
    "502 html": Status(502, "<html>Bad gateway</html>"),
    "503": Status(503, ""),
    "529": Status(529, {"type": "error", "error": {"type": "overloaded_error"}}),
    "disconnect": Wrong(headless=True),
    "reset in the head": Wrong(headless=True, reset=True),
    "reset in the body": Wrong([FULL[:20]], length=len(FULL), reset=True),
    "cut body": Wrong([FULL[:20]], length=len(FULL)),
    "malformed JSON": Wrong([b'{"choices": [{"mess'], length=19),
    "no body": Wrong([], length=0),
    "html with 200": Wrong([b"<html>hello</html>"], length=18, content_type="text/html"),
    "empty object": Wrong([b"{}"], length=2),
    "null": Wrong([b"null"], length=4),
    "a list": Wrong([b"[]"], length=2),
    "no choices": Wrong([b'{"choices": []}'], length=15),
    "null message": Wrong([b'{"choices":[{"finish_reason":"stop","message":null}]}'], length=53),
    "content that is no text": Wrong(
        [b'{"choices":[{"finish_reason":"stop","message":{"content":[7]}}]}'], length=64
    ),
    "null content": Reply(None),
    "no finish reason": Reply("B is what I", finish=None),
    "finish reason error": Reply("", finish="error"),
    "error with 200": Wrong([b'{"error": {"message": "busy", "code": 502}}'], length=43),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_helps_to_repeat_is_repeated(fault):
    with ApiStub(first(fault, times=2)) as stub:
        response = one(stub)

        assert (response.text, response.error_kind) == ("B", None)
        assert response.attempts == stub.calls == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (FAULTS["500"], "server"),
        (FAULTS["reset in the body"], "connection"),
        (FAULTS["cut body"], "connection"),
        (FAULTS["malformed JSON"], "malformed"),
        (FAULTS["html with 200"], "malformed"),
        (FAULTS["empty object"], "malformed"),
        (FAULTS["no finish reason"], "malformed"),
    ],
)
def test_what_stays_broken_is_an_error_and_no_text(fault, kind):
    policy = Policy(deadline=20.0, attempts=3, first_wait=0.001)
    with ApiStub(lambda _: fault) as stub:
        response = one(stub, policy=policy)

        assert (response.error_kind, response.text) == (kind, None)
        assert response.attempts == stub.calls == 3
    assert response.error_message


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Status(400, {"error": {"message": "bad parameter"}}), "request", "bad parameter"),
        (Status(422, {"error": {"message": "odd"}}), "request", "odd"),
        (Status(307, "", {"Location": "http://example.invalid/"}), "request", "307"),
        (Status(400, {"error": {"code": "context_length_exceeded"}}), "context", "400"),
        (Status(413, {"error": {"type": "request_too_large"}}), "context", "413"),
    ],
)
def test_what_repeats_would_not_help_is_asked_once(fault, kind, words):
    with ApiStub(lambda _: fault) as stub:
        response = one(stub)

        assert stub.calls == response.attempts == 1
    assert response.error_kind == kind
    assert words in response.error_message


@pytest.mark.parametrize(
    "fault",
    [
        Wrong([b" "] * 400, pause=0.05, length=400),
        Wrong([b" "] * 400, pause=0.05),
        Wrong([], pause=0, length=5),
    ],
    ids=["dripping body", "dripping chunks", "body that never comes"],
)
def test_a_deadline_is_total(fault):
    hang = Wrong([b" "], pause=30, length=5) if not fault.pieces else fault
    began = time.monotonic()
    with ApiStub(lambda _: hang) as stub:
        response = one(stub, policy=Policy(deadline=0.5, timeouts=2, first_wait=0.001))

        assert response.attempts == stub.calls == 2
    assert response.error_kind == "timeout"
    assert time.monotonic() - began < 15


def test_a_long_retry_after_is_cut_short():
    fault = Status(429, "", {"Retry-After": "90"})
    began = time.monotonic()
    with ApiStub(first(fault)) as stub:
        response = one(stub, policy=Policy(deadline=20.0, longest_wait=0.1, first_wait=0.001))

    assert response.text == "B"
    assert time.monotonic() - began < 30


STREAM_FAULTS = {
    "cut": lambda text: Wrong([text], length=len(text) + 500, reset=True),
    "ends early, cleanly": lambda text: Wrong([text], content_type="text/event-stream"),
    "broken event": lambda text: Wrong([text, b"data: {oops\n\n"]),
    "error event": lambda text: Wrong(
        [text, b'data: {"error": {"message": "x", "code": 500}}\n\n']
    ),
    "no stream": lambda _: Wrong([FULL], length=len(FULL)),
    "drip": lambda text: Wrong([text] + [b": keep-alive\n\n"] * 400, pause=0.05),
}


@pytest.mark.parametrize("fault", STREAM_FAULTS.values(), ids=STREAM_FAULTS)
def test_a_partial_stream_is_never_a_reply(fault):
    begun = b'data: {"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":null}]}\n\n'
    with ApiStub(first(fault(begun))) as stub:
        response = one(stub, stream=True)

        assert response.attempts == stub.calls == 2
    assert (response.text, response.finish_reason) == ("B", "stop")


@every_provider
def test_no_providers_stream_may_end_early(address):
    def early(asked):
        if asked.attempt > 1:
            return "B"
        return Reply("B is what I", finish=None)

    with ApiStub(early) as stub, at(stub, address, stream=True) as model:
        (response,) = answers(model, ask("a question"))

    assert (response.text, response.attempts) == ("B", 2)


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


def test_a_body_beyond_all_measure_is_cut_off(monkeypatch):
    monkeypatch.setattr("harness.models.transport.MAX_BODY_BYTES", 1000)
    with ApiStub(lambda _: Wrong([b" " * 65536] * 40)) as stub:
        response = one(stub, policy=Policy(deadline=20.0, attempts=1))

    assert response.error_kind == "malformed"


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


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_stops_at_once_in_the_providers_words(status):
    def answer(asked):
        if "question 3" in asked.text:
            key = asked.headers["authorization"]
            return Status(status, {"error": {"message": f"Incorrect API key provided: {key}"}})
        return "B"

    requests = [ask(f"question {n}") for n in range(50)]
    with ApiStub(answer) as stub, at(stub, concurrency=1) as model:
        got, error = until_the_end(model, requests)
        calls = stub.calls

    assert isinstance(error, ModelError)
    assert error.exit_code == 2
    assert "Incorrect API key provided: Bearer [key]" in str(error)
    assert [r.text for r in got] == ["B"] * 3
    assert calls == 4


@pytest.mark.parametrize(
    "fault",
    [
        Status(429, {"error": {"message": "check your plan", "code": "insufficient_quota"}}),
        Status(402, {"error": {"message": "Insufficient credits, check your plan"}}),
        Status(400, {"error": {"message": "Your credit balance is too low, check your plan"}}),
    ],
)
def test_a_used_up_quota_stops_at_once_and_can_be_resumed(fault):
    requests = [ask(f"question {n}") for n in range(50)]
    with (
        ApiStub(lambda asked: fault if "question 3" in asked.text else "B") as stub,
        at(stub, concurrency=1) as model,
    ):
        got, error = until_the_end(model, requests)
        calls = stub.calls

    assert isinstance(error, ProviderError)
    assert error.exit_code == 3
    assert re.search("check your plan.*and the same command continues", str(error))
    assert calls == 4
    assert [r.text for r in got] == ["B"] * 3


def test_a_model_that_does_not_exist_is_said_at_once():
    fault = Status(404, {"error": {"message": "The model `gpt-9` does not exist"}})
    with (
        ApiStub(lambda _: fault) as stub,
        at(stub, "openai/gpt-9-2030-01-01", concurrency=1) as model,
        pytest.raises(ModelError, match="`gpt-9` does not exist"),
    ):
        list(model.respond([ask(f"question {n}") for n in range(50)]))

    assert stub.calls == 1


def test_a_stray_404_later_on_is_the_error_of_its_request():
    fault = Status(404, "not here")
    with (
        ApiStub(lambda asked: fault if "two" in asked.text else "B") as stub,
        at(stub, concurrency=1) as model,
    ):
        responses = answers(model, ask("one"), ask("two"), ask("three"))

    assert [r.error_kind for r in responses] == [None, "request", None]


def test_a_provider_that_is_down_is_left_alone():
    policy = Policy(deadline=20.0, attempts=2, first_wait=0.001, stop_after=5)
    requests = [ask(f"question {n}") for n in range(200)]
    with (
        ApiStub(lambda asked: Status(500, "down") if stub_is_down(asked) else "B") as stub,
        at(stub, policy=policy, concurrency=4) as model,
    ):
        got, error = until_the_end(model, requests)
        calls = stub.calls

    assert isinstance(error, ProviderError)
    assert error.exit_code == 3
    assert re.search("no answer to 5 requests in a row.*down", str(error))
    assert sum(r.text == "B" for r in got) >= 10
    assert calls < 60


def stub_is_down(asked):
    return int(asked.text.split()[-1]) >= 20


def test_errors_of_single_requests_do_not_look_like_an_outage():
    context = Status(400, {"error": {"code": "context_length_exceeded"}})
    with ApiStub(lambda _: context) as stub, at(stub, policy=Policy(stop_after=3)) as model:
        responses = answers(model, *(ask(f"question {n}") for n in range(30)))

    assert {r.error_kind for r in responses} == {"context"}


def test_a_rate_limit_without_end_is_said():
    policy = Policy(deadline=20.0, first_wait=0.001, longest_wait=0.002, pauses=4)
    fault = Status(429, {"error": {"message": "requests per day reached"}})
    with (
        ApiStub(lambda _: fault) as stub,
        at(stub, policy=policy) as model,
        pytest.raises(ProviderError, match=r"after 4 pauses.*requests per day reached"),
    ):
        list(model.respond([ask(f"question {n}") for n in range(50)]))


def test_a_429_pauses_everybody_and_concurrency_starts_small():
    moments = []
    lock = threading.Lock()

    def answer(asked):
        with lock:
            moments.append(time.monotonic())
            if len(moments) == 30:
                return Status(429, "", {"Retry-After": "1"})
        return "B"

    policy = Policy(deadline=60.0, longest_wait=2.0, first_wait=0.001)
    with ApiStub(answer, latency=0.02) as stub, at(stub, policy=policy, concurrency=8) as model:
        answers(model, *(ask(f"question {n}") for n in range(80)))

    assert stub.most_at_once <= 8
    gaps = [later - earlier for earlier, later in pairwise(moments[29:])]
    assert max(gaps) >= 0.9  # what was in flight arrived; then nobody asked for a second
    assert len(moments) == 81


def test_no_more_are_in_flight_than_allowed():
    with ApiStub(latency=0.02) as stub, at(stub, concurrency=3) as model:
        answers(model, *(ask(f"question {n}") for n in range(30)))

    assert stub.most_at_once == 3


def test_what_is_not_stored_yet_counts_as_in_flight():
    with ApiStub() as stub, at(stub, concurrency=4) as model:
        stream = model.respond([ask(f"question {n}") for n in range(100)])
        next(stream)
        time.sleep(1.0)

        assert stub.calls == 4
        assert len(list(stream)) == 99


def test_a_drain_waits_for_what_is_in_flight_and_sends_nothing_more():
    with ApiStub(latency=0.3) as stub, at(stub, concurrency=4, policy=Policy(drain=30.0)) as model:
        got = []
        for response in model.respond([ask(f"question {n}") for n in range(100)]):
            got.append(response)
            model.drain()

        assert stub.calls == len(got) <= 8
        assert all(r.text == "B" for r in got)
        assert list(model.respond([ask("another")])) == []


def test_a_drain_does_not_wait_for_repeats_nor_for_ever():
    slow = Wrong([b" "] * 1000, pause=0.05, length=1000)
    with ApiStub(
        lambda asked: slow if "slow" in asked.text else Status(429, "", {"Retry-After": "50"})
    ) as stub:
        policy = Policy(deadline=600.0, drain=0.3)
        with at(stub, policy=policy, concurrency=4) as model:
            began = time.monotonic()
            threading.Timer(1.0, model.drain).start()
            got = list(model.respond([ask("slow"), *(ask(f"question {n}") for n in range(20))]))

    assert got == []
    assert time.monotonic() - began < 30


def test_an_abandoned_stream_leaves_a_usable_model():
    with ApiStub(latency=0.01) as stub, at(stub, concurrency=4) as model:
        stream = model.respond([ask(f"question {n}") for n in range(100)])
        next(stream)
        stream.close()

        assert answers(model, ask("one"))[0].text == "B"


def test_nothing_to_ask_is_nothing():
    with ApiStub() as stub, at(stub) as model:
        assert list(model.respond([])) == []


def test_closing_twice_is_fine():
    with ApiStub() as stub:
        model = at(stub)
        answers(model, ask("one"))
        model.close()
        model.close()


def test_nobody_listening_is_an_outage():
    with ApiStub() as stub:
        gone = at(stub, policy=Policy(deadline=20.0, attempts=2, first_wait=0.001, stop_after=3))
    with (
        gone,
        pytest.raises(ProviderError, match=r"gpt-4o-2024-08-06 gave no answer to 3 requests"),
    ):
        list(gone.respond([ask(f"question {n}") for n in range(9)]))


def test_a_generate_request_without_decoding_is_an_error_of_its_own():
    with ApiStub() as stub:
        response = one(stub, requests=[replace(ask("x"), decoding=None)])

        assert stub.calls == 0
    assert response.error_kind == "prompt"


def test_quick_is_quick():
    assert QUICK.deadline < Policy().deadline
