"""The answer to "can the candidate replace the baseline?" in one sentence, by rules.

A verdict is the statistics' own (`harness.analysis.noninferior`); the rules only put it into
words. That there is no difference is said only where the whole interval lies within the margin
and a drop of that size would have been found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.analysis.comparison import Comparison, TaskComparison
from harness.analysis.demands import Demand
from harness.report import judged_words, words

Light = Literal["yes", "partly", "no", "unclear"]

_NAMED = 3
_GOOD = ("superior", "non-inferior")
_TAKES = {
    "file size": "the file size",
    "peak memory": "the memory",
    "latency": "the time a reply",
    "cost": "the price",
}


_STANDS = {
    "lower": "Judged lower",
    "higher": "Judged higher",
    "not told apart": "Cannot tell",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A traffic light, the word beside it, the sentence, and what must be known with it."""

    light: Light
    word: str
    sentence: str
    cautions: tuple[str, ...] = ()


def find_answer(found: Comparison) -> Answer:
    """Answer from the verdicts of all tasks; all must be good for a yes.

    To ask that of every task needs no correction for their number (Berger 1982, Technometrics
    24, on intersection-union tests).
    """
    if not found.tasks:
        return _judged(found)
    light, word = _light(found)
    order = ("bad", "open", "good") if light == "no" else ("good", "bad", "open")
    clauses = [clause for kind in order for clause in _CLAUSES[kind](found)]
    name = words.label(found.candidate.model.name, 60)
    takes = _takes(found.demands)
    sentence = f"{name} is {_joined(clauses)}{takes}."
    return Answer(light, word, sentence, tuple(_cautions(found)))


def refusal(candidate: str, baseline: str, reason: str) -> Answer:
    """Answer for runs that must not be compared."""
    names = f"{words.label(candidate, 60)} and {words.label(baseline, 60)}"
    return Answer(
        "unclear", "Not comparable", f"{names} cannot be compared: {words.cut(reason, 600)}."
    )


def shows_no_difference(task: TaskComparison, margin: float) -> bool:
    """Whether the data can say that there is no difference as large as the margin, either way.

    The whole interval must lie within the margin and a drop of that size must have been
    findable; where next to no answer changed, no drop that such answers allow could be missed,
    and the interval alone decides.
    """
    low, high, drop = task.difference.low, task.difference.high, task.smallest_detectable_drop
    if task.missing is not None or low is None or high is None:
        return False
    return -margin < low and high < margin and (drop is None or drop <= margin)


def _judged(found: Comparison) -> Answer:
    """Say what judges said, where no rule can: how the two stand, but never yes or no."""
    stands = {judged_words.standing(pair) for pair in found.judged}
    word = "Judges disagree" if len(stands) > 1 else _STANDS[min(stands)]
    said = "; ".join(judged_words.clause(pair) for pair in found.judged)
    name = words.label(found.candidate.model.name, 60)
    sentence = (
        f"{name} is {said}{_takes(found.demands)}. No rule can score these replies, so this is no "
        "verdict, and worth what the judge's card says."
    )
    return Answer("unclear", word, sentence, tuple(judged_words.reservations(found.judged)))


def _light(found: Comparison) -> tuple[Light, str]:
    verdicts = [task.noninferiority.verdict for task in found.tasks.values()]
    n_good = sum(verdict in _GOOD for verdict in verdicts)
    if n_good == len(verdicts):
        return "yes", "Yes"
    if n_good:
        return "partly", "In part"
    if "inferior" in verdicts:
        return "no", "No"
    if all(verdict == "incomplete" for verdict in verdicts):
        return "unclear", "Incomplete"
    return "unclear", "Cannot tell"


def _good(found: Comparison) -> Iterator[str]:
    margin = found.options.margin
    size = words.counted_points(margin)
    better = _of(found, "superior")
    near = _of(found, "non-inferior")
    behind = [task for task in near if _falls(task)]
    equal = [task for task in near if shows_no_difference(task, margin) and task not in behind]
    within = [task for task in near if task not in equal and task not in behind]
    yield from _clause("better than the baseline on", better)
    yield from _clause(f"not different by {size} or more on", equal)
    yield from _clause(f"behind, but by less than the margin of {size}, on", behind)
    yield from _clause(f"not behind by {size} or more on", within)


def _bad(found: Comparison) -> Iterator[str]:
    worse = _of(found, "inferior")
    size = words.counted_points(found.options.margin)
    unread = [task for task in worse if task.causes.drop == "unread replies"]
    both = [task for task in worse if task.causes.drop == "both"]
    others = [task for task in worse if task not in unread and task not in both]
    yield from _clause(f"worse by more than {size} on", others)
    yield from _clause(
        f"worse by more than {size}, through wrong answers and replies that could not be read, on",
        both,
    )
    yield from _clause(
        f"worse by more than {size}, only because its replies could not be read, on", unread
    )


def _open(found: Comparison) -> Iterator[str]:
    size = words.counted_points(found.options.margin)
    unknown, incomplete = _of(found, "cannot tell"), _of(found, "incomplete")
    behind = [task for task in unknown if _falls(task)]
    unknown = [task for task in unknown if task not in behind]
    if behind:
        yield f"behind, and it is not clear whether by more than {size}, on {_named(behind)}"
    if unknown:
        yield (
            f"not shown to be within {size} on {_named(unknown)}, where there is not enough data"
            f"{_needed(unknown)}"
        )
    if incomplete:
        counts = ", ".join(
            f"{words.label(task.task)}: {words.count(task.n)} of {words.count(task.n_planned)}"
            for task in incomplete
        )
        yield f"without a verdict where both answered too few of the questions ({counts})"


_CLAUSES = {"good": _good, "bad": _bad, "open": _open}


def _of(found: Comparison, verdict: str) -> list[TaskComparison]:
    return [task for task in found.tasks.values() if task.noninferiority.verdict == verdict]


def _clause(before: str, tasks: Sequence[TaskComparison]) -> Iterator[str]:
    if tasks:
        yield f"{before} {_named(tasks)}"


def _named(tasks: Sequence[TaskComparison]) -> str:
    """Name the tasks with their differences; of many the two at the ends."""
    shown = sorted(tasks, key=lambda task: task.difference.value or 0.0)
    if len(tasks) <= _NAMED:
        return _joined([_with_difference(task) for task in tasks])
    ends = " to ".join(_with_difference(task) for task in (shown[0], shown[-1]))
    return f"{words.count(len(tasks))} tasks, from {ends}"


def _with_difference(task: TaskComparison) -> str:
    found = task.difference
    limits = "no interval"
    if found.low is not None and found.high is not None:
        limits = f"95 % CI {words.signed(found.low)} to {words.signed(found.high)}"
        limits += "".join(f", {text}" for text in _to_one_side(task))
    size = f"{words.signed(found.value)} points"
    return f"{words.label(task.task)} ({size}, {limits}, n = {words.count(found.n)})"


def _to_one_side(task: TaskComparison) -> Iterator[str]:
    """Say what the verdict rests on where the interval to both sides does not show it."""
    judged, low, high = task.noninferiority, task.difference.low, task.difference.high
    sure = f"one-sided {100 * (1 - judged.alpha):g} % CI"
    if low is None or high is None or judged.lower is None or judged.upper is None:
        return
    if judged.verdict == "inferior" and high >= -judged.margin:
        yield f"{sure} below {words.signed(judged.upper)}"
    floor = 0.0 if judged.verdict == "superior" else -judged.margin
    if judged.verdict in _GOOD and low <= floor:
        yield f"{sure} above {words.signed(judged.lower)}"


def _needed(tasks: Sequence[TaskComparison]) -> str:
    known = [(task, task.noninferiority.n_needed) for task in tasks]
    short = [
        f"about {words.count(needed)} questions"
        for task, needed in known
        if needed is not None and needed > task.n
    ]
    return f" ({_joined(short)} would show no change to be one)" if short else ""


def _takes(demands: Sequence[Demand]) -> str:
    less = [f"{words.times(r)} of {_TAKES[d.kind]}" for d, r in _clear(demands) if r < 1]
    more = [f"{words.times(r)} {_TAKES[d.kind]}" for d, r in _clear(demands) if r > 1]
    said = [*less, *more]
    return f"; it takes {_joined(said)}" if said else ""


def _clear(demands: Sequence[Demand]) -> Iterator[tuple[Demand, float]]:
    """Yield what clearly differs, the price first."""
    for demand in sorted(demands, key=lambda d: ("cost", *_TAKES).index(d.kind)):
        ratio = demand.ratio
        if ratio is None or ratio.value is None:
            continue
        low, high = ratio.low or ratio.value, ratio.high or ratio.value
        if high < 1 or low > 1:
            yield demand, ratio.value


def _cautions(found: Comparison) -> Iterator[str]:
    only_judged = [pair for pair in found.judged if pair.task in found.unjudged]
    if only_judged:
        name = words.label(found.candidate.model.name, 60)
        said = "; ".join(judged_words.clause(pair) for pair in only_judged)
        yield f"Not part of this answer, because no rule can score it: {name} is {said}."
        yield from judged_words.reservations(only_judged)
    for task in found.tasks.values():
        name = words.label(task.task)
        for unlike in task.unlike:
            yield (
                f"{name}: compared although unlike in {words.label(str(unlike), 300)}; "
                "the difference may come from that alone."
            )
        if task.missing is not None:
            worst, best = words.signed(task.missing.worst), words.signed(task.missing.best)
            yield (
                f"{name}: only {words.count(task.n)} of {words.count(task.n_planned)} questions "
                "were answered by both. Whatever the others would have been, the difference of all "
                f"lies within {worst} to {best} points."
            )


def _falls(task: TaskComparison) -> bool:
    return task.difference.high is not None and task.difference.high < 0


def _joined(parts: Sequence[str]) -> str:
    """Join parts, by semicolons where one is long."""
    if len(parts) < 2:  # noqa: PLR2004  # nothing to join
        return "".join(parts)
    if any(" is " in part or " on " in part for part in parts):
        return "; ".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
