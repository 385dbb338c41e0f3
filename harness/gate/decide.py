"""From a policy and two scored systems to a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.errors import NotComparableError
from harness.gate.evidence import (
    Evidence,
    fixed_evidence,
    sequential_evidence,
    slowdown_evidence,
)
from harness.gate.order import Orders
from harness.gate.pairing import TaskPair, check_alike, pair_task
from harness.gate.policy import Policy
from harness.gate.verdict import Criterion, Status, TaskVerdict, Verdict, worst
from harness.records import Estimate
from harness.stats import holm, minimum_detectable_drop, paired_difference, sample_size
from harness.store.baseline import Scored

LOCAL_BACKENDS = ("llamacpp", "mock", "hf")


def decide(policy: Policy, baseline: Scored, candidate: Scored) -> Verdict:
    """Judge a candidate that was asked everything.

    Raises:
        NotComparableError: no task in common, or a task was run under another protocol.
        UsageError: the policy has no margin for a task.
    """
    tasks = gated_tasks(policy, baseline, candidate)
    pairs = [pair_task(task, baseline, candidate) for task in tasks]
    return _verdict(policy, pairs, (baseline, candidate), None)


def decide_so_far(policy: Policy, baseline: Scored, candidate: Scored, orders: Orders) -> Verdict:
    """Judge a candidate by the items asked so far, `orders`: task to ids in the order drawn.

    May be called after every item without spoiling the error rates. Raises as `decide`.
    """
    tasks = gated_tasks(policy, baseline, candidate)
    pairs = [pair_task(t, baseline, candidate).ordered(orders.ids[t]) for t in tasks]
    return _verdict(policy, pairs, (baseline, candidate), orders)


def gated_tasks(policy: Policy, baseline: Scored, candidate: Scored) -> list[str]:
    """Return the tasks that are judged: all of the baseline, or only those the policy names.

    Raises:
        NotComparableError: the candidate lacks a task that the baseline has, or one that the
            policy names; or a protocol differs.
    """
    known = [task for task in baseline.manifest.tasks if policy.judges(task)]
    missing = [t for t in (*policy.named_tasks, *known) if t not in candidate.manifest.tasks]
    missing += [t for t in policy.named_tasks if t not in known]
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise NotComparableError(
            f"{names}: not in both. The baseline has {', '.join(baseline.manifest.tasks)}, the "
            f"candidate {', '.join(candidate.manifest.tasks)}. Run the same tasks, or take "
            "the name out of the policy and save a baseline without it"
        )
    for task in known:
        check_alike(task, baseline, candidate)
    return known


def _verdict(
    policy: Policy,
    pairs: Sequence[TaskPair],
    sides: tuple[Scored, Scored],
    orders: Orders | None,
) -> Verdict:
    baseline, candidate = sides
    evidence = {p.task: _task_evidence(policy, p, sides, orders is not None) for p in pairs}
    adjusted = _adjusted(evidence)
    tasks = []
    for pair in pairs:
        criteria = tuple(
            _judged(found, p, policy.alpha)
            for found, p in zip(evidence[pair.task], adjusted[pair.task], strict=True)
        )
        n_items = baseline.manifest.tasks[pair.task].n
        tasks.append(_task(policy, pair, criteria, n_items))
    run_criteria = _run_criteria(policy, candidate)
    statuses = [task.status for task in tasks] + [c.status for c in run_criteria]
    return Verdict(
        worst(statuses),
        baseline.manifest.model.name,
        candidate.manifest.model.name,
        policy.mode,
        policy.alpha,
        tuple(tasks),
        run_criteria,
        orders.seed if orders else None,
    )


def _task_evidence(
    policy: Policy, pair: TaskPair, sides: tuple[Scored, Scored], sequential: bool
) -> tuple[Evidence, ...]:
    if pair.n == 0:
        return (Evidence.nothing("accuracy", policy.margin_of(pair.task), len(pair.ids)),)
    weigh = sequential_evidence if sequential else fixed_evidence
    margin = policy.margin_of(pair.task)
    found = [weigh("accuracy", pair.score, margin, policy.alpha, proof=True)]
    if policy.max_unparsed_increase is not None:
        limit = policy.max_unparsed_increase
        unread = weigh("unparsed", pair.readable, limit, policy.alpha, proof=False)
        found.append(replace(unread, estimate=_negated(unread.estimate)))
    if policy.max_slowdown is not None:
        slow = slowdown_evidence(pair.seconds, policy.max_slowdown)
        found.append(slow if _same_machine(*sides) else replace(slow, p_pass=None, p_fail=None))
    return tuple(found)


def _negated(estimate: Estimate) -> Estimate:
    """What is lost in readable replies is gained in unreadable ones."""
    value, low, high = (
        None if x is None else -x for x in (estimate.value, estimate.high, estimate.low)
    )
    return replace(estimate, value=value, low=low, high=high)


def _same_machine(baseline: Scored, candidate: Scored) -> bool:
    facts = [side.manifest.model.hardware for side in (baseline, candidate)]
    return facts[0] == facts[1]


def _adjusted(evidence: Mapping[str, tuple[Evidence, ...]]) -> dict[str, list[float | None]]:
    """Adjust every p-value that could make the gate fail, over all tasks and criteria."""
    flat = [found for task in evidence.values() for found in task]
    known = [found.p_fail for found in flat if found.p_fail is not None]
    corrected = iter(holm(known).tolist())
    values = [None if found.p_fail is None else next(corrected) for found in flat]
    remaining = iter(values)
    return {task: [next(remaining) for _ in found] for task, found in evidence.items()}


def _judged(evidence: Evidence, p_fail: float | None, alpha: float) -> Criterion:
    return Criterion(evidence, p_fail, _status(evidence, p_fail, alpha))


def _status(evidence: Evidence, p_fail: float | None, alpha: float) -> Status:
    if p_fail is not None and p_fail <= alpha:
        return Status.FAILED
    if evidence.p_pass is not None and evidence.p_pass <= alpha:
        return Status.PASSED
    value = evidence.estimate.value
    lenient = not evidence.proof and p_fail is not None and value is not None
    if lenient and value is not None and value <= evidence.limit:
        return Status.PASSED
    return Status.INCONCLUSIVE


def _task(
    policy: Policy, pair: TaskPair, criteria: tuple[Criterion, ...], n_items: int
) -> TaskVerdict:
    answered = pair.score.answered.differences
    gains, losses = int((answered > 0).sum()), int((answered < 0).sum())
    discordance = (gains + losses) / pair.n if pair.n else policy.discordance
    margin = policy.margin_of(pair.task)
    status, reason = _task_status(policy, pair, criteria)
    read = _difference(pair)
    accuracy = criteria[0]
    only_unread = accuracy.status is Status.FAILED and read.low is not None and read.low > -margin
    return TaskVerdict(
        task=pair.task,
        status=status,
        margin=margin,
        n=pair.n,
        n_seen=len(pair.ids),
        n_items=n_items,
        gains=gains,
        losses=losses,
        smallest_drop=smallest_drop(pair.n, discordance, policy),
        n_needed=items_needed(margin, discordance, policy),
        read_by_both=read,
        only_unread=only_unread,
        criteria=criteria,
        reason=reason,
    )


def _task_status(
    policy: Policy, pair: TaskPair, criteria: tuple[Criterion, ...]
) -> tuple[Status, str]:
    if pair.coverage < policy.min_coverage:
        return Status.INCOMPLETE, (
            f"only {pair.n} of {len(pair.ids)} items were answered by both, the policy wants "
            f"{policy.min_coverage:.0%}: run again to ask the missing ones"
        )
    if pair.n < policy.min_n:
        return Status.INCONCLUSIVE, f"{pair.n} items, the policy wants {policy.min_n} at least"
    return worst([criterion.status for criterion in criteria]), ""


def _difference(pair: TaskPair) -> Estimate:
    sides = pair.read_by_both
    n = len(sides.baseline)
    if n == 0:
        return Estimate(None, None, None, 0, len(pair.ids))
    found = paired_difference(sides.baseline, sides.candidate, confidence=0.9)
    low, high = found.interval or (None, None)
    return Estimate(found.difference, low, high, n, len(pair.ids) - n)


def smallest_drop(n: int, discordance: float, policy: Policy) -> float | None:
    """Return the smallest drop that n items would find; None where they would find none.

    A drop larger than the discordance brings discordance of its own with it: where none up to
    `discordance` would be found, it is the smallest one that loses every discordant item.
    """
    from scipy.optimize import brentq

    def found(share: float) -> float | None:
        return minimum_detectable_drop(n, share, policy.alpha, policy.power) if n else None

    least, most = max(discordance, 1e-9), 1 - 1e-9
    if found(most) is None:
        return None
    if (drop := found(min(least, most))) is not None:
        return drop
    return float(brentq(lambda share: -1 if found(share) is None else 1, least, most, xtol=1e-6))


def items_needed(margin: float, discordance: float, policy: Policy) -> int:
    """Return how many items would decide about a margin."""
    if discordance >= 1:
        discordance = 1 - 1e-9
    # Two that differ less often than the margin cannot be that far apart.
    return sample_size(margin, max(margin, discordance), policy.alpha, policy.power)


def _run_criteria(policy: Policy, candidate: Scored) -> tuple[Criterion, ...]:
    if policy.max_cost is None:
        return ()
    costs = candidate.items["cost_usd"]
    local = candidate.manifest.model.backend in LOCAL_BACKENDS
    unknown = 0 if local else int(costs.isna().sum())
    total = float(costs.sum())
    estimate = Estimate(total, total, None if unknown else total, len(costs) - unknown, unknown)
    evidence = Evidence("cost", estimate, policy.max_cost, None, None, proof=False)
    if total > policy.max_cost:
        status = Status.FAILED
    else:
        status = Status.INCONCLUSIVE if unknown else Status.PASSED
    return (Criterion(evidence, None, status),)
