"""Many runs to one table for each task and protocol, ordered by accuracy, ties kept as ties."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

from harness.analysis.summary import TaskSummary, summarize_run
from harness.errors import StoreError
from harness.protocol import Difference, Protocol, differences
from harness.store.read import Run

MAX_MISSING = 0.01
"""Largest share of missing answers with which a run still takes a place in the order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One system in one table.

    `rank` counts from 1 and is shared by equal accuracies (`tied`); None where more than
    MAX_MISSING of the answers are missing. `n_older` earlier runs of the same system under the
    same protocol are not shown.
    """

    run: Run
    summary: TaskSummary
    n_older: int = 0
    rank: int | None = None
    tied: bool = False

    @property
    def protocol(self) -> Protocol:
        """The protocol under which the task was run."""
        return self.run.manifest.tasks[self.summary.task].protocol


@dataclass(frozen=True, slots=True)
class Table:
    """All systems that ran one task under one protocol, best first, unranked last.

    `unlike` names the fields that set it apart: `first` is what the first table of the task
    has, `second` what this one has. The first table lists every field in which another differs.
    """

    task: str
    protocol: Protocol
    unlike: tuple[Difference, ...]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Tables by task, the most used protocol of a task first; `left_out` says why runs are not."""

    tables: tuple[Table, ...]
    left_out: tuple[str, ...]


class _Key(NamedTuple):
    task: str
    fingerprint: str
    identity: str


def build_leaderboard(runs: Sequence[Run]) -> Leaderboard:
    """Order the newest run of every system, apart for each task and protocol.

    A run whose tables cannot be read is left out, and the one before it shown instead.
    """
    left_out: list[str] = []
    shown = _newest(runs, left_out)
    boards: dict[tuple[str, str], list[Entry]] = {}
    for key, entry in shown.items():
        boards.setdefault((key.task, key.fingerprint), []).append(entry)
    tasks = sorted({task for task, _ in boards})
    tables = (
        table
        for task in tasks
        for table in _tables(task, [board for key, board in boards.items() if key[0] == task])
    )
    return Leaderboard(tuple(tables), tuple(left_out))


def rank(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Order by strict accuracy, best first; equal accuracies share the rank of the first.

    Accuracy that rests on too few of the planned answers takes no rank: who fails only on the
    hard questions would win.
    """
    ordered = sorted(entries, key=_order)
    values = [entry.summary.strict.value for entry in ordered if _is_ranked(entry.summary)]
    return tuple(
        replace(entry, rank=values.index(value) + 1, tied=values.count(value) > 1)
        if _is_ranked(entry.summary) and (value := entry.summary.strict.value) is not None
        else entry
        for entry in ordered
    )


def _newest(runs: Sequence[Run], left_out: list[str]) -> dict[_Key, Entry]:
    shown: dict[_Key, Entry] = {}
    for run in sorted(runs, key=_age, reverse=True):
        keys = _keys(run)
        summaries: dict[str, TaskSummary] = {}
        if any(key not in shown for key in keys):
            try:
                summaries = summarize_run(run)
            except StoreError as error:
                left_out.append(str(error))
                continue
        for key in keys:
            older = shown.get(key)
            if older is None:
                shown[key] = Entry(run, summaries[key.task])
            else:
                shown[key] = replace(older, n_older=older.n_older + 1)
    return shown


def _age(run: Run) -> tuple[str, str]:
    return (run.manifest.finished_at, run.manifest.run_id)


def _keys(run: Run) -> list[_Key]:
    identity = run.manifest.model.identity
    tasks = run.manifest.tasks.items()
    return [_Key(task, record.protocol.fingerprint, identity) for task, record in tasks]


def _tables(task: str, boards: Sequence[Sequence[Entry]]) -> list[Table]:
    ordered = sorted(boards, key=_use)
    protocols = [board[0].protocol for board in ordered]
    return [
        Table(task, protocol, _unlike(protocol, protocols), rank(board))
        for protocol, board in zip(protocols, ordered, strict=True)
    ]


def _use(board: Sequence[Entry]) -> tuple[int, int, str]:
    asked = max(entry.summary.n_planned for entry in board)
    return (-len(board), -asked, board[0].protocol.fingerprint)


def _unlike(protocol: Protocol, protocols: Sequence[Protocol]) -> tuple[Difference, ...]:
    first = protocols[0]
    if protocol != first:
        return differences(first, protocol)
    names = {d.field for other in protocols for d in differences(first, other)}
    ordered = (field.name for field in fields(Protocol) if field.name in names)
    return tuple(Difference(name, getattr(first, name), getattr(first, name)) for name in ordered)


def _is_ranked(summary: TaskSummary) -> bool:
    answered = summary.strict.value is not None
    return answered and summary.n_missing <= MAX_MISSING * summary.n_planned


def _order(entry: Entry) -> tuple[bool, float, str, str]:
    model, summary = entry.run.manifest.model, entry.summary
    value = summary.strict.value
    return (
        not _is_ranked(summary),
        -value if value is not None else 1.0,
        model.name,
        entry.run.manifest.run_id,
    )
