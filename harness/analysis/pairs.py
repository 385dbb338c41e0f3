"""Two runs of the same samples side by side: who was right where, and what it adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.common import common_tasks
from harness.analysis.tables import read_columns
from harness.records import Estimate, Outcome
from harness.stats.paired import tango_interval
from harness.store.alike import check_alike
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("task", "sample_id", "outcome", "answer")


@dataclass(frozen=True, slots=True)
class Pairs:
    """One task answered by two systems, counted by sample.

    `both`, `only_first`, `only_second` and `neither` say who was right, over the `n` samples
    that both answered (an answer that could not be read is not right); `n_missing` lack an
    answer on one side at least. `changed` counts other answers, right or wrong: every flip and
    more. `difference` is the rate of the second minus that of the first, with Tango's interval.
    """

    task: str
    n: int
    n_missing: int
    both: int
    only_first: int
    only_second: int
    neither: int
    changed: int
    difference: Estimate

    @property
    def flips(self) -> int:
        """Samples that one got right and the other not."""
        return self.only_first + self.only_second


def pair_runs(first: Run, second: Run) -> dict[str, Pairs]:
    """Pair the tasks that both runs have, by the task's name.

    Raises:
        NotComparableError: a task was run under different protocols; names the fields.
        StoreError: a table is missing or damaged.
    """
    tasks = common_tasks(first, second)
    for task in tasks:
        check_alike(task, (first.manifest, second.manifest))
    tables = [read_columns(run, "scores", _COLUMNS) for run in (first, second)]
    return {task: _pair(task, [table[table["task"] == task] for table in tables]) for task in tasks}


def _pair(task: str, tables: Sequence[pd.DataFrame]) -> Pairs:
    merged = tables[0].merge(tables[1], on="sample_id", how="outer", suffixes=("_1", "_2"))
    outcomes = merged[["outcome_1", "outcome_2"]]
    answered = merged[outcomes.notna().all(axis=1) & ~outcomes.isin([Outcome.ERROR]).any(axis=1)]
    right = [answered[f"outcome_{side}"] == Outcome.CORRECT for side in (1, 2)]
    n = len(answered)
    gains, losses = int((right[1] & ~right[0]).sum()), int((right[0] & ~right[1]).sum())
    both = int((right[0] & right[1]).sum())
    answers = answered[["answer_1", "answer_2"]].fillna("")
    return Pairs(
        task=task,
        n=n,
        n_missing=len(merged) - n,
        both=both,
        only_first=losses,
        only_second=gains,
        neither=n - both - gains - losses,
        changed=int((answers["answer_1"] != answers["answer_2"]).sum()),
        difference=_difference(gains, losses, n, len(merged) - n),
    )


def _difference(gains: int, losses: int, n: int, n_missing: int) -> Estimate:
    if n == 0:
        return Estimate(None, None, None, 0, n_missing)
    low, high = tango_interval(gains, losses, n)
    return Estimate((gains - losses) / n, low, high, n, n_missing)
