"""Bootstrap and permutation over whole clusters; the generator is always an argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.stats.arrays import Clusters, Floats, as_clusters, as_numbers, as_pair
from harness.stats.estimate import ROUNDING, Interval

_CHUNK = 1_000_000
"""How many counts are held at once: 8 MB, whatever the number of draws."""

_ALIKE = 10
"""Copies of a row, on average, from which on it is faster to draw how many are taken."""

Statistic = Callable[..., float | None]


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """A statistic of the sample, of its bootstrap replicates, and without each cluster in turn.

    A statistic that could not be said in some resamples (None or not finite) is missing there:
    `n_undefined` counts them, and the intervals speak of the others.
    """

    estimate: float
    replicates: Floats
    left_out: Floats
    n_undefined: int = 0

    @property
    def standard_error(self) -> float | None:
        """Standard deviation of the replicates; None where they do not differ."""
        return float(self.replicates.std(ddof=1)) if self._spreads else None

    def percentile(self, confidence: float = 0.95) -> Interval | None:
        """Return the quantiles (1 ± confidence)/2 of the replicates; None without spread.

        Source: Efron 1979, Annals of Statistics 7.
        """
        return self._between((1 - confidence) / 2, (1 + confidence) / 2)

    def bca(self, confidence: float = 0.95) -> Interval | None:
        """Return the bias-corrected and accelerated interval.

        The quantiles P(z0 + (z0 + z)/(1 - a(z0 + z))) of the replicates, P the normal
        distribution and z its quantiles (1 ± confidence)/2, z0 that of the share of replicates
        below the estimate (ties by half), and a = sum(u³) / (6·sum(u²)^1.5) for u the mean of
        the left-out values minus each. None where that says nothing: all replicates on one side
        of the estimate, or no spread.

        Source: Efron 1987, JASA 82.
        """
        from scipy.special import ndtr, ndtri

        if not self._spreads:
            return None
        below = np.mean(self.replicates < self.estimate)
        share = below + np.mean(self.replicates == self.estimate) / 2
        influence = self.left_out.mean() - self.left_out
        squares = float(np.sum(influence**2))
        if not 0 < share < 1 or not squares > 0:
            return None
        acceleration = float(np.sum(influence**3)) / (6 * squares**1.5)
        moved = ndtri(share) + ndtri(np.array([1 - confidence, 1 + confidence]) / 2)
        stretch = 1 - acceleration * moved
        if not (stretch > 0).all():
            return None
        low, high = ndtr(ndtri(share) + moved / stretch)
        return self._between(float(low), float(high))

    @property
    def _spreads(self) -> bool:
        r = self.replicates
        return len(r) > 1 and float(np.ptp(r)) > ROUNDING * float(np.max(np.abs(r)))

    def _between(self, low: float, high: float) -> Interval | None:
        if not self._spreads:
            return None
        return Interval(*(float(q) for q in np.quantile(self.replicates, [low, high])))


def paired_bootstrap(
    baseline: ArrayLike,
    candidate: ArrayLike,
    rng: np.random.Generator,
    clusters: Iterable[Hashable] | None = None,
    draws: int = 10_000,
) -> Bootstrap:
    """Resample clusters of items, both systems jointly: the mean of candidate - baseline.

    Each of `draws` resamples takes as many clusters as there are, with replacement, and divides
    the sum of their differences by the number of their items. Unit: that of the scores.

    Source: Efron 1979, Annals of Statistics 7; Davison and Hinkley, Bootstrap Methods, 1997, 3.8.

    Raises:
        ValueError: no scores, unlike lengths, or no finite numbers; draws < 1.
    """
    first, second = as_pair(baseline, candidate)
    groups = as_clusters(clusters, len(first))
    table = np.stack([groups.sums(second - first), groups.sizes], axis=1)
    sums = _resampled_sums(table, draws, rng)
    total = table.sum(axis=0)
    rest = (total - table)[groups.sizes < len(first)]
    return Bootstrap(
        estimate=float(total[0] / total[1]),
        replicates=sums[:, 0] / sums[:, 1],
        left_out=rest[:, 0] / rest[:, 1],
    )


def bootstrap(
    statistic: Statistic,
    columns: Sequence[ArrayLike],
    rng: np.random.Generator,
    clusters: Iterable[Hashable] | None = None,
    draws: int = 10_000,
) -> Bootstrap:
    """Resample clusters of rows: any statistic of one or more columns, as `statistic(*columns)`.

    For what is no plain mean: calibration error, cost per correct answer, a median. The
    statistic must not depend on the order of the rows; it is computed once a draw, and once
    without each cluster.

    Source: as `paired_bootstrap`.

    Raises:
        ValueError: no columns or rows, unlike lengths, no finite numbers, draws < 1, or the
            statistic of the whole sample cannot be said.
    """
    arrays = [as_numbers(column, "columns") for column in columns]
    if len({len(array) for array in arrays}) != 1 or len(arrays[0]) == 0:
        raise ValueError(f"expected rows of one length, got {[len(array) for array in arrays]}")
    groups = as_clusters(clusters, len(arrays[0]))
    estimate = _value(statistic, arrays)
    if not math.isfinite(estimate):
        raise ValueError(f"the statistic of the whole sample is {estimate}: nothing to resample")
    drawn = [
        _value(statistic, [np.repeat(array, row[groups.codes]) for array in arrays])
        for counts in _counts(groups.n, draws, rng)
        for row in counts
    ]
    replicates, left_out = np.array(drawn), _leave_out(statistic, arrays, groups)
    defined = np.isfinite(replicates)
    return Bootstrap(estimate, replicates[defined], left_out, int((~defined).sum()))


def sign_flip_test(
    differences: ArrayLike,
    rng: np.random.Generator,
    clusters: Iterable[Hashable] | None = None,
    draws: int = 10_000,
) -> float:
    """Return the two-sided p of paired differences that could as well have the other sign.

    The statistic is the sum of the differences; each cluster's sum keeps or changes its sign
    with probability 1/2. Whole numbers, as 0/1 scores give, are counted through exactly: single
    items then give McNemar's exact p. Other values are enumerated where 2^clusters <= draws,
    else drawn, with p = (1 + number as extreme)/(1 + draws). 1 where all sums are zero.

    Source: Fisher 1935, The Design of Experiments, section 21; Phipson and Smyth 2010, Stat.
    Appl. Genet. Mol. Biol. 9.

    Raises:
        ValueError: no finite numbers, draws < 1, or not one cluster a difference.
    """
    values = as_numbers(differences, "differences")
    sums = as_clusters(clusters, len(values)).sums(values)
    sums = sums[np.abs(sums) > ROUNDING * np.max(np.abs(values), initial=0.0)]
    _check_draws(draws)
    if len(sums) == 0:
        return 1.0
    if (sums == np.round(sums)).all():
        return _count_signs(np.abs(sums).astype(np.int64), abs(round(sums.sum())))
    from scipy.stats import permutation_test

    found = permutation_test(
        (sums,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        batch=max(1, _CHUNK // len(sums)),
        random_state=rng,
    )
    return float(found.pvalue)


def _resampled_sums(table: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Sum the rows of each resample; alike rows, as 0/1 scores give, are drawn by their number."""
    _check_draws(draws)
    rows, copies = np.unique(table, axis=0, return_counts=True)
    if len(rows) * _ALIKE > len(table):
        return np.concatenate([counts @ table for counts in _counts(len(table), draws, rng)])
    sums: Floats = rng.multinomial(len(table), copies / len(table), size=draws) @ rows
    return sums


def _counts(clusters: int, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield how often each resample takes each cluster: multinomial counts, some rows at once."""
    _check_draws(draws)
    rows = max(1, _CHUNK // clusters)
    for start in range(0, draws, rows):
        size = min(rows, draws - start)
        taken = rng.integers(0, clusters, size=(size, clusters))
        taken += clusters * np.arange(size)[:, np.newaxis]
        yield np.bincount(taken.ravel(), minlength=size * clusters).reshape(size, clusters)


def _check_draws(draws: int) -> None:
    if draws < 1:
        raise ValueError(f"expected at least one draw, got {draws}")


def _value(statistic: Statistic, columns: Sequence[Floats]) -> float:
    value = statistic(*columns)
    return math.nan if value is None else float(value)


def _leave_out(statistic: Statistic, columns: Sequence[Floats], groups: Clusters) -> Floats:
    if groups.n < 2:  # noqa: PLR2004  # without the only cluster nothing is left
        return np.empty(0)
    kept = (groups.codes != number for number in range(groups.n))
    return np.array([_value(statistic, [column[rows] for column in columns]) for rows in kept])


def _count_signs(sizes: NDArray[np.int64], observed: int) -> float:
    """Return P(|sum of ± sizes| >= observed), by the distribution of the sum of the positives."""
    total = int(sizes.sum())
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    reached = 0
    for size in sizes.tolist():
        moved = chance[: reached + 1] / 2
        chance[: reached + 1] = moved
        reached += size
        chance[size : reached + 1] += moved
    sums = np.abs(2 * np.arange(total + 1) - total)
    return min(1.0, float(chance[sums >= observed].sum()))
