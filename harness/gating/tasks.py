"""From paired items to a verdict on each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from harness.analysis.power import items_needed, smallest_drop
from harness.gating.evidence import (
    Evidence,
    Limit,
    fixed_evidence,
    fixed_slowdown,
    no_evidence,
    sequential_evidence,
    sequential_slowdown,
)
from harness.gating.pairing import TaskPair
from harness.gating.policy import Policy
from harness.gating.verdict import Criterion, Status, TaskVerdict, worst
from harness.records import Estimate
from harness.stats import holm, paired_difference


def judge_tasks(
    policy: Policy, pairs: Sequence[TaskPair], *, same_machine: bool, bounds: bool = True
) -> tuple[TaskVerdict, ...]:
    """Judge every task; times are compared only where they come from the `same_machine`.

    In the mode `sequential` the items of each pair must be in an order drawn at random, and this
    may be called after every item without spoiling the error rates. Without `bounds` the
    verdicts are the same, and their estimates have no intervals.
    """
    weigh = partial(_evidence, policy, same_machine=same_machine, bounds=bounds)
    evidence = {pair.task: weigh(pair) for pair in pairs}
    adjusted = _adjusted(evidence)
    return tuple(
        _verdict(
            policy,
            pair,
            tuple(
                Criterion(found, p, _status(found, p, policy.alpha))
                for found, p in zip(evidence[pair.task], adjusted[pair.task], strict=True)
            ),
        )
        for pair in pairs
    )


def _evidence(
    policy: Policy, pair: TaskPair, *, same_machine: bool, bounds: bool
) -> tuple[Evidence, ...]:
    accuracy = Limit("accuracy", policy.margin_of(pair.task), proof=True)
    if pair.n == 0:
        return (no_evidence(accuracy, len(pair.ids)),)
    if policy.mode == "fixed":
        behind = partial(fixed_evidence, alpha=policy.alpha, bounds=bounds)
    else:
        finished = len(pair.ids) == pair.n_items
        behind = partial(sequential_evidence, alpha=policy.alpha, finished=finished, bounds=bounds)
    found = [behind(accuracy, pair.score)]
    if policy.max_unparsed_increase is not None:
        limit = Limit("unparsed", policy.max_unparsed_increase, proof=False)
        unread = behind(limit, pair.readable)
        found.append(replace(unread, estimate=_negated(unread.estimate)))
    if policy.max_slowdown is not None:
        slow = _slowdown(policy, pair)
        found.append(slow if same_machine else replace(slow, p_pass=None, p_fail=None))
    return tuple(found)


def _slowdown(policy: Policy, pair: TaskPair) -> Evidence:
    limit = Limit("seconds", policy.max_slowdown or 0.0, proof=False)
    if policy.mode == "fixed":
        return fixed_slowdown(limit, pair.seconds)
    return sequential_slowdown(limit, pair.seconds, policy.alpha)


def _negated(estimate: Estimate) -> Estimate:
    """What is lost in readable replies is gained in unreadable ones."""
    value, low, high = (
        None if x is None else -x for x in (estimate.value, estimate.high, estimate.low)
    )
    return replace(estimate, value=value, low=low, high=high)


def _adjusted(evidence: Mapping[str, tuple[Evidence, ...]]) -> dict[str, list[float | None]]:
    """Adjust every p-value that could make the gate fail, over all tasks and criteria."""
    flat = [found for task in evidence.values() for found in task]
    corrected = iter(holm([found.p_fail for found in flat if found.p_fail is not None]).tolist())
    return {
        task: [None if one.p_fail is None else next(corrected) for one in found]
        for task, found in evidence.items()
    }


def _status(evidence: Evidence, p_fail: float | None, alpha: float) -> Status:
    if p_fail is not None and p_fail <= alpha:
        return Status.FAILED
    if evidence.p_pass is not None and evidence.p_pass <= alpha:
        return Status.PASSED
    value = evidence.estimate.value
    within = value is not None and value <= evidence.limit
    if within and not evidence.proof and p_fail is not None:
        return Status.PASSED
    return Status.INCONCLUSIVE


def _verdict(policy: Policy, pair: TaskPair, criteria: tuple[Criterion, ...]) -> TaskVerdict:
    differences = pair.score.answered.differences
    gains, losses = int((differences > 0).sum()), int((differences < 0).sum())
    discordance = (gains + losses) / pair.n if pair.n else policy.discordance
    margin = policy.margin_of(pair.task)
    status, reason = _task_status(policy, pair, criteria)
    read = _difference(pair)
    failed = criteria[0].status is Status.FAILED
    return TaskVerdict(
        task=pair.task,
        status=status,
        margin=margin,
        n=pair.n,
        n_seen=len(pair.ids),
        n_items=pair.n_items,
        gains=gains,
        losses=losses,
        smallest_drop=smallest_drop(pair.n, discordance, policy.level, policy.power),
        n_needed=items_needed(margin, discordance, policy.level, policy.power),
        read_by_both=read,
        only_unread=failed and read.low is not None and read.low > -margin,
        criteria=criteria,
        reason=reason,
    )


def _task_status(
    policy: Policy, pair: TaskPair, criteria: tuple[Criterion, ...]
) -> tuple[Status, str]:
    if pair.coverage < policy.min_coverage:
        return Status.INCOMPLETE, (
            f"has answers of both to only {pair.n} of {len(pair.ids)} items, the policy wants "
            f"{policy.min_coverage:.0%}: run again to ask the missing ones"
        )
    if pair.n < policy.min_n:
        return Status.INCONCLUSIVE, f"has {pair.n} items, the policy wants {policy.min_n} at least"
    return worst(criterion.status for criterion in criteria), ""


def _difference(pair: TaskPair) -> Estimate:
    sides = pair.read_by_both
    n = len(sides.baseline)
    if n == 0:
        return Estimate(None, None, None, 0, len(pair.ids))
    found = paired_difference(sides.baseline, sides.candidate, confidence=0.9)
    low, high = found.interval or (None, None)
    return Estimate(found.difference, low, high, n, len(pair.ids) - n)
