"""Ask a model everything a plan holds, and keep every answer."""

from __future__ import annotations

import contextlib
import gc
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness import __version__
from harness.errors import InterruptedRunError, UsageError
from harness.models.api.batch import BATCHES
from harness.models.base import Model, Resumable
from harness.models.open import OpenOptions, open_model
from harness.pipeline.account import Account, check_budget
from harness.pipeline.options import Asking, Progress, Quiet, RunOptions
from harness.pipeline.plan import Plan, PlannedTask, check_capabilities, chosen, make_plan
from harness.pipeline.score import score_sample, scorer
from harness.pipeline.verify import verifiable, verify
from harness.pipeline.work import ask, outstanding, reuse, say_misfits
from harness.records import Outcome
from harness.store.journal import Journal
from harness.store.manifest import MANIFEST, Manifest, TaskRecord, write_manifest
from harness.store.parquet import write_table
from harness.store.read import Run, load_run
from harness.store.rows import Row, score_row, with_responses

_VERSIONS = {
    "model_version": "versions of the model",
    "system_fingerprint": "set-ups of the server (system_fingerprint)",
}
_PACKAGES = ("lm_eval", "datasets", "pyarrow", "numpy")
_GARBAGE = 50_000
"""Objects between two looks for cycles: Python's 700 cost a tenth of the time of asking."""


def run(
    model: str,
    tasks: str | Sequence[str],
    *,
    limit: int | None = None,
    opening: OpenOptions | None = None,
    options: RunOptions | None = None,
) -> Run:
    """Ask the model at an address the questions of some tasks, and return the finished run.

    `model` is what `--model` takes, `tasks` what `--tasks` takes. Run it again to resume.

    Raises:
        UsageError: a task or the model is unknown or cannot be used.
        StoreError: another process is writing this run, or the disk is full.
    """
    asking = Asking((tasks,) if isinstance(tasks, str) else tuple(tasks), limit=limit)
    return run_address(model, asking, opening or OpenOptions(), options or RunOptions(), Quiet())


def run_address(
    address: str, asking: Asking, opening: OpenOptions, options: RunOptions, progress: Progress
) -> Run:
    """As `run`, with everything said: first what is quick to refuse, then what is slow to load."""
    choices = chosen(asking)
    model = open_model(address, opening)
    try:
        for note in model.warnings:
            progress.note(f"note: {note}")
        check_capabilities(choices, model.info)
        check_budget(model, options.max_usd)
        if options.verify:
            verifiable(model)
        progress.note("loading " + ", ".join(choice.entry.name for choice in choices))
        plan = make_plan(choices, asking)
        for warning in plan.warnings:
            progress.note(f"note: {warning}")
        return execute(model, plan, options, progress)
    finally:
        model.close()


@contextlib.contextmanager
def _seldom_collecting() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(_GARBAGE, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_seldom_collecting()
def execute(model: Model, plan: Plan, options: RunOptions, progress: Progress) -> Run:
    """Run the plan, or continue it where the same command left off, and return the result.

    Raises:
        InterruptedRunError: stopped by the user; the same command continues.
        StoreError: another process is writing this run, or the disk is full.
        ModelError: the model as a whole failed; what it answered is kept.
        ProviderError: the provider is down or its quota is used up; likewise.
        BudgetError: what the run may cost is spent; likewise.
    """
    check_budget(model, options.max_usd)
    options.stop.attach(model)
    folder = _folder(model, plan, options)
    if not options.fresh and _complete(folder, options):
        progress.note(f"already complete: {folder} (use --fresh to ask everything again)")
        return load_run(folder)
    with Journal(folder) as journal:
        started = journal.meta("started_at") or now()
        if journal.meta("started_at") is None:
            journal.add_samples(plan.samples)
            journal.set_meta("started_at", started)
        go_on_with_batches(journal, model, progress)
        account = Account(journal, model, options.max_usd)
        account.begin(plan, options.results)
        _answer(account, plan, options, progress)
        wanted = 0 if options.stop.requested else options.verify
        manifest = replace(
            _finish(journal, model, plan, options.command),
            started_at=started,
            ledger=(replace(account.line(), role="judge" if plan.judged else "answers"),),
            verification=verify(model, plan, journal, wanted) if wanted else None,
        )
        write_manifest(folder, manifest)
        journal.remove()
    return Run(folder, manifest)


def go_on_with_batches(journal: Journal, model: Model, progress: Progress) -> None:
    """Let a model go on with what was handed in; refuse to pay for that a second time."""
    if isinstance(model, Resumable):
        model.remember(journal, progress.note)
    elif journal.meta(BATCHES):
        raise UsageError(
            f"batches of {journal.folder.name} are with the provider and paid for: repeat the "
            "command with --batch to fetch their results, or ask everything again with --fresh"
        )


def _answer(account: Account, plan: Plan, options: RunOptions, progress: Progress) -> None:
    """Ask, turn after turn, what has no answer yet."""
    journal, model = account.journal, account.model
    if not options.fresh:
        reuse(journal, model.info, plan, options.results, progress)
    progress.start(plan.parts, len(journal.answered()))
    for turn in range(plan.turns):
        work = outstanding(journal, plan, turn)
        if not options.stop.requested:
            say_misfits(model, work, progress)
            with account.asking([waiting.request for waiting in work.values()]):
                ask(journal, model, work, progress)
        if options.stop.requested and work:
            raise InterruptedRunError(
                "stopped; every answer so far is stored, the same command continues from here"
            )


def _folder(model: Model, plan: Plan, options: RunOptions) -> Path:
    """The run's folder; `fresh` moves on to the next free name, so earlier answers stay."""
    folder = options.results / plan.run_id(model.info)
    count = 1
    while options.fresh and (folder / MANIFEST).exists():
        count += 1
        folder = options.results / f"{plan.run_id(model.info)}-{count}"
    return folder


def _complete(folder: Path, options: RunOptions) -> bool:
    """Errors are asked again, and a verification that was never made is made."""
    if not (folder / MANIFEST).is_file():
        return False
    manifest = load_run(folder).manifest
    if options.verify and manifest.verification is None:
        return False
    return not any(task.n_error for task in manifest.tasks.values())


def _finish(journal: Journal, model: Model, plan: Plan, command: tuple[str, ...]) -> Manifest:
    """Write the three tables; the manifest follows, so a kill in between loses nothing."""
    errors = dict.fromkeys((task.protocol.task for task in plan.tasks), 0)
    folder = journal.folder
    versions = {name: journal.counts(name) for name in _VERSIONS}
    files = {
        "samples.parquet": write_table(folder, "samples", journal.rows("samples")),
        "responses.parquet": write_table(folder, "responses", journal.rows("responses")),
        "scores.parquet": write_table(folder, "scores", _scores(journal, plan, errors)),
    }
    return Manifest(
        run_id=folder.name,
        harness_version=__version__,
        status="incomplete" if any(errors.values()) else "complete",
        model=model.info,
        tasks={task.protocol.task: _record(task, errors) for task in plan.tasks},
        files=files,
        started_at="",
        finished_at=now(),
        command=command,
        limit=plan.limit,
        seed=plan.seed,
        environment=_environment(),
        versions=versions,
        warnings=(*plan.warnings, *model.warnings, *_mixed(versions)),
        judged=plan.judged,
    )


def _mixed(versions: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Say so where not one system answered, but several under one name."""
    for name, counts in versions.items():
        if len(counts) > 1:
            listed = ", ".join(f"{version} ({n:,})" for version, n in counts.items())
            yield f"the answers came from {len(counts)} {_VERSIONS[name]}: {listed[:400]}"


def _record(task: PlannedTask, errors: dict[str, int]) -> TaskRecord:
    name = task.protocol.task
    return TaskRecord(task.protocol, len(task.samples), errors[name], task.chance)


def _scores(journal: Journal, plan: Plan, errors: dict[str, int]) -> Iterator[Row]:
    judges = {task.protocol.task: scorer(task.protocol.scorer, task.choice) for task in plan.tasks}
    for sample, found in with_responses(plan.samples, journal.mappings("responses")):
        score = score_sample(judges[sample.task], sample, found)
        errors[sample.task] += score.outcome is Outcome.ERROR
        yield score_row(sample, score)


def _environment() -> dict[str, object]:
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "implementation": sys.implementation.name,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def now() -> str:
    """Return the time in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
