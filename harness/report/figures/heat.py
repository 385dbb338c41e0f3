"""The heat map of subjects: colour for the difference, and the number itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.report.figures.canvas import (
    BASELINE,
    CANDIDATE,
    QUIET,
    Drawing,
    as_svg,
    drawing,
    new_axes,
    new_figure,
)

_WIDTH, _ROW = 400, 22
_STRONGEST = 0.75


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A subject: its name, its difference in points, the text in the tile and the one beside."""

    name: str
    points: float
    text: str
    note: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Some subjects of a task; `full` are the points that get the strongest colour."""

    task: str
    rows: Sequence[HeatRow]
    full: float
    label: str


def draw_heat(heat: HeatMap, name: str) -> Drawing:
    """Draw one tile a subject, in the colour of the system that did better."""
    rows = heat.rows
    with drawing():
        figure = new_figure(_WIDTH, _ROW * len(rows) + 20)
        axes = new_axes(figure, (0, 20, _WIDTH, _ROW * len(rows)))
        axes.set_axis_off()
        axes.set_xlim(0, _WIDTH)
        axes.set_ylim(len(rows), 0)
        axes.text(255, -0.15, "points, shrunken", ha="center", va="bottom", color=QUIET,
                  fontsize=10)  # fmt: skip
        axes.text(0, -0.15, heat.task, va="bottom", weight="bold")
        for place, row in enumerate(rows):
            colour = CANDIDATE if row.points > 0 else BASELINE
            strength = _STRONGEST * abs(row.points) / heat.full
            axes.text(182, place + 0.5, row.name, ha="right", va="center")
            axes.barh(place + 0.5, 130, 0.88, 190, color=colour, alpha=strength, linewidth=0)
            axes.text(255, place + 0.5, row.text, ha="center", va="center", weight="bold")
            axes.text(328, place + 0.5, row.note, va="center", color=QUIET, fontsize=10)
        return as_svg(figure, name, heat.label)
