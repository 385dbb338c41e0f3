"""Agreement and strengths: published examples, statsmodels, and planted truths."""

import numpy as np
import pytest

from harness.stats import (
    bradley_terry,
    bradley_terry_intervals,
    krippendorff_alpha,
    weighted_kappa,
)

NAN = float("nan")
# Four observers, twelve units: Krippendorff 2011, section D.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_equals_the_published_example(level, alpha):
    assert krippendorff_alpha(OBSERVERS, level) == pytest.approx(alpha, abs=5e-4)


def test_alpha_does_not_depend_on_who_is_first_or_how_items_are_ordered():
    order = np.random.default_rng(1).permutation(12)
    turned = [np.array(row)[order] for row in reversed(OBSERVERS)]

    assert krippendorff_alpha(turned, "ordinal") == pytest.approx(
        krippendorff_alpha(OBSERVERS, "ordinal"), abs=1e-12
    )


def test_agreement_that_nothing_could_contradict_is_unknown():
    assert krippendorff_alpha([[1, 1], [1, 1]], "nominal") is None
    assert krippendorff_alpha([[1, NAN], [NAN, 2]], "nominal") is None
    assert weighted_kappa([3, 3], [3, 3]) is None


@pytest.mark.parametrize(
    ("ratings", "level"), [([[1, 2]], "nominal"), ([[1, 2], [1]], "nominal"), (OBSERVERS, "ratio")]
)
def test_what_are_no_ratings_is_refused(ratings, level):
    with pytest.raises(ValueError, match="expected"):
        krippendorff_alpha(ratings, level)


def test_kappa_by_hand():
    first, second = [1, 1, 2, 2, 3, 3], [1, 2, 2, 2, 3, 1]

    # Plain: 4 of 6 agree; by chance (2·2 + 2·3 + 2·1)/36.
    assert weighted_kappa(first, second, None) == pytest.approx((4 / 6 - 12 / 36) / (1 - 12 / 36))
    # Squares apart: 1 + 4 seen in 6; by chance the mean square over all pairs.
    apart = np.mean([(a - b) ** 2 for a in first for b in second])
    assert weighted_kappa(first, second) == pytest.approx(1 - (5 / 6) / apart, abs=1e-12)


def test_a_grade_that_nobody_gave_still_counts_as_a_step():
    assert weighted_kappa([1, 1, 10, 10], [1, 10, 10, 1]) == pytest.approx(0.0, abs=1e-12)
    assert weighted_kappa([1, 5, 10], [1, 5, 9]) > weighted_kappa([1, 2, 3], [1, 2, 2])


def games(rng, strengths, n, tie=0.0):
    names = list(strengths)
    first, second, results = [], [], []
    for _ in range(n):
        one, two = rng.choice(names, 2, replace=False)
        half = (strengths[one] - strengths[two]) / 2
        chances = np.array([np.exp(half), tie, np.exp(-half)])
        first.append(str(one))
        second.append(str(two))
        results.append(rng.choice([1, 0.5, 0], p=chances / chances.sum()))
    return first, second, results


def test_strengths_and_ties_are_found_again():
    truth = {"large": 0.8, "middle": 0.1, "small": -0.9}

    found = bradley_terry(*games(np.random.default_rng(2), truth, 6000, tie=0.6))

    assert found.strengths == pytest.approx(truth, abs=0.12)
    assert found.tie == pytest.approx(0.6, abs=0.08)
    assert sum(found.strengths.values()) == pytest.approx(0, abs=1e-9)


def test_two_systems_without_ties_are_the_logarithm_of_their_odds():
    found = bradley_terry(["a"] * 40, ["b"] * 40, [1] * 30 + [0] * 10, ridge=1e-9)

    assert found.strengths["a"] - found.strengths["b"] == pytest.approx(np.log(3), abs=1e-5)
    assert found.tie == 0.0
    assert found.win_rate("a", "b") == pytest.approx(0.75, abs=1e-5)
    assert found.win_rate("a", "b") + found.win_rate("b", "a") == pytest.approx(1, abs=1e-12)


def test_exchanging_the_sides_of_every_game_changes_nothing():
    first, second, results = games(np.random.default_rng(3), {"a": 0.3, "b": -0.3}, 200, 0.4)

    one = bradley_terry(first, second, results)
    two = bradley_terry(second, first, [1 - result for result in results])

    assert one.strengths == pytest.approx(two.strengths, abs=1e-6)


def test_who_won_every_game_stays_finite():
    assert np.isfinite(bradley_terry(["a"] * 5, ["b"] * 5, [1] * 5).strengths["a"])


def test_intervals_resample_whole_questions():
    rng = np.random.default_rng(4)
    comparisons = games(rng, {"a": 0.5, "b": -0.5}, 150)
    copied = tuple([*side] * 4 for side in comparisons)

    once = bradley_terry_intervals(comparisons, range(150), np.random.default_rng(5), 60)
    four = bradley_terry_intervals(copied, [*range(150)] * 4, np.random.default_rng(5), 60)

    assert once["a"].low < 0.5 < once["a"].high
    assert four["a"] == pytest.approx(once["a"], abs=0.03)


@pytest.mark.parametrize(
    ("first", "second", "results", "said"),
    [
        ([], [], [], "expected two systems"),
        (["a"], ["b"], [1, 0], "expected two systems"),
        (["a"], ["b"], [0.7], "expected results"),
        (["a"], ["a"], [1], "compared with itself"),
        (["a", "c"], ["b", "d"], [1, 1], "no chain of comparisons"),
    ],
)
def test_what_are_no_games_is_refused(first, second, results, said):
    with pytest.raises(ValueError, match=said):
        bradley_terry(first, second, results)


def test_a_penalty_that_is_none_and_no_draws_are_refused():
    with pytest.raises(ValueError, match="positive ridge"):
        bradley_terry(["a"], ["b"], [1], ridge=0)
    with pytest.raises(ValueError, match="at least one draw"):
        bradley_terry_intervals((["a"], ["b"], [1]), [1], np.random.default_rng(0), 0)
