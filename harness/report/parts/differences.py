"""How far apart the two are: the forest plot, and who was right where."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.comparison import Comparison, TaskComparison
from harness.records import Estimate
from harness.report import words
from harness.report.comparison import verdict_sentence
from harness.report.data import Cell, Column
from harness.report.decision_data import Said, Section
from harness.report.figures.canvas import BASELINE, BOTH, CANDIDATE, NEITHER
from harness.report.figures.forest import ForestPlot, ForestRow, draw_forest
from harness.report.figures.shares import Bar, Part, draw_shares
from harness.report.parts.cells import (
    change_cell,
    count_cell,
    grid,
    number_cell,
    picture,
    pointer,
    rate_cell,
    text_cell,
)

_COLUMNS = (
    Column("Task", "Name of the task", "text"),
    Column("Verdict", "At the margin, one-sided", "text"),
    Column("Candidate", "Accuracy; a reply that cannot be read counts as not right"),
    Column("Baseline", "Accuracy; a reply that cannot be read counts as not right"),
    Column("Difference", "Points, candidate minus baseline, every question the same"),
    Column("By subject", "Points, every subject the same (macro)"),
    Column("p", "Two-sided, against no difference"),
    Column("p (Holm)", "The same, adjusted for the number of tasks"),
    Column("Smallest drop", "Points that this run would have found with a chance of 80 %"),
)


def difference_part(found: Comparison) -> Section:
    """Each task's difference against the margin, and the verdict."""
    plot = ForestPlot(
        rows=[*map(_row, found.tasks.values()), *_mean(found)],
        margin=100 * found.options.margin,
        label=_label(found),
    )
    margin = words.counted_points(found.options.margin)
    caption = (
        f"Dots: difference of each task; bars: 95 % interval; grey band: the margin of {margin}. "
        "Blue bars lie wholly on the baseline's side, orange ones on the candidate's."
    )
    return Section(
        "differences",
        "How far apart",
        tuple(_verdicts(found)),
        (picture(draw_forest(plot, narrow=False), caption, "", draw_forest(plot, narrow=True)),),
        (grid("Differences by task", _COLUMNS, [*map(_cells, found.tasks.values())]),),
        grids_open=True,
    )


def outcome_part(found: Comparison) -> Section:
    """Who was right where: both, one, none."""
    bars = [_bar(task) for task in found.tasks.values() if task.n]
    label = "Who was right. " + " ".join(_right_label(task) for task in found.tasks.values())
    columns = (
        Column("Task", "Name of the task", "text"),
        Column("n", "Questions that both answered"),
        Column("Both right", "Ties; of graded scores: equal and above zero"),
        Column("Only the candidate", "The candidate did better"),
        Column("Only the baseline", "The baseline did better"),
        Column("Both wrong", "Ties; of graded scores: equal and zero"),
    )
    rows = [_right_cells(task) for task in found.tasks.values()]
    return Section(
        "who-was-right",
        "Who was right",
        (),
        (picture(draw_shares(bars, "right", label), _WHO, ""),) if bars else (),
        (grid("Who was right, by task", columns, rows),),
    )


_WHO = "Every question that both answered, by who was right."


def _verdicts(found: Comparison) -> Iterator[Said]:
    for task in found.tasks.values():
        name = words.label(task.task)
        yield Said(f"{name}: {verdict_sentence(task)}", pointer("tasks", task.task))
    if found.macro is not None:
        yield Said(f"Mean of all tasks: {words.change(found.macro)}.", pointer("macro"))
    yield Said(
        "A verdict is a test to one side; the intervals drawn are to both sides, so one may just "
        "reach over the line that its verdict has passed."
    )


def _row(task: TaskComparison) -> ForestRow:
    return ForestRow(
        name=words.label(task.task, 22),
        verdict=_verdict(task),
        numbers=_numbers(task.difference),
        n=words.count(task.n),
        p=words.p_value(task.p_holm),
        value=_points(task.difference.value),
        low=_points(task.difference.low),
        high=_points(task.difference.high),
    )


def _mean(found: Comparison) -> Iterator[ForestRow]:
    macro = found.macro
    if macro is not None:
        limits = _points(macro.value), _points(macro.low), _points(macro.high)
        n = words.count(macro.n)
        numbers = _numbers(macro)
        yield ForestRow("mean of tasks", "no verdict", numbers, n, "", *limits, is_mean=True)


def _points(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _numbers(estimate: Estimate) -> str:
    if estimate.value is None:
        return "unknown"
    if estimate.low is None or estimate.high is None:
        return words.signed(estimate.value)
    limits = f"({words.signed(estimate.low)} to {words.signed(estimate.high)})"
    return f"{words.signed(estimate.value)} {limits}"


def _label(found: Comparison) -> str:
    lines = [
        f"{words.label(task.task)}: {words.change(task.difference)}, {_verdict(task)}."
        for task in found.tasks.values()
    ]
    return "Difference of each task, candidate minus baseline. " + " ".join(lines)


def _cells(task: TaskComparison) -> list[Cell]:
    at = ("tasks", task.task)
    drop = task.smallest_detectable_drop
    return [
        text_cell(words.label(task.task)),
        text_cell(_verdict(task)),
        rate_cell(task.candidate, pointer(*at, "candidate")),
        rate_cell(task.baseline, pointer(*at, "baseline")),
        change_cell(task.difference, pointer(*at, "difference")),
        change_cell(task.macro, pointer(*at, "macro")),
        number_cell(words.p_value(task.p), task.p, pointer(*at, "p")),
        number_cell(words.p_value(task.p_holm), task.p_holm, pointer(*at, "p_holm")),
        number_cell(words.points(drop), drop, pointer(*at, "smallest_detectable_drop")),
    ]


def _verdict(task: TaskComparison) -> str:
    return words.VERDICTS[task.noninferiority.verdict]


def _bar(task: TaskComparison) -> Bar:
    named = (
        ("both right", task.both_right, BOTH, False),
        ("only the candidate", task.wins, CANDIDATE, True),
        ("only the baseline", task.losses, BASELINE, True),
        ("both wrong", task.both_wrong, NEITHER, True),
    )
    parts = [
        Part(name, n / task.n, words.count(n), colour, dark) for name, n, colour, dark in named
    ]
    return Bar(words.label(task.task), f"n = {words.count(task.n)}", parts)


def _right_label(task: TaskComparison) -> str:
    return (
        f"{words.label(task.task)}: both right {words.count(task.both_right)}, only the candidate "
        f"{words.count(task.wins)}, only the baseline {words.count(task.losses)}, both wrong "
        f"{words.count(task.both_wrong)}, of {words.count(task.n)}."
    )


def _right_cells(task: TaskComparison) -> list[Cell]:
    names = ("n", "both_right", "wins", "losses", "both_wrong")
    counts = [count_cell(getattr(task, name), pointer("tasks", task.task, name)) for name in names]
    return [text_cell(words.label(task.task)), *counts]
