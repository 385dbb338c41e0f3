"""Where they differ: subjects, replies that are no knowledge, and single questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.comparison import Comparison, SubjectDifference, TaskComparison
from harness.analysis.examples import Example
from harness.analysis.flipped import Flip
from harness.records import Outcome
from harness.report import words
from harness.report.comparison import cause_sentence
from harness.report.data import Cell, Column, Exchange, Grid
from harness.report.decision_data import FlipCard, Picture, Said, Section, Side
from harness.report.figures.canvas import BOTH, INK, NEITHER, TRUNCATED, UNPARSED
from harness.report.figures.heat import HeatMap, HeatRow, draw_heat
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

_CLEAR = 0.05
_NAMED = 8
_FULL_SCALE = 5.0
"""Points that get the strongest colour at least, so that small differences look small."""
_LONGEST_COLUMN = 30
_ENDS = {
    Outcome.CORRECT: ("correct", BOTH, False),
    Outcome.WRONG: ("wrong", NEITHER, True),
    Outcome.UNPARSED: ("unparsed", UNPARSED, False),
    Outcome.TRUNCATED: ("truncated", TRUNCATED, False),
    Outcome.REFUSED: ("refused", INK, True),
}


def subject_part(found: Comparison) -> Section:
    """Each subject's difference, to explore only."""
    tasks = [task for task in found.tasks.values() if task.subjects]
    return Section(
        "subjects",
        "By subject",
        (*((_EXPLORE,) if tasks else (_NO_SUBJECTS,)), *map(_marked, tasks)),
        tuple(drawn for place, task in enumerate(tasks) for drawn in _heat(place, task)),
        tuple(map(_subject_grid, tasks)),
        measured=bool(tasks),
    )


def failure_part(found: Comparison) -> Section:
    """How replies ended: what is a failure, but not of knowledge."""
    bars = [bar for task in found.tasks.values() if task.n for bar in _end_bars(task)]
    columns = (
        Column("Task", "Name of the task", "text"),
        Column("Reply", "How it ended", "text"),
        Column("Candidate", "Replies of the questions that both answered"),
        Column("Baseline", "Replies of the questions that both answered"),
        Column("Difference", "Points, candidate minus baseline"),
    )
    rows = [row for task in found.tasks.values() for row in _end_rows(task)]
    label = "How replies ended. " + " ".join(map(_end_label, found.tasks.values()))
    caption = "Every question that both answered, by how each side's reply ended."
    return Section(
        "failures",
        "Failures that are not knowledge",
        tuple(said for task in found.tasks.values() for said in _failures(task)),
        (picture(draw_shares(bars, "ended", label), caption, ""),) if bars else (),
        (grid("How replies ended, by task", columns, rows),),
    )


def flip_part(found: Comparison, flips: Sequence[Flip]) -> Section:
    """Answers that changed, with examples as they were asked and answered."""
    cards = tuple(_card(place, flip) for place, flip in enumerate(flips))
    columns = (
        Column("Task", "Name of the task", "text"),
        Column("Lost", "Questions that only the baseline got"),
        Column("Gained", "Questions that only the candidate got"),
        Column("Flips", "Both of them, of all"),
        Column("Other wrong answer", "Wrong before and after, but differently"),
        Column("All changed answers", "Flips and other wrong answers, of all"),
    )
    rows = [_flip_cells(task) for task in found.tasks.values() if task.changes]
    return Section(
        "flips",
        "Changed answers",
        (*map(_flip_said, (t for t in found.tasks.values() if t.changes)), _EXAMPLES),
        grids=(grid("Changed answers, by task", columns, rows),) if rows else (),
        grids_open=True,
        flips=cards,
    )


_EXPLORE = Said(
    "To explore only: one subject has few questions, so its own interval is wide. The map shows "
    "estimates drawn towards the mean of all subjects (empirical Bayes); the table has both. A "
    "star marks a difference that is clear (false discovery rate 5 %, Benjamini and Hochberg)."
)
_NO_SUBJECTS = Said("No task has more than one subject.")
_EXAMPLES = Said(
    "Examples follow in an order that is as good as random. Everything that was asked and "
    "answered lies in the two runs."
)


def _marked(task: TaskComparison) -> Said:
    clear = [words.label(s.subject, 40) for s in task.subjects if s.p_adjusted < _CLEAR]
    more = " and others" if len(clear) > _NAMED else ""
    named = f"a clear difference in {', '.join(clear[:_NAMED])}{more}" if clear else "none is clear"
    smallest = min(subject.difference.n for subject in task.subjects)
    return Said(
        f"{words.label(task.task)}: {named}; the smallest subject has "
        f"{words.counted(smallest, 'question')}.",
        pointer("tasks", task.task, "subjects"),
    )


def _heat(place: int, task: TaskComparison) -> Iterator[Picture]:
    """Draw the subjects, worst first, in columns of thirty at most on one scale of colours."""
    ordered = sorted(task.subjects, key=lambda s: (s.shrunken.value or 0.0, s.subject))
    rows = [
        HeatRow(
            name=words.label(subject.subject or "(no subject)", 26),
            points=100 * (subject.shrunken.value or 0.0),
            text=words.signed(subject.shrunken.value) + _star(subject),
            note=f"n = {words.count(subject.difference.n)}",
        )
        for subject in ordered
    ]
    name = words.label(task.task)
    full = max(_FULL_SCALE, *(abs(row.points) for row in rows))
    n_columns = -(-len(rows) // _LONGEST_COLUMN)
    high = -(-len(rows) // n_columns)
    for column in range(n_columns):
        shown = rows[column * high : (column + 1) * high]
        said = "; ".join(f"{row.name} {row.text}" for row in shown)
        label = f"{name}, difference by subject in points, shrunken: {said}."
        drawn = draw_heat(HeatMap(name, shown, full, label), f"heat-{place}-{column}")
        yield picture(drawn, "", pointer("tasks", task.task))


def _star(subject: SubjectDifference) -> str:
    return " ★" if subject.p_adjusted < _CLEAR else ""


def _subject_grid(task: TaskComparison) -> Grid:
    columns = (
        Column("Subject", "Subject within the task", "text", "ascending"),
        Column("Difference", "Points with 95 % interval, from its own questions alone"),
        Column("Shrunken", "Points, drawn towards the mean of the subjects"),
        Column("p", "Two-sided, against no difference"),
        Column("p (Benjamini-Hochberg)", "Adjusted for the number of subjects"),
    )
    rows = [
        [
            text_cell(words.label(subject.subject or "(no subject)", 60)),
            change_cell(subject.difference, f"{at}/difference"),
            change_cell(subject.shrunken, f"{at}/shrunken"),
            number_cell(words.p_value(subject.p), subject.p, f"{at}/p"),
            number_cell(words.p_value(subject.p_adjusted) + _star(subject), subject.p_adjusted,
                        f"{at}/p_adjusted"),
        ]
        for place, subject in enumerate(task.subjects)
        for at in (pointer("tasks", task.task, "subjects", place),)
    ]  # fmt: skip
    return grid(f"Subjects of {words.label(task.task)}", columns, rows)


def _end_bars(task: TaskComparison) -> Iterator[Bar]:
    for side in ("candidate", "baseline"):
        parts = [
            Part(name, n / task.n, words.count(n), colour, dark)
            for replies in task.causes.replies
            for name, colour, dark in (_ENDS[replies.outcome],)
            for n in (getattr(replies, side),)
            if replies.candidate or replies.baseline
        ]
        yield Bar(f"{words.label(task.task)}, {side}", f"n = {words.count(task.n)}", parts)


def _end_label(task: TaskComparison) -> str:
    ends = ", ".join(
        f"{replies.outcome.value} {words.count(replies.candidate)} and "
        f"{words.count(replies.baseline)}"
        for replies in task.causes.replies
    )
    return f"{words.label(task.task)}, candidate and baseline: {ends}."


def _end_rows(task: TaskComparison) -> Iterator[list[Cell]]:
    name = text_cell(words.label(task.task))
    for place, replies in enumerate(task.causes.replies):
        at = ("tasks", task.task, "causes", "replies", place)
        yield [
            name,
            text_cell(replies.outcome.value),
            count_cell(replies.candidate, pointer(*at, "candidate")),
            count_cell(replies.baseline, pointer(*at, "baseline")),
            change_cell(replies.difference, pointer(*at, "difference")),
        ]


def _failures(task: TaskComparison) -> Iterator[Said]:
    name, at = words.label(task.task), pointer("tasks", task.task)
    parsed = words.change(task.causes.if_parsed)
    if task.causes.drop is not None:
        yield Said(f"{name}: {cause_sentence(task)}.", at)
    else:
        yield Said(f"{name}: among replies that both could be read, {parsed}.", at)
    if task.missing is not None:
        missing = task.missing
        yield Said(
            f"{name}: no answer of the candidate alone to {words.count(missing.candidate)}, of the "
            f"baseline alone to {words.count(missing.baseline)}, of both to "
            f"{words.count(missing.both)} of {words.count(task.n_planned)} questions; these count "
            "for neither.",
            at,
        )


def _flip_cells(task: TaskComparison) -> list[Cell]:
    at, changes = ("tasks", task.task), task.changes
    assert changes is not None  # noqa: S101  # the caller has looked
    return [
        text_cell(words.label(task.task)),
        count_cell(task.losses, pointer(*at, "losses")),
        count_cell(task.wins, pointer(*at, "wins")),
        rate_cell(changes.flips, pointer(*at, "changes", "flips")),
        count_cell(changes.moved, pointer(*at, "changes", "moved")),
        rate_cell(changes.all_flips, pointer(*at, "changes", "all_flips")),
    ]


def _flip_said(task: TaskComparison) -> Said:
    changes = task.changes
    assert changes is not None  # noqa: S101  # the caller has looked
    return Said(
        f"{words.label(task.task)}: {words.count(task.losses)} lost and {words.count(task.wins)} "
        f"gained, together {words.estimate(changes.flips)}; {words.count(changes.moved)} wrong "
        "answers became other wrong answers.",
        pointer("tasks", task.task),
    )


def _card(place: int, flip: Flip) -> FlipCard:
    subject = words.label(flip.candidate.subject, 40)
    given = (words.label(_extracted(side), 30) for side in (flip.candidate, flip.baseline))
    answers = f"{' against '.join(given)}, right is {words.label(flip.candidate.gold, 30)}"
    return FlipCard(
        anchor=f"example-{place + 1}",
        kind=flip.kind,
        heading=f"{words.label(flip.task)}{', ' + subject if subject else ''}: {answers}",
        gold=words.cut(flip.candidate.gold, 400) or "(empty)",
        sides=(_side("Candidate", flip.candidate), _side("Baseline", flip.baseline)),
    )


def _side(who: str, example: Example) -> Side:
    said = tuple(
        Exchange(words.cut(part.question), _reply(part.reply, example.error))
        for part in example.exchanges
    )
    return Side(who, example.outcome.value, said, _extracted(example))


def _extracted(example: Example) -> str:
    return words.cut(example.answer, 200) if example.answer is not None else "nothing"


def _reply(reply: str | None, error: str | None) -> str:
    return words.cut(reply) if reply is not None else f"No reply. {words.cut(error or '')}"
