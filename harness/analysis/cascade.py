"""The small system first and the large one when the small seems unsure: what that would give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.comparison import Cascade, CascadePoint, CompareOptions, Signal
from harness.analysis.estimates import difference_estimate, mean_estimate
from harness.analysis.letters import letter_confidence
from harness.analysis.paired_rows import JUDGED

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

_FOLDS = 5
_STEPS = 10
_UNREAD = -1.0
"""Confidence of a reply that could not be read: below any other."""


class _Pairs(NamedTuple):
    """What the two systems scored, and how sure the candidate seemed."""

    candidate: Floats
    baseline: Floats
    confidence: Floats


def simulate_cascade(answered: pd.DataFrame, options: CompareOptions) -> Cascade | None:
    """Simulate the cascade on one task's answered pairs; None with fewer pairs than folds.

    A candidate's confidence is its likeliest letter's probability where every read reply has
    one; else it is only whether the reply could be read.
    """
    if len(answered) < _FOLDS:
        return None
    confidence, signal = _confidence(answered)
    pairs = _Pairs(
        answered["value_candidate"].to_numpy(),
        answered["value_baseline"].to_numpy(),
        confidence,
    )
    sent = _cross_fitted(pairs, options)
    routed = np.where(sent, pairs.baseline, pairs.candidate)
    share = float(sent.mean())
    at_random = (1 - share) * pairs.candidate + share * pairs.baseline
    return Cascade(
        signal=signal,
        n=len(routed),
        escalated=mean_estimate(sent.astype(np.float64)),
        accuracy=mean_estimate(routed),
        difference=difference_estimate(pairs.baseline, routed),
        over_random=difference_estimate(at_random, routed),
        oracle=mean_estimate(np.maximum(pairs.candidate, pairs.baseline)),
        cost_usd=_spent(answered, "cost_usd", sent),
        output_tokens=_spent(answered, "output_tokens", sent),
        seconds=_spent(answered, "total_seconds", sent),
        curve=tuple(_curve(pairs)),
    )


def _confidence(answered: pd.DataFrame) -> tuple[Floats, Signal]:
    read = answered["outcome_candidate"].isin(JUDGED).to_numpy()
    sure = letter_confidence(answered["letters_candidate"])
    if read.any() and np.isfinite(sure[read]).all():
        return np.where(read, sure, _UNREAD), "letter probability"
    return np.where(read, 1.0, _UNREAD), "unread reply"


def _cross_fitted(pairs: _Pairs, options: CompareOptions) -> Booleans:
    """Say which samples go on, each by a threshold that the other folds chose."""
    n = len(pairs.candidate)
    folds = np.random.default_rng(options.seed).permutation(n) % _FOLDS
    sent = np.zeros(n, dtype=np.bool_)
    for fold in range(_FOLDS):
        held = folds == fold
        threshold = _threshold(_Pairs(*(column[~held] for column in pairs)), options.margin)
        sent[held] = pairs.confidence[held] < threshold
    return sent


def _threshold(pairs: _Pairs, margin: float) -> float:
    """Return the least threshold with which the cascade stays within the margin, on these pairs."""
    order = np.argsort(pairs.confidence, kind="stable")
    sure = pairs.confidence[order]
    gained = np.concatenate([[0.0], np.cumsum((pairs.baseline - pairs.candidate)[order])])
    # Replies of one confidence go on together: thresholds lie at the start of each group.
    starts = np.concatenate([[0], np.flatnonzero(np.diff(sure)) + 1, [len(sure)]])
    reached = pairs.candidate.sum() + gained[starts]
    enough = np.flatnonzero(reached >= pairs.baseline.sum() - margin * len(sure) - 1e-9)
    start = int(starts[enough[0]])
    return float(sure[start]) if start < len(sure) else np.inf


def _curve(pairs: _Pairs) -> Iterator[CascadePoint]:
    """Send the least sure on, more and more; replies of one confidence share their mean gain."""
    n = len(pairs.candidate)
    _, groups, sizes = np.unique(pairs.confidence, return_inverse=True, return_counts=True)
    gains = np.bincount(groups, weights=pairs.baseline - pairs.candidate) / sizes
    reached = np.concatenate([[0.0], np.cumsum(np.repeat(gains, sizes))])
    small, large = float(pairs.candidate.mean()), float(pairs.baseline.mean())
    for step in range(_STEPS + 1):
        sent = round(n * step / _STEPS)
        share = sent / n
        yield CascadePoint(
            share, small + float(reached[sent]) / n, (1 - share) * small + share * large
        )


def _spent(answered: pd.DataFrame, name: str, sent: Booleans) -> float | None:
    """Add what every candidate's reply took and what the baseline's took where it was asked."""
    own = answered[f"{name}_candidate"].to_numpy(np.float64)
    other = answered[f"{name}_baseline"].to_numpy(np.float64)[sent]
    if np.isnan(own).any() or np.isnan(other).any():
        return None
    return float(own.sum() + other.sum())
