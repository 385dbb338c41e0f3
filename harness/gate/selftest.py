"""How often this very gate errs on these very items: labels swapped at random, drops planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from harness.gate.decide import decide, decide_so_far, gated_tasks
from harness.gate.order import draw_orders
from harness.gate.policy import Policy
from harness.gate.verdict import Status, Verdict
from harness.records import Estimate, Outcome
from harness.stats import wilson_interval
from harness.store.baseline import Scored

PLANTED = 2.0
"""The planted drop, as a multiple of the margin."""


class _Swapped(NamedTuple):
    baseline: Scored
    candidate: Scored


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Rates over `n` draws, with Wilson intervals.

    - `false_alarms`: verdict failed although which system gave which answer was drawn by coin;
    - `inconclusive`: neither passed nor failed, under the same coin;
    - `misses`: not failed although right answers were turned wrong until the candidate was
      behind by `PLANTED` times the margin on every task.
    """

    n: int
    false_alarms: Estimate
    inconclusive: Estimate
    misses: Estimate


def self_test(
    policy: Policy, baseline: Scored, candidate: Scored, draws: int, seed: int = 0
) -> SelfTest:
    """Run the gate on relabelled copies of two stored systems.

    Raises:
        NotComparableError, UsageError: as the gate itself.
    """
    rng = np.random.default_rng(seed)
    judge = _judge(policy, baseline, candidate)
    null, damaged = [], []
    for _ in range(draws):
        swapped = _swap(baseline, candidate, rng)
        null.append(judge(*swapped).status)
        damaged.append(judge(swapped.baseline, _damage(policy, swapped.candidate, rng)).status)
    return SelfTest(
        draws,
        _rate([status is Status.FAILED for status in null]),
        _rate([status not in (Status.FAILED, Status.PASSED) for status in null]),
        _rate([status is not Status.FAILED for status in damaged]),
    )


def _judge(
    policy: Policy, baseline: Scored, candidate: Scored
) -> Callable[[Scored, Scored], Verdict]:
    tasks = gated_tasks(policy, baseline, candidate)
    if policy.mode == "fixed":
        return lambda first, second: decide(policy, first, second)
    orders = draw_orders(baseline, candidate.manifest.model.identity, tasks)
    return lambda first, second: decide_so_far(policy, first, second, orders)


def _swap(baseline: Scored, candidate: Scored, rng: np.random.Generator) -> _Swapped:
    """Exchange the two systems' rows of about half of the items."""
    keys = ["task", "sample_id"]
    first, second = (side.items.set_index(keys).sort_index() for side in (baseline, candidate))
    shared = first.index.intersection(second.index)
    chosen = shared[rng.random(len(shared)) < 0.5]  # noqa: PLR2004  # a fair coin
    new_first, new_second = first.copy(), second.copy()
    for column in first.columns:
        new_first.loc[chosen, column] = second.loc[chosen, column].to_numpy()
        new_second.loc[chosen, column] = first.loc[chosen, column].to_numpy()
    return _Swapped(
        replace(baseline, items=new_first.reset_index()),
        replace(candidate, items=new_second.reset_index()),
    )


def _damage(policy: Policy, candidate: Scored, rng: np.random.Generator) -> Scored:
    """Turn right answers wrong until each task has lost PLANTED times its margin."""
    items = candidate.items.copy()
    judged = items[[policy.judges(str(task)) for task in items["task"]]]
    for task, rows in judged.groupby("task"):
        right = rows.index[rows["outcome"] == Outcome.CORRECT.value]
        count = min(len(right), round(PLANTED * policy.margin_of(str(task)) * len(rows)))
        lost = np.isin(items.index, rng.choice(np.asarray(right), size=count, replace=False))
        items.loc[lost, "outcome"] = Outcome.WRONG.value
        items.loc[lost, "value"] = 0.0
    return replace(candidate, items=pd.DataFrame(items))


def _rate(hits: list[bool]) -> Estimate:
    low, high = wilson_interval(sum(hits), len(hits))
    return Estimate(sum(hits) / len(hits), low, high, len(hits))
