"""Many p-values at once: family-wise error and false discovery rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.stats.arrays import as_fractions

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """Return Holm's adjusted p-values, in the order given.

    With p sorted upwards the i-th of m becomes the largest (m - j + 1)·p_j over j <= i, at most
    1. Rejecting where it is <= alpha keeps the chance of any false rejection <= alpha, however
    the tests depend on each other: for "did any task get worse".

    Source: Holm 1979, Scandinavian Journal of Statistics 6.

    Raises:
        ValueError: a p-value is not within [0, 1].
    """
    values = as_fractions(p, "p-values")
    order = np.argsort(values)
    # statsmodels' multipletests collects garbage at each call: a hundred times slower than this.
    steps = (len(values) - np.arange(len(values))) * values[order]
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given.

    With p sorted upwards the i-th of m becomes the smallest p_j·m/j over j >= i. Rejecting where
    it is <= q keeps the expected share of false rejections <= q for independent or positively
    dependent tests: for maps of many subjects, which only suggest where to look.

    Source: Benjamini and Hochberg 1995, JRSS B 57.

    Raises:
        ValueError: a p-value is not within [0, 1].
    """
    from scipy.stats import false_discovery_control

    values = as_fractions(p, "p-values")
    adjusted: Floats = false_discovery_control(values, method="bh")
    return adjusted
