"""One table of the leaderboard: its rows, its pictures, and what to beware of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.leaderboard import Entry, Table
from harness.analysis.summary import TaskSummary
from harness.protocol import Protocol
from harness.records import Estimate
from harness.report import words
from harness.report.banners import banners
from harness.report.board_rows import Beside, board_columns, board_row, traits
from harness.report.data import Board, Grid, UnlikeField
from harness.report.heat import build_heat
from harness.report.links import board_anchor, samples_file
from harness.report.tradeoffs import illustrate_tradeoffs


def build_board(table: Table, beside: Beside, *, is_first: bool) -> Board:
    """Prepare one table for print; `beside` is what is known of its runs besides their scores."""
    task, shots = words.label(table.task), words.shots(table.protocol.shots)
    fingerprint = table.protocol.fingerprint
    models = words.counted(len(table.entries), "model")
    anchor = board_anchor(table.task, table.protocol)
    is_judged = any(beside.judged(entry) for entry in table.entries)
    entries = _in_order(table, beside)
    return Board(
        anchor=anchor,
        task=task,
        shots=shots,
        contents=f"{task}, {shots}, {models}",
        facts=tuple(_protocol_line(table.protocol, table.entries[0].summary)),
        fingerprint=fingerprint[:12],
        is_first=is_first,
        samples_href=samples_file(table.task, table.protocol),
        unlike=tuple(
            UnlikeField(d.field.replace("_", " "), _short(d.second), _short(d.first))
            for d in table.unlike
        ),
        banners=tuple(banner for entry in table.entries for banner in banners(entry)),
        grid=Grid(
            f"{task}, {shots}, protocol {fingerprint[:12]}",
            board_columns(is_judged=is_judged),
            tuple(board_row(entry, beside, is_judged=is_judged) for entry in entries),
            tuple(tuple(traits(entry).items()) for entry in entries),
        ),
        needs_judge=table.protocol.needs_judge,
        heat=build_heat(table),
        tradeoffs=tuple(illustrate_tradeoffs(anchor, table, beside.takes, beside.series)),
    )


def _in_order(table: Table, beside: Beside) -> Sequence[Entry]:
    """Order rows as ranked; those that no rule can rank by what the first of the judges gave."""
    if not table.protocol.needs_judge:
        return table.entries
    return sorted(table.entries, key=lambda entry: -_first_rating(beside.judged(entry)))


def _first_rating(ratings: Sequence[tuple[str, Estimate]]) -> float:
    return next((rating.value for _, rating in ratings if rating.value is not None), 0.0)


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


def _short(value: object) -> str:
    text = str(value) or "(none)"
    is_hash = len(text) == 64 and text.isalnum()  # noqa: PLR2004  # hex digits of SHA-256
    return f"{text[:12]}…" if is_hash else words.label(text, 60)
