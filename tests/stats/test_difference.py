"""Paired differences: by hand, under changes that must not matter, and their coverage."""

import numpy as np
import pytest
from scipy import stats

from harness.stats import (
    macro_difference,
    mean_standard_error,
    noninferiority,
    paired_difference,
    tango_interval,
    tango_noninferiority,
)


def scores(gains, losses, n):
    """0/1 scores of two systems with so many gains and losses; right or wrong alike elsewhere."""
    baseline, candidate = np.zeros(n), np.zeros(n)
    candidate[:gains] = 1
    baseline[gains : gains + losses] = 1
    baseline[gains + losses :: 2] = candidate[gains + losses :: 2] = 1
    return baseline, candidate


def clusters_of(n, kind):
    sizes = {"twos": [2], "fives": [5], "uneven": [1, 2, 3, 4, 7]}[kind]
    return np.repeat(np.arange(n), np.resize(sizes, n))[:n]


def simulate(rng, n, rates, clusters=None, alike=0.0):
    """Gains and losses by chance; a share `alike` of the items does as its cluster does."""
    gain, loss = rates

    def change(size):
        chance = rng.random(size)
        return (chance < gain).astype(float) - (chance > 1 - loss)

    own = change(n)
    if clusters is None:
        return own
    return np.where(rng.random(n) < alike, change(clusters.max() + 1)[clusters], own)


def coverage(seed, n, rates, kind=None, *, graded=False, runs=2000, alike=0.5):
    rng = np.random.default_rng(seed)
    clusters = None if kind is None else clusters_of(n, kind)
    hits = 0
    for _ in range(runs):
        change = simulate(rng, n, rates, clusters, alike)
        if graded:
            change *= rng.beta(2, 2, n)
        low, high = paired_difference(
            np.maximum(-change, 0), np.maximum(change, 0), clusters
        ).interval
        hits += low <= (rates[0] - rates[1]) * (0.5 if graded else 1) <= high
    return hits / runs


def test_single_items_get_tangos_interval_and_the_paired_standard_error():
    found = paired_difference(*scores(150, 86, 1600))

    assert found.difference == pytest.approx(0.04, abs=1e-15)
    assert found.interval == pytest.approx((0.021362, 0.058998), abs=1e-6)
    assert found.interval == pytest.approx(tango_interval(150, 86, 1600), abs=1e-12)
    assert found.standard_error == pytest.approx(0.0095492 * (1600 / 1599) ** 0.5, abs=1e-7)
    assert (found.n, found.n_clusters, found.gains, found.losses) == (1600, 1600, 150, 86)
    assert found.discordance == 236 / 1600


def test_the_standard_error_equals_that_of_the_two_scores_and_their_covariance():
    rng = np.random.default_rng(1)
    baseline, candidate = rng.random(80), rng.random(80)
    (first, both), (_, second) = np.cov(baseline, candidate)

    found = paired_difference(baseline, candidate)

    assert found.standard_error == pytest.approx(((first + second - 2 * both) / 80) ** 0.5)


def test_scores_on_another_scale_get_students_interval():
    rng = np.random.default_rng(2)
    baseline = rng.integers(1, 11, 60).astype(float)
    candidate = np.clip(baseline + rng.integers(-2, 3, 60), 1, 10)
    expected = stats.ttest_rel(candidate, baseline)

    found = paired_difference(baseline, candidate)
    test = noninferiority(baseline, candidate, margin=1.5)

    assert found.interval == pytest.approx(tuple(expected.confidence_interval()), abs=1e-12)
    shifted = stats.ttest_rel(candidate + 1.5, baseline, alternative="greater")
    assert test.p == pytest.approx(shifted.pvalue, rel=1e-9)
    assert test.lower == pytest.approx(shifted.confidence_interval().low - 1.5, abs=1e-9)


def test_clusters_give_the_robust_standard_error_by_hand():
    # Differences 1 1 | 0 0 | 1 1: residual sums 2/3, -4/3, 2/3; each divided by 1 - 2/6.
    found = paired_difference([0, 0, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1], "aabbcc")

    assert found.standard_error == pytest.approx((24 / 9 / (2 / 3)) ** 0.5 / 6, abs=1e-12)
    assert found.standard_error == pytest.approx(1 / 3, abs=1e-12)
    assert found.n_clusters == 3


def test_the_robust_standard_error_equals_statsmodels_where_clusters_are_equal():
    from statsmodels.regression.linear_model import OLS

    rng = np.random.default_rng(3)
    baseline, candidate = rng.random(120), rng.random(120)
    clusters = clusters_of(120, "fives")
    fit = OLS(candidate - baseline, np.ones(120)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": True}
    )

    found = paired_difference(baseline, candidate, clusters)

    assert found.standard_error == pytest.approx(fit.bse[0], rel=1e-9)


def test_many_discordant_items_make_the_intervals_agree():
    rng = np.random.default_rng(4)
    baseline, candidate = rng.random(3000), rng.random(3000)
    clusters = clusters_of(3000, "twos")
    found = paired_difference(baseline, candidate, clusters)
    reach = stats.t.ppf(0.975, 1499) * found.standard_error

    assert found.interval == pytest.approx(
        (found.difference - reach, found.difference + reach), abs=2e-4
    )


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("kind", [None, "fives", "uneven"])
def test_exchanging_the_systems_turns_the_result_around(kind, graded):
    rng = np.random.default_rng(5)
    clusters = None if kind is None else clusters_of(100, kind)
    baseline, candidate = rng.random((2, 100)) if graded else rng.integers(0, 2, (2, 100))

    one = paired_difference(baseline, candidate, clusters)
    two = paired_difference(candidate, baseline, clusters)

    assert two.difference == pytest.approx(-one.difference, abs=1e-15)
    assert two.standard_error == pytest.approx(one.standard_error, rel=1e-12)
    assert two.interval == pytest.approx((-one.interval.high, -one.interval.low), abs=1e-9)
    assert (two.gains, two.losses) == (one.losses, one.gains)


@pytest.mark.parametrize("graded", [False, True])
def test_the_order_of_rows_and_the_names_of_clusters_do_not_matter(graded):
    rng = np.random.default_rng(6)
    baseline, candidate = rng.random((2, 90)) if graded else rng.integers(0, 2, (2, 90))
    clusters = clusters_of(90, "uneven")
    order = rng.permutation(90)

    one = paired_difference(baseline, candidate, clusters)
    two = paired_difference(
        baseline[order], candidate[order], [f"passage {c}" for c in clusters[order]]
    )

    assert two.standard_error == pytest.approx(one.standard_error, rel=1e-12)
    assert two.interval == pytest.approx(one.interval, abs=1e-9)


@pytest.mark.parametrize("graded", [False, True])
def test_copies_of_items_in_a_cluster_add_no_certainty(graded):
    rng = np.random.default_rng(7)
    baseline, candidate = rng.random((2, 70)) if graded else rng.integers(0, 2, (2, 70))

    once = paired_difference(baseline, candidate)
    thrice = paired_difference(np.tile(baseline, 3), np.tile(candidate, 3), [*range(70)] * 3)

    assert thrice.standard_error == pytest.approx(once.standard_error, rel=1e-12)
    assert once.standard_error == pytest.approx(
        mean_standard_error((candidate - baseline).tolist()), rel=1e-12
    )
    assert thrice.interval == pytest.approx(once.interval, abs=0.01)


def test_a_cluster_of_its_own_for_every_item_changes_nothing():
    pair = scores(12, 2, 50)

    assert paired_difference(*pair, clusters=range(50)) == paired_difference(*pair)
    assert noninferiority(*pair, 0.02, clusters=range(50)) == noninferiority(*pair, 0.02)


def test_identical_systems_have_no_standard_error_but_a_width():
    alone = paired_difference([1, 0, 1, 1], [1, 0, 1, 1])
    graded = paired_difference([0.5, 0.2, 0.7, 1], [0.5, 0.2, 0.7, 1])
    grouped = paired_difference([1, 0] * 10, [1, 0] * 10, clusters_of(20, "fives"))

    assert alone.standard_error is graded.standard_error is grouped.standard_error is None
    assert alone.interval == pytest.approx(tango_interval(0, 0, 4))
    assert grouped.interval == pytest.approx(stats_width(4, 3), abs=1e-9)
    assert graded.interval == pytest.approx(stats_width(4, 3), abs=1e-9)


def stats_width(n, degrees):
    """Limits of no difference in n items: d²·n = t²·d·(1 - d), solved by hand."""
    square = stats.t.ppf(0.975, degrees) ** 2
    return (-square / (n + square), square / (n + square))


def test_what_nothing_bounds_has_no_interval():
    one_cluster = paired_difference([1, 0, 1], [0, 0, 1], "aaa")
    no_spread = paired_difference([7, 8, 9], [8, 9, 10])

    assert one_cluster.standard_error is one_cluster.interval is None
    assert no_spread.standard_error is no_spread.interval is None
    assert no_spread.difference == 1.0
    assert noninferiority([1, 0, 1], [0, 0, 1], 0.02, "aaa") is None
    assert noninferiority([7, 8, 9], [8, 9, 10], 0.5) is None


def test_one_item_says_little_but_not_nothing():
    found = paired_difference([1], [1])

    assert found.standard_error is None
    assert found.interval == tango_interval(0, 0, 1)


def test_changes_that_cancel_in_every_cluster_are_not_certainty():
    found = paired_difference([1, 0] * 8, [0, 1] * 8, clusters_of(16, "twos"))

    assert found.standard_error is None
    assert found.interval.high - found.interval.low > 0.5


def test_noninferiority_of_single_items_is_tangos():
    pair = scores(30, 38, 1000)

    found, expected = noninferiority(*pair, 0.02), tango_noninferiority(30, 38, 1000, 0.02)

    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("kind", [None, "twos", "uneven"])
def test_at_its_own_lower_limit_noninferiority_is_as_likely_as_alpha(kind, graded):
    rng = np.random.default_rng(8)
    clusters = None if kind is None else clusters_of(200, kind)
    change = simulate(rng, 200, (0.05, 0.12))
    if graded:
        change *= rng.random(200)
    pair = np.maximum(-change, 0), np.maximum(change, 0)

    lower = noninferiority(*pair, 0.02, clusters).lower

    assert noninferiority(*pair, -lower, clusters).p == pytest.approx(0.05, abs=1e-6)
    assert lower == pytest.approx(paired_difference(*pair, clusters, 0.9).interval.low, abs=1e-9)


@pytest.mark.parametrize(
    ("baseline", "candidate", "clusters", "said"),
    [
        ([], [], None, "got 0 and 0"),
        ([1, 0], [1], None, "got 2 and 1"),
        ([1, float("nan")], [1, 0], None, "nan at position 1"),
        ([[1, 0]], [1, 0], None, "shape"),
        ([1, 0], [1, 0], ["a"], "one cluster for each of 2 items, got 1"),
        ([1, 0], [1, 0], ["a", None], "got None"),
        ([1, 0], [1, 0], ["a", float("nan")], "got nan"),
    ],
)
def test_what_is_no_pair_is_refused(baseline, candidate, clusters, said):
    with pytest.raises(ValueError, match=said):
        paired_difference(baseline, candidate, clusters)


@pytest.mark.parametrize(("scale", "margin"), [(1, 1.0), (1, -0.1), (10, -0.1)])
def test_a_margin_that_is_none_is_refused(scale, margin):
    with pytest.raises(ValueError, match="margin"):
        noninferiority([scale, 0], [0, scale], margin)


def answers(rng, n, kind):
    """0/1 scores of two systems whose chances depend on the item and on the cluster's topic."""
    clusters = np.arange(n) if kind is None else clusters_of(n, kind)
    easy, suits_second = rng.normal(size=(2, clusters.max() + 1))[:, clusters]
    first = 1 / (1 + np.exp(-easy - 1.0))
    second = 1 / (1 + np.exp(-easy - 0.5 * suits_second - 0.5))
    return (rng.random(n) < first) * 1.0, (rng.random(n) < second) * 1.0, clusters


@pytest.mark.parametrize("kind", [None, "fives"])
@pytest.mark.parametrize("n", [50, 200, 1000])
def test_intervals_cover_as_often_as_they_say(n, kind):
    baseline, candidate, _ = answers(np.random.default_rng(1), 4_000_000, None)
    truth = float(np.mean(candidate - baseline))
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(2000):
        low, high = paired_difference(*answers(rng, n, kind)).interval
        hits += low <= truth <= high

    assert 0.935 <= hits / 2000 <= 0.965


@pytest.mark.parametrize(("n", "kind"), [(50, "twos"), (200, "uneven")])
def test_intervals_of_graded_scores_cover_as_often_as_they_say(n, kind):
    assert 0.935 <= coverage(11, n, (0.1, 0.2), kind, graded=True) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("kind", [None, "fives", "uneven"])
@pytest.mark.parametrize("rates", [(0.1, 0.2), (0.05, 0.05)])
@pytest.mark.parametrize("n", [50, 200, 1000])
def test_coverage_stays_in_its_band(n, rates, kind, graded):
    share = coverage(12, n, rates, kind, graded=graded, runs=4000)
    few = n == 50 and (sum(rates) < 0.2 or kind is not None)

    # Where about ten clusters or fewer hold a discordant item, it errs on the wide side.
    assert 0.935 <= share <= (1.0 if few else 0.965)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [None, "fives"])
@pytest.mark.parametrize("rates", [(0.0, 0.05), (0.02, 0.03)])
@pytest.mark.parametrize("n", [50, 200])
def test_rare_and_one_sided_changes_do_not_break_coverage(n, rates, kind):
    assert coverage(13, n, rates, kind, runs=4000) >= 0.92
    assert coverage(13, n, rates, kind, runs=4000, graded=True) >= 0.92


@pytest.mark.parametrize("kind", [None, "twos"])
def test_at_the_margin_noninferiority_is_claimed_as_seldom_as_it_says(kind):
    rng = np.random.default_rng(14)
    clusters = None if kind is None else clusters_of(400, kind)
    claimed = 0
    for _ in range(1500):
        change = simulate(rng, 400, (0.04, 0.06), clusters, alike=0.5)
        test = noninferiority(np.maximum(-change, 0), np.maximum(change, 0), 0.02, clusters)
        claimed += test.p < 0.05

    assert claimed / 1500 <= 0.065


def test_a_macro_difference_by_hand():
    # Strata of 4 and 2 items: differences 1 0 0 0 and -1 0.
    found = macro_difference([0, 1, 1, 1, 1, 0], [1, 1, 1, 1, 0, 0], "aaaabb")
    variances = np.var([1, 0, 0, 0], ddof=1) / 4 + np.var([-1, 0], ddof=1) / 2

    assert found.difference == pytest.approx((1 / 4 - 1 / 2) / 2, abs=1e-12)
    assert found.standard_error == pytest.approx(variances**0.5 / 2, abs=1e-12)
    assert found.n_strata == 2


def test_one_stratum_is_the_plain_difference():
    pair = scores(30, 55, 800)
    plain = paired_difference(*pair)

    macro = macro_difference(*pair, ["all"] * 800)

    assert macro.difference == pytest.approx(plain.difference, abs=1e-12)
    assert macro.standard_error == pytest.approx(plain.standard_error, rel=1e-9)
    assert macro.interval == pytest.approx(plain.interval, abs=1e-4)


def test_identical_systems_leave_a_macro_difference_a_width():
    found = macro_difference([1, 0, 1, 1], [1, 0, 1, 1], "aabb")

    assert found.standard_error is None
    assert found.interval == pytest.approx(tango_interval(0, 0, 4), abs=1e-9)


def test_a_stratum_of_one_item_does_not_look_certain():
    pair = [0, 1, 1, 1, 1], [1, 1, 1, 1, 0]

    with_single = macro_difference(*pair, "aaaab")
    without = macro_difference(pair[0][:4], pair[1][:4], "aaaa")

    assert with_single.standard_error > without.standard_error / 2


@pytest.mark.parametrize("sizes", [[8] * 40, [100, 200, 400, 50], [2] * 100])
def test_macro_differences_cover_as_often_as_they_say(sizes):
    rng = np.random.default_rng(15)
    strata = np.repeat(np.arange(len(sizes)), sizes)
    gain, loss = rng.uniform(0.02, 0.1, (2, len(sizes)))
    truth = float(np.mean(gain - loss))
    hits = 0
    for _ in range(1500):
        chance = rng.random(len(strata))
        gained, lost = chance < gain[strata], chance > 1 - loss[strata]
        low, high = macro_difference(lost * 1.0, gained * 1.0, strata).interval
        hits += low <= truth <= high

    assert 0.935 <= hits / 1500 <= 0.97
