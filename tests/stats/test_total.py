"""A whole predicted from a part of it."""

from __future__ import annotations

import math
import random

import pytest

from harness.stats.total import rest_of_total


def test_a_perfect_expectation_leaves_no_doubt():
    found = rest_of_total([10.0, 20.0, 30.0], [10.0, 20.0, 30.0], [5.0, 6.0])

    assert (found.value, found.low, found.high, found.n) == (11.0, 11.0, 11.0, 3)


def test_the_interval_is_the_textbooks():
    found = rest_of_total([1.0, 2.0, 3.0, 4.0], [0.0] * 4, [0.0] * 6)

    # mean 2.5, s² = 5/3, t(3) = 3.1824: 15 ± 3.1824 · sqrt(5/3 · 6 · 10 / 4)
    assert found.value == pytest.approx(15.0)
    assert found.high - 15.0 == pytest.approx(3.182446 * math.sqrt(5 / 3 * 15), rel=1e-6)
    assert found.low == pytest.approx(max(0.0, 30.0 - found.high))


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = random.Random(7)
    population = [rng.gammavariate(4, 25) for _ in range(400)]
    guesses = [value * rng.uniform(0.5, 1.1) for value in population]
    covered, rounds = 0, 1000
    for _ in range(rounds):
        part = set(rng.sample(range(400), 30))
        seen, rest = sorted(part), [i for i in range(400) if i not in part]
        found = rest_of_total(
            [population[i] for i in seen], [guesses[i] for i in seen], [guesses[i] for i in rest]
        )
        covered += found.low <= sum(population[i] for i in rest) <= found.high
    assert 0.93 < covered / rounds < 0.97


def test_one_unit_predicts_nothing():
    with pytest.raises(ValueError, match="two observed units"):
        rest_of_total([1.0], [1.0], [1.0])
