"""Subjects: shrunken by a beta-binomial, and marked where they differ from the reference."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, betabinom

from harness.analysis.leaderboard import build_leaderboard
from harness.analysis.subject_rates import _prior, read_subject_rates, shrink_rates
from harness.records import Outcome
from harness.stats.estimate import wilson_interval
from harness.store.read import find_runs
from run_files import MODEL, PlantedTask, counts, write_run

RIGHT, N = np.array([3.0, 40.0, 55.0, 70.0, 9.0]), np.array([10.0, 80.0, 80.0, 90.0, 10.0])


def test_a_rate_is_the_mean_of_its_posterior():
    a, b = _prior(RIGHT, N)

    values, low, high = shrink_rates(RIGHT, N)

    def density(p):
        return p ** (a - 1 + 3) * (1 - p) ** (b - 1 + 7)

    mass = quad(density, 0, 1)[0]
    assert values[0] == pytest.approx(quad(lambda p: p * density(p), 0, 1)[0] / mass)
    assert quad(density, low[0], high[0])[0] / mass == pytest.approx(0.95, abs=1e-6)


def test_the_prior_is_the_likeliest():
    a, b = _prior(RIGHT, N)

    def likelihood(a, b):
        return betabinom.logpmf(RIGHT, N, a, b).sum()

    for factor in (0.9, 1.1):
        assert likelihood(a, b) >= likelihood(a * factor, b)
        assert likelihood(a, b) >= likelihood(a, b * factor)


def test_small_groups_move_further_and_alike_ones_move_together():
    values, *_ = shrink_rates(RIGHT, N)
    pooled = RIGHT.sum() / N.sum()

    assert abs(values[4] - pooled) < 0.7 * abs(0.9 - pooled)
    assert abs(values[3] - 70 / 90) < 0.03
    alike, *_ = shrink_rates(np.full(6, 30.0), np.full(6, 50.0))
    assert alike == pytest.approx(np.full(6, 0.6), abs=1e-3)


@pytest.mark.parametrize(("right", "n"), [(30.0, 50.0), (0.0, 8.0), (8.0, 8.0), (352.0, 400.0)])
def test_groups_that_look_alike_are_known_no_better_than_all_of_them_together(right, n):
    """To be drawn together adds no samples: 6 groups of 8 without one right may have a rate."""
    _, low, high = shrink_rates(np.full(6, right), np.full(6, n))
    together = wilson_interval(6 * right, int(6 * n))

    assert (high - low > 0.6 * (together.high - together.low)).all()


def test_intervals_of_alike_groups_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(2)
    drawn = rng.binomial(100, 0.8, (100, 20)).astype(float)
    limits = [shrink_rates(right, np.full(20, 100.0))[1:] for right in drawn]

    assert 0.92 < np.mean([(low <= 0.8) & (high >= 0.8) for low, high in limits]) < 0.98


def test_shrinking_errs_less_than_the_rates_themselves():
    rng = np.random.default_rng(1)
    truth = beta.rvs(12, 8, size=200, random_state=rng)
    right = rng.binomial(30, truth).astype(float)

    values, low, high = shrink_rates(right, np.full(200, 30.0))

    assert np.mean((values - truth) ** 2) < 0.8 * np.mean((right / 30 - truth) ** 2)
    assert 0.91 < np.mean((low <= truth) & (truth <= high)) < 0.98


def write(results, name, outcomes):
    """Write a run whose outcomes are given by subject: right ones first."""
    plan = PlantedTask(outcomes, ("anatomy", "law"), seed=0)
    model = replace(MODEL, name=name, sha256=name.ljust(64, "0"))
    return write_run(results, {"mini": plan}, run_id=name, model=model)


def test_marks_need_a_difference_on_that_subject(tmp_path):
    write(tmp_path, "good", counts(correct=180, wrong=18, error=2))
    write(tmp_path, "bad", counts(correct=90, wrong=100, unparsed=10))
    (table,) = build_leaderboard(find_runs(tmp_path)[0]).tables

    found = read_subject_rates(table, 12)

    assert found.subjects == ("anatomy", "law")
    assert [[rate.ahead for rate in row] for row in found.rates] == [[0, -1], [0, -1]]
    assert sum(row[0].shrunken.n for row in found.rates) == 198
    for row in found.rates:
        for rate in row:
            assert rate.shrunken.low < rate.shrunken.value < rate.shrunken.high


def test_one_subject_or_graded_scores_are_left_alone(tmp_path):
    plan = PlantedTask({Outcome.CORRECT: 20}, ("anatomy",))
    graded = PlantedTask({Outcome.CORRECT: 20}, values=(0.5,))
    write_run(tmp_path, {"mini": plan, "graded": graded})
    tables = build_leaderboard(find_runs(tmp_path)[0]).tables

    assert [read_subject_rates(table, 12) for table in tables] == [None, None]
