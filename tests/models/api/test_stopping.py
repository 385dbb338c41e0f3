"""When asking ends as a whole, how many are in flight, and what is kept."""

from __future__ import annotations

import re
import threading
import time
from itertools import pairwise

import pytest

from api_kit import answers, ask, at
from api_stub import ApiStub, Status, Wrong
from harness.errors import HarnessError, ModelError, ProviderError
from harness.models.api.policy import Policy


def until_the_end(model, requests):
    """What came before the end, and the error that was the end."""
    got = []
    try:
        got.extend(model.respond(requests))
    except HarnessError as error:
        return got, error
    return got, None


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


def stub_is_down(asked):
    return int(asked.text.split()[-1]) >= 20


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


def test_nobody_listening_is_an_outage():
    with ApiStub() as stub:
        gone = at(stub, policy=Policy(deadline=20.0, attempts=2, first_wait=0.001, stop_after=3))
    with (
        gone,
        pytest.raises(ProviderError, match=r"gpt-4o-2024-08-06 gave no answer to 3 requests"),
    ):
        list(gone.respond([ask(f"question {n}") for n in range(9)]))
