"""What stands beside a judge's score: whose it is, a rule's verdict on the same, and kinship."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from harness.analysis.judged import SCALE, Rated, ratings
from harness.analysis.judges import Judge, estimate, family
from harness.analysis.tables import read_columns
from harness.records import Estimate, ModelInfo, Outcome
from harness.stats.estimate import wilson_interval
from harness.stats.questions import mean_of_questions
from harness.store.read import Run

_COLUMNS = ("task", "sample_id", "outcome")
_BY_RULE = (Outcome.CORRECT.value, Outcome.WRONG.value)


class JudgedRun(NamedTuple):
    """What one judge gave one run's answers to a task."""

    judge: Judge
    rated: Rated


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """A rule's accuracy on the last turn, and what the judge gave where it said right and wrong.

    `accuracy` is strict (unreadable answers are not right), of all answered samples. A judge
    that rates both alike does not see what the rule sees.
    """

    accuracy: Estimate
    when_right: Estimate
    when_wrong: Estimate


def rule_check(judge: Judge, run: Run, task: str) -> RuleCheck | None:
    """Set a rule's verdicts beside a judge's ratings; None where no rule judges the task.

    Raises:
        StoreError: the run is damaged.
    """
    scores = read_columns(run, "scores", _COLUMNS)
    own = scores[scores["task"] == task]
    outcomes = dict(zip(own["sample_id"], own["outcome"], strict=True))
    answered = {i: o for i, o in outcomes.items() if o != Outcome.ERROR.value}
    if not any(outcome in _BY_RULE for outcome in answered.values()):
        return None
    right = {i for i, outcome in answered.items() if outcome == Outcome.CORRECT.value}
    low, high = wilson_interval(len(right), len(answered))
    missing = len(outcomes) - len(answered)
    last = _last_ratings(judge, run.folder.name, task)
    return RuleCheck(
        Estimate(len(right) / len(answered), low, high, len(answered), missing),
        _mean({i: value for i, value in last.items() if i in right}),
        _mean({i: value for i, value in last.items() if i in answered.keys() - right}),
    )


def ratings_by_run(judges: Iterable[Judge]) -> dict[tuple[str, str], list[JudgedRun]]:
    """Return what each judge gave each run, by the run's id and the task."""
    found: dict[tuple[str, str], list[JudgedRun]] = {}
    for judge in judges:
        for rated in ratings(judge):
            found.setdefault((rated.run_id, rated.task), []).append(JudgedRun(judge, rated))
    return found


def related(judge: ModelInfo, contestant: ModelInfo) -> str | None:
    """Say how a judge and a contestant are related, None where they are not known to be."""
    if judge.identity == contestant.identity:
        return "they are the same model"
    own = family(judge)
    if own is not None and own == family(contestant):
        return f"both are of the family {own}"
    return None


def _last_ratings(judge: Judge, run_id: str, task: str) -> dict[str, float]:
    """The rating of each question's last judged turn."""
    found: dict[str, tuple[int, float | None]] = {}
    for judgement in judge.answers():
        for verdict in judgement.verdicts if judgement.about.mode == "single" else ():
            seen = verdict.exhibit
            if (seen.task, seen.shown[0]) == (task, run_id):
                before = found.get(seen.question, (0, None))
                found[seen.question] = max(before, (seen.turn, verdict.value), key=lambda x: x[0])
    return {question: value for question, (_, value) in found.items() if value is not None}


def _mean(ratings: dict[str, float]) -> Estimate:
    if not ratings:
        return estimate(None)
    values = list(ratings.values())
    limits = (min(SCALE[0], *values), max(SCALE[1], *values))
    return estimate(mean_of_questions(values, list(ratings), limits))
