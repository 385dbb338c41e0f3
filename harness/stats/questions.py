"""Verdicts on several turns of one question: the question is the unit, not the verdict.

Two turns of one question share its difficulty, and two orders of one pair share everything. An
interval that counts them as independent is too narrow; these count questions.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import as_clusters, as_numbers
from harness.stats.estimate import Interval, mean_interval


class Measured(NamedTuple):
    """A value with its interval (None where it cannot be said), and how many questions it is of."""

    value: float
    interval: Interval | None
    n: int


class LengthFit(NamedTuple):
    """What remains when length is held equal, and the pull of length; both with intervals."""

    controlled: Measured
    pull: Measured


def mean_of_questions(
    values: ArrayLike,
    questions: Iterable[Hashable],
    limits: tuple[float, float],
    confidence: float = 0.95,
) -> Measured:
    """Return the mean of the questions' means, each of equal weight, in the unit of the values.

    The interval is Student's over the question means, m ± t·s/sqrt(C) with C - 1 degrees of
    freedom, cut to `limits`; where all question means are equal it is Wilson's of that mean
    within the limits (see `mean_interval`). It is what resampling whole questions tends to,
    without its narrowness for few of them.

    Source: Miller 2024, arXiv:2411.00640, on clusters; Student 1908, Biometrika 6.

    Raises:
        ValueError: no values, one outside the limits, or not one question a value.
    """
    scores = as_numbers(values, "values")
    low, high = limits
    if len(scores) == 0 or scores.min() < low or scores.max() > high:
        raise ValueError(f"expected values within {low} and {high}, got {scores[:10].tolist()}")
    groups = as_clusters(questions, len(scores))
    means = groups.sums(scores) / groups.sizes
    shares = ((means - low) / (high - low)).clip(0.0, 1.0).tolist()
    found = mean_interval(shares, confidence)
    span = Interval(*(low + (high - low) * edge for edge in found)) if found else None
    return Measured(float(means.mean()), span, groups.n)


def slope(
    predictor: ArrayLike,
    outcome: ArrayLike,
    questions: Iterable[Hashable],
    confidence: float = 0.95,
) -> Measured | None:
    """Return the least-squares slope of the outcome on the predictor, robust to clusters.

    The standard error is Liang and Zeger's over questions, times sqrt(C/(C - 1)·(n - 1)/(n - 2)),
    the quantile Student's with C - 1 degrees of freedom. None with fewer than three questions,
    or where the predictor does not vary.

    Source: Liang and Zeger 1986, Biometrika 73; statsmodels, OLS with cov_type "cluster".

    Raises:
        ValueError: no finite numbers, or unlike lengths.
    """
    x = as_numbers(predictor, "predictor")
    fitted = _fit(np.stack([np.ones(len(x)), x], axis=1), outcome, questions, confidence)
    return None if fitted is None else fitted[1]


def length_controlled(
    differences: ArrayLike,
    lengths: ArrayLike,
    questions: Iterable[Hashable],
    confidence: float = 0.95,
) -> LengthFit | None:
    """Return the mean difference of two systems if their answers were equally long.

    `differences` are scores of the first minus the second, `lengths` those of the answers. The
    model is d = c + b·tanh(l/s), s the standard deviation of l: c is the controlled difference,
    b what a much longer answer gains. None where `slope` says none.

    Source: after Dubois et al. 2024, arXiv:2404.04475 (length-controlled AlpacaEval), with a
    linear in place of their logistic link, so that ratings and win rates are treated alike.

    Raises:
        ValueError: no finite numbers, or unlike lengths.
    """
    apart = as_numbers(lengths, "lengths")
    spread = float(apart.std()) if len(apart) else 0.0
    if spread == 0:
        return None
    table = np.stack([np.ones(len(apart)), np.tanh(apart / spread)], axis=1)
    fitted = _fit(table, differences, questions, confidence)
    return None if fitted is None else LengthFit(*fitted)


def _fit(
    table: ArrayLike, outcome: ArrayLike, questions: Iterable[Hashable], confidence: float
) -> tuple[Measured, Measured] | None:
    """Return intercept and slope."""
    predictors, y = np.asarray(table), as_numbers(outcome, "outcome")
    if len(predictors) != len(y):
        raise ValueError(f"expected one outcome a predictor, got {len(y)} and {len(predictors)}")
    groups = as_clusters(questions, len(y))
    if groups.n < 3 or np.ptp(predictors[:, 1]) == 0:  # noqa: PLR2004  # two parameters
        return None
    from statsmodels.regression.linear_model import OLS

    # A constant outcome makes statsmodels divide 0 by 0 for R², which is not used here.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = OLS(y, predictors).fit(
            cov_type="cluster", cov_kwds={"groups": groups.codes}, use_t=True
        )
    edges = found.conf_int(1 - confidence)
    # A fit without any residual shows no spread, and so gives no interval.
    exact = bool(np.allclose(found.resid, 0.0, atol=1e-9))
    first, second = (
        Measured(float(value), None if exact else Interval(float(low), float(high)), groups.n)
        for value, (low, high) in zip(found.params, edges, strict=True)
    )
    return first, second
