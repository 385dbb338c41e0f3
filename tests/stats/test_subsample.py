"""A part of a benchmark: textbook formulas, coverage, and what cannot be said."""

import numpy as np
import pytest

from harness.stats import control_variate_estimate, stratified_estimate


def test_strata_by_hand():
    # Strata of 6 and 4: means 2/3 and 1/2; variances 1/3 and 1/2 of 3 and 2 drawn.
    found = stratified_estimate([1, 1, 0, 1, 0], "aaabb", {"a": 6, "b": 4})
    variance = 0.6**2 * (1 / 3) / 3 * (1 - 3 / 6) + 0.4**2 * 0.5 / 2 * (1 - 2 / 4)

    assert found.value == pytest.approx(0.6 * 2 / 3 + 0.4 / 2, abs=1e-12)
    assert found.standard_error == pytest.approx(variance**0.5, abs=1e-12)
    assert found.n == 5


def test_one_stratum_of_a_huge_benchmark_is_students_interval():
    from scipy import stats

    scores = np.random.default_rng(1).random(40)

    found = stratified_estimate(scores, ["all"] * 40, {"all": 10**12})

    expected = stats.ttest_1samp(scores, 0).confidence_interval()
    assert found.interval == pytest.approx(tuple(expected), abs=1e-9)


def test_strata_cover_the_benchmark_as_often_as_they_say():
    rng = np.random.default_rng(2)
    sizes = {"easy": 300, "hard": 100}
    benchmark = {"easy": rng.random(300) < 0.9, "hard": rng.random(100) < 0.3}
    truth = np.concatenate([*benchmark.values()]).mean()
    hits = 0
    for _ in range(1000):
        drawn = [
            rng.choice(benchmark[h], n, replace=False) for h, n in (("easy", 60), ("hard", 40))
        ]
        strata = ["easy"] * 60 + ["hard"] * 40
        low, high = stratified_estimate(np.concatenate(drawn) * 1.0, strata, sizes).interval
        hits += low <= truth <= high

    assert 0.93 <= hits / 1000 <= 0.97


def test_a_full_census_leaves_nothing_to_estimate():
    found = stratified_estimate([1, 0, 1], "aab", {"a": 2, "b": 1})

    assert found.interval == pytest.approx((2 / 3, 2 / 3))
    assert found.standard_error == 0.0


@pytest.mark.parametrize(
    ("scores", "strata"), [([1, 0, 1], "aab"), ([1, 1, 1, 1], "aabb"), ([1, 0], "ab")]
)
def test_an_error_that_no_stratum_shows_is_unknown(scores, strata):
    found = stratified_estimate(scores, strata, {"a": 10, "b": 5})

    assert found.standard_error is found.interval is None


@pytest.mark.parametrize(
    ("strata", "sizes", "said"),
    [
        ("ab", {"a": 3}, "expected a stratum"),
        ("aa", {"a": 3, "b": 2}, "'b' has 2 items, of which 0"),
        ("aa", {"a": 1}, "'a' has 1 items, of which 2"),
        ("a", {"a": 3}, "one stratum for each"),
    ],
)
def test_strata_that_do_not_fit_are_refused(strata, sizes, said):
    with pytest.raises(ValueError, match=said):
        stratified_estimate([1, 0], strata, sizes)


def benchmark(rng, n):
    """Scores of a stored baseline and of a candidate that mostly agrees with it."""
    stored = (rng.random(n) < 0.7).astype(float)
    return stored, np.where(rng.random(n) < 0.12, 1 - stored, stored)


def test_a_stored_baseline_saves_many_items():
    stored, scores = benchmark(np.random.default_rng(3), 5400)
    plain = scores[:400].std(ddof=1) / 20

    found = control_variate_estimate(scores[:400], stored[:400], stored[400:])

    assert 0.6 < found.weight < 0.85
    assert (plain / found.standard_error) ** 2 > 1.8


def test_the_weight_and_the_error_by_hand():
    y, f, other = np.array([1.0, 0, 1, 1]), np.array([1.0, 0, 0, 1]), np.array([1.0, 0, 1, 0])
    spread = np.concatenate([f, other]).var(ddof=1)
    weight = np.cov(y, f)[0, 1] / (2 * spread)

    found = control_variate_estimate(y, f, other)

    assert found.weight == pytest.approx(weight, abs=1e-12)
    assert found.value == pytest.approx(0.75, abs=1e-12)  # both controls average one half
    assert found.standard_error == pytest.approx(
        ((y - weight * f).var(ddof=1) / 4 + weight**2 * spread / 4) ** 0.5, abs=1e-12
    )


def test_control_variates_cover_as_often_as_they_say():
    rng = np.random.default_rng(4)
    truth = 0.7 * 0.88 + 0.3 * 0.12
    hits = 0
    for _ in range(1500):
        stored, scores = benchmark(rng, 1200)
        low, high = control_variate_estimate(scores[:200], stored[:200], stored[200:]).interval
        hits += low <= truth <= high

    assert 0.935 <= hits / 1500 <= 0.965


def test_a_useless_baseline_gets_no_weight():
    scores = np.random.default_rng(5).random(30)

    found = control_variate_estimate(scores, np.ones(30), np.ones(100))

    assert found.weight == 0.0
    assert found.value == pytest.approx(scores.mean())
    assert found.standard_error == pytest.approx(scores.std(ddof=1) / 30**0.5)


def test_too_few_items_or_no_spread_is_unknown():
    two = control_variate_estimate([1, 0], [1, 0], [1, 0, 1])
    flat = control_variate_estimate([1, 1, 1], [1, 1, 1], [1, 1, 1])

    assert two.standard_error is two.interval is flat.standard_error is flat.interval is None
    with pytest.raises(ValueError, match="not asked"):
        control_variate_estimate([1, 0, 1], [1, 0, 1], [])
