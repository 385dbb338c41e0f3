"""`harness run`: ask a model the questions of some tasks and keep every answer."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.opening import UNSAID, Opening, opens_models
from harness.cli.output import say
from harness.cli.progress import shown_progress
from harness.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from harness.models.open import OpenOptions
    from harness.pipeline.options import Asking, RunOptions, Stop
    from harness.store.read import Run


@opens_models()
def run(
    model: options.Model = None,
    tasks: options.Tasks = None,
    limit: options.Limit = None,
    seed: options.Seed = 0,
    shots: options.Shots = None,
    max_tokens: options.MaxTokens = None,
    temperature: options.Temperature = None,
    opening: Opening = UNSAID,
    max_usd: options.MaxUsd = None,
    verify: options.Verify = 0,
    max_error_rate: options.MaxErrorRate = 0.0,
    results: options.Results = Path("results"),
    fresh: options.Fresh = False,
    trust_tasks: options.Trusted = None,
    json: options.Json = False,
) -> None:
    """Ask a model the questions of some tasks; the same command resumes an unfinished run."""
    from harness.cli.summary import show_run
    from harness.pipeline.options import Asking, RunOptions

    model, names = _required(model, tasks)
    asking = Asking(
        names, options.trusted_folders(trust_tasks), limit, seed, shots, max_tokens, temperature
    )
    command = ("harness", *sys.argv[1:])
    running = RunOptions(results, fresh, verify, command, max_usd)
    finished = _run(model, asking, opening.options(), running)
    show_run(finished, as_script=json)
    _check_complete(finished, max_error_rate)


def _required(model: str | None, tasks: list[str] | None) -> tuple[str, tuple[str, ...]]:
    if model is None or not tasks:
        missing = "--model" if model is None else "--tasks"
        raise UsageError(
            f"{missing} is missing. A run needs a model and tasks:\n"
            "    harness run --model phi-mini-q4 --tasks mmlu --limit 57\n"
            "`harness models` lists the models, `harness tasks` the tasks; `harness demo` shows\n"
            "the whole way on bundled models, in about a minute and without a download."
        )
    return model, tuple(tasks)


def _run(model: str, asking: Asking, opening: OpenOptions, running: RunOptions) -> Run:
    from harness.pipeline.run import run_address

    with shown_progress() as progress, stopping(running.stop):
        return run_address(model, asking, opening, running, progress)


@contextlib.contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """First signal: finish what is in flight. Second: stop at once."""

    def stopped(*_: object) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        say("stopping: waiting for what is in flight (again to stop at once)")
        stop.request()

    before = {number: signal.signal(number, stopped) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_complete(finished: Run, limit: float) -> None:
    for name, task in finished.manifest.tasks.items():
        if task.n_error > limit * task.n:
            raise IncompleteError(
                f"{task.n_error} of {task.n} samples of {name} have no answer; the same command "
                "asks those again, --max-error-rate accepts a share of them"
            )
