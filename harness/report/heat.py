"""Subjects by models, coloured: a table that is its own text alternative."""

from __future__ import annotations

from harness.analysis.leaderboard import Table
from harness.analysis.subject_rates import SubjectRate, SubjectTable, read_subject_rates
from harness.report import words
from harness.report.data import Cell, Column, ColumnGroup, Grid, HeatMap
from harness.store.read import Run

_MOST = 12
"""Models: more columns nobody reads."""

_SHADES = 10
_MARKS = {1: " ▲", 0: "", -1: " ▼"}
_HINTS = {1: "ahead of the reference", 0: "", -1: "behind the reference"}


def build_heat(table: Table) -> HeatMap | None:
    """Prepare the subjects of a table for print; None where there is nothing to tell apart."""
    found = read_subject_rates(table, _MOST)
    if found is None:
        return None
    label = f"Subjects of {words.label(table.task)}, protocol {table.protocol.fingerprint[:12]}"
    return HeatMap(
        reference=_name(found.runs[0]),
        n_subjects=len(found.subjects),
        left_out=len(table.entries) - len(found.runs),
        has_others=len(found.runs) > 1,
        grid=Grid(label, (ColumnGroup("", _columns(found)),), tuple(_rows(found))),
    )


def _columns(found: SubjectTable) -> tuple[Column, ...]:
    return (
        Column("Subject", "Subject within the task", "text", "ascending"),
        Column("n", "Answered samples of the first model"),
        *(
            Column(_name(run), "Accuracy, drawn towards the model's own mean, with 95 % interval")
            for run in found.runs
        ),
    )


def _rows(found: SubjectTable) -> list[tuple[Cell, ...]]:
    return [
        (
            _subject_cell(subject),
            Cell(words.count(rates[0].shrunken.n), sort=str(rates[0].shrunken.n)),
            *map(_cell, rates),
        )
        for subject, rates in zip(found.subjects, found.rates, strict=True)
    ]


def _subject_cell(subject: str) -> Cell:
    name = words.label(subject or "(no subject)", 60)
    return Cell(name, sort=name, style="text")


def _cell(rate: SubjectRate) -> Cell:
    value = rate.shrunken.value or 0.0
    n = f"n = {words.count(rate.shrunken.n)}"
    return Cell(
        f"{words.percent(value)}{_MARKS[rate.ahead]}",
        sort=repr(value),
        small=f"{words.percent_range(rate.shrunken.low, rate.shrunken.high)}\n{n}",
        hint=_HINTS[rate.ahead],
        style=f"number heat-{round(_SHADES * value)}",
    )


def _name(run: Run) -> str:
    return words.label(run.manifest.model.name, 30)
