"""From a policy and two scored systems to a verdict."""

from __future__ import annotations

from harness.analysis.snapshots import refuse_undated
from harness.errors import NotComparableError, UsageError
from harness.gating.evidence import Evidence
from harness.gating.order import Orders, draw_orders
from harness.gating.pairing import TaskPair, check_same, pair_task
from harness.gating.policy import Policy
from harness.gating.tasks import judge_tasks
from harness.gating.verdict import Criterion, Status, Verdict, worst
from harness.records import Estimate, ModelInfo, Outcome
from harness.store.baseline import Scored


def decide(
    policy: Policy, baseline: Scored, candidate: Scored, asked: Orders | None = None
) -> Verdict:
    """Judge a candidate. The mode `sequential` looks at items in the order drawn.

    `asked` are the first of them, where not all have been asked yet: only in that mode.

    Raises:
        NotComparableError: no task in common, or a task was run under another protocol.
        UsageError: a task is scored on another scale than from 0 to 1, or a system is known by
            an undated name only.
    """
    for side in (baseline, candidate):
        refuse_undated(side.manifest.model)
    pairs = paired_tasks(policy, baseline, candidate)
    if policy.mode == "sequential":
        identity = candidate.manifest.model.identity
        asked = asked or draw_orders(baseline, identity, [pair.task for pair in pairs])
        pairs = [pair.ordered(asked.ids[pair.task]) for pair in pairs]
    tasks = judge_tasks(policy, pairs, same_machine=same_machine(baseline, candidate))
    run_criteria = _run_criteria(policy, candidate)
    return Verdict(
        worst([*(task.status for task in tasks), *(one.status for one in run_criteria)]),
        baseline.manifest.model.name,
        candidate.manifest.model.name,
        policy.mode,
        policy.alpha,
        tasks,
        run_criteria,
        asked.seed if asked else None,
        policy.on_inconclusive == "warn",
    )


def paired_tasks(policy: Policy, baseline: Scored, candidate: Scored) -> list[TaskPair]:
    """Pair the items of every task that is judged. Raises as `decide`."""
    tasks = judged_tasks(policy, baseline)
    missing = [task for task in tasks if task not in candidate.manifest.tasks]
    if missing:
        raise NotComparableError(
            f"the candidate was not asked {', '.join(missing)}, only "
            f"{', '.join(candidate.manifest.tasks)}; run it on the tasks of the baseline, or name "
            "the tasks that are to be judged in the policy: [margin]"
        )
    for side in (baseline, candidate):
        if side.manifest.is_imported:
            raise NotComparableError(
                f"{side.manifest.model.name} was imported from a log that does not tell the whole "
                "protocol; a gate needs runs that were asked here"
            )
    for task in tasks:
        check_same(task, baseline, candidate)
    return [pair_task(task, baseline, candidate) for task in tasks]


def judged_tasks(policy: Policy, baseline: Scored) -> list[str]:
    """Return the tasks of a baseline that a policy judges: all, or only those that it names.

    Raises:
        NotComparableError: the policy names one that the baseline has not, or judges none.
    """
    there = baseline.manifest.tasks
    missing = [task for task in policy.named_tasks if task not in there]
    if missing:
        raise NotComparableError(
            f"the policy names {', '.join(missing)}, the baseline has only {', '.join(there)}; "
            "take the name out of the policy, or save a baseline of a run that was asked it"
        )
    return [task for task in there if policy.judges(task)]


def check_systems(policy: Policy, baseline: ModelInfo, candidate: ModelInfo) -> None:
    """Refuse, before anything is asked, systems of which no verdict could come.

    Raises:
        UsageError: a name does not say which weights answer, or the policy limits a slowdown and
            the two run on different hardware.
    """
    refuse_undated(baseline)
    refuse_undated(candidate)
    unlike = sorted(
        name
        for name in baseline.hardware.keys() | candidate.hardware.keys()
        if baseline.hardware.get(name) != candidate.hardware.get(name)
    )
    if policy.max_slowdown is not None and unlike:
        facts = "; ".join(
            f"{name}: {baseline.hardware.get(name)} against {candidate.hardware.get(name)}"
            for name in unlike
        )
        raise UsageError(
            f"max_slowdown compares times, and the two run on different hardware ({facts}); take "
            "max_slowdown out of the policy, or save a baseline of a run on this machine"
        )


def same_machine(baseline: Scored, candidate: Scored) -> bool:
    """Say whether both ran on the same hardware, so that their times may be compared."""
    return baseline.manifest.model.hardware == candidate.manifest.model.hardware


def _run_criteria(policy: Policy, candidate: Scored) -> tuple[Criterion, ...]:
    if policy.max_cost is None:
        return ()
    costs = candidate.items["cost_usd"].astype("float64")
    # What has no answer has no price either.
    priceless = costs.isna() & (candidate.items["outcome"] != Outcome.ERROR.value)
    unknown = int(priceless.sum())
    total = float(costs.sum())
    estimate = Estimate(total, total, None if unknown else total, len(costs) - unknown, unknown)
    evidence = Evidence("cost", estimate, policy.max_cost, None, None, proof=False)
    if total > policy.max_cost:
        status = Status.FAILED
    else:
        status = Status.INCONCLUSIVE if unknown else Status.PASSED
    return (Criterion(evidence, None, status),)
