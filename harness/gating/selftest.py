"""How often this very gate errs on these very items: labels swapped at random, drops planted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.gating.decide import paired_tasks, same_machine
from harness.gating.pairing import Sides, TaskPair
from harness.gating.policy import Policy
from harness.gating.tasks import judge_tasks
from harness.gating.verdict import Status, worst
from harness.records import Estimate
from harness.stats import wilson_interval
from harness.store.baseline import Scored

PLANTED = 2.0
"""The planted drop, as a multiple of the margin."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Rates over `n` draws, with Wilson intervals. What a whole run may cost is left out.

    - `false_alarms`: verdict failed although which system gave which answer was drawn by coin;
    - `inconclusive`: neither passed nor failed, under the same coin;
    - `misses`: not failed although right answers were turned wrong until the candidate had
      lost `PLANTED` times the margin on every task.
    """

    n: int
    false_alarms: Estimate
    inconclusive: Estimate
    misses: Estimate


def self_test(
    policy: Policy, baseline: Scored, candidate: Scored, draws: int, seed: int = 0
) -> SelfTest:
    """Run the gate on relabelled copies of two stored systems, in a new random order each.

    Raises:
        NotComparableError, UsageError: as the gate itself.
    """
    rng = np.random.default_rng(seed)
    pairs = paired_tasks(policy, baseline, candidate)
    timed = same_machine(baseline, candidate)

    def status(drawn: Sequence[TaskPair]) -> Status:
        tasks = judge_tasks(policy, drawn, same_machine=timed, bounds=False)
        return worst(task.status for task in tasks)

    null, damaged = [], []
    for _ in range(draws):
        equal = [_swapped(pair.taken(rng.permutation(len(pair.ids))), rng) for pair in pairs]
        null.append(status(equal))
        damaged.append(status([_damaged(policy, pair, rng) for pair in equal]))
    return SelfTest(
        draws,
        _rate([found is Status.FAILED for found in null]),
        _rate([found not in (Status.FAILED, Status.PASSED) for found in null]),
        _rate([found is not Status.FAILED for found in damaged]),
    )


def _swapped(pair: TaskPair, rng: np.random.Generator) -> TaskPair:
    """Exchange the two systems on about half of the items."""
    coin = rng.random(len(pair.ids)) < 0.5  # noqa: PLR2004  # a fair coin

    def swap(sides: Sides) -> Sides:
        return Sides(
            np.where(coin, sides.candidate, sides.baseline),
            np.where(coin, sides.baseline, sides.candidate),
        )

    return replace(
        pair,
        score=swap(pair.score),
        readable=swap(pair.readable),
        seconds=swap(pair.seconds),
    )


def _damaged(policy: Policy, pair: TaskPair, rng: np.random.Generator) -> TaskPair:
    """Turn right answers wrong until the candidate has lost PLANTED times the margin."""
    right = rng.permutation(np.flatnonzero(pair.score.candidate > 0))
    wanted = PLANTED * policy.margin_of(pair.task) * len(pair.ids)
    count = int(np.searchsorted(np.cumsum(pair.score.candidate[right]), wanted - 1e-9)) + 1
    scores = pair.score.candidate.copy()
    scores[right[:count]] = 0.0
    return replace(pair, score=Sides(pair.score.baseline, scores))


def _rate(hits: list[bool]) -> Estimate:
    low, high = wilson_interval(sum(hits), len(hits))
    return Estimate(sum(hits) / len(hits), low, high, len(hits))
