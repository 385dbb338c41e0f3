"""Estimates of paired rows: a rate or a difference with its interval, or that nothing is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.records import Estimate
from harness.stats import Interval, mean_interval, paired_difference, wilson_interval

Floats = NDArray[np.float64]


def difference_estimate(baseline: Floats, candidate: Floats, n_missing: int = 0) -> Estimate:
    """Estimate the mean difference of paired scores; without pairs it is unknown."""
    if len(baseline) == 0:
        return Estimate(None, None, None, 0, n_missing)
    found = paired_difference(baseline, candidate)
    return with_limits(found.difference, found.interval, found.n, n_missing)


def mean_estimate(values: Floats, n_missing: int = 0) -> Estimate:
    """Estimate a mean of scores within [0, 1]: Wilson's interval of 0/1 scores, else Student's."""
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0, n_missing)
    binary = bool(np.isin(values, (0.0, 1.0)).all())
    total = float(values.sum())
    interval = wilson_interval(total, n) if binary else mean_interval(values.tolist())
    return with_limits(total / n, interval, n, n_missing)


def with_limits(value: float, interval: Interval | None, n: int, n_missing: int = 0) -> Estimate:
    """Join a value with its interval, where one can be said."""
    low, high = interval if interval is not None else (None, None)
    return Estimate(value, low, high, n, n_missing)
