"""Differences of two systems on the same items: pure functions on counts, nothing random."""

from __future__ import annotations

import math
from statistics import NormalDist

from harness.stats.estimate import Interval

_BESIDE = 1e-12


def tango_interval(gains: int, losses: int, n: int, confidence: float = 0.95) -> Interval:
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
    if n <= 0 or gains < 0 or losses < 0 or gains + losses > n:
        raise ValueError(
            f"a paired difference needs n >= 1 and gains + losses <= n, got {gains} and {losses} "
            f"of {n}"
        )
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return Interval(-_upper(losses, gains, n, z), _upper(gains, losses, n, z))


def _upper(gains: int, losses: int, n: int, z: float) -> float:
    """The lower limit of a difference is the upper limit of its opposite, turned around."""
    from scipy.optimize import brentq

    # With no two systems' answers apart, the observed difference itself solves the equation too.
    lowest = (gains - losses) / n + _BESIDE
    if lowest >= 1:
        return 1.0
    return float(brentq(lambda d: _excess(gains, losses, n, d, z), lowest, 1.0, xtol=1e-13))


def _excess(gains: int, losses: int, n: int, difference: float, z: float) -> float:
    linear = (2 * n - gains + losses) * difference - gains - losses
    constant = -losses * difference * (1 - difference)
    rate = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * rate + difference * (1 - difference))
    return gains - losses - n * difference + z * math.sqrt(max(0.0, variance))
