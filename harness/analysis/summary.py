"""One task of one run in numbers: accuracy with its interval, outcomes, subjects, speed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.speed import Speed, read_speeds
from harness.analysis.tables import read_columns
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

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("task", "subject", "outcome", "value", "answer", "gold", "scorer")
_JUDGED = (Outcome.CORRECT.value, Outcome.WRONG.value)
_ONE_LETTER_SHARE = 0.9
_ONE_LETTER_NEEDS = 20


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
    scores = read_columns(run, "scores", _COLUMNS)
    check_scores(run, scores)
    speeds = read_speeds(run)
    return {
        task: summarize_task(task, record, scores[scores["task"] == task], speeds[task])
        for task, record in run.manifest.tasks.items()
    }


def summarize_task(
    task: str, record: TaskRecord, scores: pd.DataFrame, speed: Speed
) -> TaskSummary:
    """Summarize the score rows of one task; `scores` has its subject, outcome, value, answer."""
    answered = scores[scores["outcome"] != Outcome.ERROR.value]
    n_planned = max(record.n, len(scores))
    n_missing = n_planned - len(answered)
    by_rule = not record.protocol.needs_judge
    graded = bool(((scores["value"] > 0) & (scores["value"] < 1)).any())
    subjects = tuple(_subjects(scores, graded=graded)) if by_rule else ()
    strict = _strict(answered if by_rule else answered.head(0), n_missing, graded=graded)
    return TaskSummary(
        task=task,
        n_planned=n_planned,
        n_answered=len(answered),
        counts=_counts(scores),
        graded=graded,
        strict=strict,
        parsed=_parsed(answered, n_missing, graded=graded),
        macro=_macro(subjects, n_missing),
        bounds=_bounds(strict, n_planned) if by_rule else None,
        standard_error=_standard_error(answered) if by_rule else None,
        chance=record.chance,
        below_chance=_is_below(strict, record.chance),
        one_letter=_one_letter(answered),
        layers=tuple(_layers(scores)),
        subjects=subjects,
        speed=speed,
    )


def check_scores(run: Run, scores: pd.DataFrame) -> None:
    """Refuse score rows that no scorer writes.

    Raises:
        StoreError: an unknown outcome, or a value that is missing or outside [0, 1].
    """
    known = [outcome.value for outcome in Outcome]
    strange = sorted({str(outcome) for outcome in scores["outcome"].unique()}.difference(known))
    values = scores["value"]
    judged = scores["outcome"].isin(_JUDGED)
    faults = {
        f"outcomes {strange}": bool(strange),
        "values outside [0, 1]": bool(((values < 0) | (values > 1)).any()),
        "judged replies without a value": bool((judged & values.isna()).any()),
    }
    for fault, found in faults.items():
        if found:
            raise StoreError(
                f"{run.folder / 'scores'}.parquet holds {fault}; expected {', '.join(known)} "
                "with values within [0, 1] where a reply was judged: score the run again"
            )


def _counts(scores: pd.DataFrame) -> dict[Outcome, int]:
    found = scores["outcome"].value_counts()
    return {outcome: int(found.get(outcome.value, 0)) for outcome in Outcome}


def _strict(answered: pd.DataFrame, n_missing: int, *, graded: bool) -> Estimate:
    return _estimate(_strict_values(answered), n_missing, graded=graded)


def _parsed(answered: pd.DataFrame, n_missing: int, *, graded: bool) -> Estimate:
    judged = answered[answered["outcome"].isin(_JUDGED)]
    return _estimate(_strict_values(judged), n_missing, graded=graded)


def _strict_values(answered: pd.DataFrame) -> list[float]:
    """Give each answered sample its value; a reply that could not be judged earns nothing."""
    judged = answered["outcome"].isin(_JUDGED)
    values: list[float] = answered["value"].where(judged, 0.0).tolist()
    return values


def _estimate(values: Sequence[float], n_missing: int, *, graded: bool) -> Estimate:
    n = len(values)
    if n == 0:
        return Estimate(None, None, None, 0, n_missing)
    total = math.fsum(values)
    interval = mean_interval(values) if graded else wilson_interval(total, n)
    low, high = interval if interval is not None else (None, None)
    return Estimate(total / n, low, high, n, n_missing)


def _subjects(scores: pd.DataFrame, *, graded: bool) -> Iterator[SubjectSummary]:
    named = scores["subject"].fillna("")
    for subject, rows in scores.groupby(named, sort=True):
        answered = rows[rows["outcome"] != Outcome.ERROR.value]
        n_missing = len(rows) - len(answered)
        yield SubjectSummary(
            str(subject),
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


def _standard_error(answered: pd.DataFrame) -> float | None:
    named = answered["subject"].fillna("")
    groups = [_strict_values(rows) for _, rows in answered.groupby(named, sort=True)]
    return pooled_standard_error([Group(mean_standard_error(g), len(g)) for g in groups])


def _is_below(strict: Estimate, chance: float | None) -> bool:
    return chance is not None and strict.high is not None and strict.high < chance


def _layers(scores: pd.DataFrame) -> list[LayerShare]:
    """Count by what stands after the colon of a scorer's id, such as "math/1:number"."""
    judged = scores[scores["scorer"].fillna("") != ""]
    layer = judged["scorer"].str.partition(":")[2] if len(judged) else judged["scorer"]
    if not (layer != "").any():
        return []
    failed = judged["outcome"] == Outcome.ERROR.value
    shares = [
        LayerShare(str(name), len(rows), int(rows.sum())) for name, rows in failed.groupby(layer)
    ]
    return sorted(shares, key=lambda share: (-share.n, share.layer))


def _one_letter(answered: pd.DataFrame) -> str | None:
    judged = answered[answered["outcome"].isin(_JUDGED)]
    if len(judged) < _ONE_LETTER_NEEDS:
        return None
    answers = judged["answer"].value_counts()
    letter = str(answers.index[0]) if len(answers) else ""
    if len(letter) != 1 or not letter.isalpha():
        return None
    answered_so = float((judged["answer"] == letter).mean())
    right_so = float((judged["gold"] == letter).mean())
    return letter if answered_so > _ONE_LETTER_SHARE >= right_so else None
