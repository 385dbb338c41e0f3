"""Batches: the same answers for half the price, never handed in twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api_kit import QUICK, answers, ask, at, score
from api_stub import Reply, Status
from batch_stub import BatchStub
from harness.errors import BudgetError, ModelError, ProviderError
from harness.models.api.purse import most_tokens
from harness.models.prices import most

POLICY = replace(QUICK, first_poll=0.01, longest_poll=0.02, attempts=3)
OPENAI, ANTHROPIC = "openai/gpt-4o-2024-08-06", "anthropic/claude-sonnet-4-5-20250929"
every_provider = pytest.mark.parametrize(
    "address", [OPENAI, ANTHROPIC], ids=lambda a: a.partition("/")[0]
)
QUESTIONS = [ask(f"question {n}") for n in range(8)]
LIVE_ONLY = {"total_seconds", "answered_at", "cost_usd"}


class Notebook:
    """A journal of a run that outlives models; `fail_at` dies when a fact is kept once more."""

    def __init__(self):
        self.facts, self.kept, self.fail_at = {}, 0, None

    def meta(self, name):
        return self.facts.get(name)

    def set_meta(self, name, value):
        self.kept += 1
        if self.kept == self.fail_at:
            raise KeyboardInterrupt
        self.facts[name] = value


def echo(asked):
    n = int(asked.text.rpartition(" ")[2])
    usage = {"prompt": 20 + n % 30, "cached": 0, "output": 10, "reasoning": 0}
    return Reply(f"answer {n}", usage=usage, top=[("A", -0.1), ("B", -2.5)])


def batched(stub, address=OPENAI, notebook=None, **options):
    model = at(stub, address, batch=True, policy=POLICY, **options)
    model.remember(notebook or Notebook(), lambda _: None)
    return model


def fields(response):
    return {name: getattr(response, name) for name in response.__slots__ if name not in LIVE_ONLY}


@every_provider
def test_answers_are_those_of_live_calls_for_half_the_price(address):
    questions = [ask(f"question {n}", letters=("A", "B"), max_tokens=20) for n in range(8)]
    with BatchStub(echo) as stub:
        with at(stub, address) as model:
            live, identity = answers(model, *questions), model.info.identity
        with batched(stub, address) as model:
            found = answers(model, *questions)
            spent = model.spent
            assert model.info.identity == identity

    assert list(map(fields, found)) == list(map(fields, live))
    for ours, theirs in zip(found, live, strict=True):
        assert ours.cost_usd == pytest.approx(theirs.cost_usd / 2)
    assert spent.usd == pytest.approx(sum(r.cost_usd for r in found))
    assert spent.unsure_usd == 0
    assert (stub.live, len(stub.batches)) == (8, 1)


@every_provider
def test_another_process_goes_on_waiting_for_the_same_batch(address):
    notebook = Notebook()
    with BatchStub(echo, polls=10_000) as stub:
        model = batched(stub, address, notebook)
        model._loop.run(_soon_drained(model))
        assert list(model.respond(QUESTIONS)) == []
        model.close()
        assert notebook.facts["batches"]

        stub.polls = 1
        with batched(stub, address, notebook) as again:
            found = answers(again, *QUESTIONS)

    assert [r.text for r in found] == [f"answer {n}" for n in range(8)]
    assert (len(stub.batches), stub.rows) == (1, 8)
    assert notebook.facts["batches"] == []


async def _soon_drained(model):
    import asyncio

    asyncio.get_running_loop().call_later(0.3, model._halt.stop)


@every_provider
@pytest.mark.parametrize("fail_at", [1, 2, 3])
def test_a_death_at_any_note_hands_nothing_in_twice(address, fail_at):
    notebook = Notebook()
    notebook.fail_at = fail_at
    with BatchStub(echo) as stub:
        with batched(stub, address, notebook) as model, pytest.raises(KeyboardInterrupt):
            list(model.respond(QUESTIONS))
        notebook.fail_at = None
        with batched(stub, address, notebook) as again:
            found = answers(again, *QUESTIONS)

    assert [r.text for r in found] == [f"answer {n}" for n in range(8)]
    assert stub.rows == 8


@every_provider
@pytest.mark.parametrize("doubts", [["lost"], ["never"], ["never", "lost"]], ids="-".join)
def test_a_creation_without_an_answer_is_looked_for_before_it_is_repeated(address, doubts):
    with BatchStub(echo, doubts=list(doubts)) as stub, batched(stub, address) as model:
        found = answers(model, *QUESTIONS)

    assert [r.text for r in found] == [f"answer {n}" for n in range(8)]
    assert stub.rows == 8


@every_provider
def test_somebody_elses_batch_of_the_same_size_is_not_taken_for_ours(address):
    with BatchStub(echo) as stub:
        with batched(stub, address) as other:
            answers(other, *[ask(f"question {n}") for n in range(20, 28)])
        stub.doubts.append("never")
        with batched(stub, address) as model:
            found = answers(model, *QUESTIONS)

    assert [r.text for r in found] == [f"answer {n}" for n in range(8)]
    assert len(stub.batches) == 2


@every_provider
def test_rows_without_an_answer_are_errors_and_asked_again(address):
    refused = Status(400, {"error": {"type": "invalid_request_error", "message": "too hot"}})
    notebook = Notebook()

    def some(asked):
        return refused if asked.text.endswith(("2", "5")) else echo(asked)

    with BatchStub(some, expire=frozenset({1}), absent=frozenset({7})) as stub:
        with batched(stub, address, notebook) as model:
            found = answers(model, *QUESTIONS)
        kinds = {n: r.error_kind for n, r in enumerate(found) if r.error_kind}
        assert kinds == {1: "server", 2: "request", 5: "request", 7: "malformed"}
        assert "expired" in found[1].error_message
        assert "too hot" in found[2].error_message
        assert [r.cost_usd is None for r in found] == [n in kinds for n in range(8)]

        stub.handler, stub.expire, stub.absent = echo, frozenset(), frozenset()
        with batched(stub, address, notebook) as again:
            rest = answers(again, *[QUESTIONS[n] for n in kinds])

    assert [r.text for r in rest] == [f"answer {n}" for n in kinds]
    assert stub.rows == 12


def test_a_refused_batch_says_why_and_is_handed_in_again_later():
    notebook = Notebook()
    with BatchStub(echo, fail="enqueued token limit reached") as stub:
        with batched(stub, notebook=notebook) as model:
            with pytest.raises(ProviderError, match="enqueued token limit reached"):
                list(model.respond(QUESTIONS))
            assert model.spent.most == 0
        stub.fail = None
        with batched(stub, notebook=notebook) as again:
            assert len(answers(again, *QUESTIONS)) == 8


@every_provider
def test_what_is_with_the_provider_counts_against_the_budget_of_another_process(address):
    notebook = Notebook()
    with BatchStub(echo, polls=10_000) as stub:
        model = batched(stub, address, notebook)
        model._loop.run(_soon_drained(model))
        assert list(model.respond(QUESTIONS[:4])) == []
        model.close()
        worst = sum(batch["most_usd"] for batch in notebook.facts["batches"])
        stub.polls = 1
        with batched(stub, address, notebook) as again:
            again.allow(worst)
            got = []
            with pytest.raises(BudgetError):
                got.extend(again.respond([*QUESTIONS, *(ask(f"question {n}") for n in range(90))]))

            assert again.spent.most <= worst
    assert len(stub.batches[0].rows) == 4
    assert len(got) > 4


@every_provider
def test_a_budget_holds_by_several_smaller_batches(address):
    with BatchStub(echo) as stub, batched(stub, address) as model:
        each = most(model.price, most_tokens(QUESTIONS[0]), datetime.now(UTC))
        model.allow(3.2 * each)
        got = []
        with pytest.raises(BudgetError):
            got.extend(model.respond(QUESTIONS + [ask(f"question {n}") for n in range(8, 200)]))

        assert len(stub.batches) > 1
        assert all(len(batch.rows) <= 3 for batch in stub.batches)
        assert 0 < model.spent.most <= 3.2 * each
        assert stub.rows > 3  # answers were cheaper than feared


def test_what_cannot_be_a_batch_is_refused():
    with BatchStub() as stub:
        with pytest.raises(ModelError, match="leave out --batch"):
            at(stub, "gemini/gemini-2.0-flash-001", batch=True)
        with pytest.raises(ModelError, match="--stream"):
            at(stub, OPENAI, batch=True, stream=True)
        with batched(stub) as model:
            assert "logprob" not in model.info.capabilities
    assert score("a", "b").continuations
