"""Agreement of judges and strengths from comparisons, against published and closed-form values."""

import math

import numpy as np
import pytest

from harness.stats.judge import (
    bradley_terry,
    bradley_terry_intervals,
    krippendorff_alpha,
    weighted_kappa,
)

_ = math.nan
# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_of_the_published_example(level, published):
    assert krippendorff_alpha(OBSERVERS, level) == pytest.approx(published, abs=5e-4)


def test_alpha_of_full_agreement_and_of_nothing_to_agree_on():
    assert krippendorff_alpha([[1, 2, 3], [1, 2, 3]], "interval") == 1
    assert krippendorff_alpha([[1, 1, 1], [1, 1, 1]], "interval") is None
    assert krippendorff_alpha([[1, _], [_, 2]], "nominal") is None
    with pytest.raises(ValueError, match="two or more rows"):
        krippendorff_alpha([[1, 2]], "nominal")


def test_kappa_by_hand():
    # 20 both yes, 15 both no, 5 and 10 apart (the usual textbook table): 0.4.
    first = [1] * 25 + [0] * 25
    second = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15

    assert weighted_kappa(first, second, None) == pytest.approx(0.4)
    assert weighted_kappa([1, 10, 10], [1, 10, 9]) > weighted_kappa([1, 10, 10], [1, 10, 2])
    assert weighted_kappa([7, 7], [7, 7]) is None


def test_two_systems_without_ties_are_the_logit_of_the_win_rate():
    found = bradley_terry(["a"] * 100, ["b"] * 100, [1.0] * 75 + [0.0] * 25, ridge=1e-9)

    assert found.tie == 0
    assert found.strengths["a"] - found.strengths["b"] == pytest.approx(math.log(3), abs=1e-4)
    assert found.win_rate("a", "b") == pytest.approx(0.75, abs=1e-4)


def played(rng, strengths, tie, n):
    """Games by Davidson's model, two a question."""
    names = list(strengths)
    first, second, results, questions = [], [], [], []
    for question in range(n):
        one, two = rng.choice(names, 2, replace=False)
        half = (strengths[one] - strengths[two]) / 2
        weights = np.array([np.exp(half), tie, np.exp(-half)])
        for result in rng.choice([1.0, 0.5, 0.0], 2, p=weights / weights.sum()):
            first.append(one)
            second.append(two)
            results.append(result)
            questions.append(question)
    return (first, second, results), questions


def test_planted_strengths_and_ties_are_found():
    rng = np.random.default_rng(2)
    truth = {"a": 1.0, "b": 0.0, "c": -1.0}
    games, questions = played(rng, truth, 0.5, 3000)

    found = bradley_terry(*games)
    intervals = bradley_terry_intervals(games, questions, rng, draws=300)

    assert found.tie == pytest.approx(0.5, abs=0.1)
    for name, strength in truth.items():
        assert found.strengths[name] == pytest.approx(strength, abs=0.12)
        low, high = intervals[name]
        assert low < found.strengths[name] < high
        assert 0.03 < (high - low) / 2 < 0.12


def test_swapping_the_sides_changes_nothing():
    rng = np.random.default_rng(4)
    (first, second, results), _questions = played(rng, {"a": 0.7, "b": 0.0, "c": -0.7}, 0.3, 60)

    there = bradley_terry(first, second, results)
    back = bradley_terry(second, first, [1 - result for result in results])

    assert back.strengths == pytest.approx(there.strengths, abs=1e-5)


def test_who_cannot_be_ranked_is_named():
    with pytest.raises(ValueError, match="connects"):
        bradley_terry(["a", "c"], ["b", "d"], [1, 0])
    with pytest.raises(ValueError, match="itself"):
        bradley_terry(["a"], ["a"], [1])
    with pytest.raises(ValueError, match="results of 1"):
        bradley_terry(["a"], ["b"], [0.7])
