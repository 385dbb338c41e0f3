"""What is promised of n items, against what happens in simulation."""

import numpy as np
import pytest

from harness.analysis.power import expected_discordance, items_needed, smallest_drop, task_power
from harness.stats import EProcess, tango_noninferiority, wilson_interval

RUNS = 4_000
POINTS = 0.03


def tables(n, discordance, difference, seed=0):
    """Gains and losses of many runs of n items."""
    gains, losses = (discordance + difference) / 2, (discordance - difference) / 2
    rng = np.random.default_rng(seed)
    found = rng.multinomial(n, [gains, losses, 1 - discordance], size=RUNS)
    return [(int(row[0]), int(row[1])) for row in found]


CASES = [
    (250, 0.05, 0.05, 0.05),
    (771, 0.05, 0.02, 0.05),
    (1544, 0.10, 0.02, 0.05),
    (480, 0.20, 0.05, 0.05),
    (480, 0.20, 0.05, 0.025),
    (300, 0.30, 0.10, 0.05),
]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "discordance", "margin", "alpha"), CASES)
def test_an_equal_candidate_passes_as_often_as_promised(n, discordance, margin, alpha):
    promised = task_power(n, margin, discordance, alpha).chance_to_pass
    passed = [
        tango_noninferiority(gains, losses, n, margin, alpha).p <= alpha
        for gains, losses in tables(n, discordance, 0.0)
    ]

    assert 0.4 < promised < 0.99
    assert sum(passed) / RUNS == pytest.approx(promised, abs=POINTS)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "discordance", "alpha"), sorted({(c[0], c[1], c[3]) for c in CASES}))
def test_the_smallest_drop_is_found_with_the_power_asked_for(n, discordance, alpha):
    drop = smallest_drop(n, discordance, alpha, 0.8)
    found = [
        1 - tango_noninferiority(gains, losses, n, 0.0, alpha).p <= alpha
        for gains, losses in tables(n, discordance, -drop)
    ]

    assert sum(found) / RUNS >= 0.8 - POINTS
    if n * discordance > 20:  # with fewer the normal approximation promises too little
        assert sum(found) / RUNS <= 0.8 + POINTS


def test_the_numbers_of_the_method():
    assert [items_needed(margin, 0.05, 0.05, 0.8) for margin in (0.01, 0.02, 0.03)] == [
        3090, 771, 342,
    ]  # fmt: skip
    assert smallest_drop(1000, 0.1, 0.05, 0.8) == pytest.approx(0.0248, abs=1e-3)


def test_what_is_needed_is_decidable_and_one_less_is_not():
    for margin, discordance in ((0.02, 0.1), (0.05, 0.2), (0.1, 0.1)):
        n = items_needed(margin, discordance, 0.05, 0.8)

        assert task_power(n, margin, discordance).decidable
        assert not task_power(n - 1, margin, discordance).decidable


def test_more_items_promise_more():
    found = [task_power(n, 0.02, 0.1) for n in (100, 400, 1600, 6400)]

    assert [one.chance_to_pass for one in found] == sorted(one.chance_to_pass for one in found)
    assert [one.smallest_drop for one in found] == sorted(
        (one.smallest_drop for one in found), reverse=True
    )
    assert [one.decidable for one in found] == [False, False, True, True]


def test_drops_larger_than_the_discordance_bring_their_own():
    """100 items that differ on 2 %: no drop up to 2 points would be found, but 6 points would."""
    drop = smallest_drop(100, 0.02, 0.05, 0.8)
    rng = np.random.default_rng(0)
    lost = rng.binomial(100, drop, size=RUNS)
    found = [1 - tango_noninferiority(0, int(n), 100, 0.0).p <= 0.05 for n in lost]

    assert 0.02 < drop < 0.08
    assert sum(found) / RUNS >= 0.75
    assert smallest_drop(1, 0.1, 0.05, 0.8) is None
    assert smallest_drop(0, 0.1, 0.05, 0.8) is None


def test_a_margin_wider_than_the_discordance_needs_the_items_of_that_margin():
    assert items_needed(0.1, 0.02, 0.05, 0.8) == items_needed(0.1, 0.1, 0.05, 0.8)


def test_discordance_of_an_earlier_pair():
    assert expected_discordance(24, 480) == 0.05
    assert expected_discordance(0, 480) == wilson_interval(0, 480).high > 0
    assert 0.99 < expected_discordance(5, 5) < 1


def test_bets_alone_would_need_far_more_items():
    """Why half of a sequential gate's alpha is kept for the last look."""
    rng = np.random.default_rng(1)
    n = items_needed(0.05, 0.1, 0.05, 0.8)
    verdicts = []
    for _ in range(200):
        draw = rng.random(n)
        bets = EProcess(0.05)
        verdicts.append(bets.update(np.where(draw < 0.05, 1.0, np.where(draw < 0.1, -1.0, 0.0))))

    assert verdicts.count("passed") / 200 < 0.6
