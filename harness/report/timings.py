"""Histograms of what the answers of a run took, each with its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from harness.analysis.timings import Timings
from harness.report import words
from harness.report.data import Cell, Column, ColumnGroup, Grid, Illustration
from harness.report.figures.canvas import (
    BOTH,
    INK,
    QUIET,
    Drawing,
    as_svg,
    drawing,
    new_axes,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BINS = 30
_QUANTILES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
_WIDTH, _HEIGHT = 260, 150
_COLUMNS = (
    ColumnGroup(
        "",
        (
            Column("Measure", "What is counted for each answer", "text"),
            Column("n", "Answers that this run asked itself and that tell it"),
            *(Column(name, f"Quantile {q:g}") for name, q in _QUANTILES.items()),
            Column("Largest", "The largest of all"),
        ),
    ),
)


class _Measure(NamedTuple):
    name: str
    unit: str
    values: Sequence[float]
    printed: Callable[[float], str]


def illustrate_timings(anchor: str, task: str, timings: Timings) -> Illustration | None:
    """Draw how the answers' times and lengths are distributed; None where nothing was timed."""
    measures = [measure for measure in _measures(timings) if len(measure.values)]
    if not measures:
        return None
    label = f"Histograms of {task}. " + " ".join(_sentence(measure) for measure in measures)
    rows = tuple(_row(measure) for measure in measures)
    drawn = _draw(f"{anchor}-timings", label, measures)
    return Illustration(drawn, Grid(f"Times and lengths of {task}", _COLUMNS, rows))


def _measures(timings: Timings) -> tuple[_Measure, ...]:
    return (
        _Measure("Time to first token", "seconds", timings.first_token, words.seconds),
        _Measure("Time to whole answer", "seconds", timings.whole_answer, words.seconds),
        _Measure("Length of answer", "tokens", timings.tokens, lambda n: words.count(round(n))),
    )


def _draw(name: str, label: str, measures: Sequence[_Measure]) -> Drawing:
    with drawing():
        figure = new_figure(_WIDTH * len(measures), _HEIGHT)
        for place, measure in enumerate(measures):
            _paint(new_axes(figure, (_WIDTH * place + 34, 22, _WIDTH - 54, 84)), measure)
        return as_svg(figure, name, label)


def _paint(axes: Axes, measure: _Measure) -> None:
    axes.hist(measure.values, bins=_BINS, color=BOTH)
    axes.axvline(float(np.median(measure.values)), color=INK, linewidth=1.5)
    axes.set_title(f"{measure.name}, answers", loc="left", fontsize=10, color=QUIET, pad=6)
    axes.set_xlabel(measure.unit)
    axes.locator_params(nbins=4, integer=False)
    axes.locator_params(axis="y", integer=True)
    axes.tick_params(length=0)


def _quantiles(measure: _Measure) -> list[float]:
    found: list[float] = np.quantile(measure.values, list(_QUANTILES.values())).tolist()
    return found


def _sentence(measure: _Measure) -> str:
    low, _, middle, _, high = map(measure.printed, _quantiles(measure))
    n = words.count(len(measure.values))
    return f"{measure.name}: median {middle}, nine in ten between {low} and {high}, n = {n}."


def _row(measure: _Measure) -> tuple[Cell, ...]:
    values = [*_quantiles(measure), max(measure.values)]
    return (
        Cell(measure.name, sort=measure.name, style="text"),
        Cell(words.count(len(measure.values)), sort=str(len(measure.values))),
        *(Cell(measure.printed(value), sort=repr(value)) for value in values),
    )
