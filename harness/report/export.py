"""Runs as Markdown, CSV and JSON: the same numbers as on the page, for other programs."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness.analysis.leaderboard import Entry
from harness.analysis.summary import SubjectSummary, TaskSummary, summarize_run
from harness.records import Estimate, Outcome
from harness.report import words
from harness.store.manifest import Manifest
from harness.store.read import Run

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~$-])")
_SAMPLE_COLUMNS = (
    "run_id", "model", "task", "subject", "sample_id", "outcome", "value", "answer", "gold",
    "scorer", "finish_reason", "error_kind", "output_tokens", "total_seconds", "reply",
)  # fmt: skip
_KEY = ("task", "sample_id")


def run_facts(run: Run, summaries: Mapping[str, TaskSummary]) -> dict[str, Any]:
    """Return what a run is and what it found, ready for JSON; accuracies are shares."""
    manifest = run.manifest
    return {
        "run_id": manifest.run_id,
        "status": manifest.status,
        "imported": manifest.is_imported,
        "model": asdict(manifest.model) | {"identity": manifest.model.identity},
        "tasks": {
            name: asdict(summary) | {"fingerprint": manifest.tasks[name].protocol.fingerprint}
            for name, summary in summaries.items()
        },
        "verification": manifest.verification,
        "ledger": [asdict(line) for line in manifest.ledger],
        "warnings": manifest.warnings,
    }


def export_json(runs: Sequence[Run]) -> str:
    """Return the facts of runs as JSON.

    Raises:
        StoreError: a table is missing or damaged.
    """
    facts = {"runs": [run_facts(run, summarize_run(run)) for run in runs]}
    return json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def export_csv(runs: Sequence[Run]) -> str:
    """Return a line for each task of each run, and one for each of its subjects; shares.

    Raises:
        StoreError: a table is missing or damaged.
    """
    lines = [line for run in runs for line in _lines(run)]
    return _csv(list(lines[0]) if lines else [], (line.values() for line in lines))


def export_samples(runs: Sequence[Run]) -> str:
    """Return a CSV line for each sample: how it was judged and the last reply.

    Text is kept as the page prints it: what cannot be seen is written out, and what a spreadsheet
    would take for a formula begins with an apostrophe.

    Raises:
        StoreError: a table is missing or damaged.
    """
    return _csv(_SAMPLE_COLUMNS, (row for run in runs for row in _samples(run)))


def export_markdown(runs: Sequence[Run]) -> str:
    """Return a table for each task and protocol, unlike protocols apart, in Markdown.

    Raises:
        StoreError: a table is missing or damaged.
    """
    tables: dict[tuple[str, str], list[Entry]] = {}
    for run in runs:
        for task, summary in summarize_run(run).items():
            fingerprint = run.manifest.tasks[task].protocol.fingerprint
            tables.setdefault((task, fingerprint), []).append(Entry(run, summary))
    parts = [_table(entries) for _, entries in sorted(tables.items(), key=lambda item: item[0])]
    return "\n".join(parts)


def spreadsheet_safe(text: str) -> str:
    """Return text that no spreadsheet takes for a formula, with unseen characters written out.

    Source: OWASP, CSV Injection.
    """
    shown = words.printable(text)
    harmless = not _FORMULA.match(shown) or _PLAIN_NUMBER.fullmatch(shown)
    return shown if harmless else f"'{shown}"


def _csv(header: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return file.getvalue()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return spreadsheet_safe(value) if isinstance(value, str) else value


def _lines(run: Run) -> Iterator[dict[str, Any]]:
    for summary in summarize_run(run).values():
        shared = _who(run.manifest, summary)
        yield shared | {"subject": ""} | _task_numbers(summary)
        if len(summary.subjects) > 1:
            blank = dict.fromkeys(_task_numbers(summary))
            for subject in summary.subjects:
                numbers = _subject_numbers(subject)
                yield shared | {"subject": subject.subject} | blank | numbers


def _who(manifest: Manifest, summary: TaskSummary) -> dict[str, Any]:
    protocol = manifest.tasks[summary.task].protocol
    return {
        "run_id": manifest.run_id,
        "finished_at": manifest.finished_at,
        "imported": manifest.is_imported,
        "model": manifest.model.name,
        "identity": manifest.model.identity,
        "quantization": manifest.model.quantization,
        "task": summary.task,
        "shots": protocol.shots,
        "fingerprint": protocol.fingerprint,
    }


def _subject_numbers(subject: SubjectSummary) -> dict[str, Any]:
    return {
        "n_answered": subject.strict.n,
        **_estimate("strict", subject.strict),
        **_estimate("parsed", subject.parsed),
    }


def _task_numbers(summary: TaskSummary) -> dict[str, Any]:
    speed = summary.speed
    return {
        "n_planned": summary.n_planned,
        "n_answered": summary.n_answered,
        **_estimate("strict", summary.strict),
        **_estimate("parsed", summary.parsed),
        **_estimate("macro", summary.macro),
        **{outcome.value: summary.counts[outcome] for outcome in Outcome},
        "chance": summary.chance,
        "prefill_tokens_per_second": speed.prefill_rate,
        "decode_tokens_per_second": speed.decode_rate,
        "first_token_seconds": speed.first_token,
        "latency_p50_seconds": speed.latency_p50,
        "latency_p95_seconds": speed.latency_p95,
        "peak_memory_bytes": speed.peak_memory_bytes,
        "cost_usd": speed.cost_usd,
    }


def _estimate(name: str, found: Estimate | None) -> dict[str, Any]:
    one = found or Estimate(None, None, None, 0)
    return {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high, f"{name}_n": one.n}


def _samples(run: Run) -> Iterator[list[Any]]:
    replies = {tuple(row[name] for name in _KEY): row for row in run.rows("responses")}
    manifest = run.manifest
    for score in run.rows("scores"):
        reply = replies.get(tuple(score[name] for name in _KEY), {})
        known = {
            **reply, **score,
            "run_id": manifest.run_id, "model": manifest.model.name, "reply": reply.get("text"),
        }  # fmt: skip
        yield [known.get(name) for name in _SAMPLE_COLUMNS]


def _table(entries: Sequence[Entry]) -> str:
    protocol = entries[0].protocol
    task, shots = _text(protocol.task), words.shots(protocol.shots)
    head = ["model", "run", "n", "accuracy (95 %)", "given parsed (95 %)",
            "unparsed", "truncated", "refused", "no answer", "decode t/s", "cost"]  # fmt: skip
    rows = [head, ["---"] * len(head), *map(_row, entries)]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"## {task}, {shots}\n\nprotocol `{protocol.fingerprint[:12]}`\n\n{lines}\n"


def _row(entry: Entry) -> list[str]:
    summary, manifest = entry.summary, entry.run.manifest
    mark = " (imported)" if manifest.is_imported else ""
    n = words.count(summary.n_answered)
    return [
        _text(manifest.model.name) + mark,
        _text(manifest.run_id),
        n if not summary.n_missing else f"{n} of {words.count(summary.n_planned)}",
        words.estimate(summary.strict),
        words.estimate(summary.parsed),
        *(
            words.count(summary.counts[outcome])
            for outcome in (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED)
        ),
        words.count(summary.n_missing),
        words.rate(summary.speed.decode_rate),
        words.dollars(summary.speed.cost_usd).replace("$", r"\$"),
    ]


def _text(foreign: str) -> str:
    """Foreign text on one line, with everything that Markdown or HTML could act on escaped."""
    return html.escape(_MARKUP.sub(r"\\\1", words.label(foreign, 100)), quote=False)
