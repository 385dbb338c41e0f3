"""The page of one run: system, command, and for each task results, protocol and samples."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields

from harness.analysis.examples import Example, TaskExamples, read_examples
from harness.analysis.leaderboard import Entry
from harness.analysis.speed import Speed
from harness.analysis.summary import SubjectSummary, TaskSummary
from harness.analysis.timings import Timings, read_timings
from harness.errors import StoreError
from harness.protocol import Protocol
from harness.records import Estimate, Message, ModelInfo, Outcome, canonical_json
from harness.report import words
from harness.report.banners import banners
from harness.report.board_rows import Beside
from harness.report.data import (
    Bar,
    Cell,
    Column,
    ColumnGroup,
    Exchange,
    Fact,
    Grid,
    RunPage,
    Sample,
    Share,
    TaskPart,
    Turn,
)
from harness.report.estimate_cells import accuracy_cell, interval_cell
from harness.report.links import run_file, run_key, samples_file, task_anchor
from harness.report.timings import illustrate_timings
from harness.store.manifest import Manifest

_FEW = 30
_LONGEST_MESSAGE = 6000
_BAR = 200
_ROOT = "../"
_SUBJECT_COLUMNS = (
    ColumnGroup(
        "",
        (
            Column("Subject", "Subject within the task", "text", "ascending"),
            Column("n", "Answered samples"),
            Column("Strict accuracy", "With 95 % interval, axis 0 to 100 %", "accuracy"),
            Column("Given parsed", "Correct of those replies that gave a readable answer"),
            Column("Note", f"Fewer than {_FEW} answers are too few to rank", "text"),
        ),
    ),
)


def build_run(entries: Sequence[Entry], beside: Beside) -> RunPage:
    """Prepare one run for print; `entries` are its rows on the leaderboard."""
    run = entries[0].run
    manifest = run.manifest
    samples, note = _examples(entries[0])
    timings = read_timings(run)
    return RunPage(
        file=run_file(entries[0]),
        series=beside.series[manifest.model.identity],
        model=words.label(manifest.model.name),
        run_id=words.label(manifest.run_id),
        finished=words.moment(manifest.finished_at),
        command=words.cut(shlex.join(manifest.command)),
        warnings=tuple(words.cut(text, 400) for text in manifest.warnings),
        system=tuple(_system(manifest)),
        settings=tuple(_flat(_settings(manifest))),
        tasks=tuple(
            _task(entry, beside, timings[entry.summary.task], samples.get(entry.summary.task), note)
            for entry in entries
        ),
    )


def _examples(entry: Entry) -> tuple[dict[str, TaskExamples], str]:
    try:
        return read_examples(entry.run), ""
    except StoreError as error:
        return {}, f"No samples can be shown: {words.cut(str(error), 400)}"


def _task(
    entry: Entry, beside: Beside, timings: Timings, samples: TaskExamples | None, note: str
) -> TaskPart:
    summary = entry.summary
    anchor, task = task_anchor(summary.task), words.label(summary.task)
    return TaskPart(
        anchor=anchor,
        task=task,
        banners=banners(entry, _ROOT),
        results=tuple(_results(entry, beside.judged(entry))),
        outcomes=_bar(summary),
        timings=illustrate_timings(anchor, task, timings),
        protocol=tuple(_protocol(entry.protocol)),
        messages=_turns(samples.messages if samples else ()),
        subjects=_subjects(entry) if len(summary.subjects) > 1 else None,
        samples=tuple(_sample(example) for example in (samples.examples if samples else ())),
        samples_href=f"{_ROOT}{samples_file(summary.task, entry.protocol)}#first={run_key(entry)}",
        note=note,
    )


def _bar(summary: TaskSummary) -> Bar:
    unrecorded = summary.n_missing - summary.counts[Outcome.ERROR]
    parts = {outcome.value: summary.counts[outcome] for outcome in Outcome}
    parts[Outcome.ERROR.value] += unrecorded
    shares, x = [], 0.0
    for style, n in parts.items():
        width = _BAR * n / max(1, summary.n_planned)
        shares.append(Share(style, round(x, 2), round(width, 2)))
        x += width
    shown = tuple(share for share in shares if share.width)
    return Bar(shown, f"Outcomes: {', '.join(_outcomes(summary))}")


def _results(entry: Entry, ratings: Sequence[tuple[str, Estimate]]) -> Iterator[Fact]:
    summary = entry.summary
    if entry.protocol.needs_judge:
        yield Fact("Accuracy", "none: no rule can score these replies (harness judge)")
    else:
        yield from _accuracies(summary)
    for judge, rating in ratings:
        yield Fact(f"Rated by {words.label(judge, 60)}", words.rating(rating))
    if summary.bounds is not None:
        limits = words.percent_range(summary.bounds.worst, summary.bounds.best)
        yield Fact("If all missing were wrong or right", limits)
    yield Fact("Outcomes", ", ".join(_outcomes(summary)))
    if summary.layers:
        yield Fact("Decided by layer", ", ".join(_layers(summary)))
    yield from _speed(summary.speed)
    if entry.n_older:
        yield Fact("Not shown", words.counted(entry.n_older, "older run") + " of the same system")


def _accuracies(summary: TaskSummary) -> Iterator[Fact]:
    yield Fact("Strict accuracy", words.estimate(summary.strict))
    yield Fact("Given parsed", words.estimate(summary.parsed))
    if summary.macro is not None:
        name = f"Macro, {words.counted(len(summary.subjects), 'subject')}"
        yield Fact(name, words.estimate(summary.macro))
    yield Fact("Standard error of strict", words.points(summary.standard_error))


def _outcomes(summary: TaskSummary) -> Iterator[str]:
    for outcome in Outcome:
        if n := summary.counts[outcome]:
            yield f"{words.count(n)} {outcome.value}"
    unrecorded = summary.n_missing - summary.counts[Outcome.ERROR]
    if unrecorded:
        yield f"{words.count(unrecorded)} never recorded"
    yield f"of {words.count(summary.n_planned)} planned"


def _layers(summary: TaskSummary) -> Iterator[str]:
    total = sum(share.n for share in summary.layers)
    for share in summary.layers:
        name = words.label(share.layer) if share.layer else "no answer to compare"
        failed = f", {words.count(share.n_failed)} of them failed" if share.n_failed else ""
        yield f"{name} {words.count(share.n)} ({words.percent(share.n / total)}{failed})"
    yield f"of {words.count(total)} judged"


def _speed(speed: Speed) -> Iterator[Fact]:
    timed = f"{words.count(speed.n_timed)} timed answers"
    if speed.n_reused:
        timed += f" ({words.count(speed.n_reused)} reused from another run are not timed)"
    yield Fact("Timed", timed)
    share = words.percent(speed.reused_share)
    yield Fact("Prompt tokens reused", f"{share} of those of the timed answers")
    if speed.n_calls is not None:
        asked = f"{words.count(speed.n_calls)} for {words.counted(speed.n_asked, 'request')}"
        yield Fact("Calls, failed ones included", asked)
    yield Fact(
        "Tokens decoded", f"{words.count(speed.decoded_tokens)} after the first of each answer"
    )


def _protocol(protocol: Protocol) -> Iterator[Fact]:
    yield Fact("fingerprint", protocol.fingerprint, code=True)
    for field in fields(protocol):
        value = getattr(protocol, field.name)
        text = value if isinstance(value, str) else canonical_json(value)
        yield Fact(field.name.replace("_", " "), words.cut(text, 1000) or "(none)", code=True)


def _system(manifest: Manifest) -> Iterator[Fact]:
    model = manifest.model
    for name, value in _identity(model):
        yield Fact(name, words.cut(value, 400) if value else words.MISSING, code=True)
    yield Fact("parameters", words.count(model.parameters))
    yield Fact("file", words.size(model.file_bytes))
    contexts = f"{words.count(model.context)} (trained with {words.count(model.trained_context)})"
    yield Fact("context", contexts)
    yield Fact("status", words.label(manifest.status))
    yield Fact("started", words.moment(manifest.started_at))
    yield Fact("harness", words.label(manifest.harness_version, 40))
    yield Fact("limit", words.count(manifest.limit))
    yield Fact("seed", str(manifest.seed))


def _identity(model: ModelInfo) -> Iterator[tuple[str, str | None]]:
    yield "weights sha256", model.sha256
    yield "snapshot", model.snapshot
    yield "identity", model.identity
    yield "source", model.source
    yield "backend", model.backend
    yield "engine", " ".join(part for part in (model.engine, model.engine_version) if part)
    yield "interface", model.interface
    yield "family", model.family
    yield "quantization", model.quantization
    yield "chat template sha256", model.chat_template_sha256
    yield "licence", model.licence


def _settings(manifest: Manifest) -> dict[str, object]:
    return {
        "settings": manifest.model.settings,
        "hardware": manifest.model.hardware,
        "environment": manifest.environment,
        "verification": manifest.verification or {},
    }


def _flat(nested: Mapping[str, object], prefix: str = "") -> Iterator[Fact]:
    for name, value in nested.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}.")
        else:
            text = value if isinstance(value, str) else canonical_json(value)
            yield Fact(words.label(path), words.cut(text, 400) or "(none)", code=True)


def _turns(messages: Sequence[Message]) -> tuple[Turn, ...]:
    return tuple(
        Turn(words.label(message.role, 20), words.cut(message.content, _LONGEST_MESSAGE))
        for message in messages
    )


def _subjects(entry: Entry) -> Grid:
    summary = entry.summary
    rows = tuple(_subject_row(subject, summary.chance) for subject in summary.subjects)
    label = f"Subjects of {words.label(summary.task)}, {words.label(entry.run.folder.name)}"
    return Grid(label, _SUBJECT_COLUMNS, rows)


def _subject_row(subject: SubjectSummary, chance: float | None) -> tuple[Cell, ...]:
    name = words.label(subject.subject or "(no subject)", 60)
    few = subject.strict.n < _FEW
    return (
        Cell(name, sort=name, style="text"),
        Cell(words.count(subject.strict.n), sort=str(subject.strict.n)),
        accuracy_cell(subject.strict, chance),
        interval_cell(subject.parsed, between=", "),
        Cell("too few to rank" if few else "", sort="too few" if few else "", style="text"),
    )


def _sample(example: Example) -> Sample:
    subject = f"{words.label(example.subject, 40)}: " if example.subject else ""
    answer = "nothing extracted" if example.answer is None else words.label(example.answer, 40)
    return Sample(
        outcome=example.outcome.value,
        heading=f"{subject}{answer}, right is {words.label(example.gold, 40) or '(empty)'}",
        exchanges=tuple(
            Exchange(words.cut(said.question), _reply(said.reply, example.error))
            for said in example.exchanges
        ),
        facts=tuple(_sample_facts(example)),
    )


def _reply(reply: str | None, error: str | None) -> str:
    return words.cut(reply) if reply is not None else f"No reply. {words.cut(error or '')}"


def _sample_facts(example: Example) -> Iterator[Fact]:
    reply = example.exchanges[-1].reply
    if reply is not None:
        yield Fact("length", words.counted(len(reply), "character"))
        yield Fact("extracted", words.cut(example.answer or words.MISSING, 200), code=True)
    yield Fact("right answer", words.cut(example.gold, 200) or "(empty)", code=True)
    yield Fact("sample", words.label(example.sample_id), code=True)
