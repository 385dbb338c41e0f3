"""`harness score`: judge stored answers again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, Results, Trusted, trusted_folders


def score(
    run: Annotated[str, typer.Argument(help="Run id, or the folder of a run.")],
    results: Results = Path("results"),
    trust_tasks: Trusted = None,
    json: Json = False,
) -> None:
    """Score the stored answers of a run again, with the present scorers; no model is asked."""
    from harness.cli.summary import show_run
    from harness.pipeline.score import rescore
    from harness.store.read import load_run

    show_run(rescore(load_run(run, results), trusted_folders(trust_tasks)), as_script=json)
