"""Responses to scores: at the end of a run, and again whenever a scorer has changed."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import TaskError, UsageError
from harness.records import Outcome, Response, Sample, Score
from harness.scoring import SCORER_IDS, choice, exact, judged, letter, math, number
from harness.scoring.verdict import read_verdict
from harness.store.manifest import write_manifest
from harness.store.parquet import write_table
from harness.store.read import Run
from harness.store.rows import sample_from_row, score_row, with_responses
from harness.tasks.base import ScoreSample
from harness.tasks.catalog import TaskChoice, choose


def _score_letter(sample: Sample, responses: Sequence[Response]) -> Score:
    reply = responses[-1]
    return letter.score(reply.text, sample.gold, sample.choices, reply.finish_reason)


def _score_choice(sample: Sample, responses: Sequence[Response]) -> Score:
    return choice.score([p for r in responses for p in r.logprobs or ()], sample.gold)


def _score_number(sample: Sample, responses: Sequence[Response]) -> Score:
    reply = responses[-1]
    return number.score(reply.text, sample.gold, reply.finish_reason)


def _score_exact(sample: Sample, responses: Sequence[Response]) -> Score:
    reply = responses[-1]
    return exact.score(reply.text, sample.gold, reply.finish_reason)


def _score_judged(_: Sample, responses: Sequence[Response]) -> Score:
    return judged.score(responses)


def _score_verdict(sample: Sample, responses: Sequence[Response], *, scorer_id: str) -> Score:
    reply = responses[-1]
    prompt = "\n".join(message.content for message in sample.requests[-1].messages)
    return read_verdict(reply.text, prompt, reply.finish_reason, scorer_id)


def _score_math(sample: Sample, responses: Sequence[Response]) -> Score:
    reply = responses[-1]
    return math.score(reply.text, sample.gold, reply.finish_reason, asked(sample))


def asked(sample: Sample) -> str:
    """Return the last question of a sample, without the examples before it."""
    return sample.turns[-1] if sample.turns else sample.requests[-1].messages[-1].content


_BY_RULE: Mapping[str, ScoreSample] = {
    "letter": _score_letter,
    "choice": _score_choice,
    "number": _score_number,
    "exact": _score_exact,
    "judged": _score_judged,
    "math": _score_math,
}


def scorer(scorer_id: str, task: TaskChoice | None) -> ScoreSample:
    """Return the function behind a scorer's id; stock tasks are judged by lm-eval.

    Raises:
        TaskError: lm-eval would have to judge, but there is no task to judge by.
    """
    name = scorer_id.partition("/")[0]
    if name in _BY_RULE:
        return _BY_RULE[name]
    if name.startswith("verdict-"):
        return functools.partial(_score_verdict, scorer_id=scorer_id)
    if task is None:
        raise TaskError(f"no scorer {scorer_id!r} without a task; judge the answers again")
    from harness.tasks.lm_eval_adapter import StockScorer

    return StockScorer(task)


def score_sample(judge: ScoreSample, sample: Sample, responses: Sequence[Response]) -> Score:
    """Judge one sample; a missing or failed response is an error, never a wrong answer.

    Of a conversation the last reply is judged; a failed turn leaves those after it unasked.
    """
    for response in responses:
        if response.error_kind is not None:
            return Score(Outcome.ERROR, None, None, "", detail=response.error_kind)
    if len(responses) < sample.parts:
        return Score(Outcome.ERROR, None, None, "", detail="no response")
    return judge(sample, responses)


def judge_of(run: Run, task: str, trusted: tuple[Path, ...] = ()) -> ScoreSample:
    """Return the present scorer of one task of a run.

    Raises:
        UsageError: the run was imported, so nobody here knows its scorer.
    """
    if run.manifest.is_imported:
        raise UsageError(
            f"{run.folder.name} was imported with its scores; import the log again, with another "
            "--filter or --metric, to judge it otherwise"
        )
    protocol = run.manifest.tasks[task].protocol
    if run.manifest.judged is not None:
        return scorer(_current_id(protocol.scorer), None)
    choice = choose([task], trusted)[0]
    shots = protocol.shots if choice.entry.stock else None
    return scorer(_current_id(protocol.scorer), replace(choice, shots=shots))


def rescore(run: Run, trusted: tuple[Path, ...] = ()) -> Run:
    """Judge the stored responses of a finished run again; no model is asked.

    The scores and the manifest are replaced; samples and responses stay as they are.

    Raises:
        UsageError: the run was imported, so nobody here knows its scorer.
        StoreError: the run is damaged or cannot be written.
    """
    judges, tasks = {}, {}
    for name, record in run.manifest.tasks.items():
        scorer_id = _current_id(record.protocol.scorer)
        judges[name] = judge_of(run, name, trusted)
        tasks[name] = replace(record, protocol=replace(record.protocol, scorer=scorer_id))
    errors = dict.fromkeys(tasks, 0)
    rows = [score_row(s, score) for s, score in _scored(run, judges, errors)]
    stored = write_table(run.folder, "scores", rows)
    manifest = replace(
        run.manifest,
        tasks={name: replace(task, n_error=errors[name]) for name, task in tasks.items()},
        files=run.manifest.files | {"scores.parquet": stored},
    )
    write_manifest(run.folder, manifest)
    return Run(run.folder, manifest)


def _scored(
    run: Run, judges: Mapping[str, ScoreSample], errors: dict[str, int]
) -> Iterator[tuple[Sample, Score]]:
    samples = map(sample_from_row, run.rows("samples"))
    for sample, found in with_responses(samples, run.rows("responses")):
        score = score_sample(judges[sample.task], sample, found)
        errors[sample.task] += score.outcome is Outcome.ERROR
        yield sample, score


def _current_id(stored: str) -> str:
    """The present version of a scorer; lm-eval's own scorer is what is installed now."""
    name = stored.partition("/")[0]
    if name in SCORER_IDS:
        return SCORER_IDS[name]
    from harness.tasks.lm_eval_adapter import stock_scorer_id

    return stock_scorer_id()
