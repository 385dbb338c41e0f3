"""What systems take, and who is behind for it: planted, and counted a second time."""

from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.analysis.leaderboard import build_leaderboard
from harness.analysis.takes import cost_per_correct, read_takes
from harness.analysis.tradeoffs import find_positions
from harness.stats import bootstrap
from harness.store.read import find_runs, load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run


def write(results, name, parameters, number_right, **timing):
    plan = PlantedTask(
        counts(correct=number_right, wrong=200 - number_right), timing=Timing(**timing)
    )
    model = replace(MODEL, name=name, sha256=name.ljust(64, "0"), parameters=parameters)
    return load_run(write_run(results, {"mini": plan}, run_id=name, model=model))


def positions(results, kind):
    runs, _ = find_runs(results)
    (table,) = build_leaderboard(runs).tables
    takes = {(run.folder, "mini"): read_takes(run)["mini"] for run in runs}
    return {
        p.entry.run.manifest.run_id: (p.is_best, sorted(f.name for f in p.dominated_by))
        for p in find_positions(table, takes, kind)
    }


def test_only_a_difference_beyond_doubt_dominates(tmp_path):
    write(tmp_path, "tiny", 10**8, 100)
    write(tmp_path, "small", 10**9, 150)
    write(tmp_path, "same", 2 * 10**9, 149)
    write(tmp_path, "bloated", 3 * 10**9, 90)
    write(tmp_path, "large", 10**10, 190)
    write(tmp_path, "unknown", None, 199)

    assert positions(tmp_path, "parameters") == {
        "tiny": (True, []),
        "small": (True, []),
        "same": (False, []),
        "bloated": (False, ["same", "small", "tiny"]),
        "large": (True, []),
    }


def test_equals_leave_each_other_on_the_front(tmp_path):
    for name in ("one", "two"):
        write(tmp_path, name, 10**9, 150)

    assert positions(tmp_path, "parameters") == {"one": (True, []), "two": (True, [])}


def test_what_is_taken_is_what_a_comparison_says(tmp_path):
    small = write(tmp_path, "small", 10**9, 150, cost_usd=0.002, total_seconds=0.5)
    large = write(tmp_path, "large", 10**10, 180, cost_usd=0.01, total_seconds=2.0)

    demands = {demand.kind: demand for demand in compare(small, large).demands}

    takes = read_takes(small)["mini"]
    assert takes.cost == demands["cost"].candidate
    assert takes.latency == demands["latency"].candidate
    assert takes.memory == demands["peak memory"].candidate
    assert takes.per_correct.value == pytest.approx(200 * 0.002 / 150)


def test_the_price_of_a_right_answer_spreads_as_its_resamples_do():
    rng = np.random.default_rng(5)
    right = (rng.random(400) < 0.7).astype(float)
    prices = rng.gamma(4, 0.001, size=400) * (2 - right)

    found = cost_per_correct(prices, right)

    drawn = bootstrap(lambda c, y: c.sum() / y.sum(), [prices, right], rng, draws=4000)
    low, high = np.quantile(drawn.replicates, [0.025, 0.975])
    assert found.value == pytest.approx(prices.sum() / right.sum())
    assert [found.low, found.high] == pytest.approx([low, high], rel=0.02)


@pytest.mark.parametrize(
    ("prices", "right", "expected"),
    [
        ([0.1, 0.2], [0.0, 0.0], (None, None, None, 2)),
        ([0.0, 0.0], [1.0, 0.0], (0.0, None, None, 2)),
        ([0.3], [1.0], (0.3, None, None, 1)),
    ],
)
def test_a_price_without_spread_has_no_interval(prices, right, expected):
    found = cost_per_correct(np.array(prices), np.array(right))

    assert (found.value, found.low, found.high, found.n) == expected


def test_no_price_is_unknown(tmp_path):
    takes = read_takes(write(tmp_path, "free", 10**9, 100))["mini"]

    assert (takes.cost.value, takes.per_correct.value, takes.per_correct.n) == (None, None, 0)
