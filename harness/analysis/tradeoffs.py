"""Quality against what it takes: who is best for what they take, and who is behind for certain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.analysis.leaderboard import Entry, Table
from harness.analysis.takes import Takes
from harness.records import Estimate

Kind = Literal["parameters", "memory", "latency", "cost"]
KINDS: tuple[Kind, ...] = ("parameters", "memory", "latency", "cost")


@dataclass(frozen=True, slots=True)
class Position:
    """One system: what it takes and its accuracy.

    `is_best` says that no other takes at most as much and was more accurate, or as accurate for
    less: it lies on the Pareto front of what was seen. `dominated_by` names, by the folders of
    their runs, those that take at most as much and are better by a paired difference whose
    interval excludes 0: a system may be off the front and dominated by nobody.
    """

    entry: Entry
    takes: Estimate
    is_best: bool
    dominated_by: tuple[Path, ...]


def find_positions(
    table: Table, takes: Mapping[tuple[Path, str], Takes], kind: Kind
) -> tuple[Position, ...]:
    """Place the systems whose accuracy and take are known, those that take least first.

    `takes` are by the folder of the run and the task. Those that answered too little to be
    ranked are left out.
    """
    known = [
        (entry, found)
        for entry in table.entries
        if entry.rank is not None
        and (found := getattr(takes[entry.run.folder, table.task], kind)).value is not None
    ]
    known.sort(key=lambda pair: (pair[1].value, pair[0].rank))
    return tuple(
        Position(
            entry,
            found,
            is_best=not any(_is_ahead(other, (entry, found)) for other in known),
            dominated_by=tuple(_dominating(table, (entry, found), known)),
        )
        for entry, found in known
    )


_Known = tuple[Entry, Estimate]


def _is_ahead(other: _Known, own: _Known) -> bool:
    pairs = zip(_merits(other), _merits(own), strict=True)
    return _merits(other) != _merits(own) and all(theirs >= ours for theirs, ours in pairs)


def _merits(known: _Known) -> tuple[float, float]:
    entry, takes = known
    return (entry.summary.strict.value or 0.0, -(takes.value or 0.0))


def _dominating(table: Table, own: _Known, known: list[_Known]) -> Iterator[Path]:
    folder, least = own[0].run.folder, own[1].value or 0.0
    for entry, takes in known:
        other = entry.run.folder
        no_more = other != folder and (takes.value or 0.0) <= least
        if no_more and table.contrasts.is_better(other, folder):
            yield other
