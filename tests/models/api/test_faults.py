"""A hosted model against a server that fails in every way: the fault table, row by row.

Time limits are scaled down; the deadlines of a test are long enough for a busy machine.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from email.utils import formatdate

import pytest

from api_kit import answers, ask, at, every_provider, first, one
from api_stub import ApiStub, Reply, Status, Wrong, add, event_bytes, streamed
from harness.models.api.policy import Policy
from pipeline_kit import go, plan_of

FULL = b'{"choices": [{"finish_reason": "stop", "message": {"content": "B"}}]}'

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
        Wrong([b" "], pause=30, length=5),
        Wrong([b""], pause=30, length=0, headless=True),
    ],
    ids=["dripping body", "dripping chunks", "body that never comes", "nothing ever comes"],
)
def test_a_deadline_is_total(fault):
    began = time.monotonic()
    with ApiStub(lambda _: fault) as stub:
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


def test_a_body_beyond_all_measure_is_cut_off():
    endless = Wrong([b" " * 2**20] * 80)
    with ApiStub(lambda _: endless) as stub:
        response = one(stub, policy=Policy(deadline=60.0, attempts=1))

    assert response.error_kind == "malformed"
    assert "longer than" in response.error_message


WIRE_FAULTS = [
    "500",
    "reset in the body",
    "malformed JSON",
    "no body",
    "html with 200",
    "empty object",
    "null",
    "a list",
    "no choices",
]


@every_provider
@pytest.mark.parametrize("name", WIRE_FAULTS)
def test_no_providers_fault_is_a_reply(address, name):
    with ApiStub(first(FAULTS[name])) as stub, at(stub, address) as model:
        (response,) = answers(model, ask("a question"))

        assert stub.calls == 2
    assert (response.text, response.attempts) == ("B", 2)


@every_provider
@pytest.mark.parametrize("reset", [True, False], ids=["reset", "closed"])
def test_no_providers_stream_may_be_cut(address, reset):
    def cut(asked):
        if asked.attempt > 1:
            return "B"
        begun = b"".join(event_bytes(event) for event in streamed(asked, "A it is")[:4])
        return Wrong([begun], length=len(begun) + 500, reset=reset)

    with ApiStub(cut) as stub, at(stub, address, stream=True) as model:
        (response,) = answers(model, ask("a question"))

    assert (response.text, response.finish_reason, response.attempts) == ("B", "stop", 2)


@every_provider
def test_the_first_token_is_the_first_that_says_something(address):
    def slowly(asked):
        """Events without any text come at once, those with text half a second later."""
        events = [event_bytes(event) for event in streamed(asked, "B")]
        silent = next(n for n, event in enumerate(events) if b'"B"' in event)
        opening = events[:silent] or [b": thinking\n\n"]
        return Wrong([b"".join(opening), b"".join(events[silent:])], pause=0.5)

    with ApiStub(slowly) as stub, at(stub, address, stream=True) as model:
        (response,) = answers(model, ask("a question"))

    assert response.text == "B"
    assert response.first_token_seconds >= 0.5


def test_every_fault_in_one_run_and_none_is_wrong(tmp_path):
    """Faults that last end as errors; what is no fault keeps its own outcome."""
    plan = plan_of("toy_many", limit=60)
    questions = {s.requests[0].messages[-1].content: n for n, s in enumerate(plan.samples)}
    faults = [*FAULTS.values(), Status(400, ""), Status(404, "later")]
    outcomes_of_their_own = [
        (Reply("I think", finish="length"), "truncated"),
        (Reply("", finish="content_filter"), "refused"),
        (Reply(None, refusal="I cannot help."), "refused"),
        (Reply(""), "unparsed"),
    ]
    replies = [*faults, *(reply for reply, _ in outcomes_of_their_own)]

    def answer(asked):
        number = questions[asked.text]
        return replies[number - 1] if 0 < number <= len(replies) else add(asked.text)

    patient = Policy(deadline=60.0, attempts=2, first_wait=0.001, longest_wait=0.002,
                     refusals=3, stop_after=1000, pauses=1000)  # fmt: skip
    with ApiStub(answer) as stub, at(stub, policy=patient, concurrency=1) as model:
        run = go(tmp_path, model, plan)
        calls = stub.calls

    scores = run.scores.set_index("sample_id")["outcome"]
    found = [scores[sample.sample_id] for sample in plan.samples]
    lost = len(faults)
    assert found[1 : lost + 1] == ["error"] * lost
    assert found[lost + 1 : len(replies) + 1] == [outcome for _, outcome in outcomes_of_their_own]
    assert set(found[:1] + found[len(replies) + 1 :]) == {"correct"}
    assert run.scores["value"].notna().sum() == len(found) - len(replies)
    assert run.responses["attempts"].sum() == calls


def test_a_clock_that_jumps_moves_no_duration_and_no_order(tmp_path, monkeypatch):
    class Jumping(datetime):
        """Every look at it an hour earlier."""

        @classmethod
        def now(cls, tz=None):
            nonlocal hours
            hours += 1
            return datetime(2026, 1, 31, tzinfo=tz) - timedelta(hours=hours)

    hours = 0
    monkeypatch.setattr("harness.models.api.asking.datetime", Jumping)
    plan = plan_of("toy_many", limit=20)
    with ApiStub(lambda asked: add(asked.text)) as stub, at(stub) as model:
        run = go(tmp_path, model, plan)

    assert hours == 20
    assert run.responses["total_seconds"].between(0, 60).all()
    assert run.responses["sample_id"].tolist() == [sample.sample_id for sample in plan.samples]


@pytest.mark.slow
def test_fifty_megabytes_of_text_are_stored_whole(tmp_path):
    text = ("x" * 90 + "\x00 \u202e\n") * 500_000
    plan = plan_of("toy_many", limit=1)
    patient = Policy(deadline=120.0)
    with ApiStub(lambda _: text) as stub, at(stub, policy=patient, concurrency=1) as model:
        run = go(tmp_path, model, plan)

    assert all(found == text for found in run.responses["text"])
