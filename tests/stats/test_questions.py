"""Intervals of judged scores: the question is the unit, shown by simulation."""

import numpy as np
import pytest

from harness.stats.questions import length_controlled, mean_of_questions, slope

LIMITS = (1.0, 10.0)


def rated(rng, questions):
    """Two turns a question that share its difficulty: correlation 0.6, on the scale of a judge."""
    shared = rng.normal(0, np.sqrt(0.6), questions)
    own = rng.normal(0, np.sqrt(0.4), (2, questions))
    return (6 + 1.5 * (shared + own)).clip(*LIMITS)


def row_bootstrap(values, rng, draws=200):
    """What ignores the questions: resample the 2n verdicts as if nothing tied them together."""
    means = rng.choice(values, (draws, len(values))).mean(axis=1)
    return np.quantile(means, [0.025, 0.975])


def question_bootstrap(table, rng, draws=200):
    means = rng.choice(table.mean(axis=0), (draws, table.shape[1])).mean(axis=1)
    return np.quantile(means, [0.025, 0.975])


@pytest.mark.slow
def test_the_interval_covers_where_that_of_rows_does_not():
    rng = np.random.default_rng(6)
    truth = rated(rng, 400_000).mean()
    runs, n = 2000, 80
    covered = np.zeros(3)
    for _ in range(runs):
        table = rated(rng, n)
        ours = mean_of_questions(table.ravel(), np.tile(np.arange(n), 2), LIMITS).interval
        rows, whole = row_bootstrap(table.ravel(), rng), question_bootstrap(table, rng)
        covered += [low <= truth <= high for low, high in (ours, rows, whole)]
    ours, rows, whole = covered / runs

    print(f"coverage over {runs} runs: ours {ours:.3f}, rows {rows:.3f}, questions {whole:.3f}")
    assert 0.935 <= ours <= 0.965
    assert rows < 0.90
    assert 0.92 <= whole <= 0.965


def test_means_of_questions_not_of_verdicts():
    found = mean_of_questions([2, 4, 9], ["a", "a", "b"], LIMITS)

    assert (found.value, found.n) == (6.0, 2)


def test_doubling_every_verdict_changes_nothing():
    values, questions = [3, 5, 8, 9, 2], list("abcde")
    once = mean_of_questions(values, questions, LIMITS)

    assert mean_of_questions(values * 2, questions * 2, LIMITS) == once


def test_equal_means_have_an_interval_all_the_same():
    found = mean_of_questions([10.0] * 20, range(20), LIMITS)

    assert found.value == found.interval.high == 10
    assert 8 < found.interval.low < 9
    assert mean_of_questions([5.0], ["a"], LIMITS).interval is None


@pytest.mark.parametrize("values", [[], [0.5], [11]])
def test_values_outside_the_limits_are_refused(values):
    with pytest.raises(ValueError, match="within"):
        mean_of_questions(values, range(len(values)), LIMITS)


def test_a_slope_by_hand():
    found = slope([0, 1, 2, 3], [1, 3, 5, 7], "abcd")

    assert found.value == pytest.approx(2)
    assert found.interval is None
    assert slope([1, 1, 1], [1, 2, 3], "abc") is None
    assert slope([1, 2], [1, 2], "ab") is None


def test_slopes_cover_with_questions_as_units():
    rng = np.random.default_rng(3)
    hits, runs, n = 0, 400, 60
    for _ in range(runs):
        length = np.repeat(rng.normal(size=n), 2)
        shared = np.repeat(rng.normal(size=n), 2)
        score = 5 + 0.5 * length + shared + 0.3 * rng.normal(size=2 * n)
        low, high = slope(length, score, np.repeat(np.arange(n), 2)).interval
        hits += low <= 0.5 <= high

    assert 0.91 <= hits / runs <= 0.98


def test_a_lead_that_is_all_length_goes_when_length_is_controlled():
    rng = np.random.default_rng(1)
    longer = rng.normal(1.0, 1.0, 80)
    difference = 2 * np.tanh(longer / longer.std()) + rng.normal(0, 0.1, 80)

    found = length_controlled(difference, longer, range(80))
    swapped = length_controlled(-difference, -longer, range(80))

    assert difference.mean() > 0.8
    assert found.controlled.value == pytest.approx(0, abs=0.1)
    assert found.pull.value == pytest.approx(2, abs=0.1)
    assert swapped.controlled.value == pytest.approx(-found.controlled.value)
    assert length_controlled([1, 2, 3], [5, 5, 5], "abc") is None
