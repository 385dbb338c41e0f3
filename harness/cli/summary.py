"""A finished run on the terminal: a table for people, JSON for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harness.cli.output import as_json, result, say, table
from harness.records import Estimate, Outcome
from harness.report.words import dollars
from harness.store.manifest import LedgerLine
from harness.store.read import Run

if TYPE_CHECKING:
    from harness.analysis.summary import TaskSummary

_APART = (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED, Outcome.ERROR)
_WORTH_SAYING = 0.01
_UNREADABLE = {
    Outcome.UNPARSED: "named no answer that could be read",
    Outcome.TRUNCATED: "reached the length limit before they named an answer",
    Outcome.REFUSED: "refused to answer",
}


def show_run(run: Run, *, as_script: bool) -> None:
    """Print what a run found, and where to look next."""
    from harness.analysis.summary import summarize_run
    from harness.report.export import run_facts

    summaries = summarize_run(run)
    if as_script:
        as_json({"folder": str(run.folder)} | run_facts(run, summaries))
        return
    columns = ["task", "n", "accuracy", "95 % interval", "not parsed", "truncated", "refused",
               "no answer", "prefill t/s", "decode t/s"]  # fmt: skip
    table(columns, [_row(summary) for summary in summaries.values()], title=_title(run))
    for summary in summaries.values():
        for line in _remarks(summary):
            result(line)
    for entry in run.manifest.ledger:
        if entry.source is not None:
            result(ledger_line(entry))
    if run.manifest.verification:
        result(_verified(run.manifest.verification))
    for warning in run.manifest.warnings:
        say(f"note: {warning}")
    result(f"stored in {run.folder}; `harness report` renders reports/index.html")


def _title(run: Run) -> str:
    model = run.manifest.model
    hosted = model.sha256 is None and model.snapshot is not None
    what = model.source if hosted else model.quantization or "unknown quantization"
    return f"{model.name} ({what}, {model.interface})"


def _row(summary: TaskSummary) -> list[str]:
    apart = [str(summary.counts.get(outcome, 0)) for outcome in _APART]
    speed = summary.speed
    rates = [_rate(speed.prefill_rate), _rate(speed.decode_rate)]
    return [summary.task, str(summary.n_answered), *_shown(summary.strict), *apart, *rates]


def _shown(estimate: Estimate) -> tuple[str, str]:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return "-", "cannot say"
    return f"{estimate.value:.1%}", f"{estimate.low:.1%} … {estimate.high:.1%}"


def _rate(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"  # noqa: PLR2004


def _remarks(summary: TaskSummary) -> list[str]:
    lines = []
    if summary.macro is not None and summary.macro.value is not None:
        lines.append(
            f"{summary.task}: average of {len(summary.subjects)} subjects (macro) "
            f"{summary.macro.value:.1%}; counting every question the same (micro), as above"
        )
    if summary.chance is not None and summary.strict.low is not None:
        lines.append(f"{summary.task}: blind guessing scores {summary.chance:.1%}")
    lines += [
        f"{summary.task}: {summary.counts[outcome]} of {summary.n_answered} replies {what}"
        for outcome, what in _UNREADABLE.items()
        if summary.counts.get(outcome, 0) > _WORTH_SAYING * summary.n_answered
    ]
    speed = summary.speed
    if speed.n_calls is not None and speed.n_calls > speed.n_asked:
        lines.append(
            f"{summary.task}: {speed.n_calls:,} calls were made for {speed.n_asked:,} requests; "
            "the others failed and were repeated"
        )
    if summary.below_chance:
        lines.append(
            f"{summary.task}: WORSE THAN GUESSING: something between model and scorer is likely "
            "wrong; the report shows example replies"
        )
    if summary.one_letter:
        lines.append(f"{summary.task}: nearly every answer is {summary.one_letter}")
    if summary.bounds is not None:
        lines.append(
            f"{summary.task}: {summary.n_missing} without an answer; had they been all wrong "
            f"or all right: {summary.bounds.worst:.1%} … {summary.bounds.best:.1%}"
        )
    return lines


def ledger_line(line: LedgerLine) -> str:
    """Say what a role cost beside what was expected."""
    known = "unknown" if line.actual is None else dollars(line.actual)
    parts = [f"cost of {line.role}: {known}"]
    if line.n_priced < line.n_asked:
        parts.append(f"for {line.n_priced:,} of {line.n_asked:,} requests, the others told nothing")
    if line.unsure:
        parts.append(f"at most {dollars(line.unsure)} more for calls that broke off")
    if line.estimate_high is not None:
        low, high = dollars(line.estimate_low), dollars(line.estimate_high)
        parts.append(f"expected {low} … {high}")
    batch = ", as a batch" if line.batch else ""
    return f"{'; '.join(parts)} ({line.rates}; {line.source}{batch})"


def _verified(checked: Mapping[str, Any]) -> str:
    return (
        f"verified cold: {checked['n']} requests, {checked['n_different']} answers differ, "
        f"largest log-probability difference {checked['largest_logprob_difference']:.2g}"
    )
