"""`harness export`: runs for other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Results
from harness.cli.output import say, write
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.store.read import Run


class Format(StrEnum):
    """What a run can be exported as."""

    MD = "md"
    CSV = "csv"
    JSON = "json"
    LM_EVAL = "lm-eval"


def export(
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Run ids (default: all).")
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", "-f", help="lm-eval: its results JSON, of one run.")
    ] = Format.MD,
    samples: Annotated[
        bool, typer.Option("--samples", help="A line for each sample, with its reply (csv).")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write (default: stdout).")
    ] = None,
    results: Results = Path("results"),
) -> None:
    """Write the numbers of runs as Markdown, CSV, JSON or lm-eval's results JSON.

    The same runs give the same bytes.
    """
    from harness.store.files import replace_file

    text = _text(_runs(runs, results), format_, samples=samples)
    if output is None:
        write(text)
        return
    replace_file(output, text.encode("utf-8"))
    say(f"wrote {output}")


def _runs(names: list[str] | None, results: Path) -> list[Run]:
    from harness.store.read import find_runs, load_run

    if names:
        return [load_run(name, results) for name in names]
    runs, left_out = find_runs(results)
    for reason in left_out:
        say(f"left out: {reason}")
    if not runs:
        raise UsageError(f"there is no finished run in {results}; `harness run` makes one")
    return runs


def _text(runs: list[Run], format_: Format, *, samples: bool) -> str:
    from harness.report import export as exports
    from harness.report.lm_eval_results import export_lm_eval

    if samples and format_ is not Format.CSV:
        raise UsageError(f"--samples goes with --format csv, not {format_.value}")
    match format_:
        case Format.MD:
            return exports.export_markdown(runs)
        case Format.CSV:
            return exports.export_samples(runs) if samples else exports.export_csv(runs)
        case Format.JSON:
            return exports.export_json(runs)
        case Format.LM_EVAL:
            if len(runs) != 1:
                raise UsageError(
                    f"lm-eval's results hold one run, {len(runs)} were given: name one"
                )
            return export_lm_eval(runs[0])
