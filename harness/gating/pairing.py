"""Two scored systems, item by item side by side, in the arrays that a gate tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.errors import UsageError
from harness.records import Outcome
from harness.store.alike import check_alike
from harness.store.baseline import Scored

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

_JUDGED = (Outcome.CORRECT.value, Outcome.WRONG.value)
_UNREAD = (Outcome.UNPARSED.value, Outcome.TRUNCATED.value, Outcome.REFUSED.value)


@dataclass(frozen=True, slots=True)
class Sides:
    """Something known of each item of a task for both systems; NaN where one has no answer."""

    baseline: Floats
    candidate: Floats

    @property
    def answered(self) -> Sides:
        """The items that both answered."""
        both = ~np.isnan(self.baseline) & ~np.isnan(self.candidate)
        return Sides(self.baseline[both], self.candidate[both])

    def filled(self, *, favour: bool) -> Sides:
        """Every item, what is missing set for (`favour`) or against the candidate."""
        ours, theirs = (1.0, 0.0) if favour else (0.0, 1.0)
        return Sides(
            np.where(np.isnan(self.baseline), theirs, self.baseline),
            np.where(np.isnan(self.candidate), ours, self.candidate),
        )

    def taken(self, places: NDArray[np.intp]) -> Sides:
        """The items at some places, in that order."""
        return Sides(self.baseline[places], self.candidate[places])

    @property
    def differences(self) -> Floats:
        """Candidate minus baseline."""
        return self.candidate - self.baseline


@dataclass(frozen=True, slots=True)
class TaskPair:
    """One task of both systems, its items in one order.

    `score` is 1 or 0 (or graded), 0 for a reply that could not be judged; `readable` is 1 for a
    reply that was judged, 0 for one unparsed, truncated or refused; `seconds` as stored. There
    may be fewer `ids` than `n_items`, those of the task, where not all have been asked yet.
    """

    task: str
    ids: tuple[str, ...]
    n_items: int
    score: Sides
    readable: Sides
    seconds: Sides

    @property
    def n(self) -> int:
        """Items that both answered."""
        return len(self.score.answered.baseline)

    @property
    def coverage(self) -> float:
        """Share of the items that both answered."""
        return self.n / len(self.ids) if self.ids else 0.0

    @property
    def read_by_both(self) -> Sides:
        """Scores of the items where both replies could be judged."""
        both = (self.readable.baseline == 1) & (self.readable.candidate == 1)
        return Sides(self.score.baseline[both], self.score.candidate[both])

    def ordered(self, order: tuple[str, ...]) -> TaskPair:
        """The items of `order`, in that order; each must be known."""
        place = {sample_id: index for index, sample_id in enumerate(self.ids)}
        return self.taken(np.array([place[sample_id] for sample_id in order], dtype=np.intp))

    def taken(self, places: NDArray[np.intp]) -> TaskPair:
        """The items at some places, in that order."""
        return replace(
            self,
            ids=tuple(self.ids[place] for place in places),
            score=self.score.taken(places),
            readable=self.readable.taken(places),
            seconds=self.seconds.taken(places),
        )


def check_same(task: str, baseline: Scored, candidate: Scored) -> None:
    """Refuse a task that was run under different protocols.

    Raises:
        NotComparableError: names every field that differs.
    """
    check_alike(
        task,
        (baseline.manifest, candidate.manifest),
        advice=". Run it as the baseline was run, or save a new baseline",
    )


def pair_task(task: str, baseline: Scored, candidate: Scored) -> TaskPair:
    """Pair the items of a task by their content ids, in the order of the ids.

    Raises:
        UsageError: the task is scored on another scale than from 0 to 1.
    """
    tables = [
        side.items[side.items["task"] == task].set_index("sample_id")
        for side in (baseline, candidate)
    ]
    ids = tables[0].index.union(tables[1].index)
    first, second = (table.reindex(ids) for table in tables)
    return TaskPair(
        task,
        tuple(ids),
        len(ids),
        Sides(_score(first, task), _score(second, task)),
        Sides(_readable(first), _readable(second)),
        Sides(*(np.asarray(table["seconds"], dtype=np.float64) for table in (first, second))),
    )


def _score(table: pd.DataFrame, task: str) -> Floats:
    outcome = table["outcome"]
    values = table["value"].astype(np.float64).where(outcome.isin(_JUDGED))
    strange = values[(values < 0) | (values > 1)]
    if len(strange):
        raise UsageError(
            f"{task} has scores such as {strange.iloc[0]:g}; a gate judges scores from 0 to 1, so "
            "name the tasks that it is for in the policy: [margin]"
        )
    return np.asarray(values.mask(outcome.isin(_UNREAD), 0.0), dtype=np.float64)


def _readable(table: pd.DataFrame) -> Floats:
    known = {**dict.fromkeys(_JUDGED, 1.0), **dict.fromkeys(_UNREAD, 0.0)}
    return np.asarray(table["outcome"].map(known), dtype=np.float64)
