"""Whether a system knows when it is right: stated or measured confidence against correctness.

Confidences are fractions within [0, 1], `correct` is 0 or 1 for the same items. Intervals come
from `harness.stats.bootstrap`, which takes these functions as they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import Floats, as_fractions, as_pair


@dataclass(frozen=True, slots=True, eq=False)
class RiskCoverage:
    """Error rate (`risk`) when answering only the share `coverage` of items, surest first.

    One point for each distinct confidence, since items of equal confidence cannot be told
    apart; `area` is the mean risk over all coverages 1/n, 2/n, ... 1: lower is better.
    """

    coverage: Floats
    risk: Floats
    area: float


def expected_calibration_error(confidence: ArrayLike, correct: ArrayLike, bins: int = 15) -> float:
    """Return the expected calibration error over bins of equal mass, a fraction.

    sum over bins of n_b/n·|mean correct - mean confidence|. Items are binned by the rank r of
    their confidence, floor(bins·(r - 1/2)/n), ties sharing the mean rank: equal confidences lie
    in one bin and the order of the rows does not matter.

    Source: Naeini, Cooper and Hauskrecht 2015, AAAI; equal mass: Nixon et al. 2019, CVPR
    workshops.

    Raises:
        ValueError: no items, unlike lengths, values outside their range, or bins < 1.
    """
    sure, right = _check(confidence, correct)
    if bins < 1:
        raise ValueError(f"expected at least one bin, got {bins}")
    from scipy.stats import rankdata

    place = np.floor(bins * (rankdata(sure) - 0.5) / len(sure)).astype(np.int64)
    gaps = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))


def brier_score(confidence: ArrayLike, correct: ArrayLike) -> float:
    """Return the mean of (confidence - correct)², from 0, perfect, to 1.

    Source: Brier 1950, Monthly Weather Review 78 (here for one event, half of his sum over two).

    Raises:
        ValueError: no items, unlike lengths, or values outside their range.
    """
    sure, right = _check(confidence, correct)
    return float(np.mean((sure - right) ** 2))


def auroc(confidence: ArrayLike, correct: ArrayLike) -> float | None:
    """Return the chance that a right answer is surer than a wrong one, ties by half.

    The area under the receiver operating characteristic: 1/2 is no better than guessing. None
    where all answers are right, or all wrong.

    Source: Hanley and McNeil 1982, Radiology 143; Mann and Whitney 1947.

    Raises:
        ValueError: no items, unlike lengths, or values outside their range.
    """
    sure, right = _check(confidence, correct)
    good = int(right.sum())
    bad = len(right) - good
    if good == 0 or bad == 0:
        return None
    from scipy.stats import rankdata

    above = float(rankdata(sure)[right == 1].sum()) - good * (good + 1) / 2
    return above / (good * bad)


def risk_coverage(confidence: ArrayLike, correct: ArrayLike) -> RiskCoverage:
    """Return the error rate of answering only the surest items, for each share of them.

    Within a group of equal confidences the errors count as spread evenly, which is their mean
    over all orders.

    Source: Geifman and El-Yaniv 2017, NeurIPS; area: Geifman, Uziel and El-Yaniv 2019, ICLR.

    Raises:
        ValueError: no items, unlike lengths, or values outside their range.
    """
    sure, right = _check(confidence, correct)
    _, group, sizes = np.unique(-sure, return_inverse=True, return_counts=True)
    errors = np.bincount(group, weights=1 - right) / sizes
    answered = np.arange(1, len(sure) + 1)
    risks = np.cumsum(np.repeat(errors, sizes)) / answered
    ends = np.cumsum(sizes)
    return RiskCoverage(ends / len(sure), risks[ends - 1], float(risks.mean()))


def _check(confidence: ArrayLike, correct: ArrayLike) -> tuple[Floats, Floats]:
    as_fractions(confidence, "confidences")
    sure, right = as_pair(confidence, correct, "values")
    if not np.isin(right, (0.0, 1.0)).all():
        raise ValueError("expected 0 or 1 for correct: calibration of graded scores is not defined")
    return sure, right
