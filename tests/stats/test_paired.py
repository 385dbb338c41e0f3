"""Tango's interval against published rows, its limits, and its coverage in simulation."""

import numpy as np
import pytest

from harness.stats.paired import tango_interval


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
