"""Single rates and means with their uncertainty: pure functions on numbers, nothing random."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist
from typing import NamedTuple

ROUNDING = 1e-12
"""Spread below this share of the values is floating-point noise, not spread."""


class Interval(NamedTuple):
    """Lower and upper confidence limit, in the unit of what is estimated."""

    low: float
    high: float


class Group(NamedTuple):
    """One subtask of a task: standard error of its mean (None where n < 2), and its size."""

    standard_error: float | None
    n: int


class Part(NamedTuple):
    """One equally weighted part of a macro average: its mean over n >= 1 items."""

    mean: float
    n: int


def wilson_interval(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of a rate, as fractions within [0, 1].

    With p = successes / n and z the two-sided normal quantile:
    (p + z²/2n ± z·sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n). It keeps its coverage near 0 and 1
    and for small n, where p ± z·SE does not.

    Source: Wilson 1927, JASA 22; Newcombe 1998, Statistics in Medicine 17, method 3.

    Raises:
        ValueError: n is not positive, or `successes` lies outside [0, n].
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(
            f"a rate needs n >= 1 and 0 <= successes <= n, not {successes!r} of {n!r}; "
            "where nothing was answered there is no rate to estimate"
        )
    # statsmodels has it too, and takes longer to import than all answers take to be summarized.
    rate, square = successes / n, NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    middle = rate + square / (2 * n)
    reach = math.sqrt(square * (rate * (1 - rate) + square / (4 * n)) / n)
    low, high = (middle - reach) / (1 + square / n), (middle + reach) / (1 + square / n)
    return Interval(max(0.0, low), min(1.0, high))


def mean_standard_error(values: Sequence[float]) -> float | None:
    """Return the standard error of a mean, s / sqrt(n), in the unit of the values.

    s² = sum((x - mean)²) / (n - 1), with Bessel's correction. None for n < 2: one value says
    nothing about its spread, and 0.0 would claim that it has none.

    Source: Miller 2024, arXiv:2411.00640, eq. 1; `mean_stderr` of lm-evaluation-harness.
    """
    n = len(values)
    if n < 2:  # noqa: PLR2004  # the first n with a spread
        return None
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)


def mean_interval(values: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Return the interval of a mean of graded values, all within [0, 1].

    mean ± t·SE, t being Student's quantile with n - 1 degrees of freedom, cut to [0, 1]. Where
    no two values differ the sample shows no spread at all; then it is Wilson's interval for
    that mean, which is the widest that values within [0, 1] can need. None for n < 2.

    Source: Student 1908, Biometrika 6.
    """
    error = mean_standard_error(values)
    if error is None:
        return None
    n = len(values)
    mean = math.fsum(values) / n
    if math.isclose(error, 0.0, abs_tol=1e-15):
        return wilson_interval(mean * n, n, confidence)
    from scipy.special import stdtrit

    reach = float(stdtrit(n - 1, (1 + confidence) / 2)) * error
    return Interval(max(0.0, mean - reach), min(1.0, mean + reach))


def clustered_standard_error(
    scores: Sequence[float], clusters: Sequence[Hashable], *, corrected: bool = False
) -> float | None:
    """Return the cluster-robust standard error of a mean, in the unit of the scores.

    With the residuals r of n scores from their mean: sqrt(sum over clusters of (sum of r)²) / n,
    as Miller prints it. `corrected` multiplies by sqrt(C / (C - 1)) for C clusters, which takes
    away most of the downward bias with few of them; with every item a cluster of its own that
    is `mean_standard_error`. None where it cannot be said: fewer than two clusters, or no
    spread between them at all.

    Source: Miller 2024, arXiv:2411.00640, on clustered standard errors; Liang and
    Zeger 1986, Biometrika 73.

    Raises:
        ValueError: not one cluster a score.
    """
    n = len(scores)
    if len(clusters) != n:
        raise ValueError(f"expected one cluster for each of {n} scores, got {len(clusters)}")
    members: dict[Hashable, list[float]] = {}
    for score, cluster in zip(scores, clusters, strict=True):
        members.setdefault(cluster, []).append(score)
    count = len(members)
    if count < 2:  # noqa: PLR2004  # the first number of clusters with a spread
        return None
    mean = math.fsum(scores) / n
    squares = ((math.fsum(m) - len(m) * mean) ** 2 for m in members.values())
    error = math.sqrt(math.fsum(squares)) / n
    if error <= ROUNDING * max(map(abs, scores)):
        return None
    return error * math.sqrt(count / (count - 1)) if corrected else error


def pooled_standard_error(groups: Sequence[Group]) -> float | None:
    """Return the standard error of the mean over all items of several groups (a micro average).

    With n_g items and standard error SE_g in group g, k groups and N = sum(n_g):
    sqrt(sum((n_g - 1)·n_g·SE_g²) / (N - k) / N), the pooled variance within groups over N. It is
    what `pooled_sample_stderr` of lm-evaluation-harness computes for a group of subtasks. A
    group of one item has no spread of its own and adds only to N and k; None where no group
    has more than one.

    Source: lm_eval/api/metrics.py of lm-evaluation-harness 0.4.
    """
    total = sum(group.n for group in groups)
    free = total - len(groups)
    if free <= 0:
        return None
    squares = (
        (group.n - 1) * group.n * group.standard_error**2
        for group in groups
        if group.standard_error is not None
    )
    return math.sqrt(math.fsum(squares) / free / total)


def macro_interval(parts: Sequence[Part], confidence: float = 0.95) -> Interval | None:
    """Return the interval of a macro average: the plain mean over parts, each of equal weight.

    With k parts of mean m_i over n_i items within [0, 1], M their plain mean and z the normal
    quantile: M ± z·sqrt(sum(v_i))/k, v_i = q_i(1 - q_i)/n_i, q_i = (n_i·m_i + ½)/(n_i + 1). The
    parts count as fixed: the interval speaks of these subjects, not of others. The halves keep
    a width where a small part is all right or all wrong; simulated coverage is 92 % to 99 %
    for 1 to 57 parts of 3 to 100 items. None without parts.

    Source: sqrt(sum(SE²))/k of fixed strata (Cochran, Sampling Techniques, 5.3) with the rate
    inside SE moved by Jeffreys' halves (Brown, Cai and DasGupta 2001, Statistical Science 16).
    """
    if not parts:
        return None
    k = len(parts)
    mean = math.fsum(part.mean for part in parts) / k
    moved = (((part.n * part.mean + 0.5) / (part.n + 1), part.n) for part in parts)
    spread = math.sqrt(math.fsum(q * (1 - q) / n for q, n in moved)) / k
    reach = NormalDist().inv_cdf((1 + confidence) / 2) * spread
    return Interval(max(0.0, mean - reach), min(1.0, mean + reach))
