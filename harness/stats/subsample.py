"""A benchmark's score from a part of its items."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import Floats, as_numbers, as_pair
from harness.stats.estimate import ROUNDING, Interval


@dataclass(frozen=True, slots=True)
class PartialEstimate:
    """A mean over all items of a benchmark, estimated from the n that were asked.

    `standard_error` and `interval` are None where they cannot be said; `weight` is that of the
    stored scores, 0 where none were used. Unit: that of the scores.
    """

    value: float
    standard_error: float | None
    interval: Interval | None
    n: int
    weight: float = 0.0


def stratified_estimate(
    scores: ArrayLike,
    strata: Sequence[Hashable],
    sizes: Mapping[Hashable, int],
    confidence: float = 0.95,
) -> PartialEstimate:
    """Estimate the mean of this very benchmark from items drawn at random within strata.

    `sizes` says how many items N_h each stratum of the benchmark has. With W_h = N_h / N and
    mean y_h and variance s_h² of the n_h scores drawn: sum(W_h·y_h), of variance
    sum(W_h²·s_h²/n_h·(1 - n_h/N_h)): what was asked is no longer uncertain. The interval is
    Student's with Satterthwaite's degrees of freedom. The error is unknown where a stratum has
    one item drawn of several, or none shows spread though items were left out; after a full
    census it is 0, since nothing is left to estimate.

    Source: Cochran, Sampling Techniques, 1977, (5.6), (5.13) and (5.16).

    Raises:
        ValueError: a stratum without a score, more scores than items, an unknown stratum, or
            not one stratum a score.
    """
    values = as_numbers(scores, "scores")
    drawn = _by_stratum(values, strata, sizes)
    total = sum(sizes.values())
    value = math.fsum(sizes[h] / total * float(y.mean()) for h, y in drawn.items())
    if all(len(y) == sizes[h] for h, y in drawn.items()):
        return PartialEstimate(value, 0.0, Interval(value, value), len(values))
    if any(len(y) == 1 < sizes[h] for h, y in drawn.items()):
        return PartialEstimate(value, None, None, len(values))
    rest = [(y, sizes[h]) for h, y in drawn.items() if len(y) < sizes[h]]
    parts = [
        (size / total) ** 2 * float(y.var(ddof=1)) / len(y) * (1 - len(y) / size)
        for y, size in rest
    ]
    squares = math.fsum(p**2 / (len(y) - 1) for p, (y, _) in zip(parts, rest, strict=True))
    degrees = math.fsum(parts) ** 2 / squares if squares > 0 else 0.0
    return _estimate(values, value, math.fsum(parts), degrees, confidence)


def control_variate_estimate(
    scores: ArrayLike,
    controls: ArrayLike,
    other_controls: ArrayLike,
    confidence: float = 0.95,
) -> PartialEstimate:
    """Estimate a mean from n scores, helped by a stored baseline that answered every item.

    `controls` are the baseline's scores of the same n items, which were drawn at random, and
    `other_controls` its scores f of the N items that were not asked. With
    w = cov(y, f) / ((1 + n/N)·var(f)): mean(y) + w·(mean of other f - mean of f), of variance
    var(y - w·f)/n + w²·var(f)/N; var(f) is taken over all n + N. The interval is Student's with
    n - 2 degrees of freedom. The target is the population that all items were drawn from.

    Source: Angelopoulos, Duchi and Zrnic 2023, arXiv:2311.01453 (PPI++); Deng et al. 2013,
    WSDM (CUPED), whose estimate it equals.

    Raises:
        ValueError: no scores or no other items, unlike lengths, or no finite numbers.
    """
    y, f = as_pair(scores, controls)
    other = as_numbers(other_controls, "other controls")
    n, rest = len(y), len(other)
    if rest == 0:
        raise ValueError("expected stored scores of items that were not asked, got none")
    if n < 3:  # noqa: PLR2004  # the line through two points fits them both
        return PartialEstimate(float(y.mean()), None, None, n)
    spread = float(np.concatenate([f, other]).var(ddof=1))
    weight = float(np.cov(y, f)[0, 1]) / ((1 + n / rest) * spread) if spread > 0 else 0.0
    value = float(y.mean() + weight * (other.mean() - f.mean()))
    variance = float((y - weight * f).var(ddof=1)) / n + weight**2 * spread / rest
    return _estimate(y, value, variance, n - 2, confidence, weight)


def _by_stratum(
    values: Floats, strata: Sequence[Hashable], sizes: Mapping[Hashable, int]
) -> dict[Hashable, Floats]:
    if len(strata) != len(values):
        raise ValueError(f"expected one stratum for each of {len(values)} scores")
    members: dict[Hashable, list[float]] = {stratum: [] for stratum in sizes}
    for value, stratum in zip(values.tolist(), strata, strict=True):
        if stratum not in members:
            raise ValueError(f"expected a stratum of {sorted(map(str, sizes))}, got {stratum!r}")
        members[stratum].append(value)
    for stratum, found in members.items():
        if not 1 <= len(found) <= sizes[stratum]:
            raise ValueError(
                f"stratum {stratum!r} has {sizes[stratum]} items, of which {len(found)} have a "
                "score: expected at least one, and no more than there are"
            )
    return {stratum: np.array(found) for stratum, found in members.items()}


def _estimate(
    values: Floats,
    value: float,
    variance: float,
    degrees: float,
    confidence: float,
    weight: float = 0.0,
) -> PartialEstimate:
    error = math.sqrt(variance)
    if error <= ROUNDING * float(np.max(np.abs(values))):
        return PartialEstimate(value, None, None, len(values), weight)
    from scipy.special import stdtrit

    reach = float(stdtrit(degrees, (1 + confidence) / 2)) * error
    return PartialEstimate(
        value, error, Interval(value - reach, value + reach), len(values), weight
    )
