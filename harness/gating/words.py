"""A verdict in words: one sentence that says no more than was tested, and a table."""

from __future__ import annotations

from collections.abc import Iterator

from harness.gating.verdict import Criterion, Status, TaskVerdict, Verdict
from harness.records import Estimate

_OPENINGS = {
    Status.PASSED: "Passed",
    Status.FAILED: "Failed",
    Status.INCONCLUSIVE: "Cannot tell",
    Status.INCOMPLETE: "Incomplete",
}

COLUMNS = (
    "task", "verdict", "n", "lost", "gained", "difference in points", "margin",
    "smallest drop it could see", "why",
)  # fmt: skip


def sentence(verdict: Verdict) -> str:
    """Return the verdict with its reasons; of an open verdict, what would decide it.

    It is one line of printable characters, whatever the names in it are.
    """
    opening = f"{_OPENINGS[verdict.status]}: {verdict.candidate} against {verdict.baseline}"
    reasons = [
        f"{task.task} {task_words(task)}" for task in verdict.tasks if task.status is verdict.status
    ]
    reasons += [
        criterion_words(criterion)
        for criterion in verdict.run_criteria
        if criterion.status is verdict.status
    ]
    words = f"{opening}: {'; '.join(reasons)}."
    return "".join(letter if letter.isprintable() else " " for letter in words)


def task_words(task: TaskVerdict) -> str:
    """Return what was found on one task, without its name."""
    if task.reason:
        return task.reason
    if task.status is Status.PASSED:
        return (
            f"is less than {points(task.margin)} points behind "
            f"({shown_points(task.accuracy.evidence.estimate)})"
        )
    telling = [c for c in task.criteria if c.status is task.status]
    words = "; ".join(_telling(task, criterion) for criterion in telling)
    if task.only_unread:
        words += (
            "; it is only that more replies cannot be read: where both are readable the "
            f"difference is {shown_points(task.read_by_both)}"
        )
    return words


def _telling(task: TaskVerdict, criterion: Criterion) -> str:
    if criterion.evidence.criterion != "accuracy":
        return criterion_words(criterion)
    found = shown_points(criterion.evidence.estimate)
    margin = points(task.margin)
    if criterion.status is Status.FAILED:
        return f"is more than {margin} points behind ({found})"
    return f"may or may not be {margin} points behind ({found}){_what_would_decide(task)}"


def _what_would_decide(task: TaskVerdict) -> str:
    if task.n_needed > task.n:
        return f"; about {task.n_needed:,} items would decide, {task.n:,} were answered"
    return "; the difference lies too near the margin for this many items"


def criterion_words(criterion: Criterion) -> str:
    """Return what was found of one limit."""
    evidence = criterion.evidence
    value, limit = evidence.estimate.value, evidence.limit
    if value is None:
        return f"{evidence.criterion} could not be measured"
    if evidence.criterion == "unparsed":
        found = shown_points(evidence.estimate)
        return f"unreadable replies: {found} more, the policy allows {points(limit)} points"
    if evidence.criterion == "seconds":
        unsure = "" if evidence.p_pass is not None else ", measured on other hardware"
        return f"takes {value:.2f} times as long per item{unsure}, the policy allows {limit:g}"
    unknown = evidence.estimate.n_error
    missing = f" without the {unknown} answers of unknown price" if unknown else ""
    return f"costs ${value:.4f}{missing}, the policy allows ${limit:g}"


def rows(verdict: Verdict) -> Iterator[tuple[str, ...]]:
    """Yield one row a task, in the order of COLUMNS."""
    for task in verdict.tasks:
        drop = task.smallest_drop
        yield (
            task.task,
            task.status.value,
            f"{task.n} of {task.n_items}",
            str(task.losses),
            str(task.gains),
            shown_points(task.accuracy.evidence.estimate),
            points(task.margin),
            f"{points(drop)} points" if drop is not None else "none",
            "; ".join(
                criterion_words(c) for c in task.criteria[1:] if c.status is not Status.PASSED
            )
            or task.reason,
        )


def shown_points(estimate: Estimate) -> str:
    """Return a difference in points with its 95 % interval (90 % of a one-sided part) and n."""
    if estimate.value is None:
        return "nothing was answered by both"
    value = f"{100 * estimate.value:+.1f} points"
    if estimate.low is None or estimate.high is None:
        return f"{value}, no interval, n={estimate.n}"
    return f"{value}, {100 * estimate.low:+.1f} … {100 * estimate.high:+.1f}, n={estimate.n}"


def points(fraction: float) -> str:
    """Return a fraction as percentage points, without needless digits."""
    return f"{100 * fraction:.2f}".rstrip("0").rstrip(".")
