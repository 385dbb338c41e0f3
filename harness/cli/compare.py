"""`harness compare`: two finished runs, the same questions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Json, Results
from harness.cli.output import as_json, result, say, table
from harness.errors import NotComparableError

if TYPE_CHECKING:
    from harness.analysis.comparison import CompareOptions, Comparison
    from harness.store.read import Run

Margin = Annotated[float, typer.Option(help="Drop that would not matter: 0.02 is 2 points.")]
Alpha = Annotated[float, typer.Option(help="One-sided error of the verdict.")]
MinCoverage = Annotated[
    float, typer.Option("--min-coverage", help="Share both must have answered for a verdict.")
]
Unlike = Annotated[
    list[str] | None,
    typer.Option("--allow-unlike", metavar="FIELD", help="Protocol field that may differ."),
]
Markdown = Annotated[bool, typer.Option("--markdown", help="Print Markdown on stdout.")]

Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="PATH", help="Write the report: a file.html or a folder."),
]


def compare(
    candidate: Annotated[str, typer.Argument(help="Run that might replace the other.")],
    baseline: Annotated[str, typer.Argument(help="Run that it is compared with.")],
    margin: Margin = 0.02,
    alpha: Alpha = 0.05,
    min_coverage: MinCoverage = 0.95,
    allow_unlike: Unlike = None,
    results: Results = Path("results"),
    html: Html = None,
    markdown: Markdown = False,
    json: Json = False,
) -> None:
    """Compare two runs on the samples that both answered: SMALL LARGE, or NEW OLD."""
    from harness.analysis.comparison import CompareOptions
    from harness.store.read import load_run

    options = CompareOptions(margin, alpha, min_coverage, tuple(allow_unlike or ()))
    found = _found((load_run(candidate, results), load_run(baseline, results)), options, html)
    if json:
        as_json(asdict(found))
    else:
        _show(found, markdown=markdown)


def _found(runs: tuple[Run, Run], options: CompareOptions, html: Path | None) -> Comparison:
    """Compare, and write the page where one is wanted: also of runs that must not be compared."""
    from harness.analysis.compare import compare as compare_runs
    from harness.report.decision import write_decision, write_refusal

    try:
        found = compare_runs(*runs, options)
    except NotComparableError as error:
        if html is not None:
            say(f"the reason is in {write_refusal(error, runs, html)}")
        raise
    if html is not None:
        say(f"{write_decision(found, runs, html)} has the report; open it in a browser")
    return found


def _show(found: Comparison, *, markdown: bool) -> None:
    from harness.report.comparison import as_markdown, headline, sentences, tables

    if markdown:
        result(as_markdown(found).rstrip())
        return
    result(headline(found))
    for drawn in tables(found):
        if drawn.rows:
            table(drawn.columns, drawn.rows, title=drawn.title)
    for sentence in sentences(found):
        result(sentence)
