"""The verdict of a gate, as plain data: what was tested, what came out, what would decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from harness.gating.evidence import Evidence
from harness.records import Estimate


class Status(StrEnum):
    """What a gate says of a criterion, of a task, or of everything."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    INCOMPLETE = "incomplete"


EXIT_CODES = {Status.PASSED: 0, Status.FAILED: 1, Status.INCOMPLETE: 3, Status.INCONCLUSIVE: 6}

_WORST_FIRST = (Status.FAILED, Status.INCOMPLETE, Status.INCONCLUSIVE)


def worst(statuses: Iterable[Status]) -> Status:
    """A failure stands whatever else is open; everything must pass for a pass."""
    found = set(statuses)
    return next((status for status in _WORST_FIRST if status in found), Status.PASSED)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One limit of the policy: `p_fail` is adjusted for all that could fail (Holm)."""

    evidence: Evidence
    p_fail: float | None
    status: Status


@dataclass(frozen=True, slots=True)
class TaskVerdict:
    """One task. `n` items were answered by both of `n_items`; `n_seen` were looked at.

    `smallest_drop` is the drop that this many items would find at the observed discordance,
    None where none would be; `n_needed` the items that would decide about the margin.
    `read_by_both` is the difference over the items that both answered readably, with its 90 %
    interval; `only_unread`: the task failed, but not there: it lost readable replies, not right
    answers.
    """

    task: str
    status: Status
    margin: float
    n: int
    n_seen: int
    n_items: int
    gains: int
    losses: int
    smallest_drop: float | None
    n_needed: int
    read_by_both: Estimate
    only_unread: bool
    criteria: tuple[Criterion, ...]
    reason: str = ""

    @property
    def accuracy(self) -> Criterion:
        """The criterion that every task has."""
        return self.criteria[0]

    @property
    def discordance(self) -> float | None:
        """Share of the items on which the two differ."""
        return (self.gains + self.losses) / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate says. `run_criteria` concern the run as a whole.

    `order_seed` is what a sequential gate drew its order from; `tolerant`: a gate that cannot
    tell lets through.
    """

    status: Status
    baseline: str
    candidate: str
    mode: str
    alpha: float
    tasks: tuple[TaskVerdict, ...]
    run_criteria: tuple[Criterion, ...] = ()
    order_seed: str | None = None
    tolerant: bool = False

    @property
    def exit_code(self) -> int:
        """Exit code: 0 passed, 1 failed, 3 incomplete, 6 inconclusive (0 where tolerated)."""
        tolerated = self.tolerant and self.status is Status.INCONCLUSIVE
        return 0 if tolerated else EXIT_CODES[self.status]
