"""Whether a system knows when it is right: its letters' probabilities against its answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.analysis.estimates import mean_estimate, with_limits
from harness.analysis.letters import letter_confidence
from harness.records import Estimate
from harness.stats import (
    Interval,
    auroc,
    brier_score,
    expected_calibration_error,
    mean_interval,
    risk_coverage,
)

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_BINS = 10
_DRAWS = 200
_SUREST = 0.8
_POINTS = 50


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """A tenth of the answers, by confidence: their mean confidence and how many were right."""

    confidence: float
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class AnsweringPoint:
    """Accuracy of the surest answers alone, which are the share `answered` of all."""

    answered: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far the likeliest letter's probability (confidence) tells a right answer.

    Over `n` samples that have letters. `error` is the expected calibration error, `overconfidence`
    the mean of confidence minus right; `auroc` is None where all were right, or wrong. `surest` is
    the accuracy of the least share of the surest answers that is 80 % of them or more.
    """

    n: int
    error: Estimate
    overconfidence: Estimate
    brier: float
    auroc: float | None
    surest: Estimate
    surest_share: float
    bins: tuple[CalibrationBin, ...]
    answering: tuple[AnsweringPoint, ...]


def measure_calibration(answered: pd.DataFrame, side: str, seed: int) -> Calibration | None:
    """Measure one side of a task's answered pairs; None where no sample has letters.

    The values must be 0 or 1.
    """
    sure = letter_confidence(answered[f"letters_{side}"])
    known = np.isfinite(sure)
    n = int(known.sum())
    if n == 0:
        return None
    # Equal confidences must stay equal whichever letter they stand at.
    sure, right = np.round(sure[known], 12), answered[f"value_{side}"].to_numpy(np.float64)[known]
    curve = risk_coverage(sure, right)
    place = int(np.argmax(curve.coverage >= _SUREST - 1e-9))
    share, risk = float(curve.coverage[place]), float(curve.risk[place])
    kept = round(share * n)
    n_right = round((1 - risk) * kept)
    return Calibration(
        n=n,
        error=_error(sure, right, seed),
        overconfidence=_overconfidence(sure - right),
        brier=brier_score(sure, right),
        auroc=auroc(sure, right),
        surest=mean_estimate(np.repeat([1.0, 0.0], [n_right, kept - n_right])),
        surest_share=share,
        bins=tuple(_bins(sure, right)),
        answering=tuple(_answering(curve.coverage, curve.risk)),
    )


def _error(sure: Floats, right: Floats, seed: int) -> Estimate:
    """Estimate the error with a pivotal bootstrap interval, since resampling adds to it.

    Source: Davison and Hinkley 1997, Bootstrap Methods and their Application, 5.2.
    """
    found = expected_calibration_error(sure, right, _BINS)
    rng, n = np.random.default_rng(seed), len(sure)
    rows = (rng.integers(0, n, n) for _ in range(_DRAWS))
    drawn = [expected_calibration_error(sure[row], right[row], _BINS) for row in rows]
    low, high = (max(0.0, 2 * found - float(np.quantile(drawn, q))) for q in (0.975, 0.025))
    return with_limits(found, Interval(min(low, found), max(high, found)), n)


def _overconfidence(gaps: Floats) -> Estimate:
    """Estimate a mean within [-1, 1] by Student's interval of what lies within [0, 1]."""
    found = mean_interval(((gaps + 1) / 2).tolist())
    limits = None if found is None else Interval(2 * found.low - 1, 2 * found.high - 1)
    return with_limits(float(gaps.mean()), limits, len(gaps))


def _bins(sure: Floats, right: Floats) -> Iterator[CalibrationBin]:
    """Yield bins of equal mass, equal confidences in one, as `expected_calibration_error` does."""
    from scipy.stats import rankdata

    place = np.floor(_BINS * (rankdata(sure) - 0.5) / len(sure)).astype(np.int64)
    for number in np.unique(place):
        rows = place == number
        yield CalibrationBin(float(sure[rows].mean()), mean_estimate(right[rows]))


def _answering(coverage: Floats, risk: Floats) -> Iterator[AnsweringPoint]:
    """Thin the curve to about fifty points; the last, all answers, stays."""
    step = max(1, len(coverage) // _POINTS)
    places = sorted({*range(0, len(coverage), step), len(coverage) - 1})
    for place in places:
        yield AnsweringPoint(float(coverage[place]), 1 - float(risk[place]))
