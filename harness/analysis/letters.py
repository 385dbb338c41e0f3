"""Probabilities of the option letters: how sure a system was, and how they moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.analysis.estimates import mean_estimate, with_limits
from harness.analysis.paired_rows import letter_table
from harness.records import Estimate
from harness.stats import (
    letter_divergence,
    letter_probabilities,
    paired_bootstrap,
    right_letter_change,
)

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class LetterShift:
    """How the probabilities of the option letters moved, over the `n` samples that have both.

    `divergence` is the mean Kullback-Leibler divergence of the candidate from the baseline in
    nats, `same_top` the share with the same likeliest letter, `right_letter` the mean change of
    the right letter's probability. Limits are bootstrap percentiles; for same_top Wilson's.
    """

    n: int
    divergence: Estimate
    divergence_p95: float
    same_top: Estimate
    right_letter: Estimate


def compare_letters(answered: pd.DataFrame, seed: int) -> LetterShift | None:
    """Compare the letters' probabilities of two sides; None where no sample has both.

    Samples with another number of letters are compared among themselves. Gold must be a letter
    for `right_letter`; A is the first.
    """
    parts = list(_moved(answered))
    if not parts:
        return None
    divergence, same, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    rng = np.random.default_rng(seed)
    return LetterShift(
        n=len(divergence),
        divergence=_resampled(divergence, rng),
        divergence_p95=float(np.quantile(divergence, 0.95)),
        same_top=mean_estimate(same),
        right_letter=_resampled(right[np.isfinite(right)], rng),
    )


def letter_confidence(texts: pd.Series) -> Floats:
    """Return the likeliest letter's probability of each reply; NaN where none is listed."""
    found = np.full(len(texts), np.nan)
    for _, places, logprobs in _by_length(letter_table(texts)):
        found[places] = letter_probabilities(logprobs).max(axis=1)
    return found


def _moved(answered: pd.DataFrame) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield, for samples of one number of letters: divergence, same top, change of the right."""
    first, second = (letter_table(answered[f"letters_{s}"]) for s in ("baseline", "candidate"))
    both = [
        one + two if one and two and len(one) == len(two) else None
        for one, two in zip(first, second, strict=True)
    ]
    gold = answered["gold"].to_numpy()
    for length, places, logprobs in _by_length(both):
        p, q = logprobs[:, : length // 2], logprobs[:, length // 2 :]
        divergence = letter_divergence(p, q)
        known = np.isfinite(divergence)
        p, q, right = p[known], q[known], _positions(gold[places][known], length // 2)
        tops = letter_probabilities(p).argmax(axis=1), letter_probabilities(q).argmax(axis=1)
        change = np.where(right >= 0, right_letter_change(p, q, np.maximum(right, 0)), np.nan)
        yield divergence[known], (tops[0] == tops[1]).astype(np.float64), change


def _by_length(
    rows: list[list[float | None] | None],
) -> Iterator[tuple[int, NDArray[np.int64], Floats]]:
    """Yield the rows of each length of two or more: length, positions, and a table."""
    lengths = np.array([len(row) if row else 0 for row in rows], dtype=np.int64)
    for length in np.unique(lengths[lengths > 1]).tolist():
        places = np.flatnonzero(lengths == length)
        yield length, places, np.array([rows[i] for i in places.tolist()], dtype=np.float64)


def _positions(gold: NDArray[np.object_], letters: int) -> NDArray[np.int64]:
    known = {chr(ord("A") + i): i for i in range(letters)}
    return np.array([known.get(letter, -1) for letter in gold], dtype=np.int64)


def _resampled(values: Floats, rng: np.random.Generator) -> Estimate:
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0)
    drawn = paired_bootstrap(np.zeros(n), values, rng, draws=_DRAWS)
    return with_limits(drawn.estimate, drawn.percentile(), n)
