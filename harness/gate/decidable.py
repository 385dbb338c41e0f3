"""Whether a policy can be decided at all by the items of a baseline: asked before any spending."""

from __future__ import annotations

from harness.errors import UsageError
from harness.gate.decide import items_needed, smallest_drop
from harness.gate.policy import Policy
from harness.gate.words import points
from harness.store.baseline import Scored

SEQUENTIAL_PRICE = 1.25
"""How many more items it takes to decide where every item is looked at (simulated)."""


def check_decidable(policy: Policy, baseline: Scored) -> None:
    """Refuse a policy whose margin is smaller than the smallest drop the items could find.

    Raises:
        UsageError: names each task, what its items could find, and how many would be needed.
    """
    faults = []
    judged = {t: r for t, r in baseline.manifest.tasks.items() if policy.judges(t)}
    for task, record in judged.items():
        margin = policy.margin_of(task)
        price = SEQUENTIAL_PRICE if policy.mode == "sequential" else 1.0
        drop = smallest_drop(int(record.n / price), policy.discordance, policy)
        if drop is None or drop > margin:
            faults.append(_fault(task, record.n, drop, policy))
    if faults:
        raise UsageError(
            f"this policy could not be decided, so nothing was asked: {'; '.join(faults)}. Save "
            "a baseline of more items, widen the margin, or state a smaller `discordance` if "
            f"the two are known to differ on less than {points(policy.discordance)} % of the items"
        )


def _fault(task: str, n: int, drop: float | None, policy: Policy) -> str:
    margin = policy.margin_of(task)
    needed = items_needed(margin, policy.discordance, policy)
    can = f"drops from {points(drop)} points on" if drop is not None else "no drop at all"
    return (
        f"{task} has {n:,} items, which find {can}; its margin is {points(margin)} points, for "
        f"which about {needed:,} are needed"
    )
