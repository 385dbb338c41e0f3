"""What judges said of both runs of a comparison, each with the card that qualifies it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from harness.analysis.judge_beside import ratings_by_run, related
from harness.analysis.judge_card import JudgeCard, judge_card
from harness.analysis.judged import Compared, comparisons, rated_differences
from harness.analysis.judges import Judge, find_judges
from harness.records import Estimate, ModelInfo
from harness.store.read import Run


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """What one judge said of both systems' answers to one task; first is always the candidate.

    `candidate` and `baseline` are mean ratings from 1 to 10 and `rated` their difference by
    question, all None where the judge did not rate both; `compared` holds wins and the adjusted
    win rate where it compared them. `card` is None for labels of people. `kinship` says how the
    judge is related to either. `protocol` is the fingerprint of the candidate's.
    """

    task: str
    protocol: str
    judge: ModelInfo
    prompts: str
    prompts_sha256: str
    parsing: str
    is_file: bool
    candidate: Estimate | None
    baseline: Estimate | None
    rated: Compared | None
    compared: Compared | None
    card: JudgeCard | None
    kinship: tuple[str, ...]


def judged_pairs(candidate: Run, baseline: Run, tasks: Collection[str]) -> tuple[JudgedPair, ...]:
    """Return what every judge of the candidate's store said of both runs, by task and judge."""
    judges, _ = find_judges(candidate.folder.parent)
    found = (pair for judge in judges for pair in _pairs(judge, candidate, baseline, tasks))
    return tuple(sorted(found, key=lambda pair: pair.task))


def _pairs(
    judge: Judge, candidate: Run, baseline: Run, tasks: Collection[str]
) -> Iterator[JudgedPair]:
    runs = candidate.manifest.run_id, baseline.manifest.run_id
    rated = _between(rated_differences(judge), runs, lambda x: -x)
    compared = _between(comparisons(judge), runs, lambda x: 1 - x)
    shared = [task for task in dict.fromkeys((*rated, *compared)) if task in tasks]
    if not shared:
        return
    means = {key: said[0].rated.overall for key, said in ratings_by_run([judge]).items()}
    card = None if judge.is_file else judge_card(judge)
    for task in shared:
        given = [means.get((run, task)) if task in rated else None for run in runs]
        yield JudgedPair(
            task=task,
            protocol=candidate.manifest.tasks[task].protocol.fingerprint,
            judge=judge.info,
            prompts=judge.prompts,
            prompts_sha256=judge.prompts_sha256,
            parsing=judge.parsing,
            is_file=judge.is_file,
            candidate=given[0],
            baseline=given[1],
            rated=rated.get(task),
            compared=compared.get(task),
            card=card,
            kinship=() if judge.is_file else tuple(_kinship(judge, candidate, baseline)),
        )


def _between(
    found: Iterable[Compared], runs: tuple[str, str], turn: Callable[[float], float]
) -> dict[str, Compared]:
    """Choose what was found between two runs, by task, as the first of them sees it."""
    chosen = {}
    for each in found:
        if each.runs == runs:
            chosen[each.task] = each
        elif each.runs == runs[::-1]:
            chosen[each.task] = _turned(each, turn)
    return chosen


def _turned(found: Compared, turn: Callable[[float], float]) -> Compared:
    def turned(estimate: Estimate) -> Estimate:
        limits = (estimate.value, estimate.high, estimate.low)
        value, low, high = (None if x is None else turn(x) for x in limits)
        return Estimate(value, low, high, estimate.n, estimate.n_error)

    return replace(
        found,
        first=found.second,
        second=found.first,
        runs=found.runs[::-1],
        wins=found.losses,
        losses=found.wins,
        rate=turned(found.rate),
        controlled=turned(found.controlled),
        turns={number: turned(rate) for number, rate in found.turns.items()},
    )


def _kinship(judge: Judge, *runs: Run) -> Iterator[str]:
    for side, run in zip(("candidate", "baseline"), runs, strict=True):
        if how := related(judge.info, run.manifest.model):
            yield f"judges the {side} although {how}"
