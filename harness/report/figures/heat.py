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
_FULL_SCALE = 5.0


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A subject: its name, its difference in points, the text in the tile and the one beside."""

    name: str
    points: float
    text: str
    note: str


def draw_heat(rows: Sequence[HeatRow], names: tuple[str, str], label: str) -> Drawing:
    """Draw one tile a subject; `names` are the task's, to be read, and the figure's own.

    The strongest colour is the largest difference, 5 points at least; colours are the systems':
    that of the candidate where it did better.
    """
    full = max(_FULL_SCALE, *(abs(row.points) for row in rows))
    with drawing():
        figure = new_figure(_WIDTH, _ROW * len(rows) + 20)
        axes = new_axes(figure, (0, 20, _WIDTH, _ROW * len(rows)))
        axes.set_axis_off()
        axes.set_xlim(0, _WIDTH)
        axes.set_ylim(len(rows), 0)
        axes.text(255, -0.15, "points, shrunken", ha="center", va="bottom", color=QUIET,
                  fontsize=10)  # fmt: skip
        axes.text(0, -0.15, names[0], va="bottom", weight="bold")
        for place, row in enumerate(rows):
            colour = CANDIDATE if row.points > 0 else BASELINE
            strength = _STRONGEST * abs(row.points) / full
            axes.text(182, place + 0.5, row.name, ha="right", va="center")
            axes.barh(place + 0.5, 130, 0.88, 190, color=colour, alpha=strength, linewidth=0)
            axes.text(255, place + 0.5, row.text, ha="center", va="center", weight="bold")
            axes.text(328, place + 0.5, row.note, va="center", color=QUIET, fontsize=10)
        return as_svg(figure, names[1], label)
