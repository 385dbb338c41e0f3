"""Differences of two systems on the same items, from counts: nothing random."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from harness.stats.estimate import Interval, wilson_interval

_BESIDE = 1e-12


class NonInferiority(NamedTuple):
    """How far the second system may be behind: evidence, not a verdict.

    `p` belongs to the hypothesis that it is behind by the margin or more; 1 - p belongs to the
    opposite one, that it is behind by the margin at most. `lower` is the lower limit of the
    difference with one-sided confidence 1 - alpha: p < alpha exactly where lower > -margin.
    """

    p: float
    lower: float


def tango_interval(gains: float, losses: float, n: float, confidence: float = 0.95) -> Interval:
    """Return the score interval of a paired difference of rates, as fractions within [-1, 1].

    `gains` items only the second system got right, `losses` only the first, of `n` in all; the
    difference is (gains - losses) / n. The limits are the differences d at which the score
    statistic (gains - losses - n·d) / sqrt(n·(2q + d(1 - d))) is ± z, where q, the rate of
    losses, has its maximum likelihood given d. Unlike d ± z·SE it keeps its coverage for small n
    and where few items, or none, tell the two apart.

    Source: Tango 1998, Statistics in Medicine 17, 891-908.

    Raises:
        ValueError: n is not positive, or the counts do not fit into it.
    """
    _check(gains, losses, n)
    return score_interval(gains, losses, n, NormalDist().inv_cdf((1 + confidence) / 2))


def score_interval(gains: float, losses: float, n: float, reach: float) -> Interval:
    """Return the differences whose score statistic lies within ± `reach`; as tango_interval."""
    return Interval(-_upper(losses, gains, n, reach), _upper(gains, losses, n, reach))


def score_statistic(gains: float, losses: float, n: float, difference: float) -> float:
    """Return Tango's score statistic against a true `difference`; positive: more is observed."""
    distance = gains - losses - n * difference
    deviation = math.sqrt(n * score_variance(gains, losses, n, difference))
    if deviation > 0:
        return distance / deviation
    return math.copysign(math.inf, distance) if abs(distance) > _BESIDE * n else 0.0


def score_variance(gains: float, losses: float, n: float, difference: float) -> float:
    """Return the variance of one paired difference of 0/1 values given its mean, `difference`.

    It is 2q + d(1 - d), where q, the rate of losses, has its maximum likelihood given d. Only
    the rates gains / n and losses / n matter.
    """
    linear = (2 * n - gains + losses) * difference - gains - losses
    constant = -losses * difference * (1 - difference)
    rate = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    return max(0.0, 2 * rate + difference * (1 - difference))


def tango_noninferiority(
    gains: float, losses: float, n: float, margin: float, alpha: float = 0.05
) -> NonInferiority:
    """Test whether the second system is behind by less than `margin`, a fraction.

    The score statistic against a difference of -margin, its p from the normal distribution;
    `lower` is the lower limit of Tango's interval with confidence 1 - 2·alpha.

    Source: Tango 1998, Statistics in Medicine 17, 891-908.

    Raises:
        ValueError: the margin is not within [0, 1), or the counts do not fit into n.
    """
    _check(gains, losses, n)
    check_margin(margin)
    z = score_statistic(gains, losses, n, -margin)
    return NonInferiority(NormalDist().cdf(-z), tango_interval(gains, losses, n, 1 - 2 * alpha).low)


def newcombe_interval(
    both: int, gains: int, losses: int, neither: int, confidence: float = 0.95
) -> Interval:
    """Return Newcombe's interval of a paired difference of rates, a check on Tango's.

    Wilson's limits of the two rates, their distances from the rates combined with the
    correlation phi of the two systems, continuity-corrected where it is positive.

    Source: Newcombe 1998, Statistics in Medicine 17, 2635-2650, method 10.

    Raises:
        ValueError: a count is negative, or all are zero.
    """
    n = both + gains + losses + neither
    if min(both, gains, losses, neither) < 0 or n == 0:
        raise ValueError(f"expected counts, got {both}, {gains}, {losses}, {neither}")
    second, first = both + gains, both + losses
    ours, theirs = wilson_interval(second, n, confidence), wilson_interval(first, n, confidence)
    phi = _correlation(both, gains, losses, neither)
    down = _combine(second / n - ours.low, theirs.high - first / n, phi)
    up = _combine(ours.high - second / n, first / n - theirs.low, phi)
    difference = (gains - losses) / n
    return Interval(difference - down, difference + up)


def mcnemar_exact(gains: int, losses: int) -> float:
    """Return the exact two-sided p of equal gains and losses: McNemar's test.

    2·P(X <= min(gains, losses)) for X binomial over the discordant items with rate 1/2, at
    most 1; 1 where nothing is discordant, for then nothing speaks against equality.

    Source: McNemar 1947, Psychometrika 12; Liddell 1983, J. Epidemiology 37.

    Raises:
        ValueError: a count is negative.
    """
    return min(1.0, 2 * _tail(gains, losses))


def mcnemar_mid_p(gains: int, losses: int) -> float:
    """Return McNemar's two-sided mid-p: the observed outcome counts by half.

    2·P(X <= min) - P(X = min), X as in `mcnemar_exact`, which never rejects too often but
    seldom enough to lose power. The mid-p loses less and hardly ever exceeds its level.

    Source: Fagerland, Lydersen and Laake 2013, BMC Medical Research Methodology 13:91.

    Raises:
        ValueError: a count is negative.
    """
    from scipy.stats import binom

    doubled = 2 * _tail(gains, losses)
    return min(1.0, doubled - float(binom.pmf(min(gains, losses), gains + losses, 0.5)))


def check_margin(margin: float) -> None:
    """Refuse a margin that is no fraction within [0, 1).

    Raises:
        ValueError: it is not.
    """
    if not 0 <= margin < 1:
        raise ValueError(f"a margin is a fraction within [0, 1), such as 0.02, not {margin!r}")


def _check(gains: float, losses: float, n: float) -> None:
    if n <= 0 or gains < 0 or losses < 0 or gains + losses > n:
        raise ValueError(
            f"a paired difference needs n >= 1 and gains + losses <= n, got {gains} and {losses} "
            f"of {n}"
        )


def _upper(gains: float, losses: float, n: float, reach: float) -> float:
    """The lower limit of a difference is the upper limit of its opposite, turned around."""
    from scipy.optimize import brentq

    # With no two systems' answers apart, the observed difference itself solves the equation too.
    lowest = (gains - losses) / n + _BESIDE
    if lowest >= 1:
        return 1.0
    return float(brentq(lambda d: _excess(gains, losses, n, d, reach), lowest, 1.0, xtol=1e-13))


def _excess(gains: float, losses: float, n: float, difference: float, reach: float) -> float:
    deviation = math.sqrt(n * score_variance(gains, losses, n, difference))
    return gains - losses - n * difference + reach * deviation


def _correlation(both: int, gains: int, losses: int, neither: int) -> float:
    n = both + gains + losses + neither
    product = (both + gains) * (losses + neither) * (both + losses) * (gains + neither)
    if product == 0:
        return 0.0
    cross: float = both * neither - gains * losses
    if cross > 0:
        cross = max(cross - n / 2, 0)
    return cross / math.sqrt(product)


def _combine(own: float, other: float, correlation: float) -> float:
    return math.sqrt(own**2 - 2 * correlation * own * other + other**2)


def _tail(gains: int, losses: int) -> float:
    if gains < 0 or losses < 0:
        raise ValueError(f"expected counts of gains and losses, got {gains} and {losses}")
    from scipy.stats import binom

    return float(binom.cdf(min(gains, losses), gains + losses, 0.5))
