"""Quality against what it takes: one small panel for each thing, a line for each task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.records import Estimate
from harness.report import words
from harness.report.figures.canvas import (
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

_WIDTH, _HEIGHT = 400, 270


@dataclass(frozen=True, slots=True)
class Point:
    """One system on one task: what it takes, and its accuracy as a fraction."""

    takes: Estimate
    accuracy: Estimate


@dataclass(frozen=True, slots=True)
class Panel:
    """What the axis holds, and for each task the candidate's and the baseline's point."""

    kind: str
    unit: str
    tasks: Sequence[tuple[str, Point, Point]]
    label: str


def draw_tradeoff(panel: Panel, name: str) -> Drawing:
    """Draw accuracy against the logarithm of what it takes; further up and left is better."""
    with drawing():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = new_axes(figure, (40, 22, 270, 200))
        axes.set_xscale("log")
        axes.grid(visible=True, which="major", color=LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(which="both", length=0)
        for _, candidate, baseline in panel.tasks:
            _line(axes, candidate, baseline)
        _scale(axes, panel)
        _names(axes, panel)
        axes.set_title("accuracy, %", loc="left", fontsize=10, color=QUIET, pad=6)
        axes.set_xlabel(f"{panel.kind} ({panel.unit})")
        return as_svg(figure, name, panel.label)


def _line(axes: Axes, candidate: Point, baseline: Point) -> None:
    x = [_number(point.takes.value) for point in (candidate, baseline)]
    y = [100 * _number(point.accuracy.value) for point in (candidate, baseline)]
    axes.plot(x, y, color=QUIET, linewidth=1, zorder=1)
    for point, colour, shape in ((candidate, CANDIDATE, "o"), (baseline, BASELINE, "s")):
        _cross(axes, point, colour)
        axes.plot(
            [_number(point.takes.value)], [100 * _number(point.accuracy.value)], shape,
            color=colour, markersize=8,
        )  # fmt: skip


def _names(axes: Axes, panel: Panel) -> None:
    """Name each line at the height of its right end, pushed apart where names would overlap."""
    ends = [
        (
            100 * _number(max(pair, key=lambda point: _number(point.takes.value)).accuracy.value),
            task,
        )
        for task, *pair in panel.tasks
    ]
    low, high = axes.get_ylim()
    room = 0.075 * (high - low)
    below = low - room
    for height, task in sorted(ends):
        below = max(height, below + room)
        axes.text(1.02, below, task, transform=axes.get_yaxis_transform(), va="center", color=INK,
                  fontsize=10)  # fmt: skip


def _cross(axes: Axes, point: Point, colour: str) -> None:
    x, y = _number(point.takes.value), 100 * _number(point.accuracy.value)
    if point.accuracy.low is not None and point.accuracy.high is not None:
        ends = [100 * point.accuracy.low, 100 * point.accuracy.high]
        axes.plot([x, x], ends, color=colour, linewidth=1.5)
    if point.takes.low and point.takes.high:
        axes.plot([point.takes.low, point.takes.high], [y, y], color=colour, linewidth=1.5)


def _scale(axes: Axes, panel: Panel) -> None:
    """Give the logarithmic axis room and a few plain ticks: every system's own value."""
    from matplotlib.ticker import NullLocator

    values = [p.takes.value for _, *pair in panel.tasks for p in pair if p.takes.value]
    low, high = min(values), max(values)
    span = max(high / low, 1.5)
    axes.set_xlim(low / span**0.25, high * span**0.25)
    ticks = [low * (high / low) ** step for step in ((0, 1) if high > 1.05 * low else (0,))]
    axes.set_xticks(ticks, [_tick(panel.unit, tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _tick(unit: str, value: float) -> str:
    if unit == "bytes":
        return words.size(round(value))
    return words.seconds(value) if unit == "seconds" else words.dollars(value)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
