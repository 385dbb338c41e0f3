"""What the two would do together, and what each takes for its quality."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.comparison import Cascade, Comparison, TaskComparison
from harness.analysis.demands import Demand
from harness.records import Estimate
from harness.report import words
from harness.report.data import Cell, Column, Grid
from harness.report.decision_data import Gauge, Picture, Said, Section
from harness.report.figures.curves import draw_cascade
from harness.report.figures.tradeoff import Panel, Point, draw_tradeoff
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

UNITS = {"file size": "bytes", "peak memory": "bytes", "latency": "seconds", "cost": "dollars"}
NAMES = {
    "file size": "File size",
    "peak memory": "Peak memory",
    "latency": "Time a reply (median)",
    "cost": "Price of 1,000 questions",
}
_MOST_LINES = 4
_ROUNDING = 1e-9


def cascade_part(found: Comparison) -> Section:
    """The candidate first, the baseline where the candidate is unsure."""
    simulated = [(task, task.cascade) for task in found.tasks.values() if task.cascade]
    margin = found.options.margin
    return Section(
        "together",
        "Both together",
        tuple(_said(task, cascade, margin) for task, cascade in simulated) or (_NO_CASCADE,),
        tuple(
            _curve(place, *pair, margin) for place, pair in enumerate(simulated) if _tells(pair[1])
        ),
        tuple(grid_ for pair in simulated for grid_ in _cascade_grids(*pair)),
        measured=bool(simulated),
    )


def tradeoff_part(found: Comparison) -> Section:
    """Quality against file size, memory, time and money."""
    panels = list(_panels(found))
    rows = [
        _demand_cells(task.task, demand, pointer("tasks", task.task, "demands", place))
        for task in found.tasks.values()
        for place, demand in enumerate(task.demands)
    ]
    columns = (
        Column("Task", "Name of the task", "text"),
        Column("Takes", "What is compared", "text"),
        Column("Candidate", "With its 95 % interval where it has one"),
        Column("Baseline", "With its 95 % interval where it has one"),
        Column("Ratio", "Candidate divided by baseline"),
    )
    unknown = [name for kind, name in NAMES.items() if kind not in _kinds(found)]
    said = [Said("Not known of either, and so not shown: " + ", ".join(unknown) + ".")]
    return Section(
        "tradeoff",
        "Quality against what it takes",
        (_TRADEOFF, *(said if unknown else ())),
        tuple(
            picture(draw_tradeoff(panel, f"takes-{place}"), "", "")
            for place, panel in enumerate(panels)
        ),
        (grid("What both take, by task", columns, rows),) if rows else (),
        measured=bool(panels),
    )


def gauges(found: Comparison) -> Iterator[Gauge]:
    """Yield what both take over all tasks, where both are known: for the head of the page."""
    for place, demand in enumerate(found.demands):
        pair = demand.candidate.value, demand.baseline.value
        if pair[0] is None or pair[1] is None or demand.ratio is None:
            continue
        largest = max(pair[0], pair[1])
        ratio = f"{words.times(demand.ratio.value or 0)}"
        amounts = [amount(demand.kind, value) for value in pair]
        yield Gauge(
            name=NAMES[demand.kind],
            ratio=ratio,
            amounts=f"{amounts[0]} instead of {amounts[1]}",
            candidate=round(100 * pair[0] / largest, 1),
            baseline=round(100 * pair[1] / largest, 1),
            label=f"{NAMES[demand.kind]}: {ratio}",
            source=pointer("demands", place),
        )


def amount(kind: str, value: float | None) -> str:
    """Print an amount in the unit of its kind."""
    if value is None:
        return words.MISSING
    match UNITS[kind]:
        case "bytes":
            return words.size(round(value))
        case "seconds":
            return words.seconds(value)
        case _:
            return words.dollars(value)


_NO_CASCADE = Said("Too few questions were answered by both to simulate a cascade.")
_TRADEOFF = Said(
    "One line a task: the circle is the candidate, the square the baseline, bars are 95 % "
    "intervals. Whether a difference is clear is said by the differences above, which compare "
    "question by question, and not by bars that overlap."
)


def _said(task: TaskComparison, cascade: Cascade, margin: float) -> Said:
    signal = {
        "letter probability": "its likeliest letter's probability is low",
        "unread reply": "its reply cannot be read (its answers carry no probabilities)",
    }[cascade.signal]
    either = (
        f"Either of the two was right in {words.estimate(cascade.oracle)}, which no routing can "
        "exceed."
    )
    source = f"{pointer('tasks', task.task)} {pointer('options')}"
    sent = cascade.escalated.value or 0.0
    name, near = words.label(task.task), words.counted_points(margin)
    if sent == 1:
        text = f"{name}: to stay within {near} of the baseline, it has to answer everything."
        return Said(f"{text} {either}", source)
    behind = cascade.over_random.low is None or cascade.over_random.low <= 0
    worth = "no clear gain over" if behind else "more than"
    share = "nothing" if sent == 0 else f"{words.percent(sent)} of the questions"
    text = (
        f"{name}: the candidate answers first and the baseline where {signal}. To stay within "
        f"{near} of the baseline it sends {share} on and gets {words.estimate(cascade.accuracy)}; "
        f"{worth} sending as many on at random."
    )
    return Said(f"{text} {_price(task, cascade)}{either}", source)


def _price(task: TaskComparison, cascade: Cascade) -> str:
    alone = task.baseline_usage.cost_usd
    if cascade.cost_usd is None or alone is None:
        return ""
    return (
        f"It would have cost {words.dollars(cascade.cost_usd)}, the baseline alone "
        f"{words.dollars(alone)}. "
    )


def _tells(cascade: Cascade) -> bool:
    """Whether the order in which questions are sent on makes any difference."""
    return any(abs(point.accuracy - point.random) > _ROUNDING for point in cascade.curve)


def _curve(place: int, task: TaskComparison, cascade: Cascade, margin: float) -> Picture:
    baseline = task.baseline.value or 0.0
    name = words.label(task.task)
    label = (
        f"{name}: accuracy by the share sent on to the baseline, from "
        f"{words.percent(cascade.curve[0].accuracy)} with none to "
        f"{words.percent(cascade.curve[-1].accuracy)} with all."
    )
    caption = (
        f"{name}. The diamond is the cascade with its 95 % interval, each fifth of the questions "
        "routed by a threshold that the others chose; dashes: the baseline less the margin."
    )
    drawn = draw_cascade(cascade, (baseline, margin), f"cascade-{place}", label)
    return picture(drawn, caption, pointer("tasks", task.task))


def _cascade_grids(task: TaskComparison, cascade: Cascade) -> Iterator[Grid]:
    at = ("tasks", task.task, "cascade")
    name = words.label(task.task)
    columns = (
        Column("Sent on", "Share of the questions that the baseline answered"),
        Column("Accuracy", "Of the cascade, with 95 % interval"),
        Column("Against the baseline", "Points"),
        Column("Against random", "Points more than sending as many on at random"),
        Column("Either right", "What no routing can exceed"),
    )
    row = [
        rate_cell(cascade.escalated, pointer(*at, "escalated")),
        rate_cell(cascade.accuracy, pointer(*at, "accuracy")),
        change_cell(cascade.difference, pointer(*at, "difference")),
        change_cell(cascade.over_random, pointer(*at, "over_random")),
        rate_cell(cascade.oracle, pointer(*at, "oracle")),
    ]
    yield grid(f"The cascade on {name}", columns, [row])
    curve = (
        Column("n", "Questions that both answered"),
        Column("Sent on", "Share of the questions, the least sure first"),
        Column("Accuracy", "Of the cascade"),
        Column("At random", "Accuracy when as many are sent on at random"),
    )
    rows = [
        [
            count_cell(cascade.n, pointer(*at, "n")),
            *(
                number_cell(words.percent(value), value, pointer(*at, "curve", place, field))
                for field in ("escalated", "accuracy", "random")
                for value in (getattr(point, field),)
            ),
        ]
        for place, point in enumerate(cascade.curve)
    ]
    yield grid(f"The curve of {name}", curve, rows)


def _kinds(found: Comparison) -> dict[str, list[tuple[TaskComparison, Demand]]]:
    """Return, for each kind that both sides of a task tell, the tasks and what they take."""
    kinds: dict[str, list[tuple[TaskComparison, Demand]]] = {}
    for task in found.tasks.values():
        for demand in task.demands:
            if demand.ratio is not None and task.n:
                kinds.setdefault(demand.kind, []).append((task, demand))
    return kinds


def _panels(found: Comparison) -> Iterator[Panel]:
    for kind, tasks in _kinds(found).items():
        shown = tasks[:_MOST_LINES]
        points = [
            (
                words.label(task.task, 20),
                Point(demand.candidate, task.candidate),
                Point(demand.baseline, task.baseline),
            )
            for task, demand in shown
        ]
        yield Panel(NAMES[kind], UNITS[kind], points, _panel_label(kind, shown))


def _panel_label(kind: str, tasks: list[tuple[TaskComparison, Demand]]) -> str:
    lines = [
        f"{words.label(task.task)}: candidate {amount(kind, demand.candidate.value)} at "
        f"{words.percent(task.candidate.value)}, baseline {amount(kind, demand.baseline.value)} "
        f"at {words.percent(task.baseline.value)}."
        for task, demand in tasks
    ]
    return f"Accuracy against {NAMES[kind].lower()}. " + " ".join(lines)


def _demand_cells(task: str, demand: Demand, source: str) -> list[Cell]:
    ratio = demand.ratio
    return [
        text_cell(words.label(task)),
        text_cell(NAMES[demand.kind]),
        _amount_cell(demand.kind, demand.candidate, f"{source}/candidate"),
        _amount_cell(demand.kind, demand.baseline, f"{source}/baseline"),
        _ratio_cell(ratio, f"{source}/ratio"),
    ]


def _amount_cell(kind: str, estimate: Estimate, source: str) -> Cell:
    if estimate.value is None:
        return Cell(words.MISSING, hint="Not told")
    small = f"n = {words.count(estimate.n)}"
    if estimate.low is not None and estimate.high is not None:
        small = f"{amount(kind, estimate.low)} to {amount(kind, estimate.high)}, {small}"
    return Cell(amount(kind, estimate.value), repr(estimate.value), small, source=source)


def _ratio_cell(ratio: Estimate | None, source: str) -> Cell:
    if ratio is None or ratio.value is None:
        return Cell(words.MISSING, hint="One side is not known")
    small = ""
    if ratio.low is not None and ratio.high is not None:
        small = f"{words.times(ratio.low)} to {words.times(ratio.high)}"
    return Cell(words.times(ratio.value), repr(ratio.value), small, source=source)
