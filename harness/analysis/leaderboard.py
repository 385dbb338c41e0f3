"""Many runs to one table for each task and protocol, in an order that keeps ties as ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from harness.analysis.contrasts import Contrasts, read_values
from harness.analysis.summary import TaskSummary, summarize_run
from harness.errors import StoreError
from harness.protocol import Difference, Protocol, differences
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

MAX_MISSING = 0.01
"""Largest share of missing answers with which a run still takes a place in the order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One system in one table.

    `rank` is one more than the number of systems in the table that are better: ahead on the
    samples that both answered, by a difference whose 95 % interval excludes 0; but never before
    the rank of a more accurate one. `tied` says that another has the same; None where more than
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

    `contrasts` has the difference of any two, by the folders of their runs.

    `unlike` names the fields that set it apart: `first` is what the first table of the task
    has, `second` what this one has. The first table lists every field in which another differs.
    """

    task: str
    protocol: Protocol
    unlike: tuple[Difference, ...]
    entries: tuple[Entry, ...]
    contrasts: Contrasts


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Tables by task, the most used protocol of a task first; `left_out` says why runs are not."""

    tables: tuple[Table, ...]
    left_out: tuple[str, ...]


class _Key(NamedTuple):
    task: str
    fingerprint: str
    identity: str


class _Row(NamedTuple):
    entry: Entry
    scores: pd.Series


def build_leaderboard(runs: Sequence[Run]) -> Leaderboard:
    """Order the newest run of every system, apart for each task and protocol.

    A run whose tables cannot be read is left out, and the one before it shown instead.
    """
    left_out: list[str] = []
    shown = _newest(runs, left_out)
    boards: dict[tuple[str, str], list[_Row]] = {}
    for key, row in shown.items():
        boards.setdefault((key.task, key.fingerprint), []).append(row)
    tasks = sorted({task for task, _ in boards})
    tables = (
        table
        for task in tasks
        for table in _tables(task, [board for key, board in boards.items() if key[0] == task])
    )
    return Leaderboard(tuple(tables), tuple(left_out))


def rank(entries: Sequence[Entry], contrasts: Contrasts) -> tuple[Entry, ...]:
    """Order by strict accuracy, best first, and give the ranks that the contrasts allow.

    Accuracy that rests on too few of the planned answers takes no rank, and nobody is behind it:
    who fails only on the hard questions would win.
    """
    ordered = sorted(entries, key=_order)
    folders = [entry.run.folder for entry in ordered if _is_ranked(entry.summary)]
    behind = (
        1 + sum(contrasts.is_better(other, own) for other in folders if other != own)
        for own in folders
    )
    ranks = list(accumulate(behind, max))
    placed = (
        replace(entry, rank=place, tied=ranks.count(place) > 1)
        for entry, place in zip(ordered, ranks, strict=False)
    )
    return (*placed, *ordered[len(ranks) :])


def _newest(runs: Sequence[Run], left_out: list[str]) -> dict[_Key, _Row]:
    shown: dict[_Key, _Row] = {}
    for run in sorted(runs, key=_age, reverse=True):
        keys = _keys(run)
        summaries: dict[str, TaskSummary] = {}
        values: dict[str, pd.Series] = {}
        if any(key not in shown for key in keys):
            try:
                summaries, values = summarize_run(run), read_values(run)
            except StoreError as error:
                left_out.append(str(error))
                continue
        for key in keys:
            older = shown.get(key)
            if older is None:
                shown[key] = _Row(Entry(run, summaries[key.task]), values[key.task])
            else:
                entry = replace(older.entry, n_older=older.entry.n_older + 1)
                shown[key] = older._replace(entry=entry)
    return shown


def _age(run: Run) -> tuple[str, str]:
    return (run.manifest.finished_at, run.manifest.run_id)


def _keys(run: Run) -> list[_Key]:
    identity = run.manifest.model.identity
    tasks = run.manifest.tasks.items()
    return [_Key(task, record.protocol.fingerprint, identity) for task, record in tasks]


def _tables(task: str, boards: Sequence[Sequence[_Row]]) -> list[Table]:
    ordered = sorted(boards, key=_use)
    protocols = [board[0].entry.protocol for board in ordered]
    return [
        _table(task, board, _unlike(protocol, protocols))
        for protocol, board in zip(protocols, ordered, strict=True)
    ]


def _table(task: str, board: Sequence[_Row], unlike: tuple[Difference, ...]) -> Table:
    contrasts = Contrasts({row.entry.run.folder: row.scores for row in board})
    entries = rank([row.entry for row in board], contrasts)
    return Table(task, entries[0].protocol, unlike, entries, contrasts)


def _use(board: Sequence[_Row]) -> tuple[int, int, str]:
    asked = max(row.entry.summary.n_planned for row in board)
    return (-len(board), -asked, board[0].entry.protocol.fingerprint)


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
    model, value = entry.run.manifest.model, entry.summary.strict.value
    return (
        not _is_ranked(entry.summary),
        -value if value is not None else 1.0,
        model.name,
        entry.run.manifest.run_id,
    )
