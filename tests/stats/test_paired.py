"""Counts of gains and losses against published rows, statsmodels and simulation."""

import numpy as np
import pytest

from harness.stats.paired import (
    mcnemar_exact,
    mcnemar_mid_p,
    newcombe_interval,
    tango_interval,
    tango_noninferiority,
)


@pytest.mark.parametrize(
    ("gains", "losses", "n", "low", "high"),
    [
        (12, 2, 50, 0.061112, 0.344709),
        (150, 86, 1600, 0.021362, 0.058998),
        (86, 150, 1600, -0.058998, -0.021362),
    ],
)
def test_published_intervals_are_met(gains, losses, n, low, high):
    assert tango_interval(gains, losses, n) == pytest.approx((low, high), abs=1e-6)


def test_without_discordant_items_it_still_has_a_width():
    low, high = tango_interval(0, 0, 100)

    # With nothing discordant the equation is d² n = z² d (1 - d): solved by hand.
    assert (low, high) == pytest.approx((-3.8414588 / 103.8414588, 3.8414588 / 103.8414588))


@pytest.mark.parametrize(("gains", "losses", "n"), [(1, 0, 1), (0, 1, 1), (0, 0, 1), (7, 0, 7)])
def test_it_never_leaves_the_possible(gains, losses, n):
    low, high = tango_interval(gains, losses, n)

    assert -1 <= low <= (gains - losses) / n <= high <= 1


def test_exchanging_the_systems_turns_it_around():
    low, high = tango_interval(9, 4, 60)

    assert tango_interval(4, 9, 60) == pytest.approx((-high, -low))


def test_more_confidence_is_wider():
    narrow, wide = tango_interval(9, 4, 60, 0.9), tango_interval(9, 4, 60, 0.99)

    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(("gains", "losses", "n"), [(0, 0, 0), (-1, 0, 5), (3, 3, 5), (1, 1, -1)])
def test_impossible_counts_are_refused(gains, losses, n):
    with pytest.raises(ValueError, match="gains"):
        tango_interval(gains, losses, n)


@pytest.mark.parametrize(
    ("n", "rates"), [(50, (0.05, 0.05)), (50, (0.05, 0.15)), (200, (0.02, 0.03))]
)
def test_it_covers_the_truth_as_often_as_it_says(n, rates):
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(n, (*rates, 1 - sum(rates)), size=2000)
    known = {}
    covered = 0
    for gains, losses, _ in drawn.tolist():
        if (gains, losses) not in known:
            known[gains, losses] = tango_interval(gains, losses, n)
        low, high = known[gains, losses]
        covered += low <= rates[0] - rates[1] <= high

    assert 0.93 <= covered / 2000 <= 0.985


def test_mcnemar_meets_the_known_values():
    assert mcnemar_exact(150, 86) == pytest.approx(3.7159e-05, abs=1e-9)
    assert mcnemar_exact(12, 2) == pytest.approx(0.0129395, abs=1e-7)
    assert mcnemar_mid_p(12, 2) == pytest.approx(0.0073853, abs=1e-7)


@pytest.mark.parametrize(("gains", "losses"), [(150, 86), (12, 2), (3, 3), (1, 0), (0, 9), (7, 6)])
def test_mcnemar_equals_statsmodels(gains, losses):
    from statsmodels.stats.contingency_tables import mcnemar

    expected = mcnemar([[5, losses], [gains, 5]], exact=True).pvalue

    assert mcnemar_exact(gains, losses) == pytest.approx(expected, rel=1e-9)
    assert mcnemar_exact(losses, gains) == mcnemar_exact(gains, losses)
    assert mcnemar_mid_p(gains, losses) <= mcnemar_exact(gains, losses)


def test_mcnemars_statistic_is_the_score_statistic_against_no_difference():
    from statsmodels.stats.contingency_tables import mcnemar

    chi2 = mcnemar([[0, 86], [150, 0]], exact=False, correction=False)

    assert chi2.statistic == pytest.approx(17.3559, abs=1e-4)
    assert tango_noninferiority(150, 86, 1600, 0.0).p == pytest.approx(chi2.pvalue / 2, rel=1e-9)


def test_without_discordant_items_nothing_speaks_against_equality():
    assert mcnemar_exact(0, 0) == 1.0
    assert mcnemar_mid_p(0, 0) == 1.0


@pytest.mark.parametrize("test", [mcnemar_exact, mcnemar_mid_p])
def test_mcnemar_refuses_negative_counts(test):
    with pytest.raises(ValueError, match="got -1 and 4"):
        test(-1, 4)


def test_newcombes_interval_equals_the_published_one():
    interval = newcombe_interval(36, 12, 2, 0)

    assert interval == pytest.approx((0.056930, 0.340428), abs=1e-6)


@pytest.mark.parametrize("counts", [(700, 60, 40, 200), (20, 15, 5, 60), (300, 9, 30, 161)])
def test_newcombe_and_tango_agree_where_both_hold(counts):
    _, gains, losses, _ = counts

    tango = tango_interval(gains, losses, sum(counts))

    assert newcombe_interval(*counts) == pytest.approx(tango, abs=0.006)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (-1, 1, 1, 1)])
def test_newcombe_refuses_what_are_no_counts(counts):
    with pytest.raises(ValueError, match="expected counts"):
        newcombe_interval(*counts)


def test_systems_that_are_always_right_still_leave_newcombes_interval_a_width():
    low, high = newcombe_interval(40, 0, 0, 0)

    assert low < 0 < high


def test_noninferiority_equals_the_published_example():
    # Soft lenses, chemical against thermal disinfection, 43 of 44 pairs alike: z = 1.709.
    result = tango_noninferiority(0, 1, 44, margin=0.1)

    assert result.p == pytest.approx(0.0437, abs=1e-4)


@pytest.mark.parametrize(("gains", "losses", "n"), [(30, 38, 1000), (0, 1, 44), (4, 4, 60)])
def test_at_its_own_lower_limit_noninferiority_is_as_likely_as_alpha(gains, losses, n):
    lower = tango_noninferiority(gains, losses, n, margin=0.02, alpha=0.05).lower

    assert tango_noninferiority(gains, losses, n, margin=-lower).p == pytest.approx(0.05, abs=1e-9)
    assert lower == pytest.approx(tango_interval(gains, losses, n, 0.9).low, abs=1e-12)


def test_identical_systems_pass_once_there_are_items_enough():
    assert tango_noninferiority(0, 0, 50, margin=0.02).p > 0.05
    assert tango_noninferiority(0, 0, 500, margin=0.02).p < 0.05
    assert tango_noninferiority(0, 0, 500, margin=0.0).p == 0.5


@pytest.mark.parametrize("margin", [-0.01, 1.0, float("nan")])
def test_a_margin_is_a_fraction(margin):
    with pytest.raises(ValueError, match="a margin is a fraction"):
        tango_noninferiority(3, 4, 100, margin)
