"""What changed between two systems that the difference of their scores does not show.

Equal accuracy can hide many changed answers, as after quantization; the distributions over the
option letters show the change before any answer flips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from harness.stats.arrays import Floats, as_pair

_LEAST = 1e-9
"""Probability that a letter keeps where the listed ones leave nothing."""


@dataclass(frozen=True, slots=True)
class Flips:
    """How many of n items changed.

    `gains` turned from wrong to right, `losses` from right to wrong; `moved` went from one wrong
    answer to another, None where the answers are not known.
    """

    n: int
    gains: int
    losses: int
    moved: int | None = None

    @property
    def rate(self) -> float:
        """Share of items that turned right or wrong."""
        return (self.gains + self.losses) / self.n

    @property
    def all_rate(self) -> float | None:
        """Share of items with another answer, right or wrong; None without answers."""
        return None if self.moved is None else self.rate + self.moved / self.n


def count_flips(
    baseline: ArrayLike,
    candidate: ArrayLike,
    answers: tuple[Sequence[str | None], Sequence[str | None]] | None = None,
) -> Flips:
    """Count the items that changed; both sides are 0/1 scores of the same items, in order.

    `answers` are the extracted answers of both sides, None where nothing could be read: an
    unread answer and a wrong one differ, two unread ones do not. Two right answers never count
    as changed, however they are written.

    Source: Dutta et al. 2024, arXiv:2407.09141 (flips and all flips).

    Raises:
        ValueError: a score is neither 0 nor 1, or the lengths are unlike.
    """
    first, second = as_pair(baseline, candidate)
    if not np.isin(np.concatenate([first, second]), (0.0, 1.0)).all():
        raise ValueError("expected scores of 0 or 1: a graded score does not flip")
    n = len(first)
    gains, losses = int((second > first).sum()), int((second < first).sum())
    if answers is None:
        return Flips(n, gains, losses)
    if len(answers[0]) != n or len(answers[1]) != n:
        raise ValueError(f"expected {n} answers a side, got {[len(side) for side in answers]}")
    wrong = (first == 0) & (second == 0)
    other = np.array([one != two for one, two in zip(*answers, strict=True)])
    return Flips(n, gains, losses, int((wrong & other).sum()))


def letter_probabilities(logprobs: ArrayLike) -> Floats:
    """Return the distribution over the option letters of each item, one row of k letters each.

    `logprobs` are natural logarithms, NaN or minus infinity where the backend did not list a
    letter. The missing letters of an item share equally what the listed ones leave of
    probability 1, each at most as much as the least listed letter and at least 1e-9; then the
    row is scaled to sum 1. Other tokens share that rest too, so a missing letter gets too much
    rather than too little, and a letter that vanishes from the list is a smaller change here
    than it may have been. A row without any letter is NaN.

    Raises:
        ValueError: not a table with at least two letters, or a probability above 1.
    """
    table = np.atleast_2d(np.asarray(logprobs, dtype=np.float64))
    if table.ndim != 2 or table.shape[1] < 2:  # noqa: PLR2004  # a choice needs two letters
        raise ValueError(f"expected rows of two or more letters, got shape {table.shape}")
    listed = ~np.isnan(table) & ~np.isneginf(table)
    chances = np.exp(np.where(listed, table, -np.inf))
    if (chances > 1 + 1e-6).any():
        raise ValueError(f"expected log-probabilities <= 0, got {float(np.nanmax(table))}")
    n_missing = (~listed).sum(axis=1, keepdims=True)
    left = np.maximum(0.0, 1 - chances.sum(axis=1, keepdims=True)) / np.maximum(n_missing, 1)
    least = np.where(listed, chances, np.inf).min(axis=1, keepdims=True)
    filled = np.where(listed, chances, np.maximum(np.minimum(left, least), _LEAST))
    filled[~listed.any(axis=1)] = np.nan
    shares: Floats = filled / filled.sum(axis=1, keepdims=True)
    return shares


def letter_divergence(baseline: ArrayLike, candidate: ArrayLike) -> Floats:
    """Return the Kullback-Leibler divergence of the letters for each item, in nats.

    sum over letters of p·log(p/q), p the baseline's distribution and q the candidate's, both by
    the rule of `letter_probabilities`; NaN where a side lists no letter.

    Source: Kullback and Leibler 1951, Annals of Mathematical Statistics 22.

    Raises:
        ValueError: unlike shapes, or as for letter_probabilities.
    """
    from scipy.special import rel_entr

    p, q = _distributions(baseline, candidate)
    divergence: Floats = rel_entr(p, q).sum(axis=1)
    return divergence


def right_letter_change(baseline: ArrayLike, candidate: ArrayLike, right: ArrayLike) -> Floats:
    """Return, for each item, by how much the probability of the right letter changed.

    q - p of the letter at position `right` (from 0 on), a fraction within [-1, 1] and positive
    where the candidate is surer of it; distributions as in `letter_probabilities`.

    Source: the delta p of llama.cpp's perplexity tool, taken over the option letters.

    Raises:
        ValueError: unlike shapes, a position outside the row, or as for letter_probabilities.
    """
    p, q = _distributions(baseline, candidate)
    places = np.asarray(right)
    n, k = p.shape
    if places.shape != (n,) or not np.isin(places, np.arange(k)).all():
        raise ValueError(f"expected {n} positions from 0 to {k - 1}, got {right!r}")
    rows = np.arange(n)
    change: Floats = (q - p)[rows, places.astype(np.int64)]
    return change


def _distributions(baseline: ArrayLike, candidate: ArrayLike) -> tuple[Floats, Floats]:
    p, q = letter_probabilities(baseline), letter_probabilities(candidate)
    if p.shape != q.shape:
        raise ValueError(f"expected the same items and letters, got {p.shape} and {q.shape}")
    return p, q
