"""One table of the leaderboard: its columns, its rows, and what to beware of."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.leaderboard import Entry, Table
from harness.analysis.speed import Speed
from harness.analysis.summary import TaskSummary
from harness.protocol import Protocol
from harness.records import Estimate, ModelInfo, Outcome
from harness.report import words
from harness.report.banners import WORTH_A_BANNER, banners, short_hash, task_anchor
from harness.report.data import (
    Board,
    Cell,
    Column,
    ColumnGroup,
    Grid,
    Plot,
    UnlikeField,
)

_AXIS = 200
_MARGIN = 6

_GROUPS = (
    ColumnGroup(
        "",
        (
            Column("#", "Place by accuracy; equal accuracies share a place", "rank", "ascending"),
            Column("Model", "Name, family and interface", "text"),
        ),
    ),
    ColumnGroup(
        "Accuracy, with 95 % interval",
        (
            Column("Strict", "Correct of all answered; no readable answer is wrong", "accuracy"),
            Column("Given parsed", "Correct of those replies that gave a readable answer"),
            Column("Macro", "Mean of the subjects' strict accuracies, each subject equal"),
        ),
    ),
    ColumnGroup(
        "Model",
        (
            Column("Weights", "Number of parameters; B is thousand million"),
            Column("File", "Size of the weights file; 1 GB is 10^9 bytes"),
            Column("Quantization", "Number format of the weights", "text"),
            Column("Context", "Tokens that a request and its answer may have"),
        ),
    ),
    ColumnGroup(
        "Not judged",
        (
            Column("Unparsed", "Replies without a readable answer; % of answered"),
            Column("Truncated", "Replies cut off at the token limit; % of answered"),
            Column("Refused", "Refusals; % of answered"),
            Column("No answer", "Errors and samples never recorded; % of planned"),
        ),
    ),
    ColumnGroup(
        "Speed",
        (
            Column("Prefill t/s", "Prompt tokens evaluated a second, without reused ones"),
            Column("Decode t/s", "Tokens generated a second after the first"),
            Column("First token", "Median time from request to first token"),
            Column("Latency p50", "Median time from request to complete answer"),
            Column("Latency p95", "95th percentile of that; needs 20 timed answers"),
        ),
    ),
    ColumnGroup(
        "Needs",
        (
            Column("Peak memory", "Largest memory of the engine; 1 GB is 10^9 bytes"),
            Column("Cost", "US dollars for all responses of this task"),
        ),
    ),
)


def build_board(table: Table, *, is_first: bool) -> Board:
    """Prepare one table for print."""
    task, shots = words.label(table.task), words.shots(table.protocol.shots)
    fingerprint = table.protocol.fingerprint
    models = words.counted(len(table.entries), "model")
    return Board(
        anchor=f"board-{short_hash(table.task)}-{fingerprint[:12]}",
        task=task,
        shots=shots,
        contents=f"{task}, {shots}, {models}",
        facts=tuple(_protocol_line(table.protocol, table.entries[0].summary)),
        fingerprint=fingerprint[:12],
        is_first=is_first,
        unlike=tuple(
            UnlikeField(d.field.replace("_", " "), _short(d.second), _short(d.first))
            for d in table.unlike
        ),
        banners=tuple(banner for entry in table.entries for banner in banners(entry)),
        grid=Grid(
            f"{task}, {shots}, protocol {fingerprint[:12]}",
            _GROUPS,
            tuple(_row(entry) for entry in table.entries),
        ),
    )


def plot(estimate: Estimate, chance: float | None = None) -> Plot | None:
    """Place an estimate on the axis; None where it lacks a value or an interval."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return Plot(
        dot=_place(estimate.value),
        low=_place(estimate.low),
        high=_place(estimate.high),
        chance=None if chance is None else _place(chance),
        label=words.estimate(estimate),
    )


def accuracy_cell(estimate: Estimate | None, chance: float | None = None) -> Cell:
    """Print an estimate with interval, n and plot."""
    if estimate is None or estimate.value is None:
        return Cell(words.MISSING, style="accuracy")
    return Cell(
        words.percent(estimate.value),
        sort=repr(estimate.value),
        small=f"{words.percent_range(estimate.low, estimate.high)}, n = {words.count(estimate.n)}",
        plot=plot(estimate, chance),
        style="accuracy",
    )


def _row(entry: Entry) -> tuple[Cell, ...]:
    model, summary = entry.run.manifest.model, entry.summary
    return (
        _rank_cell(entry),
        _model_cell(entry),
        accuracy_cell(summary.strict, summary.chance),
        interval_cell(summary.parsed),
        interval_cell(summary.macro),
        *_model_cells(model),
        *_outcome_cells(summary),
        *_speed_cells(summary.speed),
        *_need_cells(summary.speed),
    )


def _rank_cell(entry: Entry) -> Cell:
    if entry.rank is None:
        return Cell(words.MISSING, hint="too many answers are missing to rank", style="rank")
    text = f"{entry.rank}{'=' if entry.tied else ''}"
    return Cell(text, sort=str(entry.rank), style="rank")


def _model_cell(entry: Entry) -> Cell:
    model = entry.run.manifest.model
    imported = model.backend if entry.run.manifest.is_imported else model.interface
    kind = [words.label(part, 30) for part in (model.family, imported) if part]
    return Cell(
        words.label(model.name, 60),
        sort=words.label(model.name, 60),
        small=", ".join(kind),
        href=f"#{task_anchor(entry)}",
        style="model",
    )


def interval_cell(estimate: Estimate | None, between: str = "\n") -> Cell:
    """Print an estimate with interval and n, without a plot; `between` joins the two."""
    if estimate is None or estimate.value is None:
        return Cell(words.MISSING)
    limits = words.percent_range(estimate.low, estimate.high)
    small = f"{limits}{between}n = {words.count(estimate.n)}"
    return Cell(words.percent(estimate.value), sort=repr(estimate.value), small=small)


def _model_cells(model: ModelInfo) -> Iterator[Cell]:
    yield Cell(words.parameters(model.parameters), _sort(model.parameters))
    yield Cell(words.size(model.file_bytes), _sort(model.file_bytes))
    quantization = words.label(model.quantization or words.MISSING, 20)
    yield Cell(quantization, words.label(model.quantization or "", 20), style="text")
    yield Cell(words.count(model.context), _sort(model.context))


def _outcome_cells(summary: TaskSummary) -> Iterator[Cell]:
    for outcome in (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED):
        yield _share_cell(summary.counts[outcome], summary.n_answered, "answered")
    yield _share_cell(summary.n_missing, summary.n_planned, "planned")


def _share_cell(n: int, total: int, of: str) -> Cell:
    share = words.percent(n / total) if n and total else ""
    style = "number beware" if n > WORTH_A_BANNER * total else "number"
    return Cell(
        words.count(n),
        sort=str(n),
        small=share,
        hint=f"{words.count(n)} of {words.count(total)} {of}",
        style=style if n else "number nothing",
    )


def _speed_cells(speed: Speed) -> Iterator[Cell]:
    timed = f"{words.count(speed.n_timed)} timed answers"
    decoded = f"{words.count(speed.decoded_tokens)} tokens after the first"
    yield Cell(words.rate(speed.prefill_rate), _sort(speed.prefill_rate), hint=timed)
    yield Cell(words.rate(speed.decode_rate), _sort(speed.decode_rate), hint=decoded)
    for duration in (speed.first_token, speed.latency_p50, speed.latency_p95):
        yield Cell(words.seconds(duration), _sort(duration), hint=timed)


def _need_cells(speed: Speed) -> Iterator[Cell]:
    yield Cell(words.size(speed.peak_memory_bytes), _sort(speed.peak_memory_bytes))
    partly = speed.cost_usd is not None and speed.n_priced < speed.n_responses
    yield Cell(
        f"{'≥ ' if partly else ''}{words.dollars(speed.cost_usd)}",
        _sort(speed.cost_usd),
        hint=f"{words.count(speed.n_priced)} of {words.count(speed.n_responses)} have a price",
    )


def _protocol_line(protocol: Protocol, summary: TaskSummary) -> Iterator[str]:
    source = f"of {words.label(protocol.dataset)}" if protocol.dataset else "bundled with the task"
    yield f"{words.counted(summary.n_planned, 'sample')} {source}"
    yield f"split {words.label(protocol.split, 30)}"
    yield words.label(protocol.kind, 30)
    if protocol.temperature is not None:
        yield f"temperature {protocol.temperature:g}"
    if protocol.max_tokens is not None:
        yield f"at most {words.counted(protocol.max_tokens, 'token')}"
    yield f"scorer {words.label(protocol.scorer, 40)}"
    if summary.chance is not None:
        yield f"blind guessing {words.percent(summary.chance)}"


def _place(share: float) -> float:
    return round(_MARGIN + share * (_AXIS - 2 * _MARGIN), 2)


def _short(value: object) -> str:
    text = str(value) or "(none)"
    is_hash = len(text) == 64 and text.isalnum()  # noqa: PLR2004  # hex digits of SHA-256
    return f"{text[:12]}…" if is_hash else words.label(text, 60)


def _sort(value: float | None) -> str:
    return "" if value is None else repr(value)
