"""`harness demo`: the whole way on bundled models, from the first question to the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import Fresh, Json, Limit, Results
from harness.cli.output import as_json, result, say, table
from harness.cli.progress import shown_progress
from harness.cli.run import stopping

if TYPE_CHECKING:
    from harness.analysis.comparison import Comparison, TaskComparison
    from harness.analysis.summary import TaskSummary
    from harness.records import Estimate
    from harness.store.read import Run

_INTRODUCTION = (
    "Two language models made for this demonstration answer the same questions: nano, the large\n"
    "one, in three quantizations, and pico, the small one. No network, no key; about a minute."
)
_NEXT = (
    "Look:  {report}  in a browser: the leaderboard\n"
    "       {decision}  can pico replace nano?\n"
    "       {results}/<run>/responses.parquet  every answer\n"
    "Next:  harness run --model phi-mini-q4 --tasks mmlu --limit 57    (downloads 2.4 GB once)\n"
    "       harness run --model ./your-model.gguf --tasks quick        (asks yours the same)\n"
    "       harness report"
)


def demo(
    results: Results = Path("results"),
    reports: Annotated[Path, typer.Option("--reports", help="Folder that gets index.html.")] = Path(
        "reports"
    ),
    limit: Limit = None,
    fresh: Fresh = False,
    json: Json = False,
) -> None:
    """Compare two bundled models on the bundled suite: offline, in about a minute."""
    from harness.analysis.summary import summarize_run
    from harness.pipeline.demo import DEMO_MODELS, LARGE, SMALL, run_demo
    from harness.pipeline.options import RunOptions
    from harness.report.build import build_report
    from harness.report.decision import write_decision
    from harness.report.links import DECISIONS

    say(_INTRODUCTION)
    options = RunOptions(results, fresh=fresh)
    with shown_progress() as progress, stopping(options.stop):
        runs = run_demo(limit, options, progress)
    found = _compare(runs)
    decision = write_decision(found[0], (runs[SMALL], runs[LARGE]), reports / DECISIONS)
    report = build_report(results, reports)
    summaries = {name: summarize_run(runs[name]) for name in DEMO_MODELS}
    if json:
        as_json(_facts(runs, summaries, found, {"report": report.path, "decision": decision}))
        return
    _show_accuracy(runs, summaries)
    _show_comparisons(found)
    result(_NEXT.format(report=report.path, decision=decision, results=results))


def _compare(runs: Mapping[str, Run]) -> list[Comparison]:
    """The small model against the large one, then each quantization against the original."""
    from harness.analysis.compare import compare
    from harness.pipeline.demo import LARGE, QUANTIZED, SMALL

    return [compare(runs[name], runs[LARGE]) for name in (SMALL, *QUANTIZED)]


def _show_accuracy(runs: Mapping[str, Run], found: Mapping[str, Mapping[str, TaskSummary]]) -> None:
    tasks = list(next(iter(found.values())))
    columns = ["model", "parameters", "file", *tasks, "decode t/s"]
    rows = []
    for name, summaries in found.items():
        info = runs[name].manifest.model
        size = [f"{(info.parameters or 0) / 1e6:.2f} M", f"{(info.file_bytes or 0) / 1e6:.2f} MB"]
        speed = max((s.speed.decode_rate or 0.0 for s in summaries.values()), default=0.0)
        accuracies = [_shown(summaries[task].strict) for task in tasks]
        rows.append([name, *size, *accuracies, f"{speed:,.0f}" if speed else "-"])
    result("")
    table(columns, rows, title="Accuracy, with 95 % intervals and the number of questions")


def _show_comparisons(comparisons: Sequence[Comparison]) -> None:
    from harness.report.answer import find_answer

    columns = ["instead of", "use", "task", "n", "win/tie/loss", "other answers",
               "difference in points", "verdict"]  # fmt: skip
    rows = [
        [found.baseline.model.name, found.candidate.model.name, task.task, *_cells(task)]
        for found in comparisons
        for task in found.tasks.values()
    ]
    table(columns, rows, title="The same questions, side by side")
    for found in comparisons:
        answer = find_answer(found)
        names = f"{found.candidate.model.name} instead of {found.baseline.model.name}"
        result(f"{names}? {answer.word}: {answer.sentence}")
    result("")


def _cells(task: TaskComparison) -> Iterator[str]:
    from harness.report.comparison import points
    from harness.report.words import MISSING, percent

    yield str(task.n)
    yield f"{task.wins}/{task.both_right + task.both_wrong}/{task.losses}"
    yield MISSING if task.changes is None else percent(task.changes.all_flips.value)
    yield points(task.difference)
    yield task.noninferiority.verdict


def _shown(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "cannot say"
    return f"{estimate.value:.1%} ({estimate.low:.1%} … {estimate.high:.1%}, n={estimate.n})"


def _facts(
    runs: Mapping[str, Run],
    summaries: Mapping[str, Mapping[str, TaskSummary]],
    comparisons: Sequence[Comparison],
    pages: Mapping[str, Path],
) -> dict[str, Any]:
    return {
        **pages,
        "models": {
            name: {
                "run_id": run.manifest.run_id,
                "tasks": {task: asdict(found) for task, found in summaries[name].items()},
            }
            for name, run in runs.items()
        },
        "comparisons": [asdict(found) for found in comparisons],
    }
