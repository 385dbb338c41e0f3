"""Stacked bars: who was right, and how replies ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.report.figures.canvas import (
    INK,
    PAPER,
    QUIET,
    Drawing,
    as_svg,
    drawing,
    new_axes,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH, _ROW, _LEFT = 420, 46, 8
_LEAST_LABELLED = 0.07


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bar: a share of the whole, its text, and a colour that is dark or not."""

    name: str
    share: float
    text: str
    colour: str
    dark: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """A heading over the bar, and its parts from left to right."""

    name: str
    note: str
    parts: Sequence[Part]


def draw_shares(bars: Sequence[Bar], name: str, label: str) -> Drawing:
    """Draw one bar under the other on a scale from 0 to 100 %, with a key below."""
    keys = list({part.name: part for bar in bars for part in bar.parts}.values())
    lines = (len(keys) + 1) // 2
    with drawing():
        height = _ROW * len(bars) + 30 + 18 * lines
        figure = new_figure(_WIDTH, height)
        axes = new_axes(figure, (_LEFT, 0, _WIDTH - 2 * _LEFT, _ROW * len(bars)))
        axes.set_xlim(0, 100)
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_xticks([0, 25, 50, 75, 100], ["0", "25", "50", "75", "100 %"])
        axes.tick_params(axis="y", length=0, labelleft=False)
        for place, bar in enumerate(bars):
            _bar(axes, bar, place)
        _key(new_axes(figure, (_LEFT, height - 18 * lines, _WIDTH - 2 * _LEFT, 18 * lines)), keys)
        return as_svg(figure, name, label)


def _bar(axes: Axes, bar: Bar, place: int) -> None:
    axes.text(0, place - 0.2, bar.name, va="bottom", weight="bold")
    axes.text(100, place - 0.2, bar.note, va="bottom", ha="right", color=QUIET, fontsize=10)
    start = 0.0
    for part in bar.parts:
        wide = 100 * part.share
        axes.barh(place + 0.08, wide, 0.44, start, color=part.colour, edgecolor=PAPER, linewidth=1)
        if part.share >= _LEAST_LABELLED:
            axes.text(
                start + wide / 2, place + 0.08, part.text, ha="center", va="center",
                color=PAPER if part.dark else INK, fontsize=10, weight="bold",
            )  # fmt: skip
        start += wide


def _key(axes: Axes, keys: Sequence[Part]) -> None:
    axes.set_axis_off()
    axes.set_xlim(0, 2)
    axes.set_ylim((len(keys) + 1) // 2, 0)
    for number, part in enumerate(keys):
        x, y = number % 2, number // 2 + 0.5
        axes.barh(y, 0.05, 0.6, x, color=part.colour)
        axes.text(x + 0.08, y, part.name, va="center", fontsize=10)
