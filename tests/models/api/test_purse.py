"""A budget is never passed, whatever is in flight and however calls break off."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from api_kit import QUICK, answers, ask, at
from api_stub import ApiStub, Reply, Status, Wrong
from harness.errors import BudgetError
from harness.models.api.purse import most_tokens
from harness.models.prices import FlatPrice, Tokens, list_price, most

MODEL = "gpt-4o-2024-08-06"
PRICE = list_price("openai", "https://api.openai.com/v1", MODEL, batch=False)
FREE_FAULTS = (
    Status(429, "", {"retry-after-ms": "5"}),
    Status(500, {"error": {"message": "oops"}}),
)
HASTY = replace(QUICK, longest_wait=0.01)
PAID_FAULTS = (
    Wrong([b'{"choices": [{"mess'], length=19),
    Wrong([b'{"choices"'], length=500, reset=True),
    Status(504, "<html>Gateway timeout</html>"),
)


@dataclass
class Cashier:
    """A provider that charges for everything it generated, delivered or not."""

    rng: random.Random
    faults: float = 0.0
    silent: float = 0.0
    billed: float = 0.0
    calls: int = field(default=0)

    def __call__(self, asked):
        self.calls += 1
        draw = self.rng.random()
        if draw < self.faults / 2:
            return self.rng.choice(FREE_FAULTS)
        shown = sum(len(m["content"].encode()) for m in asked.body["messages"])
        prompt = self.rng.randint(1, shown + 7)
        cached = self.rng.randint(0, prompt)
        output = self.rng.randint(1, asked.body["max_tokens"])
        now = datetime.now(UTC)
        self.billed += PRICE.usd(Tokens(prompt, output, reused=cached), now)
        if draw < self.faults:
            return self.rng.choice(PAID_FAULTS)
        usage = {"prompt": prompt, "cached": cached, "output": output, "reasoning": 0}
        return Reply("B", usage=None if self.rng.random() < self.silent else usage)


def questions(rng, count):
    return [
        ask(f"question {n} {'ä' * rng.randint(0, 300)}", max_tokens=rng.choice((1, 16, 200)))
        for n in range(count)
    ]


def spend(stub, requests, budget, **options):
    """Ask within a budget; return what was answered, the spending, and whether it sufficed."""
    got = []
    with at(stub, f"openai/{MODEL}", policy=HASTY, **options) as model:
        model.allow(budget)
        try:
            got.extend(model.respond(requests))
        except BudgetError:
            return got, model.spent, False
        return got, model.spent, True


def random_runs(seeds):
    """Make a run a seed at 64 in flight; return how many met the end of their budget."""
    stopped = 0
    current = {}

    def charge(asked):
        return current["cashier"](asked)

    with ApiStub(charge) as stub:
        for seed in seeds:
            rng = random.Random(seed)
            cashier = Cashier(rng, faults=rng.choice((0.0, 0.2)), silent=rng.choice((0.0, 0.1)))
            current["cashier"] = cashier
            requests = questions(rng, 80)
            worst = [most(PRICE, most_tokens(r), datetime.now(UTC)) for r in requests]
            budget = rng.uniform(0.0, 0.6) * sum(worst)
            got, spent, sufficed = spend(stub, requests, budget, concurrency=64)

            assert cashier.billed <= budget
            assert cashier.billed <= spent.most + 1e-12
            assert spent.most <= budget
            assert sufficed == (len(got) == len(requests))
            if not sufficed:
                assert budget - spent.most < max(worst)  # no money is left lying about
                stopped += 1
    return stopped


def test_no_random_run_passes_its_budget():
    assert random_runs(range(12)) > 3


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_random_run_of_two_hundred_passes_its_budget():
    assert random_runs(range(100, 300)) > 50


def test_an_answer_carries_its_price():
    usage = {"prompt": 1000, "cached": 400, "output": 50, "reasoning": 20}
    with ApiStub(lambda _: Reply("B", usage=usage)) as stub, at(stub, f"openai/{MODEL}") as model:
        (response,) = answers(model, ask("a question"))

    assert response.cost_usd == pytest.approx((600 * 2.5 + 400 * 1.25 + 50 * 10) / 1e6)
    assert model.spent.usd == response.cost_usd
    assert model.spent.unsure_usd == 0


def test_an_answer_without_usage_or_price_is_never_free():
    with ApiStub(lambda _: Reply("B", usage=None)) as stub, at(stub) as model:
        (silent,) = answers(model, ask("a question"))
        unsure = model.spent.unsure_usd
    with ApiStub() as stub, at(stub, "openai/gpt-99-secret") as model:
        (unknown,) = answers(model, ask("a question"))
        warnings = " ".join(model.warnings)

    assert silent.cost_usd is None
    assert unsure > 0
    assert unknown.cost_usd is None
    assert "nobody knows what gpt-99-secret costs" in warnings


def test_a_stated_price_overrules_the_list():
    usage = {"prompt": 1000, "cached": 0, "output": 50, "reasoning": 0}
    price = FlatPrice(7.0, 9.0, "--price")
    with ApiStub(lambda _: Reply("B", usage=usage)) as stub, at(stub, price=price) as model:
        (response,) = answers(model, ask("a question"))

    assert response.cost_usd == pytest.approx((1000 * 7 + 50 * 9) / 1e6)


def test_nothing_is_sent_that_cannot_be_paid():
    with ApiStub() as stub:
        got, spent, sufficed = spend(stub, [ask("a question")], 1e-9)

    assert (got, spent.most, sufficed) == ([], 0, False)
    assert stub.calls == 0


def test_a_refused_connection_costs_nothing():
    with ApiStub() as stub:
        environment = stub.environment()
    with at(stub, environment=environment) as model:
        model.allow(1.0)
        (response,) = answers(model, ask("a question"))

    assert response.error_kind == "connection"
    assert model.spent.most == 0
