"""Accuracy by subject for many systems: drawn towards each system's own, and held against one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.analysis.leaderboard import Table
from harness.analysis.tables import read_columns
from harness.records import Estimate, Outcome
from harness.stats import benjamini_hochberg, mcnemar_exact
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_COLUMNS = ("task", "sample_id", "subject", "outcome")


@dataclass(frozen=True, slots=True)
class SubjectRate:
    """One system on one subject: its accuracy, drawn towards that of all its subjects.

    `ahead` says whether it is ahead (1) or behind (-1) of the reference on the samples that both
    answered, at a false discovery rate of 5 % over all subjects and systems of the table (Benjamini
    and Hochberg, McNemar's exact test); 0 where that cannot be said, and for the reference itself.
    """

    shrunken: Estimate
    ahead: int


@dataclass(frozen=True, slots=True)
class SubjectTable:
    """`rates` has a row for each of the `subjects`, with an entry for each of the `runs`."""

    subjects: tuple[str, ...]
    runs: tuple[Run, ...]
    rates: tuple[tuple[SubjectRate, ...], ...]


def read_subject_rates(table: Table, most: int) -> SubjectTable | None:
    """Measure the first `most` systems of a table by subject; the first of them is the reference.

    None where there is one subject only, or where scores are graded.

    Raises:
        StoreError: the scores of a run are missing or damaged.
    """
    entries = table.entries[:most]
    if len(entries[0].summary.subjects) < 2 or any(e.summary.graded for e in entries):  # noqa: PLR2004
        return None
    runs = tuple(entry.run for entry in entries)
    frames = [_right(run, table.task) for run in runs]
    subjects = tuple(sorted(set().union(*(frame["subject"] for frame in frames))))
    shrunken = [_shrunken(frame, subjects) for frame in frames]
    ahead = _ahead(frames, subjects)
    rates = tuple(
        tuple(
            SubjectRate(shrunken[place][subject], ahead.get((subject, place), 0))
            for place in range(len(runs))
        )
        for subject in subjects
    )
    return SubjectTable(subjects, runs, rates)


def shrink_rates(right: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the posterior means of rates, and the limits that hold 95 % of each posterior.

    With x_i right of n_i and a prior Beta(a, b) whose a and b make the counts of all groups
    likeliest: the posterior Beta(a + x_i, b + n_i - x_i) and its quantiles. The prior weighs at
    most as much as all samples together, from which alone its mean is known: groups that look
    alike get about the interval of all of them, never a narrower one for being drawn together.
    With few groups the limits are still a little too narrow. One sample right and one wrong are
    added to that mean, so that 0 of 48 has an interval too.

    Source: Casella 1985, The American Statistician 39 (empirical Bayes, beta-binomial).
    """
    from scipy.stats import beta

    a, b = _prior(right, n)
    first, second = a + right, b + n - right
    low, high = beta.ppf(0.025, first, second), beta.ppf(0.975, first, second)
    return first / (first + second), low, high


def _prior(right: Floats, n: Floats) -> tuple[float, float]:
    from scipy.optimize import minimize
    from scipy.special import expit
    from scipy.stats import betabinom

    def loss(x: Floats) -> float:
        mean, size = float(expit(x[0])), float(np.exp(x[1]))
        known = float(betabinom.logpmf(right, n, mean * size, (1 - mean) * size).sum())
        return -known - math.log(mean * (1 - mean))

    heaviest = max(float(n.sum()), 1.0)
    pooled = (float(right.sum()) + 0.5) / (float(n.sum()) + 1)
    start = np.array([math.log(pooled / (1 - pooled)), math.log(min(20.0, heaviest))])
    bounds = [(-12.0, 12.0), (0.0, math.log(heaviest))]
    found = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    mean, size = float(expit(found[0])), float(np.exp(found[1]))
    return mean * size, (1 - mean) * size


def _right(run: Run, task: str) -> pd.DataFrame:
    """Return subject and whether right (1.0 or 0.0) of every answered sample, by its id."""
    scores = read_columns(run, "scores", _COLUMNS)
    answered = scores[(scores["task"] == task) & (scores["outcome"] != Outcome.ERROR.value)].copy()
    answered["right"] = (answered["outcome"] == Outcome.CORRECT.value).astype(float)
    answered["subject"] = answered["subject"].fillna("")
    return answered.set_index("sample_id")[["subject", "right"]]


def _shrunken(frame: pd.DataFrame, subjects: Sequence[str]) -> Mapping[str, Estimate]:
    counts = (
        frame.groupby("subject")["right"]
        .agg(["sum", "count"])
        .reindex(list(subjects), fill_value=0)
    )
    n = counts["count"].to_numpy(np.float64)
    columns = shrink_rates(counts["sum"].to_numpy(np.float64), n)
    return {
        subject: Estimate(float(value), float(low), float(high), int(number))
        for subject, value, low, high, number in zip(subjects, *columns, n, strict=True)
    }


def _ahead(
    frames: Sequence[pd.DataFrame], subjects: Sequence[str]
) -> Mapping[tuple[str, int], int]:
    """Return who is ahead or behind, by subject and place, where that can be said."""
    tests: dict[tuple[str, int], tuple[int, int]] = {}
    for place, frame in enumerate(frames[1:], start=1):
        both = frames[0].join(frame["right"].rename("right_other"), how="inner")
        change = (both["right_other"] - both["right"]).groupby(both["subject"])
        gains, losses = change.agg(lambda d: (d > 0).sum()), change.agg(lambda d: (d < 0).sum())
        tests |= {
            (name, place): (int(gains[name]), int(losses[name]))
            for name in subjects
            if name in gains.index
        }
    adjusted = benjamini_hochberg([mcnemar_exact(*counts) for counts in tests.values()])
    return {
        key: 1 if gains > losses else -1
        for (key, (gains, losses)), p in zip(tests.items(), adjusted.tolist(), strict=True)
        if p < 0.05  # noqa: PLR2004  # the false discovery rate
    }
