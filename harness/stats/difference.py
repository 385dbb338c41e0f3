"""The paired difference of two systems from their scores, with or without clusters.

Which interval is taken is a matter of measured coverage. Where few items differ, the usual
t interval covers as little as half of the time, and errs by a lower limit that
is too high, which would let a worse system pass. Tango's score interval on counts divided by the
design effect keeps its level there, and equals the t interval where many items differ.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import Clusters, Floats, as_clusters, as_fractions, as_pair
from harness.stats.estimate import ROUNDING, Interval
from harness.stats.paired import NonInferiority, check_margin, score_interval, score_statistic


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Mean score of the candidate minus that of the baseline, in the unit of the scores.

    `standard_error` (None where it cannot be said) is cluster-robust over `n_clusters`, without
    clusters over the n items; `interval` is None only where nothing bounds it: one cluster, or
    scores outside [0, 1] that show no spread. `gains` and `losses` count the items that
    the candidate, or the baseline, did better.
    """

    difference: float
    standard_error: float | None
    interval: Interval | None
    n: int
    n_clusters: int
    gains: int
    losses: int

    @property
    def discordance(self) -> float:
        """Share of items on which the two differ."""
        return (self.gains + self.losses) / self.n


@dataclass(frozen=True, slots=True)
class MacroDifference:
    """Mean over `n_strata` of the mean differences within each: every stratum counts the same."""

    difference: float
    standard_error: float | None
    interval: Interval
    n_strata: int


class _Differences(NamedTuple):
    """`fractions`: all scores lie within [0, 1]; `independent`: 0/1 scores, no two in a cluster.

    Independent 0/1 items need no t: their rates alone tell the variance.
    """

    values: Floats
    clusters: Clusters
    fractions: bool
    independent: bool


class _Spread(NamedTuple):
    """Cluster-robust standard error of the mean difference, and what it is worth."""

    error: float | None
    degrees: float


class _Counts(NamedTuple):
    """Gains, losses and number of the independent 0/1 items that would say as much."""

    gains: float
    losses: float
    n: float


def paired_difference(
    baseline: ArrayLike,
    candidate: ArrayLike,
    clusters: Iterable[Hashable] | None = None,
    confidence: float = 0.95,
) -> PairedDifference:
    """Compare two systems on the same items; the i-th scores belong to the same item.

    With d = candidate - baseline, D its mean, cluster sums e_c of d - D and m_c items of n in
    cluster c: SE² = sum(e_c² / (1 - m_c/n)) / n², which is s²/n where every item stands alone.

    - 0/1 scores without clusters: Tango's interval;
    - other scores within [0, 1]: Tango's interval on the sum G of all gains, the sum L of all
      losses and n, all divided by the design effect n·SE² / ((G + L)/n - D²), with t in place
      of z; where clusters show no spread each counts as one item;
    - scores on other scales: D ± t·SE.

    t has Bell and McCaffrey's degrees of freedom: C - 1 for C equal clusters, fewer for unequal
    ones. Simulated coverage of 95 % intervals is 94 % to 97 % from about ten clusters with a
    discordant item on, and higher with fewer; it falls to 92 % where clusters of five change
    together, ever in one direction.

    Source: Bell and McCaffrey 2002, Survey Methodology 28; Imbens and Kolesár 2016, REStat 98;
    Tango 1998, Statistics in Medicine 17; Korn and Graubard 1998, Survey Methodology 24, for
    counts divided by the design effect.

    Raises:
        ValueError: no scores, unlike lengths, or a value that is no finite number.
    """
    sample = _pair(baseline, candidate, clusters)
    spread = _spread(sample)
    return PairedDifference(
        difference=float(sample.values.mean()),
        standard_error=spread.error,
        interval=_interval(sample, spread, (1 + confidence) / 2),
        n=len(sample.values),
        n_clusters=sample.clusters.n,
        gains=int((sample.values > 0).sum()),
        losses=int((sample.values < 0).sum()),
    )


def noninferiority(
    baseline: ArrayLike,
    candidate: ArrayLike,
    margin: float,
    clusters: Iterable[Hashable] | None = None,
    alpha: float = 0.05,
) -> NonInferiority | None:
    """Test whether the candidate is behind by less than `margin`, in the unit of the scores.

    The test that belongs to the interval of `paired_difference`: Tango's score statistic at
    -margin, or (D + margin) / SE, against the same distribution. None exactly where that
    interval is None.

    Source: as `paired_difference`; Wellek, Testing Statistical Hypotheses of Equivalence and
    Noninferiority, 2010, ch. 5.

    Raises:
        ValueError: the margin is negative, or not below 1 where the scores lie within [0, 1];
            or as for paired_difference.
    """
    sample = _pair(baseline, candidate, clusters)
    if sample.fractions or margin < 0:
        check_margin(margin)
    spread = _spread(sample)
    interval = _interval(sample, spread, 1 - alpha)
    statistic = _statistic(sample, spread, -margin)
    if interval is None or statistic is None:
        return None
    return NonInferiority(_tail(sample, spread, statistic), interval.low)


def macro_difference(
    baseline: ArrayLike,
    candidate: ArrayLike,
    strata: Iterable[Hashable],
    confidence: float = 0.95,
) -> MacroDifference:
    """Return the plain mean over strata of the mean differences within each; scores in [0, 1].

    With k strata of n_h items each, all items alone: SE² = sum(s_h²/n_h) / k², where a stratum
    of one item takes the variance pooled over the others. The strata count as fixed. The
    interval is Tango's for the mean gain and loss over the strata, on as many items as would
    have that SE; without spread on as many as have the mean of 1/n_h.

    Source: Cochran, Sampling Techniques, 1977, (5.6), with equal weights; effective counts as
    in `paired_difference`.

    Raises:
        ValueError: no scores, unlike lengths, or a score outside [0, 1].
    """
    first, second = as_pair(as_fractions(baseline, "scores"), as_fractions(candidate, "scores"))
    values, groups = second - first, as_clusters(strata, len(first))
    weights = 1 / (groups.n * groups.sizes)  # of one item in the mean over strata
    means = groups.sums(values) / groups.sizes
    squares = groups.sums((values - means[groups.codes]) ** 2)
    pooled = float(squares.sum()) / max(1, len(values) - groups.n)
    single = groups.sizes == 1
    variances = np.where(single, pooled, squares / np.maximum(groups.sizes - 1, 1))
    error = math.sqrt(float(np.sum(variances / groups.sizes))) / groups.n
    gains = float(np.sum(groups.sums(np.maximum(values, 0)) * weights))
    losses = float(np.sum(groups.sums(np.maximum(-values, 0)) * weights))
    known = error > ROUNDING
    plain = groups.n / float(np.mean(1 / groups.sizes))
    size = (gains + losses - (gains - losses) ** 2) / error**2 if known else plain
    interval = score_interval(
        gains * size, losses * size, size, NormalDist().inv_cdf((1 + confidence) / 2)
    )
    return MacroDifference(gains - losses, error if known else None, interval, groups.n)


def _pair(
    baseline: ArrayLike, candidate: ArrayLike, clusters: Iterable[Hashable] | None
) -> _Differences:
    first, second = as_pair(baseline, candidate)
    both = np.concatenate([first, second])
    groups = as_clusters(clusters, len(first))
    binary = bool(np.isin(both, (0.0, 1.0)).all())
    return _Differences(
        values=second - first,
        clusters=groups,
        fractions=bool(((both >= 0) & (both <= 1)).all()),
        independent=binary and groups.n == len(first),
    )


def _spread(sample: _Differences) -> _Spread:
    values, clusters = sample.values, sample.clusters
    n = len(values)
    if clusters.n < 2:  # noqa: PLR2004  # the first number of clusters with a spread
        return _Spread(None, 0.0)
    shares = clusters.sizes / n
    sums = clusters.sums(values - values.mean())
    error = math.sqrt(float(np.sum(sums**2 / (1 - shares)))) / n
    weights = shares**2 / (1 - shares)
    inverse = np.sum(shares**2) + np.sum(weights) ** 2 - np.sum(weights**2)
    spreads = error > ROUNDING * float(np.max(np.abs(values)))
    return _Spread(error if spreads else None, 1 / float(inverse))


def _interval(sample: _Differences, spread: _Spread, level: float) -> Interval | None:
    if sample.fractions:
        counts = _effective(sample, spread)
        return counts and score_interval(*counts, _quantile(sample, spread, level))
    if spread.error is None:
        return None
    mean = float(sample.values.mean())
    reach = _quantile(sample, spread, level) * spread.error
    return Interval(mean - reach, mean + reach)


def _statistic(sample: _Differences, spread: _Spread, difference: float) -> float | None:
    """How many standard errors the observed mean lies above `difference`."""
    if sample.fractions:
        counts = _effective(sample, spread)
        return counts and score_statistic(*counts, difference)
    if spread.error is None:
        return None
    return (float(sample.values.mean()) - difference) / spread.error


def _effective(sample: _Differences, spread: _Spread) -> _Counts | None:
    values, n = sample.values, float(len(sample.values))
    gains, losses = float(values[values > 0].sum()), -float(values[values < 0].sum())
    if sample.independent:
        return _Counts(gains, losses, n)
    if sample.clusters.n == 1:
        return None
    if spread.error is None:
        effect = n / sample.clusters.n
    else:
        effect = n * spread.error**2 / ((gains + losses) / n - float(values.mean()) ** 2)
    return _Counts(gains / effect, losses / effect, n / effect)


def _quantile(sample: _Differences, spread: _Spread, level: float) -> float:
    from scipy.special import ndtri, stdtrit

    return float(ndtri(level) if sample.independent else stdtrit(spread.degrees, level))


def _tail(sample: _Differences, spread: _Spread, statistic: float) -> float:
    from scipy.special import ndtr, stdtr

    return float(ndtr(-statistic) if sample.independent else stdtr(spread.degrees, -statistic))
