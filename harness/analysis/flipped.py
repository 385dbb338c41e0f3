"""Samples on which two runs differ, as both were asked and as both replied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from harness.analysis.common import common_tasks
from harness.analysis.examples import Example, read_samples
from harness.analysis.paired_rows import JUDGED, PairedRows, pair_rows, read_side
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

FlipKind = Literal["lost", "gained", "unread"]


@dataclass(frozen=True, slots=True)
class Flip:
    """One sample: the candidate lost it, gained it, or its reply could not be read."""

    task: str
    kind: FlipKind
    candidate: Example
    baseline: Example


def read_flips(candidate: Run, baseline: Run, each: int = 5) -> tuple[Flip, ...]:
    """Pick up to `each` samples of every kind and task, by the order of their content hashes.

    That order is as good as drawn at random, and the same for every pair of runs. A sample that
    the candidate did not answer readably is of the kind `unread`, whatever the baseline did.

    Raises:
        NotComparableError: the runs have no task in common.
        StoreError: a table is missing or damaged.
    """
    names = common_tasks(candidate, baseline)
    sides = read_side(candidate, names), read_side(baseline, names)
    picked = [
        (name, kind, sample_id)
        for name in names
        for kind, ids in _kinds(pair_rows(name, *sides), each).items()
        for sample_id in ids
    ]
    keys = {(task, sample_id) for task, _, sample_id in picked}
    ours, theirs = (read_samples(run, keys) for run in (candidate, baseline))
    return tuple(
        Flip(task, kind, ours[task, sample_id], theirs[task, sample_id])
        for task, kind, sample_id in picked
    )


def _kinds(rows: PairedRows, each: int) -> dict[FlipKind, list[str]]:
    answered = rows.answered
    read = answered["outcome_candidate"].isin(JUDGED)
    ahead = answered["value_candidate"] - answered["value_baseline"]
    return {
        "lost": _first(answered[read & (ahead < 0)], each),
        "gained": _first(answered[read & (ahead > 0)], each),
        "unread": _first(answered[~read], each),
    }


def _first(rows: pd.DataFrame, each: int) -> list[str]:
    return [str(sample_id) for sample_id in rows["sample_id"].head(each)]
