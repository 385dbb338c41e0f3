"""What a planned run could decide: items, margin, and how often two systems differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.power import TaskPower, expected_discordance, task_power
from harness.errors import NotComparableError
from harness.gating.pairing import pair_task
from harness.store.baseline import scored_run
from harness.store.read import Run


@dataclass(frozen=True, slots=True)
class Stake:
    """A margin, and the share of items on which two systems are expected to differ."""

    margin: float
    discordance: float


def planned_power(
    counts: Mapping[str, int], stake: Stake, earlier: Sequence[Run] = ()
) -> dict[str, TaskPower]:
    """Say of each task, by its number of items, what they could decide about the margin.

    Two `earlier` runs tell how often systems such as these differ; tasks that they have not both
    take the stated discordance.

    Raises:
        StoreError: an earlier run is damaged.
        NotComparableError: they answered no item in common.
    """
    observed = _observed(earlier) if earlier else {}
    return {
        task: task_power(n, stake.margin, observed.get(task, stake.discordance))
        for task, n in counts.items()
    }


def _observed(earlier: Sequence[Run]) -> dict[str, float]:
    first, second = (scored_run(run) for run in earlier)
    pairs = [
        pair_task(task, first, second)
        for task in first.manifest.tasks
        if task in second.manifest.tasks
    ]
    found = {}
    for pair in pairs:
        differences = pair.score.answered.differences
        if pair.n:
            found[pair.task] = expected_discordance(int((differences != 0).sum()), pair.n)
    if not found:
        raise NotComparableError(
            f"{first.manifest.run_id} and {second.manifest.run_id} answered no item of one task "
            "in common, so they do not tell how often two systems differ"
        )
    return found
