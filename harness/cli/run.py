"""`harness run`: ask a model the questions of some tasks and keep every answer."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Json, Registry, Results, Trusted, trusted_folders
from harness.cli.output import say
from harness.cli.progress import shown_progress
from harness.cli.summary import show_run
from harness.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from harness.models.open import OpenOptions
    from harness.pipeline.options import Asking, RunOptions, Stop
    from harness.store.read import Run

_LOCAL = "Local models"


def run(
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", help="Registry name, path of a .gguf, hf://repo/file.gguf, or URL."
        ),
    ] = None,
    tasks: Annotated[
        list[str] | None,
        typer.Option("--tasks", "-t", help="Such as mmlu, mmlu:anatomy,virology or lm_eval/piqa."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask N samples a task, stratified by subject.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of --limit and --verify.")] = 0,
    shots: Annotated[
        int | None, typer.Option(min=0, help="Examples, for a task of lm-eval that states none.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Reply length, for one of lm-eval that states none.")
    ] = None,
    context: Annotated[
        int | None,
        typer.Option(min=16, help="Tokens of context for a request.", rich_help_panel=_LOCAL),
    ] = None,
    slots: Annotated[
        int,
        typer.Option(
            min=1, help="Requests at once; more than 1 may change texts.", rich_help_panel=_LOCAL
        ),
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads (default: cores available).", rich_help_panel=_LOCAL),
    ] = None,
    llama_server: Annotated[
        Path | None,
        typer.Option(
            "--llama-server",
            help="Run this llama-server binary instead of the embedded engine.",
            envvar="HARNESS_LLAMA_SERVER",
            rich_help_panel=_LOCAL,
        ),
    ] = None,
    verify: Annotated[
        int, typer.Option(min=0, help="Re-ask N random items cold and store what differs.")
    ] = 0,
    max_error_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Exit 3 when more samples than this have no answer.")
    ] = 0.0,
    results: Results = Path("results"),
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask everything again, reusing no stored answer.")
    ] = False,
    trust_tasks: Trusted = None,
    registry: Registry = None,
    accept_changed_weights: Annotated[
        bool, typer.Option("--accept-changed-weights", help="Accept new bytes under an old name.")
    ] = False,
    json: Json = False,
) -> None:
    """Ask a model the questions of some tasks; the same command resumes an unfinished run."""
    from harness.models.llamacpp.options import EngineOptions
    from harness.models.open import OpenOptions
    from harness.pipeline.options import Asking, RunOptions

    model, names = _required(model, tasks)
    asking = Asking(names, trusted_folders(trust_tasks), limit, seed, shots, max_tokens)
    binary = str(llama_server) if llama_server else None
    engine = EngineOptions(context=context, slots=slots, threads=threads, llama_server=binary)
    opening = OpenOptions(engine, registry, accept_changed_weights, note=say)
    command = ("harness", *sys.argv[1:])
    finished = _run(model, asking, opening, RunOptions(results, fresh, verify, command))
    show_run(finished, as_script=json)
    _check_complete(finished, max_error_rate)


def _required(model: str | None, tasks: list[str] | None) -> tuple[str, tuple[str, ...]]:
    if model is None or not tasks:
        missing = "--model" if model is None else "--tasks"
        raise UsageError(
            f"{missing} is missing. A run needs a model and tasks:\n"
            "    harness run --model phi-mini-q4 --tasks mmlu --limit 57\n"
            "`harness models` lists the models, `harness tasks` the tasks."
        )
    return model, tuple(tasks)


def _run(model: str, asking: Asking, opening: OpenOptions, options: RunOptions) -> Run:
    from harness.pipeline.run import run_address

    with shown_progress() as progress, _stopping(options.stop):
        return run_address(model, asking, opening, options, progress)


@contextlib.contextmanager
def _stopping(stop: Stop) -> Iterator[None]:
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
