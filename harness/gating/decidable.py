"""Whether a policy can be decided at all by the items of a baseline: asked before any spending."""

from __future__ import annotations

from harness.analysis.power import task_power
from harness.errors import UsageError
from harness.gating.decide import judged_tasks
from harness.gating.policy import Policy
from harness.gating.words import points
from harness.records import Outcome
from harness.store.baseline import Scored


def check_decidable(policy: Policy, baseline: Scored) -> None:
    """Refuse a policy that the items of a baseline could not decide, however they are answered.

    Raises:
        NotComparableError: the policy names a task that the baseline has not.
        UsageError: names each task, what its items could find, and how many would be needed.
    """
    faults = [
        f"{task} {fault}"
        for task in judged_tasks(policy, baseline)
        if (fault := _fault(policy, baseline, task))
    ]
    if faults:
        raise UsageError(
            f"this policy could not be decided, so nothing was asked: {'; '.join(faults)}. Save "
            "a baseline of more items, widen the margin, or state a smaller `discordance` if "
            f"the two are known to differ on less than {points(policy.discordance)} % of the items"
        )


def _fault(policy: Policy, baseline: Scored, task: str) -> str:
    items = baseline.items[baseline.items["task"] == task]
    n = len(items)
    n_error = int((items["outcome"] == Outcome.ERROR.value).sum())
    if n - n_error < policy.min_coverage * n:
        return f"has {n_error:,} of {n:,} items without an answer in the baseline itself"
    if n < policy.min_n:
        return f"has {n:,} items, fewer than the policy's min_n of {policy.min_n:,}"
    margin = policy.margin_of(task)
    found = task_power(n, margin, policy.discordance, policy.level, policy.power)
    if found.decidable:
        return ""
    drop = found.smallest_drop
    can = "no drop at all" if drop is None else f"drops from {points(drop)} points on"
    return (
        f"has {n:,} items, which find {can}; its margin is {points(margin)} points, for which "
        f"about {found.n_needed:,} are needed"
    )
