"""`harness import`: answers that another program logged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, Results


def import_(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="samples_*.jsonl of one model.")
    ],
    model: Annotated[str, typer.Option("--model", "-m", help="Name of the model that answered.")],
    filter_name: Annotated[
        str | None, typer.Option("--filter", help="Which of lm-eval's filters judges.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Which metric judges (default: the first within [0, 1]).")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="Name of the task, where the file's name does not tell.")
    ] = None,
    results: Results = Path("results"),
    json: Json = False,
) -> None:
    """Store samples that lm-evaluation-harness logged as a run, marked with what it lacks.

    The report and `harness export` show it; it is never compared with runs that were asked here.
    """
    from harness.cli.summary import show_run
    from harness.pipeline.imported import import_logs

    run = import_logs(
        files, model, results=results, task=task, filter_name=filter_name, metric=metric
    )
    show_run(run, as_script=json)
