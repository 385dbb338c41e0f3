"""The forest plot: each task's difference with its interval, against the margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.figures.canvas import (
    BAND,
    BASELINE,
    CANDIDATE,
    INK,
    LINE,
    QUIET,
    Drawing,
    as_svg,
    drawing,
    new_axes,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE, _NARROW = 760, 360
_ROW, _NARROW_ROW = 40, 54
_TOP, _BOTTOM = 30, 46


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One line: names and numbers as texts, and the difference in points, None if unknown."""

    name: str
    verdict: str
    numbers: str
    n: str
    p: str
    value: float | None
    low: float | None
    high: float | None
    is_mean: bool = False


@dataclass(frozen=True, slots=True)
class ForestPlot:
    """What the figure shows; `margin` is in points."""

    rows: Sequence[ForestRow]
    margin: float
    label: str


def draw_forest(plot: ForestPlot, *, narrow: bool) -> Drawing:
    """Draw the plot for a wide screen or a phone."""
    row = _NARROW_ROW if narrow else _ROW
    width, height = _NARROW if narrow else _WIDE, _TOP + row * len(plot.rows) + _BOTTOM
    left, span = (10, _NARROW - 20) if narrow else (150, 330)
    with drawing():
        figure = new_figure(width, height)
        axes = new_axes(figure, (left, _TOP, span, row * len(plot.rows)))
        _frame(axes, plot)
        for place, line in enumerate(plot.rows):
            (_narrow_row if narrow else _wide_row)(axes, line, place)
        if not narrow:
            _headings(axes)
        return as_svg(figure, "forest-narrow" if narrow else "forest", plot.label)


def _frame(axes: Axes, plot: ForestPlot) -> None:
    ends = [x for row in plot.rows for x in (row.low, row.high, row.value) if x is not None]
    low, high = min(ends, default=0.0), max(ends, default=0.0)
    low, high = min(low, -2 * plot.margin, -1.0), max(high, 2 * plot.margin, 1.0)
    pad = 0.06 * (high - low)
    axes.set_xlim(low - pad, high + pad)
    axes.set_ylim(len(plot.rows) - 0.5, -0.5)
    axes.axvspan(-plot.margin, plot.margin, color=BAND, linewidth=0)
    axes.axvline(0, color=QUIET, linewidth=1)
    axes.tick_params(axis="y", length=0, labelleft=False)
    axes.spines["bottom"].set_visible(True)
    axes.set_xlabel("difference in points (candidate minus baseline)")
    ends_of_axis = (
        (0, "← baseline better", BASELINE, "left"),
        (1, "candidate better →", CANDIDATE, "right"),
    )
    for x, text, colour, side in ends_of_axis:
        axes.text(
            x, 1, text, color=colour, ha=side, va="bottom", transform=axes.transAxes, fontsize=10
        )


def _interval(axes: Axes, row: ForestRow, y: float) -> None:
    if row.value is None:
        return
    colour = INK
    if row.low is not None and row.high is not None:
        colour = CANDIDATE if row.low > 0 else BASELINE if row.high < 0 else INK
        axes.plot([row.low, row.high], [y, y], color=colour, linewidth=3, solid_capstyle="butt")
    shape = "D" if row.is_mean else "o"
    axes.plot([row.value], [y], shape, color=colour, markersize=9)


def _headings(axes: Axes) -> None:
    span = axes.get_yaxis_transform()
    for x, text, side in _COLUMNS:
        axes.text(x, -0.5, text, transform=span, ha=side, va="bottom", color=QUIET, fontsize=10)


_COLUMNS = (
    (-0.44, "task", "left"),
    (1.42, "points, 95 % interval", "right"),
    (1.58, "n", "right"),
    (1.80, "p (Holm)", "right"),
)


def _wide_row(axes: Axes, row: ForestRow, place: int) -> None:
    span = axes.get_yaxis_transform()
    if row.is_mean:
        axes.plot([-0.44, 1.80], [place - 0.5] * 2, color=LINE, lw=1, transform=span, clip_on=False)
    _interval(axes, row, place)
    axes.text(-0.44, place - 0.05, row.name, transform=span, va="bottom", weight="bold")
    axes.text(-0.44, place + 0.05, row.verdict, transform=span, va="top", color=QUIET, fontsize=10)
    for (x, _, side), text in zip(_COLUMNS[1:], (row.numbers, row.n, row.p), strict=True):
        axes.text(x, place, text, transform=span, ha=side, va="center")


def _narrow_row(axes: Axes, row: ForestRow, place: int) -> None:
    span = axes.get_yaxis_transform()
    if row.is_mean:
        axes.plot([0, 1], [place - 0.5] * 2, color=LINE, linewidth=1, transform=span)
    _interval(axes, row, place + 0.25)
    axes.text(0, place - 0.12, row.name, transform=span, va="center", weight="bold")
    axes.text(1, place - 0.12, row.numbers, transform=span, ha="right", va="center")
