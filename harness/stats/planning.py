"""What a comparison could see: power, sample size and the smallest detectable drop.

`discordance` is the share of items on which two systems' 0/1 scores differ; differences, drops
and margins are fractions too. All are normal approximations to the score test of paired rates.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from harness.stats.paired import score_variance

_NORMAL = NormalDist()


def minimum_detectable_drop(
    n: int, discordance: float, alpha: float = 0.05, power: float = 0.8
) -> float | None:
    """Return the smallest drop D that a one-sided test of n items finds with this power.

    D solves z(1 - alpha)·sqrt(P/n) + z(power)·sqrt((P - D²)/n) = D, with P the discordance. None
    where even a drop of P, every discordant item lost, would be found less often: such a test
    cannot fire.

    Source: Connor 1987, Biometrics 43; Miettinen 1968, Biometrics 24.

    Raises:
        ValueError: n < 1, or a fraction is not between 0 and 1.
    """
    _check(n=n, discordance=discordance, alpha=alpha, power=power)
    if _missing(discordance, n, discordance, alpha, power) > 0:
        return None
    from scipy.optimize import brentq

    return float(
        brentq(lambda d: _missing(d, n, discordance, alpha, power), 0.0, discordance, xtol=1e-13)
    )


def sample_size(margin: float, discordance: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Return how many items a one-sided test needs to find a drop of `margin` with this power.

    ((z(1 - alpha)·sqrt(P) + z(power)·sqrt(P - margin²)) / margin)², rounded up.

    Source: as `minimum_detectable_drop`.

    Raises:
        ValueError: a fraction is not between 0 and 1, or the margin exceeds the discordance: no
            drop can.
    """
    _check(margin=margin, discordance=discordance, alpha=alpha, power=power)
    if margin > discordance:
        raise ValueError(f"a drop of {margin} needs discordance of that size, not {discordance}")
    return math.ceil((_reach(margin, discordance, alpha, power) / margin) ** 2)


def power(
    n: int, discordance: float, difference: float, null: float = 0.0, alpha: float = 0.05
) -> float:
    """Return the power of the one-sided score test of `null` where the truth is `difference`.

    P((sqrt(n)·|difference - null| - z(1 - alpha)·s0) / s1), with P the normal distribution,
    s1² = discordance - difference² and s0² the variance that Tango's statistic then assumes, which
    is the discordance where null = 0. A drop of 0.03 is found with `power(n, 0.1, -0.03)`; no
    change at all passes a margin of 0.02 with `power(n, 0.1, 0.0, null=-0.02)`.

    Source: as `minimum_detectable_drop`; Tango 1998, Statistics in Medicine 17.

    Raises:
        ValueError: n < 1, a fraction is not between 0 and 1, the difference exceeds the
            discordance, or it equals `null`, against which nothing could be shown.
    """
    _check(n=n, discordance=discordance, alpha=alpha)
    if abs(difference) > discordance or difference == null or not -1 < null < 1:
        raise ValueError(
            f"expected a difference within the discordance {discordance} and unlike the null "
            f"{null}, got {difference}"
        )
    gains, losses = (discordance + difference) / 2, (discordance - difference) / 2
    assumed = math.sqrt(score_variance(gains, losses, 1, null))
    true = math.sqrt(max(0.0, discordance - difference**2))
    excess = math.sqrt(n) * abs(difference - null) - _NORMAL.inv_cdf(1 - alpha) * assumed
    if true > 0:
        return _NORMAL.cdf(excess / true)
    return 1.0 if excess > 0 else 0.0


def question_sample_size(
    effect: float,
    between: float,
    within: tuple[float, float] = (0.0, 0.0),
    samples: tuple[int, int] = (1, 1),
    alpha: float = 0.05,
    power: float = 0.8,
) -> int:
    """Return how many questions a two-sided test needs to find a mean difference of `effect`.

    (z(1 - alpha/2) + z(power))²·(w² + a²/K_a + b²/K_b) / effect², rounded up: w² = `between` is
    the variance over questions of the difference of the two systems' expected scores, a² and b²
    = `within` the variance of one answer to a question, K = `samples` answers a question. All in
    the unit of the scores, squared for variances.

    Source: Miller 2024, arXiv:2411.00640, on power analysis.

    Raises:
        ValueError: no positive effect, a negative variance, fewer than one sample, or alpha or
            power not between 0 and 1.
    """
    _check(alpha=alpha, power=power)
    if not effect > 0 or min(between, *within) < 0 or min(samples) < 1:
        raise ValueError(
            "expected a positive effect, variances >= 0 and samples >= 1, got "
            f"{effect}, {between}, {within} and {samples}"
        )
    variance = between + within[0] / samples[0] + within[1] / samples[1]
    reach = _NORMAL.inv_cdf(1 - alpha / 2) + _NORMAL.inv_cdf(power)
    return max(1, math.ceil(reach**2 * variance / effect**2))


def _missing(drop: float, n: int, discordance: float, alpha: float, power: float) -> float:
    """By how much `drop` falls short of being detectable; it falls as the drop grows."""
    return _reach(drop, discordance, alpha, power) / math.sqrt(n) - drop


def _reach(drop: float, discordance: float, alpha: float, power: float) -> float:
    spread = math.sqrt(max(0.0, discordance - drop**2))
    return _NORMAL.inv_cdf(1 - alpha) * math.sqrt(discordance) + _NORMAL.inv_cdf(power) * spread


def _check(n: int = 1, **fractions: float) -> None:
    if n < 1:
        raise ValueError(f"expected at least one item, got n = {n}")
    for name, value in fractions.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} is a fraction between 0 and 1, such as 0.05, not {value!r}")
