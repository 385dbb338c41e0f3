"""Subjects are many and small: each estimate is drawn towards the mean of all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harness.records import Estimate

Floats = NDArray[np.float64]

_Z = 1.959963984540054  # the normal quantile of 0.975


def shrink_differences(changes: Sequence[Floats]) -> list[Estimate]:
    """Return an empirical Bayes estimate of the mean of each group of paired differences.

    With means d_i, their sampling variances v_i and the variance t² between groups (DerSimonian and
    Laird's): m = sum(d_i/(t² + v_i)) / sum(1/(t² + v_i)) and m + (d_i - m)·t²/(t² + v_i), with
    the variance v_i·t²/(t² + v_i), plus that of m times the square of what m weighs. A variance
    is that of the group with one win and one loss added, since none is zero of few samples. At
    least two groups.

    Source: Morris 1983, JASA 78; DerSimonian and Laird 1986, Controlled Clinical Trials 7; the
    added pair: Agresti and Min 2005, Statistics in Medicine 24.
    """
    means = np.array([float(change.mean()) for change in changes])
    variances = np.array([_variance(change) for change in changes])
    between = _between(means, variances)
    weights = 1 / (between + variances)
    centre = float((means * weights).sum() / weights.sum())
    kept = between / (between + variances)
    values = centre + kept * (means - centre)
    spread = np.sqrt(kept * variances + (1 - kept) ** 2 / weights.sum())
    return [
        Estimate(float(value), max(-1.0, value - _Z * wide), min(1.0, value + _Z * wide), len(rows))
        for value, wide, rows in zip(values.tolist(), spread.tolist(), changes, strict=True)
    ]


def _variance(change: Floats) -> float:
    n = len(change) + 2
    mean = float(change.sum()) / n
    return (float((change**2).sum()) + 2 - n * mean**2) / n**2


def _between(means: Floats, variances: Floats) -> float:
    weights = 1 / variances
    total = float(weights.sum())
    centre = float((weights * means).sum()) / total
    excess = float((weights * (means - centre) ** 2).sum()) - (len(means) - 1)
    return max(0.0, excess / (total - float((weights**2).sum()) / total))
