"""`harness report`: the leaderboard and its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, Results
from harness.cli.output import as_json, result, say


def report(
    results: Results = Path("results"),
    reports: Annotated[Path, typer.Option("--reports", help="Folder that gets index.html.")] = Path(
        "reports"
    ),
    json: Json = False,
) -> None:
    """Render all finished runs: leaderboard, a page for each run, samples side by side; offline."""
    from harness.report.build import build_report

    built = build_report(results, reports)
    for reason in built.left_out:
        say(f"left out: {reason}")
    for path in built.removed:
        say(f"removed {path}: its run is no longer there")
    if json:
        as_json(
            {
                "path": built.path,
                "n_runs": built.n_runs,
                "left_out": built.left_out,
                "removed": built.removed,
            }
        )
    else:
        result(f"{built.path} shows {built.n_runs} runs; open it in a browser")
