"""A comparison in tables and sentences, for the terminal and for Markdown.

The sentences follow from the numbers alone and say no more than the intervals allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.causes import ENDS
from harness.analysis.comparison import Comparison, TaskComparison, Usage
from harness.records import Estimate, Outcome
from harness.report import judged_words, words

_CODE = re.compile(r"([\\`*_{}\[\]<>#|~&$@])")
_UNREAD = (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED)
_SMALLEST_P = 0.0001


@dataclass(frozen=True, slots=True)
class Table:
    """A title, column heads, and rows of as many cells."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(found: Comparison) -> tuple[Table, ...]:
    """Return the tables of a comparison: differences first, then what answering took."""
    return (
        Table(
            "Same questions, side by side (points: candidate minus baseline)",
            ("task", "n", "candidate", "baseline", "difference in points", "win/tie/loss",
             "flips", "p (Holm)", "smallest drop seen", "verdict"),
            tuple(_difference_row(task) for task in found.tasks.values()),
        ),
        Table(
            "Replies",
            ("task", "side", *ENDS, Outcome.ERROR, "if both read"),
            tuple(row for task in found.tasks.values() for row in _reply_rows(task)),
        ),
        Table(
            "What it took",
            ("task", "side", "prompt tokens", "output tokens", "seconds", "cost",
             "cost a right answer", "peak memory", "decode t/s"),
            tuple(row for task in found.tasks.values() for row in _usage_rows(task)),
        ),
    )  # fmt: skip


def sentences(found: Comparison) -> Iterator[str]:
    """Yield what the numbers mean, the verdict of each task first."""
    for task in found.tasks.values():
        yield f"{task.task}: {verdict_sentence(task)}"
        for difference in task.unlike:
            yield (
                f"{task.task}: COMPARED ALTHOUGH UNLIKE in {words.label(str(difference), 200)}; "
                "the difference may come from that alone"
            )
        yield from (f"{task.task}: {line}" for line in _remarks(task))
    if found.macro is not None:
        yield f"mean of {len(found.tasks)} tasks (macro): {points(found.macro)} points"
    for side, names in (("candidate", found.only_candidate), ("baseline", found.only_baseline)):
        if names:
            yield f"only the {side} has: {', '.join(names)}"
    for pair in found.judged:
        yield from judged_words.sentences(pair)
    yield from judged_words.reservations(found.judged)
    yield from judged_words.unscored(found)


def verdict_sentence(task: TaskComparison) -> str:
    """Say what the verdict on one task is, and why."""
    judged = task.noninferiority
    margin, said = f"{100 * judged.margin:g} points", points(task.difference)
    lower, upper = (
        f"{abs(100 * (limit or 0)):.1f} points" for limit in (judged.lower, judged.upper)
    )
    sure = f"{1 - judged.alpha:.0%} sure, one-sided"
    match judged.verdict:
        case "superior":
            return f"better than the baseline, by {lower} or more ({sure}); {said}"
        case "non-inferior":
            return f"may replace the baseline: {lower} behind at most, margin {margin} ({sure})"
        case "inferior":
            return f"behind the baseline by {upper} or more, margin {margin} ({sure}); {said}"
        case "incomplete":
            return (
                f"no verdict: {task.n:,} of {task.n_planned:,} samples were answered by both; "
                "repeat the runs to ask the others"
            )
        case "cannot tell":
            return f"not enough data for a margin of {margin}: {said}{_needed(task)}"


def headline(found: Comparison) -> str:
    """Name the two runs."""
    names = [
        f"{words.label(side.model.name)} (run {words.label(side.run_id)})"
        for side in (found.candidate, found.baseline)
    ]
    return f"Candidate {names[0]} against baseline {names[1]}"


def as_markdown(found: Comparison) -> str:
    """Return the comparison as Markdown, every foreign text escaped."""
    lines = [f"## {_escaped(headline(found))}", ""]
    lines += [f"- {_escaped(sentence)}" for sentence in sentences(found)]
    for table in tables(found):
        lines += ["", f"### {_escaped(table.title)}", "", _line(table.columns)]
        lines += [_line(["---"] * len(table.columns), escape=False), *map(_line, table.rows)]
    return "\n".join(lines) + "\n"


def _difference_row(task: TaskComparison) -> tuple[str, ...]:
    drop = task.smallest_detectable_drop
    ties = task.both_right + task.both_wrong
    return (
        task.task,
        words.count(task.n),
        words.percent(task.candidate.value),
        words.percent(task.baseline.value),
        points(task.difference),
        f"{task.wins}/{ties}/{task.losses}",
        words.MISSING if task.changes is None else words.percent(task.changes.flips.value),
        _p(task.p_holm),
        "none" if drop is None else f"{100 * drop:.2f}",
        task.noninferiority.verdict,
    )


def _reply_rows(task: TaskComparison) -> Iterator[tuple[str, ...]]:
    missing = task.missing
    both = missing.both if missing else 0
    for side in ("candidate", "baseline"):
        ended = [str(getattr(replies, side)) for replies in task.causes.replies]
        lacking = str(getattr(missing, side) + both if missing else 0)
        yield (task.task, side, *ended, lacking, points(task.causes.if_parsed))


def _usage_rows(task: TaskComparison) -> Iterator[tuple[str, ...]]:
    for side in ("candidate", "baseline"):
        usage: Usage = getattr(task, f"{side}_usage")
        yield (
            task.task,
            side,
            words.count(usage.prompt_tokens),
            words.count(usage.output_tokens),
            words.seconds(usage.seconds),
            words.dollars(usage.cost_usd),
            words.dollars(usage.usd_per_correct),
            words.size(usage.speed.peak_memory_bytes),
            words.rate(usage.speed.decode_rate),
        )


def _remarks(task: TaskComparison) -> Iterator[str]:
    if task.causes.drop is not None:
        yield cause_sentence(task)
    if task.missing is not None:
        worst, best = 100 * task.missing.worst, 100 * task.missing.best
        yield (
            f"{task.n_planned - task.n:,} of {task.n_planned:,} samples lack an answer; whatever "
            f"they would have been, the difference of all lies within {worst:+.1f} … {best:+.1f} "
            "points"
        )
    if task.macro is not None:
        yield f"mean of {len(task.subjects)} subjects (macro): {points(task.macro)} points"
    if task.letters is not None:
        yield (
            f"letters: mean divergence {_limits(task.letters.divergence, 4)} nats, same likeliest "
            f"letter in {words.estimate(task.letters.same_top)}"
        )
    if task.cascade is not None:
        yield _cascade(task)


def cause_sentence(task: TaskComparison) -> str:
    """Say where the drop of a task comes from; `causes.drop` must name it."""
    risen = [
        f"{replies.outcome.value} {100 * (replies.difference.value or 0):+.1f} points"
        for replies in task.causes.replies
        if replies.outcome in _UNREAD and replies.candidate > replies.baseline
    ]
    parsed = f"among replies that both could be read {points(task.causes.if_parsed)} points"
    if task.causes.drop == "unread replies":
        return f"the drop is new replies without a readable answer ({', '.join(risen)}); {parsed}"
    if task.causes.drop == "both":
        return f"the drop is wrong answers and unreadable replies ({', '.join(risen)}); {parsed}"
    return f"the drop is wrong answers, not unreadable replies; {parsed}"


def _cascade(task: TaskComparison) -> str:
    cascade = task.cascade
    assert cascade is not None  # noqa: S101  # the caller has looked
    return (
        f"candidate first, baseline when unsure ({cascade.signal}): "
        f"{words.estimate(cascade.accuracy)} with {words.percent(cascade.escalated.value)} "
        f"sent on, {points(cascade.over_random)} points against sending as many at random"
    )


def _needed(task: TaskComparison) -> str:
    needed = task.noninferiority.n_needed
    if needed is None:
        return ""
    if needed > task.n:
        return f"; about {needed:,} samples would show no change to be one (there are {task.n:,})"
    return f"; {task.n:,} samples were enough to show no change to be one"


def points(estimate: Estimate) -> str:
    """Write an estimate of a difference in points, with its limits."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "cannot say"
    value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.1f} ({low:+.1f} … {high:+.1f})"


def _limits(estimate: Estimate, digits: int) -> str:
    if estimate.low is None or estimate.high is None:
        return "no spread"
    return f"{estimate.value:.{digits}f} ({estimate.low:.{digits}f} … {estimate.high:.{digits}f})"


def _p(p: float | None) -> str:
    if p is None:
        return words.MISSING
    return f"< {_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.4f}"


def _line(cells: Sequence[str], *, escape: bool = True) -> str:
    return f"| {' | '.join(map(_escaped, cells) if escape else cells)} |"


def _escaped(text: str) -> str:
    return _CODE.sub(r"\\\1", words.label(text, 1000)).replace("\\<", "&lt;").replace("\\>", "&gt;")
