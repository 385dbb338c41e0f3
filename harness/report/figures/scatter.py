"""Accuracy of many systems against what they take, with the front of the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.records import Estimate
from harness.report.figures.canvas import (
    BAND,
    LINE,
    MARKERS,
    PAPER,
    QUIET,
    SERIES,
    Drawing,
    as_svg,
    drawing,
    new_axes,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _HEIGHT = 400, 290
_BOX = (40, 22, 346, 220)
_LEFT, _TOP, _WIDE, _HIGH = _BOX
_LETTER = 5.6  # units: about what a letter takes at this size
_LINE_HEIGHT = 13
_FREE = 0.3  # of the least price: where what costs nothing stands on a logarithmic axis


@dataclass(frozen=True, slots=True)
class Dot:
    """One system; `takes` may be 0, `series` is its colour and shape."""

    name: str
    takes: Estimate
    accuracy: Estimate
    series: int
    is_best: bool
    is_dominated: bool


@dataclass(frozen=True, slots=True)
class Scatter:
    """What a panel shows; `printed` puts a value of the axis into words."""

    axis: str
    dots: Sequence[Dot]
    printed: Callable[[float], str]
    label: str


def draw_scatter(scatter: Scatter, name: str) -> Drawing:
    """Draw accuracy with its interval against the logarithm of what it takes.

    The line joins the best for what they take, its band their intervals; who is worse for certain
    than one that takes no more is drawn hollow. Further up and left is better.
    """
    values = [_number(dot.takes.value) for dot in scatter.dots]
    least = min((value for value in values if value > 0), default=1.0)
    with drawing():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = new_axes(figure, _BOX)
        axes.set_xscale("log")
        axes.grid(visible=True, axis="y", color=LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(which="both", length=0)
        axes.set_title("accuracy, %", loc="left", fontsize=10, color=QUIET, pad=6)
        axes.set_xlabel(f"{scatter.axis}, further left is less")
        places = [max(value, _FREE * least) for value in values]
        _scale(axes, scatter, values, places)
        _front(axes, scatter.dots, places)
        for dot, place in zip(scatter.dots, places, strict=True):
            _dot(axes, dot, place)
        _names(axes, scatter.dots, places)
        return as_svg(figure, name, scatter.label)


def _scale(axes: Axes, scatter: Scatter, values: Sequence[float], places: Sequence[float]) -> None:
    """Give both axes room, and the logarithmic one a few plain ticks."""
    from matplotlib.ticker import NullLocator

    low, high = min(places), max(places)
    span = max(high / low, 1.5)
    axes.set_xlim(low / span**0.2, high * span**0.35)
    ticks = dict(zip(places, values, strict=True))
    shown = sorted({low, high} if high > 1.05 * low else {low})
    axes.set_xticks(shown, [scatter.printed(ticks[place]) for place in shown])
    axes.xaxis.set_minor_locator(NullLocator())
    ends = [
        100 * x for d in scatter.dots for x in (d.accuracy.low, d.accuracy.high) if x is not None
    ]
    bottom, top = min(ends, default=0), max(ends, default=100)
    pad = max(2.0, 0.12 * (top - bottom))
    axes.set_ylim(max(-1.0, bottom - pad), min(104.0, top + pad))


def _front(axes: Axes, dots: Sequence[Dot], places: Sequence[float]) -> None:
    best = [(place, dot) for place, dot in zip(places, dots, strict=True) if dot.is_best]
    if not best:
        return
    x = [*(place for place, _ in best), axes.get_xlim()[1]]
    values, low, high = (
        [100 * _number(getattr(dot.accuracy, part)) for _, dot in [*best, best[-1]]]
        for part in ("value", "low", "high")
    )
    axes.fill_between(x, low, high, step="post", color=BAND, linewidth=0, zorder=1)
    axes.step(x, values, where="post", color=QUIET, linewidth=1.2, zorder=2)


def _dot(axes: Axes, dot: Dot, place: float) -> None:
    colour, y = SERIES[dot.series], 100 * _number(dot.accuracy.value)
    if dot.accuracy.low is not None and dot.accuracy.high is not None:
        ends = [100 * dot.accuracy.low, 100 * dot.accuracy.high]
        axes.plot([place, place], ends, color=colour, linewidth=1.5, zorder=3)
    if dot.takes.low and dot.takes.high:
        axes.plot([dot.takes.low, dot.takes.high], [y, y], color=colour, linewidth=1.5, zorder=3)
    fill = PAPER if dot.is_dominated else colour
    axes.plot(
        [place], [y], MARKERS[dot.series], color=colour, markerfacecolor=fill, markersize=7,
        markeredgewidth=1.5, zorder=4,
    )  # fmt: skip


def _names(axes: Axes, dots: Sequence[Dot], places: Sequence[float]) -> None:
    """Write each name beside its dot, where it covers the fewest others."""
    taken = [_bar(axes, dot, place) for dot, place in zip(dots, places, strict=True)]
    for dot, place in zip(dots, places, strict=True):
        x, y = axes.transData.transform((place, 100 * _number(dot.accuracy.value)))
        width = _LETTER * len(dot.name)
        spots = [
            (x + dx if dx > 0 else x + dx - width, y + dy) for dy in (10, -10, 22, -22, 34, -34)
            for dx in (9, -9)
        ]  # fmt: skip
        boxes = [(left, low - 6, left + width, low + 6) for left, low in spots]
        best = min(range(len(boxes)), key=lambda i: (_cover(boxes[i], taken), i))
        taken += [boxes[best], (x - 5, y - 5, x + 5, y + 5)]
        left, low = axes.transData.inverted().transform(spots[best])
        axes.text(left, low, dot.name, fontsize=10, va="center", zorder=5)


def _bar(axes: Axes, dot: Dot, place: float) -> tuple[float, float, float, float]:
    """Return where the interval of a dot is drawn."""
    ends = [100 * _number(end) for end in (dot.accuracy.low, dot.accuracy.high)]
    (x, low), (_, high) = (axes.transData.transform((place, end)) for end in ends)
    return (x - 3, low, x + 3, high)


def _cover(box: tuple[float, ...], taken: Sequence[tuple[float, ...]]) -> float:
    """Return how much of a box lies on others or outside the axes."""
    outside = max(0.0, _LEFT - box[0]) + max(0.0, box[2] - (_LEFT + _WIDE))
    over = (
        max(0.0, min(box[2], other[2]) - max(box[0], other[0]))
        * max(0.0, min(box[3], other[3]) - max(box[1], other[1]))
        for other in taken
    )
    return sum(over) + _LINE_HEIGHT * outside


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
