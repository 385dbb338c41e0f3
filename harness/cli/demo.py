"""`harness demo`: the whole way on bundled models, from the first question to the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import Fresh, Json, Limit, Results
from harness.cli.output import as_json, result, say, table
from harness.cli.progress import shown_progress
from harness.cli.run import stopping

if TYPE_CHECKING:
    from harness.analysis.pairs import Pairs
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
    from harness.pipeline.demo import DEMO_MODELS, run_demo
    from harness.pipeline.options import RunOptions
    from harness.report.build import build_report

    say(_INTRODUCTION)
    options = RunOptions(results, fresh=fresh)
    with shown_progress() as progress, stopping(options.stop):
        runs = run_demo(limit, options, progress)
    decision = _decide(runs, reports)
    report = build_report(results, reports)
    summaries = {name: summarize_run(runs[name]) for name in DEMO_MODELS}
    pairs = _pairs(runs)
    if json:
        as_json(_facts(runs, summaries, pairs, {"report": report.path, "decision": decision}))
        return
    _show_accuracy(runs, summaries)
    _show_pairs(pairs)
    result(_NEXT.format(report=report.path, decision=decision, results=results))


def _decide(runs: Mapping[str, Run], reports: Path) -> Path:
    """Write the report that says whether the small model can replace the large one."""
    from harness.analysis.compare import compare
    from harness.pipeline.demo import LARGE, SMALL
    from harness.report.decision import write_decision
    from harness.report.links import DECISIONS

    pair = runs[SMALL], runs[LARGE]
    return write_decision(compare(*pair), pair, reports / DECISIONS)


def _pairs(runs: Mapping[str, Run]) -> dict[tuple[str, str], dict[str, Pairs]]:
    """The small model against the large one, and each quantization against the original."""
    from harness.analysis.pairs import pair_runs
    from harness.pipeline.demo import LARGE, QUANTIZED, SMALL

    return {(LARGE, name): pair_runs(runs[LARGE], runs[name]) for name in (SMALL, *QUANTIZED)}


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


def _show_pairs(pairs: Mapping[tuple[str, str], Mapping[str, Pairs]]) -> None:
    columns = ["instead of", "use", "task", "n", "both right", "lost", "gained", "both not right",
               "other answers", "difference in points"]  # fmt: skip
    rows = [
        [*names, *_counts(found)] for names, by_task in pairs.items() for found in by_task.values()
    ]
    table(columns, rows, title="The same questions, side by side")
    for (large, small), by_task in pairs.items():
        said = "; ".join(_sentence(found) for found in by_task.values())
        result(f"{small} instead of {large}: {said}.")
    result("")


def _counts(found: Pairs) -> Iterator[str]:
    yield found.task
    counts = (found.n, found.both, found.only_first, found.only_second, found.neither)
    yield from map(str, (*counts, found.changed))
    yield _points(found.difference)


def _sentence(found: Pairs) -> str:
    """Say what the interval allows to say, and no more."""
    low, high = found.difference.low, found.difference.high
    if low is None or high is None:
        return f"{found.task} says nothing, no question was answered by both"
    if high < 0:
        return f"worse on {found.task} by {-100 * high:.1f} to {-100 * low:.1f} points"
    if low > 0:
        return f"better on {found.task} by {100 * low:.1f} to {100 * high:.1f} points"
    return f"{found.task} cannot tell, up to {-100 * low:.1f} points may be lost"


def _points(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "cannot say"
    value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.1f} ({low:+.1f} … {high:+.1f})"


def _shown(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "cannot say"
    return f"{estimate.value:.1%} ({estimate.low:.1%} … {estimate.high:.1%}, n={estimate.n})"


def _facts(
    runs: Mapping[str, Run],
    summaries: Mapping[str, Mapping[str, TaskSummary]],
    pairs: Mapping[tuple[str, str], Mapping[str, Pairs]],
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
        "pairs": [
            {"first": first, "second": second, "tasks": {t: asdict(p) for t, p in found.items()}}
            for (first, second), found in pairs.items()
        ],
    }
