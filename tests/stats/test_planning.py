"""Power and sizes: the published tables, and that simulated tests keep the promise."""

import numpy as np
import pytest

from harness.stats import (
    minimum_detectable_drop,
    power,
    question_sample_size,
    sample_size,
    tango_noninferiority,
)

SIZES = (100, 200, 500, 1000, 2000, 5000, 14042)


@pytest.mark.parametrize(
    ("discordance", "points", "digits"),
    [
        (0.02, (None, None, 1.57, 1.11, 0.79, 0.50, 0.30), 2),
        (0.05, (None, 3.91, 2.48, 1.76, 1.24, 0.79, 0.47), 2),
        (0.10, (7.8, 5.5, 3.5, 2.5, 1.8, 1.1, 0.7), 1),
        (0.20, (11.0, 7.8, 5.0, 3.5, 2.5, 1.6, 0.9), 1),
        (0.30, (13.5, 9.6, 6.1, 4.3, 3.0, 1.9, 1.1), 1),
    ],
)
def test_the_table_of_detectable_drops(discordance, points, digits):
    drops = [minimum_detectable_drop(n, discordance) for n in SIZES]

    assert [None if drop is None else round(100 * drop, digits) for drop in drops] == [*points]


@pytest.mark.parametrize(
    ("discordance", "sizes"),
    [(0.05, (3090, 771, 342)), (0.10, (6181, 1544, 685)), (0.20, (12364, 3090, 1372))],
)
def test_the_table_of_sample_sizes(discordance, sizes):
    assert tuple(sample_size(margin, discordance) for margin in (0.01, 0.02, 0.03)) == sizes


def test_the_equation_holds_at_the_detectable_drop():
    drop = minimum_detectable_drop(1000, 0.1)

    assert 1.6448536 * (0.1 / 1000) ** 0.5 + 0.8416212 * (
        (0.1 - drop**2) / 1000
    ) ** 0.5 == pytest.approx(drop, abs=1e-8)
    assert power(1000, 0.1, -drop) == pytest.approx(0.8, abs=1e-9)
    assert sample_size(drop + 1e-9, 0.1) == 1000


def test_more_items_see_smaller_drops_and_more_discordance_hides_them():
    assert minimum_detectable_drop(2000, 0.1) < minimum_detectable_drop(1000, 0.1)
    assert minimum_detectable_drop(1000, 0.2) > minimum_detectable_drop(1000, 0.1)
    assert minimum_detectable_drop(1000, 0.1, power=0.9) > minimum_detectable_drop(1000, 0.1)


@pytest.mark.parametrize(
    ("within", "samples", "n"),
    [((0, 0), (1, 1), 969), ((1 / 6, 1 / 6), (1, 1), 3876), ((1 / 6, 1 / 6), (10, 10), 1260)],
)
def test_millers_sample_sizes(within, samples, n):
    assert question_sample_size(0.03, 1 / 9, within, samples) == n


def test_certain_power_and_none():
    assert power(100, 0.05, -0.05) == pytest.approx(0.7, abs=0.1)
    assert power(10_000, 0.05, -0.05) == pytest.approx(1.0)
    assert power(1000, 0.0001, 0.0, null=-0.5) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: minimum_detectable_drop(0, 0.1),
        lambda: minimum_detectable_drop(100, 0.0),
        lambda: minimum_detectable_drop(100, 0.1, alpha=1.0),
        lambda: sample_size(0.2, 0.1),
        lambda: sample_size(0.0, 0.1),
        lambda: power(100, 0.1, -0.2),
        lambda: power(100, 0.1, 0.0),
        lambda: power(100, 0.1, 0.0, null=-1.0),
        lambda: question_sample_size(0.0, 0.1),
        lambda: question_sample_size(0.03, -0.1),
        lambda: question_sample_size(0.03, 0.1, samples=(0, 1)),
        lambda: question_sample_size(0.03, 0.1, power=1.0),
    ],
)
def test_impossible_plans_are_refused(call):
    with pytest.raises(ValueError, match=r"expected|fraction|needs"):
        call()


def rejections(n, discordance, difference, null):
    """Share of simulated runs in which the one-sided 5 % score test rejects `null`."""
    rates = [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
    drawn = np.random.default_rng(7).multinomial(n, rates, size=3000)
    known = {}
    rejected = 0
    if difference < null:  # a drop: the same test from the other side
        drawn = drawn[:, [1, 0, 2]]
    for gains, losses, _ in drawn.tolist():
        if (gains, losses) not in known:
            known[gains, losses] = tango_noninferiority(gains, losses, n, abs(null)).p < 0.05
        rejected += known[gains, losses]
    return rejected / 3000


@pytest.mark.parametrize(
    ("n", "discordance"), [(200, 0.1), (500, 0.05), (1000, 0.1), (1000, 0.02), (5000, 0.3)]
)
def test_a_detectable_drop_is_found_as_often_as_promised(n, discordance):
    drop = minimum_detectable_drop(n, discordance)

    assert rejections(n, discordance, -drop, 0.0) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    ("n", "discordance", "margin"),
    [(771, 0.05, 0.02), (1544, 0.1, 0.02), (500, 0.1, 0.02), (400, 0.2, 0.05), (2000, 0.02, 0.01)],
)
def test_an_unchanged_model_passes_as_often_as_promised(n, discordance, margin):
    promised = power(n, discordance, 0.0, null=-margin)

    assert rejections(n, discordance, 0.0, -margin) == pytest.approx(promised, abs=0.03)
