"""One task of one run in numbers: accuracy with its interval, outcomes, subjects, speed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.analysis.speed import Speed, read_speeds
from harness.errors import StoreError
from harness.records import Estimate, Outcome
from harness.stats.estimate import (
    Group,
    Part,
    macro_interval,
    mean_interval,
    mean_standard_error,
    pooled_standard_error,
    wilson_interval,
)
from harness.store.manifest import TaskRecord
from harness.store.read import Run

_JUDGED = (Outcome.CORRECT.value, Outcome.WRONG.value)
_ONE_LETTER_SHARE = 0.9
_ONE_LETTER_NEEDS = 20


class Scored(NamedTuple):
    """A row of `scores`; None where a cell is empty."""

    task: str
    subject: str | None
    outcome: str
    value: float | None
    answer: str | None
    gold: str | None
    scorer: str | None

    @property
    def is_judged(self) -> bool:
        """Whether a rule could judge the reply."""
        return self.outcome in _JUDGED

    @property
    def strict(self) -> float:
        """What an answered sample earns: a reply that could not be judged earns nothing."""
        return self.value or 0.0 if self.is_judged else 0.0


@dataclass(frozen=True, slots=True)
class SubjectSummary:
    """One subject of a task; `strict` and `parsed` as in TaskSummary."""

    subject: str
    strict: Estimate
    parsed: Estimate


@dataclass(frozen=True, slots=True)
class LayerShare:
    """How many replies one layer of a scorer decided; `n_failed` are its timeouts and the like.

    `layer` is "" for replies that gave no layer an answer to compare.
    """

    layer: str
    n: int
    n_failed: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Strict accuracy if every missing answer were wrong, and if every one were right."""

    worst: float
    best: float


@dataclass(frozen=True, slots=True)
class TaskSummary:
    """One task of one run. Accuracies are fractions within [0, 1].

    `n_planned` samples were to be asked; `n_answered` of them have an outcome other than
    error, the `n_missing` others are errors or were never recorded: they are not wrong, they
    are absent, and `bounds` says how much they could matter (None where nothing is missing).

    - `strict`: correct / answered (the micro average), so unparsed, truncated and refused
      count against; Wilson interval. Graded values: their mean, Student's interval;
    - `parsed`: correct / (correct + wrong), the same intervals;
    - `macro`: plain mean of the subjects' strict accuracies, None with fewer than two subjects;
    - `standard_error`: of `strict`; pooled within subjects where there are several, which is
      what lm-evaluation-harness prints for a group of subtasks;
    - `below_chance`: even the interval's upper end lies below blind guessing;
    - `layers`: which layer of the scorer decided how many replies, the busiest first; empty for
      scorers without layers;
    - `one_letter`: the letter that makes up more than 90 % of 20 or more parsed answers
      although it is not the right one that often.

    Of a task that only a judge can score there is no accuracy: `strict` says nothing, with n = 0.
    """

    task: str
    n_planned: int
    n_answered: int
    counts: Mapping[Outcome, int]
    graded: bool
    strict: Estimate
    parsed: Estimate
    macro: Estimate | None
    bounds: Bounds | None
    standard_error: float | None
    chance: float | None
    below_chance: bool
    one_letter: str | None
    layers: tuple[LayerShare, ...]
    subjects: tuple[SubjectSummary, ...]
    speed: Speed

    @property
    def n_missing(self) -> int:
        """Samples without an answer."""
        return self.n_planned - self.n_answered


def summarize_run(run: Run) -> dict[str, TaskSummary]:
    """Summarize every task of a run, by the task's name.

    Raises:
        StoreError: a table is missing or damaged, or holds a value that no scorer writes.
    """
    speeds = read_speeds(run)
    rows = [Scored._make(row) for row in run.tuples("scores", Scored._fields)]
    check_scores(run, ((row.outcome, row.value) for row in rows))
    of_task = _grouped(rows, lambda row: row.task)
    return {
        task: summarize_task(task, record, of_task.get(task, []), speeds[task])
        for task, record in run.manifest.tasks.items()
    }


def summarize_task(
    task: str, record: TaskRecord, rows: Sequence[Scored], speed: Speed
) -> TaskSummary:
    """Summarize the score rows of one task."""
    answered = _answered(rows)
    n_planned = max(record.n, len(rows))
    n_missing = n_planned - len(answered)
    by_rule = not record.protocol.needs_judge
    graded = any(row.value is not None and 0 < row.value < 1 for row in rows)
    subjects = tuple(_subjects(rows, graded=graded)) if by_rule else ()
    strict = _strict(answered if by_rule else [], n_missing, graded=graded)
    return TaskSummary(
        task=task,
        n_planned=n_planned,
        n_answered=len(answered),
        counts=_counts(rows),
        graded=graded,
        strict=strict,
        parsed=_parsed(answered, n_missing, graded=graded),
        macro=_macro(subjects, n_missing),
        bounds=_bounds(strict, n_planned) if by_rule else None,
        standard_error=_standard_error(answered) if by_rule else None,
        chance=record.chance,
        below_chance=_is_below(strict, record.chance),
        one_letter=_one_letter(answered),
        layers=tuple(_layers(rows)),
        subjects=subjects,
        speed=speed,
    )


def check_scores(run: Run, scores: Iterable[tuple[str, float | None]]) -> None:
    """Refuse score rows that no scorer writes; `scores` are outcomes with values, None or NaN.

    Raises:
        StoreError: an unknown outcome, or a value that is missing or outside [0, 1].
    """
    known = [outcome.value for outcome in Outcome]
    found = Counter((outcome, _fault(outcome, value)) for outcome, value in scores)
    strange = sorted({str(outcome) for outcome, _ in found}.difference(known))
    faults = {fault for _, fault in found if fault}
    if strange:
        faults.add(f"outcomes {strange}")
    if faults:
        raise StoreError(
            f"{run.folder / 'scores'}.parquet holds {', '.join(sorted(faults))}; expected "
            f"{', '.join(known)} with values within [0, 1] where a reply was judged: "
            "score the run again"
        )


def _fault(outcome: str, value: float | None) -> str:
    if value is None or math.isnan(value):
        return "judged replies without a value" if outcome in _JUDGED else ""
    return "" if 0 <= value <= 1 else "values outside [0, 1]"


def _grouped(rows: Iterable[Scored], key: Callable[[Scored], str]) -> dict[str, list[Scored]]:
    """Group rows, the groups in the order of their names."""
    groups: dict[str, list[Scored]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return dict(sorted(groups.items()))


def _by_subject(rows: Iterable[Scored]) -> dict[str, list[Scored]]:
    return _grouped(rows, lambda row: row.subject or "")


def _answered(rows: Iterable[Scored]) -> list[Scored]:
    return [row for row in rows if row.outcome != Outcome.ERROR.value]


def _counts(rows: Iterable[Scored]) -> dict[Outcome, int]:
    found = Counter(row.outcome for row in rows)
    return {outcome: found[outcome.value] for outcome in Outcome}


def _strict(answered: Sequence[Scored], n_missing: int, *, graded: bool) -> Estimate:
    return _estimate([row.strict for row in answered], n_missing, graded=graded)


def _parsed(answered: Sequence[Scored], n_missing: int, *, graded: bool) -> Estimate:
    judged = [row.strict for row in answered if row.is_judged]
    return _estimate(judged, n_missing, graded=graded)


def _estimate(values: Sequence[float], n_missing: int, *, graded: bool) -> Estimate:
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0, n_missing)
    total = math.fsum(values)
    interval = mean_interval(values) if graded else wilson_interval(total, n)
    low, high = interval if interval is not None else (None, None)
    return Estimate(total / n, low, high, n, n_missing)


def _subjects(rows: Sequence[Scored], *, graded: bool) -> Iterator[SubjectSummary]:
    for subject, group in _by_subject(rows).items():
        answered = _answered(group)
        n_missing = len(group) - len(answered)
        yield SubjectSummary(
            subject,
            _strict(answered, n_missing, graded=graded),
            _parsed(answered, n_missing, graded=graded),
        )


def _macro(subjects: Sequence[SubjectSummary], n_missing: int) -> Estimate | None:
    parts = [Part(s.strict.value, s.strict.n) for s in subjects if s.strict.value is not None]
    interval = macro_interval(parts)
    if len(subjects) < 2 or interval is None:  # noqa: PLR2004  # of one subject it is the micro
        return None
    mean = math.fsum(part.mean for part in parts) / len(parts)
    return Estimate(mean, *interval, sum(part.n for part in parts), n_missing)


def _bounds(strict: Estimate, n_planned: int) -> Bounds | None:
    if strict.n == n_planned:
        return None
    earned = (strict.value or 0.0) * strict.n
    return Bounds(earned / n_planned, (earned + n_planned - strict.n) / n_planned)


def _standard_error(answered: Sequence[Scored]) -> float | None:
    groups = [[row.strict for row in rows] for rows in _by_subject(answered).values()]
    return pooled_standard_error([Group(mean_standard_error(g), len(g)) for g in groups])


def _is_below(strict: Estimate, chance: float | None) -> bool:
    return chance is not None and strict.high is not None and strict.high < chance


def _layers(rows: Iterable[Scored]) -> list[LayerShare]:
    """Count by what stands after the colon of a scorer's id, such as "math/1:number"."""
    judged = (row for row in rows if row.scorer)
    layers = _grouped(judged, lambda row: str(row.scorer).partition(":")[2])
    if not any(layers):
        return []
    shares = [
        LayerShare(layer, len(group), len(group) - len(_answered(group)))
        for layer, group in layers.items()
    ]
    return sorted(shares, key=lambda share: (-share.n, share.layer))


def _one_letter(answered: Sequence[Scored]) -> str | None:
    judged = [row for row in answered if row.is_judged]
    answers = Counter(row.answer for row in judged if row.answer is not None)
    if len(judged) < _ONE_LETTER_NEEDS or not answers:
        return None
    letter, count = answers.most_common(1)[0]
    if len(letter) != 1 or not letter.isalpha():
        return None
    answered_so = count / len(judged)
    right_so = sum(row.gold == letter for row in judged) / len(judged)
    return letter if answered_so > _ONE_LETTER_SHARE >= right_so else None
