"""What a run costs: its budget over several starts, its ledger, and its forecast."""

from __future__ import annotations

import random
import sqlite3
from datetime import UTC, datetime

import pytest

from api_kit import QUICK, at
from api_stub import ApiStub, Reply, add
from harness.errors import BudgetError, ModelError, UsageError
from harness.models.api.options import ApiOptions
from harness.models.mock import MockModel
from harness.models.open import OpenOptions
from harness.models.prices import Tokens, list_price
from harness.pipeline.account import check_budget
from harness.pipeline.options import Asking, Quiet, RunOptions
from harness.pipeline.planning import plan_models
from harness.store.read import load_run
from pipeline_kit import TOYS, go, plan_of

MODEL = "gpt-4o-2024-08-06"
PRICE = list_price("openai", "https://api.openai.com/v1", MODEL, batch=False)


class Provider:
    """Solves the toy questions and charges for it: a token is about three bytes."""

    def __init__(self, seed=0):
        self.rng = random.Random(seed)
        self.billed = 0.0
        self.calls = 0

    def __call__(self, asked):
        self.calls += 1
        text = "".join(m["content"] for m in asked.body["messages"])
        prompt = 8 + round(len(text.encode()) / self.rng.uniform(2.8, 3.4))
        output = self.rng.randint(1, 4)
        self.billed += PRICE.usd(Tokens(prompt, output), datetime.now(UTC))
        usage = {"prompt": prompt, "cached": 0, "output": output, "reasoning": 0}
        return Reply(add(asked.text), usage=usage)


@pytest.fixture
def many(monkeypatch):
    monkeypatch.setenv("TOY_MANY", "300")
    return plan_of("toy_many")


def run(tmp_path, stub, plan, **options):
    with at(stub, f"openai/{MODEL}") as model:
        return go(tmp_path, model, plan, **options)


def test_the_ledger_says_what_was_expected_and_what_it_was(tmp_path, many):
    provider = Provider()
    with ApiStub(provider) as stub:
        done = run(tmp_path, stub, many)
    (line,) = load_run(done.folder).manifest.ledger

    assert line.role == "answers"
    assert line.actual == pytest.approx(provider.billed)
    assert line.estimate_low < line.actual < line.estimate_high
    assert (line.n_asked, line.n_priced, line.n_calls, line.unsure) == (300, 300, 300, 0)
    assert line.source == "genai-prices==0.2.3"
    assert line.rates.startswith("openai/gpt-4o: $2.5/input MTok, $10/output MTok, $1.25/input")
    assert line.prompt_tokens == done.responses["prompt_tokens"].sum()
    assert line.output_tokens == done.responses["output_tokens"].sum()


def test_a_run_stops_at_its_budget_and_goes_on_with_a_larger_one(tmp_path, many):
    provider = Provider()
    with ApiStub(provider) as stub:
        with pytest.raises(BudgetError, match="larger --max-usd"):
            run(tmp_path, stub, many, max_usd=0.02)
        first = provider.billed
        assert 0.01 < first <= 0.02

        with pytest.raises(BudgetError):  # the same command does not spend as much once more
            run(tmp_path, stub, many, max_usd=0.02)
        assert provider.billed <= 0.02

        done = run(tmp_path, stub, many, max_usd=10.0)
    (line,) = done.manifest.ledger

    assert provider.calls == 300
    assert line.actual == pytest.approx(provider.billed)
    assert done.scores["value"].mean() == 1


def test_what_a_kill_may_have_lost_counts_as_spent(tmp_path, many):
    provider = Provider()

    class KilledError(Exception):
        pass

    class Killed(Quiet):
        """Stands for a kill: nothing of the process gets to write anything any more."""

        def __init__(self):
            self.left = 5

        def advance(self, response):
            self.left -= 1
            if self.left == 0:
                (journal,) = (tmp_path / "results").glob("*/journal.sqlite")
                with sqlite3.connect(journal) as connection:
                    query = "SELECT value FROM meta WHERE name = 'beside_usd'"
                    self.at_kill = connection.execute(query).fetchone()[0]
                raise KilledError

    killed = Killed()
    with ApiStub(provider) as stub:
        with pytest.raises(KilledError):
            run(tmp_path, stub, many, progress=killed)
        _after_the_kill(tmp_path, stub, many, provider, killed)


def _after_the_kill(tmp_path, stub, many, provider, killed):
    in_flight = 16 * provider.billed / provider.calls
    assert float(killed.at_kill) > in_flight
    (journal,) = (tmp_path / "results").glob("*/journal.sqlite")
    with sqlite3.connect(journal) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'beside_usd'", ("0.015",))
    connection.close()
    before = provider.billed
    with pytest.raises(BudgetError):
        run(tmp_path, stub, many, max_usd=0.02)
    assert provider.billed - before < 0.005


def test_answers_of_another_run_cost_nothing_again(tmp_path, many):
    provider = Provider()
    with ApiStub(provider) as stub:
        run(tmp_path, stub, plan_of("toy_many", limit=40))
        paid = provider.billed
        done = run(tmp_path, stub, many)
    (line,) = done.manifest.ledger

    assert (provider.calls, line.n_asked) == (300, 260)
    assert line.actual == pytest.approx(provider.billed - paid)


def test_a_budget_without_a_price_is_refused_with_the_way_out():
    with ApiStub() as stub, at(stub, "openai/gpt-99-secret") as model:
        with pytest.raises(ModelError, match="--price INPUT,OUTPUT"):
            check_budget(model, 1.0)
        check_budget(model, None)
    check_budget(MockModel(lambda _: "A"), 1.0)


def planned(tmp_path, stub, *, pilot=0, model=f"openai/{MODEL}", task="toy_many", **options):
    api = ApiOptions(environment=stub.environment(), policy=QUICK, **options)
    asking = Asking((task,), (TOYS,))
    running = RunOptions(tmp_path / "results")
    (found,) = plan_models([model], asking, OpenOptions(api=api), running, pilot, Quiet())
    return found


def test_a_plan_after_a_pilot_is_right_and_pays_nothing_twice(tmp_path, many):
    provider = Provider(seed=3)
    with ApiStub(provider) as stub:
        found = planned(tmp_path, stub, pilot=20)
        assert provider.calls == 20
        done = run(tmp_path, stub, many)
    (task,) = found.tasks
    used = done.responses

    assert provider.calls == 300
    assert (task.n, task.n_answered, task.n_requests) == (300, 20, 300)
    assert task.counted == "from 20 answered samples"
    for amount, actual in (
        (task.usd, provider.billed),
        (task.prompt_tokens, used["prompt_tokens"].sum()),
        (task.output_tokens, used["output_tokens"].sum()),
    ):
        assert amount.total.value == pytest.approx(actual, rel=0.15)
        assert amount.total.low < actual < amount.total.high
    assert task.usd.so_far > 0
    (line,) = done.manifest.ledger
    assert line.estimate_low < line.actual < line.estimate_high


def test_a_plan_without_a_pilot_asks_nothing_and_states_bounds(tmp_path, many):
    provider = Provider()
    with ApiStub(provider) as stub:
        found = planned(tmp_path, stub)
        assert stub.calls == 0
        run(tmp_path, stub, many)
    (task,) = found.tasks

    assert task.counted == "4 bytes a token"
    assert task.usd.left.value is None
    assert task.usd.left.low < provider.billed < task.usd.left.high
    assert task.seconds.left.low is None


class Chatty:
    """Talks at length, so that the second turn of a conversation is mostly its own first reply."""

    def __init__(self):
        self.used = []

    def __call__(self, asked):
        prompt = sum(len(m["content"]) for m in asked.body["messages"]) // 4
        usage = {"prompt": prompt, "cached": 0, "output": 30, "reasoning": 0}
        self.used.append(prompt)
        return Reply("word " * 30, usage=usage)


@pytest.mark.parametrize("pilot", [0, 4])
def test_a_plan_of_conversations_reckons_with_the_replies_in_them(tmp_path, pilot):
    talk = Chatty()
    with ApiStub(talk) as stub:
        found = planned(tmp_path, stub, pilot=pilot, task="quick_chat")
        run(tmp_path, stub, plan_of("quick_chat"))
    (task,) = found.tasks
    total, used = task.prompt_tokens.total, sum(talk.used)

    assert task.n_requests == 2 * task.n == len(talk.used)
    assert total.low < used < total.high
    assert total.value == (pytest.approx(used, rel=0.15) if pilot else None)


def test_a_plan_needs_no_key_and_tells_an_unknown_price(tmp_path, many):
    class Nowhere:
        def environment(self):
            return {}

    found = planned(tmp_path, Nowhere(), needs_key=False, model="openai/gpt-99-secret")
    (task,) = found.tasks

    assert found.source is None
    assert (task.usd.left.low, task.usd.left.high) == (None, None)
    assert task.prompt_tokens.left.value > 0


def test_a_pilot_of_one_is_refused(tmp_path, many):
    with ApiStub() as stub, pytest.raises(UsageError, match="2 or more"):
        planned(tmp_path, stub, pilot=1)
