"""The command `harness`: each command is one short function in a module of its own."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from harness import __version__
from harness.cli import (
    claims,
    compare,
    demo,
    doctor,
    exporting,
    gate,
    importing,
    judge,
    models,
    plan,
    report,
    run,
    score,
    tasks,
    view,
)
from harness.cli.output import result, say
from harness.errors import HarnessError, InterruptedRunError, UsageError

app = typer.Typer(
    name="harness",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Can this small model replace that large one? Run both through one identical pipeline, "
    "keep every answer, and read where small is enough.",
    epilog="Exit codes: 0 ok · 1 gate failed · 2 usage or configuration · 3 incomplete · "
    "4 not comparable · 5 store locked, corrupt or full · 6 inconclusive · 130 interrupted",
)
app.command("demo")(demo.demo)
app.command("run")(run.run)
app.command("judge")(judge.judge)
app.command("plan")(plan.plan)
app.command("tasks")(tasks.tasks)
app.command("view")(view.view)
app.command("models")(models.models)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("export")(exporting.export)
app.command("import")(importing.import_)
app.command("score")(score.score)
app.command("gate")(gate.gate)
app.command("claims")(claims.claims)
app.command("doctor")(doctor.doctor)
baselines = typer.Typer(help="Freeze a run as what a gate compares with.", no_args_is_help=True)
baselines.command("save")(gate.save)
app.add_typer(baselines, name="baseline")


def _show_version(wanted: bool) -> None:
    if wanted:
        result(f"harness {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Compare small and large language models."""


def main() -> None:
    """Run the command line; the one place that turns errors into exit codes."""
    sys.exit(_exit_code())


def _exit_code() -> int:
    if not sys.stderr.isatty():
        # Bars drawn into a log hide its lines; read when huggingface_hub is first imported.
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    try:
        return int(app(standalone_mode=False) or 0)
    except HarnessError as error:
        say(f"{_kind(error)}: {error}")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted: everything acknowledged so far is stored; repeat the command to go on")
        return InterruptedRunError.exit_code
    except BrokenPipeError:
        return 0
    except Exception as error:
        show = getattr(error, "show", None)
        if show is None:
            raise
        show()
        return int(getattr(error, "exit_code", UsageError.exit_code))


def _kind(error: HarnessError) -> str:
    return "interrupted" if isinstance(error, InterruptedRunError) else "error"
