"""Curves on axes from 0 to 100 %: sending the unsure on, and knowing when one is right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.analysis.calibrated import Calibration
from harness.analysis.comparison import Cascade
from harness.records import Estimate
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
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 400, 270
_COLOURS = {"candidate": CANDIDATE, "baseline": BASELINE}
_BOX = (52, 22, 330, 196)


def draw_cascade(cascade: Cascade, limits: tuple[float, float], name: str, label: str) -> Drawing:
    """Draw accuracy against the share sent on; `limits`: the baseline's, and the margin."""
    baseline, margin = limits
    x = [100 * point.escalated for point in cascade.curve]
    with drawing():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = new_axes(figure, _BOX)
        _grid(axes, "% of questions sent on to the baseline", "accuracy, %")
        axes.axhline(100 * baseline, color=BASELINE, linewidth=1)
        axes.axhline(100 * (baseline - margin), color=QUIET, linewidth=1, linestyle=(0, (3, 3)))
        axes.plot(x, [100 * p.random for p in cascade.curve], color=QUIET, linewidth=1.5)
        axes.plot(x, [100 * p.accuracy for p in cascade.curve], color=CANDIDATE, linewidth=2.5)
        _chosen(axes, cascade)
        _fit(axes, [*(100 * p.accuracy for p in cascade.curve), 100 * (baseline - margin)])
        axes.set_xlim(-2, 102)
        _key(figure, (
            ("least sure first", CANDIDATE), ("at random", QUIET), ("baseline alone", BASELINE),
        ))  # fmt: skip
        return as_svg(figure, name, label)


def draw_calibration(sides: Sequence[tuple[str, Calibration]], name: str, label: str) -> Drawing:
    """Draw how often answers of each confidence were right; the diagonal is perfect."""
    with drawing():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = new_axes(figure, _BOX)
        _grid(axes, "confidence (likeliest letter), %", "answered right, %")
        axes.plot([0, 100], [0, 100], color=QUIET, linewidth=1, linestyle=(0, (3, 3)))
        for side, found in sides:
            for place in found.bins:
                _bin(axes, 100 * place.confidence, place.accuracy, _COLOURS[side])
        axes.set_xlim(0, 102)
        axes.set_ylim(0, 102)
        _key(figure, tuple((side, _COLOURS[side]) for side, _ in sides))
        return as_svg(figure, name, label)


def draw_answering(sides: Sequence[tuple[str, Calibration]], name: str, label: str) -> Drawing:
    """Draw accuracy when only the surest answers count."""
    with drawing():
        figure = new_figure(_WIDTH, _HEIGHT)
        axes = new_axes(figure, _BOX)
        _grid(axes, "% of questions answered, surest first", "accuracy, %")
        values = []
        for side, found in sides:
            heights = [100 * point.accuracy for point in found.answering]
            places = [100 * point.answered for point in found.answering]
            axes.plot(places, heights, color=_COLOURS[side], linewidth=2)
            values += heights
        _fit(axes, values)
        axes.set_xlim(0, 102)
        _key(figure, tuple((side, _COLOURS[side]) for side, _ in sides))
        return as_svg(figure, name, label)


def _bin(axes: Axes, x: float, accuracy: Estimate, colour: str) -> None:
    if accuracy.value is None or accuracy.low is None or accuracy.high is None:
        return
    axes.plot([x, x], [100 * accuracy.low, 100 * accuracy.high], color=colour, linewidth=1.5)
    axes.plot([x], [100 * accuracy.value], "o", color=colour, markersize=6)


def _chosen(axes: Axes, cascade: Cascade) -> None:
    share, accuracy = cascade.escalated.value, cascade.accuracy
    if share is None or accuracy.value is None:
        return
    x = 100 * share
    if accuracy.low is not None and accuracy.high is not None:
        axes.plot([x, x], [100 * accuracy.low, 100 * accuracy.high], color=INK, linewidth=1.5)
    axes.plot([x], [100 * accuracy.value], "D", color=INK, markersize=7)


def _grid(axes: Axes, x: str, y: str) -> None:
    axes.grid(visible=True, color=LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(x)
    axes.set_title(y, loc="left", fontsize=10, color=QUIET, pad=6)
    axes.tick_params(length=0)


def _fit(axes: Axes, values: Sequence[float]) -> None:
    low, high = min(values), max(values)
    pad = max(2.0, 0.15 * (high - low))
    axes.set_ylim(max(0.0, low - pad), min(101.0, high + pad))


def _key(figure: Figure, entries: Sequence[tuple[str, str]]) -> None:
    axes = new_axes(figure, (_BOX[0], _HEIGHT - 18, _BOX[2], 18))
    axes.set_axis_off()
    axes.set_xlim(0, len(entries))
    axes.set_ylim(0, 1)
    for place, (text, colour) in enumerate(entries):
        axes.plot([place, place + 0.12], [0.5, 0.5], color=colour, linewidth=2.5)
        axes.text(place + 0.17, 0.5, text, va="center", fontsize=10)
