"""Small against large: a panel for each thing that systems take, each with its table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.analysis.leaderboard import Table
from harness.analysis.takes import Takes
from harness.analysis.tradeoffs import KINDS, Kind, Position, find_positions
from harness.records import Estimate
from harness.report import words
from harness.report.data import Cell, Column, ColumnGroup, Grid, Illustration
from harness.report.estimate_cells import interval_cell
from harness.report.figures.scatter import Dot, Scatter, draw_scatter
from harness.report.links import task_href

_LONGEST_NAME = 26


class _Axis(NamedTuple):
    name: str
    printed: Callable[[float], str]


class _Site(NamedTuple):
    """What a panel belongs to, and the colours of models."""

    about: str
    series: Mapping[str, int]


_AXES: Mapping[Kind, _Axis] = {
    "parameters": _Axis("parameters", lambda n: words.parameters(round(n))),
    "memory": _Axis("peak memory", lambda n: words.size(round(n))),
    "latency": _Axis("median time of a reply", words.seconds),
    "cost": _Axis("US dollars for 1,000 questions", words.dollars),
}


def illustrate_tradeoffs(
    anchor: str, table: Table, takes: Mapping[tuple[Path, str], Takes], series: Mapping[str, int]
) -> Iterator[Illustration]:
    """Draw a panel for everything that at least two systems tell, and of which one takes more."""
    for kind in KINDS:
        positions = find_positions(table, takes, kind)
        if len({position.takes.value for position in positions}) > 1:
            about = f"{words.label(table.task)}, protocol {table.protocol.fingerprint[:12]}"
            yield _illustrate(f"{anchor}-{kind}", kind, positions, _Site(about, series))


def _illustrate(name: str, kind: Kind, positions: Sequence[Position], site: _Site) -> Illustration:
    axis = _AXES[kind]
    dots = [
        Dot(
            name=_name(position, _LONGEST_NAME),
            takes=position.takes,
            accuracy=position.entry.summary.strict,
            series=site.series[position.entry.run.manifest.model.identity],
            is_best=position.is_best,
            is_dominated=bool(position.dominated_by),
        )
        for position in positions
    ]
    title = f"Accuracy against {axis.name}, {site.about}"
    label = f"{title}. " + " ".join(_sentence(position, positions, axis) for position in positions)
    drawn = draw_scatter(Scatter(axis.name, dots, axis.printed, label), name)
    rows = tuple(_row(position, positions, axis, site.series) for position in positions)
    return Illustration(drawn, Grid(title, _columns(axis), rows))


def _columns(axis: _Axis) -> tuple[ColumnGroup, ...]:
    return (
        ColumnGroup(
            "",
            (
                Column("Model", "Those that take least first", "text"),
                Column(
                    axis.name[:1].upper() + axis.name[1:], "With 95 % interval where it is a sample"
                ),
                Column("Accuracy", "Strict, with 95 % interval"),
                Column("Standing", "Against those that take at most as much", "text"),
            ),
        ),
    )


def _row(
    position: Position, others: Sequence[Position], axis: _Axis, series: Mapping[str, int]
) -> tuple[Cell, ...]:
    name = _name(position, 60)
    model = position.entry.run.manifest.model
    standing = _standing(position, others)
    takes = position.takes
    return (
        Cell(
            name,
            sort=name,
            href=task_href(position.entry, ""),
            style="model",
            series=series[model.identity],
        ),
        Cell(axis.printed(takes.value or 0.0), sort=repr(takes.value), small=_limits(takes, axis)),
        interval_cell(position.entry.summary.strict, between=", "),
        Cell(standing, sort=standing, style="text prose"),
    )


def _limits(takes: Estimate, axis: _Axis) -> str:
    if takes.low is None or takes.high is None:
        return ""
    n = words.count(takes.n)
    return f"{axis.printed(takes.low)} to {axis.printed(takes.high)}, n = {n}"


def _standing(position: Position, others: Sequence[Position]) -> str:
    names = {other.entry.run.folder: _name(other, 60) for other in others}
    if position.dominated_by:
        better = [names[folder] for folder in position.dominated_by]
        verbs = ("takes", "is") if len(better) == 1 else ("take", "are")
        return f"dominated: {', '.join(better)} {verbs[0]} no more and {verbs[1]} better"
    if position.is_best:
        return "on the front"
    return "off the front, but not told apart from those that take no more"


def _sentence(position: Position, others: Sequence[Position], axis: _Axis) -> str:
    strict = words.estimate(position.entry.summary.strict)
    takes = axis.printed(position.takes.value or 0.0)
    return f"{_name(position, 60)}: {takes}, {strict}, {_standing(position, others)}."


def _name(position: Position, longest: int) -> str:
    return words.label(position.entry.run.manifest.model.name, longest)
