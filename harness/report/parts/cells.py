"""Cells, columns, pictures and pointers that the parts of a report share."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from harness.records import Estimate
from harness.report import words
from harness.report.data import Cell, Column, ColumnGroup, Grid
from harness.report.decision_data import Picture
from harness.report.figures.canvas import Drawing


def pointer(*parts: object) -> str:
    """Return the JSON pointer (RFC 6901) of a place in what `harness compare --json` prints."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def picture(wide: Drawing, caption: str, source: str, narrow: Drawing | None = None) -> Picture:
    """Return a drawing with its caption; `narrow` takes its place on a phone."""
    small = None if narrow is None else Markup(narrow.svg)  # noqa: S704  # as below
    # ElementTree has written the SVG, and escapes every text in it.
    return Picture(Markup(wide.svg), caption, source, small)  # noqa: S704


def grid(label: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Grid:
    """Return a table without groups of columns."""
    return Grid(label, (ColumnGroup("", tuple(columns)),), tuple(map(tuple, rows)))


def text_cell(text: str, href: str = "") -> Cell:
    """Return a cell of words."""
    return Cell(text, sort=text, style="text", href=href)


def count_cell(n: int | None, source: str) -> Cell:
    """Return a cell of a count."""
    return Cell(words.count(n), sort="" if n is None else str(n), source=source)


def number_cell(text: str, value: float | None, source: str) -> Cell:
    """Return a cell of a number in print."""
    return Cell(text, sort="" if value is None else repr(value), source=source)


def rate_cell(estimate: Estimate, source: str) -> Cell:
    """Return a cell of a share with its interval and n."""
    small = f"{words.percent_range(estimate.low, estimate.high)}, n = {words.count(estimate.n)}"
    return _estimate_cell(words.percent(estimate.value), estimate, small, source)


def change_cell(estimate: Estimate | None, source: str) -> Cell:
    """Return a cell of a difference in points with its interval and n."""
    if estimate is None:
        return Cell(words.MISSING, hint="Not defined here")
    small = f"no interval, n = {words.count(estimate.n)}"
    if estimate.low is not None and estimate.high is not None:
        limits = f"{words.signed(estimate.low)} to {words.signed(estimate.high)}"
        small = f"{limits}, n = {words.count(estimate.n)}"
    return _estimate_cell(words.signed(estimate.value), estimate, small, source)


def _estimate_cell(text: str, estimate: Estimate, small: str, source: str) -> Cell:
    if estimate.value is None:
        return Cell(words.MISSING, hint="No sample was answered by both", source=source)
    return Cell(text, sort=repr(estimate.value), small=small, source=source)
