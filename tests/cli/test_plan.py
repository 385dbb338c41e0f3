"""`harness plan` and the money of `harness run`, as a user sees them."""

from __future__ import annotations

import json

import pytest

from api_stub import ApiStub, Reply, add
from cli_kit import TOYS, harness

MODEL = "openai/gpt-4o-2024-08-06"
TASK = ("-t", "toy_many", "--trust-tasks", TOYS)


def solve(asked):
    usage = {"prompt": len(asked.text) // 3, "cached": 0, "output": 1, "reasoning": 0}
    return Reply(add(asked.text), usage=usage)


@pytest.fixture
def stub():
    with ApiStub(solve) as stub:
        yield stub


def run(stub, cwd, *arguments, **changes):
    return harness(*arguments, cwd=cwd, TOY_MANY="60", **{**stub.environment(), **changes})


def test_a_plan_states_bounds_and_asks_nothing(stub, tmp_path):
    done = run(stub, tmp_path, "plan", "-m", MODEL, "-m", "openai/gpt-99-secret", *TASK)

    assert done.returncode == 0, done.stderr
    assert "$2.5/input MTok, $10/output MTok" in done.stdout
    assert "genai-prices==0.2.3" in done.stdout
    assert "nobody knows its price; --price INPUT,OUTPUT states it" in done.stdout
    assert "input tokens 4 bytes a token" in done.stdout
    assert "--pilot 20" in done.stdout
    assert stub.calls == 0


@pytest.mark.slow
def test_a_pilot_is_kept_and_its_prediction_holds(stub, tmp_path):
    planned = run(stub, tmp_path, "plan", "-m", MODEL, *TASK, "--pilot", 15, "--json")
    (found,) = json.loads(planned.stdout)
    (task,) = found["tasks"]
    done = run(stub, tmp_path, "run", "-m", MODEL, *TASK, "--json")
    (line,) = json.loads(done.stdout)["ledger"]

    assert (task["n_answered"], stub.calls, line["n_asked"]) == (15, 60, 45)
    assert task["usd"]["left"]["value"] == pytest.approx(line["actual"], rel=0.15)
    assert line["estimate_low"] < line["actual"] < line["estimate_high"]


def test_a_run_says_what_it_cost_and_what_was_expected(stub, tmp_path):
    done = run(stub, tmp_path, "run", "-m", MODEL, *TASK)

    assert "cost of answers: $0.00" in done.stdout
    assert "; expected $0.00" in done.stdout


@pytest.mark.slow
def test_a_budget_ends_a_run_with_code_3_and_a_larger_one_goes_on(stub, tmp_path):
    short = run(stub, tmp_path, "run", "-m", MODEL, *TASK, "--max-usd", "0.0015")
    asked = stub.calls

    assert short.returncode == 3
    assert "larger --max-usd" in short.stderr
    assert 0 < asked < 60
    done = run(stub, tmp_path, "run", "-m", MODEL, *TASK, "--max-usd", "1")
    assert done.returncode == 0, done.stderr
    assert stub.calls == 60


def test_a_budget_for_an_unknown_price_needs_that_price(stub, tmp_path):
    model = ("run", "-m", "openai/gpt-99-secret", *TASK, "--max-usd", "1")
    refused = run(stub, tmp_path, *model)
    assert refused.returncode == 2
    assert "--price INPUT,OUTPUT" in refused.stderr
    assert stub.calls == 0

    done = run(stub, tmp_path, *model, "--price", "1,2")
    assert done.returncode == 0, done.stderr
    assert "$1/input MTok, $2/output MTok; --price" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-m", MODEL), "--tasks is missing"),
        (TASK, "--model is missing"),
        (("-m", MODEL, *TASK, "--pilot", "1"), "ask 2 or more"),
        (("-m", MODEL, *TASK, "--price", "cheap"), "such as 0.15,0.60"),
    ],
)
def test_a_plan_that_cannot_be_made_says_why(stub, tmp_path, arguments, words):
    done = run(stub, tmp_path, "plan", *arguments)

    assert done.returncode == 2
    assert words in done.stderr


def test_a_local_model_costs_nothing_and_counts_its_own_tokens(stub, tmp_path):
    done = run(stub, tmp_path, "plan", "-m", "pico-q4_0", *TASK, "--json")
    (task,) = json.loads(done.stdout)[0]["tasks"]

    assert task["counted"] == "by the model's own tokenizer"
    assert task["prompt_tokens"]["left"]["low"] > 60
    assert task["usd"]["left"]["high"] == 0
