"""Judge stored answers: a judge's run over samples that are made of other runs' answers.

Asking, storing, resuming and reusing are those of every run: the same prompt to the same judge is
asked once, whatever run it came from, and a contestant is never asked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import ModelError, UsageError
from harness.judging import calibration
from harness.judging.dialogue import read_dialogues, with_references
from harness.judging.exhibits import Asked, Contestant, compare, rate, unanswered
from harness.judging.prompts import JudgePrompts, load_prompts
from harness.models.base import Model
from harness.pipeline.options import Progress, Quiet, RunOptions
from harness.pipeline.plan import Plan, PlannedTask
from harness.pipeline.run import execute
from harness.protocol import Protocol, prompts_hash, sample_ids_hash
from harness.records import RequestKind, Sample, content_hash
from harness.scoring.verdict import Mode, Parsing, scorer_id
from harness.store.alike import check_alike
from harness.store.judgements import judgements_folder
from harness.store.manifest import JudgedRuns
from harness.store.read import Run

ANSWERS, CALIBRATION = "answers", "calibration"


@dataclass(frozen=True, slots=True)
class Judging:
    """How answers are judged; `tasks` names which, all conversations where it is empty."""

    mode: Mode = "single"
    parsing: Parsing = "strict"
    prompts: JudgePrompts = field(default_factory=load_prompts)
    references: Path | None = None
    max_tokens: int = 2048
    tasks: tuple[str, ...] = ()

    @property
    def asked(self) -> Asked:
        """How each request is made."""
        return Asked(self.prompts, self.max_tokens)


def judge_runs(
    model: Model,
    runs: Sequence[Run],
    judging: Judging | None = None,
    options: RunOptions | None = None,
    progress: Progress | None = None,
) -> list[Run]:
    """Judge the answers of finished runs; return the judge's runs.

    "single" rates each run's answers, in a run for each; "pairwise" compares every two of the
    runs in both orders, in one run.

    Raises:
        UsageError: nothing here can be judged so.
        NotComparableError: runs to be compared answered under unlike protocols.
        InterruptedRunError: stopped by the user; the same command continues.
        StoreError: a run is damaged, or another process judges the same.
    """
    _check_judge(model)
    judging, options, progress = judging or Judging(), options or RunOptions(), progress or Quiet()
    plans = [judge_plan(model, group, judging) for group in grouped(runs, judging.mode)]
    return [execute_judge(model, plan, options, progress) for plan in plans]


def calibrate(
    model: Model, judging: Judging, options: RunOptions, progress: Progress, *, anchors_only: bool
) -> Run:
    """Ask a judge about bundled answers whose verdict is known; return its run.

    `anchors_only` asks for the ratings alone, which is what tells a drift. With
    `options.fresh` everything is asked again, beside what was said before.

    Raises:
        InterruptedRunError: stopped by the user; the same command continues.
        StoreError: another process does the same.
    """
    _check_judge(model)
    tasks = [_calibration(model, calibration.RATINGS, judging)]
    if not anchors_only:
        tasks.append(_calibration(model, calibration.PAIRS, judging))
    about = JudgedRuns("both", CALIBRATION, judging.prompts.source)
    return execute_judge(model, Plan(tuple(tasks), (), None, 0, about), options, progress)


def judge_plan(model: Model, runs: Sequence[Run], judging: Judging) -> Plan:
    """Plan what a judge is asked: one run to rate, or several to compare.

    Raises:
        UsageError: the runs have no such task, or no answer at all.
        NotComparableError: they answered under unlike protocols.
    """
    tasks, missing = [], 0
    names = _tasks(runs, judging)
    for name in names:
        contestants = [_contestant(run, name, judging) for run in runs]
        samples = tuple(_samples(name, contestants, judging))
        missing += unanswered(contestants)
        if not samples:
            raise UsageError(f"{name} has no answers to judge in {_named(runs)}")
        protocol = runs[0].manifest.tasks[name].protocol
        tasks.append(PlannedTask(None, _protocol(protocol, samples, model, judging), samples, None))
    about = JudgedRuns(
        judging.mode,
        ANSWERS,
        judging.prompts.source,
        tuple(run.folder.name for run in runs),
        {name: runs[0].manifest.tasks[name].protocol.fingerprint for name in names},
        missing,
    )
    return Plan(tuple(tasks), (), None, 0, about)


def grouped(runs: Sequence[Run], mode: Mode) -> list[list[Run]]:
    """Return the runs that are judged together: each by itself, or all to be compared.

    Raises:
        UsageError: there is nothing to compare with.
    """
    if mode == "single":
        return [[run] for run in runs]
    if len(runs) < 2:  # noqa: PLR2004  # it takes two to compare
        raise UsageError("pairwise judging needs two runs or more: name another")
    return [list(runs)]


def execute_judge(model: Model, plan: Plan, options: RunOptions, progress: Progress) -> Run:
    """Run a plan among the other judgements, or continue it."""
    return execute(
        model, plan, replace(options, results=judgements_folder(options.results)), progress
    )


def _check_judge(model: Model) -> None:
    if RequestKind.GENERATE.value not in model.info.capabilities:
        raise ModelError(f"{model.info.name} writes no text, so it cannot judge; choose another")


def _tasks(runs: Sequence[Run], judging: Judging) -> list[str]:
    """The tasks to judge: those named, or every conversation that all runs have."""
    shared = [name for name in runs[0].manifest.tasks if _is_shared(name, runs)]
    wanted = list(judging.tasks) or [name for name in shared if _is_conversation(name, runs[0])]
    if not wanted:
        raise UsageError(
            f"{_named(runs)} share no conversation to judge; --tasks names one of "
            f"{', '.join(shared) or 'their tasks, of which they share none'}"
        )
    for name in wanted:
        if name not in shared:
            raise UsageError(f"not every run of {_named(runs)} has {name!r} with texts to judge")
        check_alike(name, [run.manifest for run in runs])
    return wanted


def _is_shared(name: str, runs: Sequence[Run]) -> bool:
    found = [run.manifest.tasks.get(name) for run in runs]
    return all(each and each.protocol.kind == RequestKind.GENERATE for each in found)


def _is_conversation(name: str, run: Run) -> bool:
    if run.manifest.tasks[name].protocol.scorer.startswith("judged/"):
        return True
    return any(
        row["task"] == name and row["turns"] not in (None, "[]") for row in run.rows("samples")
    )


def _contestant(run: Run, task: str, judging: Judging) -> Contestant:
    dialogues = with_references(read_dialogues(run, task), judging.references)
    by_id = {dialogue.sample_id: dialogue for dialogue in dialogues}
    return Contestant(run.folder.name, run.manifest.model.name, by_id)


def _samples(name: str, contestants: Sequence[Contestant], judging: Judging) -> Iterable[Sample]:
    if judging.mode == "single":
        return rate(name, contestants[0], judging.asked)
    return compare(name, contestants, judging.asked)


def _protocol(
    answered: Protocol, samples: Sequence[Sample], model: Model, judging: Judging
) -> Protocol:
    """The protocol of a judgement: that of the answers' task, asked as a judge is."""
    return replace(
        answered,
        sample_ids=sample_ids_hash(samples),
        prompts=prompts_hash(samples),
        template=judging.prompts.fingerprint,
        kind=RequestKind.GENERATE,
        temperature=0.0,
        top_p=1.0,
        max_tokens=judging.max_tokens,
        stop=(),
        seed=0,
        repeats=1,
        scorer=scorer_id(judging.mode, judging.parsing),
        judge=model.info.identity,
        judge_prompt=judging.prompts.fingerprint,
        averaging="question",
    )


def _calibration(model: Model, name: str, judging: Judging) -> PlannedTask:
    rating = name == calibration.RATINGS
    made = calibration.rated if rating else calibration.compared
    samples = tuple(made(judging.asked))
    outline = Protocol(
        task=name, task_version="1", dataset="", revision="", split="", sample_ids="",
        template="", prompts="", shots=0, shot_ids=content_hash([]), shot_order="",
        option_order="", system_prompt="", kind=RequestKind.GENERATE, temperature=0.0, top_p=1.0,
        max_tokens=judging.max_tokens, stop=(), seed=0, repeats=1, scorer="", judge="",
        judge_prompt="", averaging="",
    )  # fmt: skip
    mode: Mode = "single" if rating else "pairwise"
    protocol = _protocol(outline, samples, model, replace(judging, mode=mode))
    return PlannedTask(None, protocol, samples, None)


def _named(runs: Sequence[Run]) -> str:
    return ", ".join(run.folder.name for run in runs)
