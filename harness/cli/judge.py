"""`harness judge`: let models judge stored answers, and say what their verdicts are worth."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.judged import facts, show
from harness.cli.opening import UNSAID, Opening, opens_models
from harness.cli.output import as_json
from harness.cli.progress import shown_progress
from harness.cli.run import stopping
from harness.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from harness.models.open import OpenOptions
    from harness.pipeline.judge import Judging
    from harness.pipeline.options import RunOptions
    from harness.store.read import Run


@dataclass(frozen=True, slots=True)
class _Work:
    """What every judge is asked."""

    runs: list[Run]
    judging: Judging
    running: RunOptions
    calibrate: bool
    anchors: bool


@opens_models()
def judge(
    runs: Annotated[
        list[str] | None, typer.Argument(help="Run ids, or folders of runs: whose answers.")
    ] = None,
    judges: options.Judges = None,
    mode: options.Mode = "single",
    tasks: options.Tasks = None,
    parsing: options.Parsing = "strict",
    judge_prompts: options.Prompts = None,
    references: options.References = None,
    labels: options.Labels = None,
    calibrate: options.Calibrate = False,
    anchors: options.Anchors = False,
    max_tokens: options.JudgeTokens = 2048,
    opening: Opening = UNSAID,
    max_usd: options.MaxUsd = None,
    max_error_rate: options.MaxErrorRate = 0.0,
    results: options.Results = Path("results"),
    fresh: options.Fresh = False,
    json: options.Json = False,
) -> None:
    """Judge stored answers with any model; the same command resumes, nothing is asked twice."""
    from harness.judging.prompts import load_prompts
    from harness.pipeline.judge import Judging
    from harness.pipeline.options import RunOptions
    from harness.store.read import load_run

    _check(runs, judges, labels, bundled=calibrate or anchors)
    found = [load_run(name, results) for name in runs or ()]
    prompts = load_prompts(judge_prompts)
    how = Judging(mode, parsing, prompts, references, max_tokens, _names(tasks))
    command = ("harness", *sys.argv[1:])
    running = RunOptions(results, fresh=fresh, command=command, max_usd=max_usd)
    work = _Work(found, how, running, calibrate=calibrate, anchors=anchors)
    done = _label(labels, work) if labels is not None else []
    how_opened = opening.options()
    for address in judges or ():
        done += _ask(address, how_opened, work)
    identities = {run.manifest.model.identity for run in done}
    if json:
        as_json(facts(results, identities, [run.folder for run in done]))
    else:
        show(results, identities)
    _check_complete(done, max_error_rate)


def _check(
    runs: list[str] | None, judges: list[str] | None, labels: Path | None, *, bundled: bool
) -> None:
    if not judges and labels is None:
        raise UsageError(
            "--judge is missing. Judging needs finished runs and a model to judge them:\n"
            "    harness judge RUN --judge MODEL\n"
            "`harness report` lists the runs, `harness models` the models."
        )
    if not runs and (labels is not None or not bundled):
        raise UsageError(
            "name the runs whose answers are to be judged, or ask a judge about bundled answers "
            "alone with --calibrate"
        )


def _names(tasks: list[str] | None) -> tuple[str, ...]:
    return tuple(name.strip() for text in tasks or () for name in text.split(",") if name.strip())


def _ask(address: str, opening: OpenOptions, work: _Work) -> list[Run]:
    from harness.models.open import open_model
    from harness.pipeline.judge import calibrate, judge_runs
    from harness.pipeline.options import Stop

    running = replace(work.running, stop=Stop())
    model = open_model(address, opening)
    try:
        with shown_progress() as progress, stopping(running.stop):
            for note in model.warnings:
                progress.note(f"note: {note}")
            done = []
            if work.calibrate:
                done.append(calibrate(model, work.judging, running, progress, anchors_only=False))
            if work.anchors:
                again = replace(running, fresh=True)
                done.append(calibrate(model, work.judging, again, progress, anchors_only=True))
            if work.runs:
                done += judge_runs(model, work.runs, work.judging, running, progress)
            return done
    finally:
        model.close()


def _label(labels: Path, work: _Work) -> list[Run]:
    from harness.pipeline.labels import label_runs

    with shown_progress() as progress:
        return label_runs(labels, work.runs, work.judging, work.running, progress)


def _check_complete(done: list[Run], limit: float) -> None:
    for run in done:
        for name, task in run.manifest.tasks.items():
            if task.n_error > limit * task.n:
                raise IncompleteError(
                    f"{run.manifest.model.name} gave no reply to {task.n_error} of {task.n} "
                    f"requests about {name}; the same command asks those again, "
                    "--max-error-rate accepts a share of them"
                )
