"""Cells of estimates: the value, its interval and n, perhaps drawn."""

from __future__ import annotations

from harness.records import Estimate
from harness.report import words
from harness.report.data import Cell, Plot

_AXIS = 200
_MARGIN = 6


def plot(estimate: Estimate, chance: float | None = None) -> Plot | None:
    """Place an estimate on the axis; None where it lacks a value or an interval."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return Plot(
        dot=_place(estimate.value),
        low=_place(estimate.low),
        high=_place(estimate.high),
        chance=None if chance is None else _place(chance),
        label=words.estimate(estimate),
    )


def accuracy_cell(estimate: Estimate | None, chance: float | None = None) -> Cell:
    """Print an estimate with interval, n and plot."""
    if estimate is None or estimate.value is None:
        return Cell(words.MISSING, style="accuracy")
    return Cell(
        words.percent(estimate.value),
        sort=repr(estimate.value),
        small=f"{words.percent_range(estimate.low, estimate.high)}, n = {words.count(estimate.n)}",
        plot=plot(estimate, chance),
        style="accuracy",
    )


def interval_cell(estimate: Estimate | None, between: str = "\n") -> Cell:
    """Print an estimate with interval and n, without a plot; `between` joins the two."""
    if estimate is None or estimate.value is None:
        return Cell(words.MISSING)
    limits = words.percent_range(estimate.low, estimate.high)
    small = f"{limits}{between}n = {words.count(estimate.n)}"
    return Cell(words.percent(estimate.value), sort=repr(estimate.value), small=small)


def _place(share: float) -> float:
    return round(_MARGIN + share * (_AXIS - 2 * _MARGIN), 2)
