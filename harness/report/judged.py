"""The judges' section: scores, comparisons, and with each judge the card that qualifies them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from harness.analysis.judge_agreement import Agreement, agreements
from harness.analysis.judge_beside import related, rule_check
from harness.analysis.judge_card import judge_card
from harness.analysis.judge_panel import panel
from harness.analysis.judged import (
    Compared,
    Rated,
    Strength,
    comparisons,
    rated_differences,
    ratings,
    strengths,
)
from harness.analysis.judges import Judge
from harness.records import Estimate
from harness.report import words
from harness.report.data import Cell, Column, ColumnGroup, Grid, JudgePart, JudgeSection
from harness.report.judge_card import card_facts, warnings
from harness.report.links import short_hash
from harness.store.read import Run

_RATED = (
    ColumnGroup(
        "",
        (
            Column("Model", "Whose answers were rated", "text"),
            Column("Task", "Which conversations", "text"),
            Column("Rating", "Mean of the questions' means, 1 to 10, with 95 % interval"),
        ),
    ),
    ColumnGroup(
        "By turn",
        (Column("First", "Mean rating of first replies"), Column("Second", "Of second replies")),
    ),
    ColumnGroup(
        "Not rated",
        (
            Column("Unreadable", "Verdicts that could not be read; they are no rating"),
            Column("Unanswered", "Turns that the model did not answer"),
            Column("Bounds", "Mean if all of these were 1, and if all were 10"),
        ),
    ),
    ColumnGroup(
        "By rule, last turn",
        (
            Column("Right", "Accuracy by a rule on the same replies"),
            Column("Rated if right", "Mean rating where the rule says right"),
            Column("Rated if not", "Mean rating where it does not"),
        ),
    ),
    ColumnGroup("", (Column("Length", "Mean characters of the rated replies"),)),
)
_COMPARED = (
    ColumnGroup(
        "",
        (
            Column("First", "One model", "text"),
            Column("Second", "The other", "text"),
            Column("Task", "Which conversations", "text"),
            Column("Won", "Turns that the first won in both orders"),
            Column("Tied", "Ties, and turns whose two orders disagree"),
            Column("Lost", "Turns that the second won in both orders"),
            Column("Unreadable", "Turns without a readable verdict in both orders"),
            Column("Win rate", "Wins and half the ties, over questions, with 95 % interval"),
            Column("If equally long", "The same with the difference of lengths held at nothing"),
        ),
    ),
)
_STRENGTHS = (
    ColumnGroup(
        "",
        (
            Column("Model", "Best first", "text"),
            Column("Task", "Which conversations", "text"),
            Column("Strength", "Natural logarithm, Bradley-Terry with ties; sums to zero"),
        ),
    ),
)
_AGREEMENT = (
    ColumnGroup(
        "",
        (
            Column("Judges", "Who judged the same", "text"),
            Column("Mode", "Ratings or comparisons", "text"),
            Column("Verdicts", "That all of them gave"),
            Column("Weighted kappa", "Cohen's, quadratic weights; two judges only"),
            Column("Alpha", "Krippendorff's, interval level"),
            Column("Same", "Equal verdicts; ratings within one point"),
            Column("Same, no ties", "Of comparisons in which nobody said tie"),
        ),
    ),
)


def build_judges(judges: Sequence[Judge], runs: Sequence[Run]) -> JudgeSection | None:
    """Prepare everything that was judged for print; None where nothing was."""
    if not judges:
        return None
    by_id = {run.folder.name: run for run in runs}
    together = panel(judges)
    shown = [*judges, together] if together else list(judges)
    agreeing = tuple(_agreement_row(each) for each in agreements(judges))
    return JudgeSection(
        parts=tuple(_part(judge, by_id) for judge in shown),
        agreement=Grid("Agreement of judges", _AGREEMENT, agreeing) if agreeing else None,
    )


def _part(judge: Judge, runs: Mapping[str, Run]) -> JudgePart:
    name = words.label(judge.info.name)
    card = judge_card(judge)
    rated = ratings(judge)
    kind = "labels from a file" if judge.is_file else f"verdicts read {judge.parsing or 'jointly'}"
    texts = [] if _speaks_for_others(judge) else [*warnings(card), *_kinship(judge, runs)]
    return JudgePart(
        anchor=f"judge-{short_hash(judge.info.identity + judge.prompts_sha256 + judge.parsing)}",
        name=name,
        facts=(f"prompts {words.label(judge.prompts)} {judge.prompts_sha256[:12]}", kind),
        warnings=tuple(texts),
        grids=tuple(_grids(judge, rated, runs)),
        categories=_categories(name, rated),
        card=() if _speaks_for_others(judge) else tuple(card_facts(judge.info, card)),
    )


def _speaks_for_others(judge: Judge) -> bool:
    """People's labels and panels have no card of their own."""
    return judge.is_file or judge.info.backend == "panel"


def _grids(judge: Judge, rated: Sequence[Rated], runs: Mapping[str, Run]) -> Iterator[Grid]:
    name = words.label(judge.info.name)
    if rated:
        rows = tuple(_rated_row(each, judge, runs) for each in rated)
        yield Grid(f"Ratings by {name}", _RATED, rows)
    if apart := rated_differences(judge):
        rows = tuple(_difference_row(each) for each in apart)
        yield Grid(f"Differences of ratings by {name}", _differences(), rows)
    if compared := comparisons(judge):
        yield Grid(f"Comparisons by {name}", _COMPARED, tuple(map(_compared_row, compared)))
    if ordered := strengths(judge):
        yield Grid(f"Strengths by {name}", _STRENGTHS, tuple(map(_strength_row, ordered)))


def _differences() -> tuple[ColumnGroup, ...]:
    """As comparisons, but in points."""
    columns = list(_COMPARED[0].columns)
    columns[3:] = [
        Column("Higher", "Turns on which the first was rated higher"),
        Column("Equal", "Turns rated the same"),
        Column("Lower", "Turns on which the second was rated higher"),
        Column("Unreadable", "Turns without two readable ratings"),
        Column("Difference", "Rating of the first minus the second, over questions"),
        Column("If equally long", "The same with the difference of lengths held at nothing"),
    ]
    return (ColumnGroup("", tuple(columns)),)


def _kinship(judge: Judge, runs: Mapping[str, Run]) -> Iterator[str]:
    seen = {name for each in judge.answers() for name in each.about.runs if name in runs}
    for name in sorted(seen):
        contestant = runs[name].manifest.model
        if how := related(judge.info, contestant):
            yield (
                f"Judges {words.label(contestant.name)} although {how}: judges tend to prefer "
                "their own kind. Ask a judge of another family too."
            )


def _rated_row(rated: Rated, judge: Judge, runs: Mapping[str, Run]) -> tuple[Cell, ...]:
    run = runs.get(rated.run_id)
    check = rule_check(judge, run, rated.task) if run else None
    bounds = words.MISSING if rated.bounds is None else "{:.2f} to {:.2f}".format(*rated.bounds)
    by_rule = (check.when_right, check.when_wrong) if check else (None, None)
    return (
        Cell(words.label(rated.model, 60), style="text"),
        Cell(words.label(rated.task), style="text"),
        _points(rated.overall),
        _points(rated.turns.get(1)),
        _points(rated.turns.get(2)),
        _count(rated.n_failed),
        _count(rated.n_unanswered),
        Cell(bounds),
        _share(check.accuracy if check else None),
        *map(_points, by_rule),
        Cell(words.count(round(rated.mean_length)), sort=repr(rated.mean_length)),
    )


def _compared_row(found: Compared) -> tuple[Cell, ...]:
    return (*_sides(found), _share(found.rate), _share(found.controlled))


def _difference_row(found: Compared) -> tuple[Cell, ...]:
    return (*_sides(found), _points(found.rate), _points(found.controlled))


def _sides(found: Compared) -> tuple[Cell, ...]:
    names = (found.first, found.second, found.task)
    counts = (found.wins, found.ties, found.losses, found.n_failed)
    return (
        *(Cell(words.label(name, 60), style="text") for name in names),
        *map(_count, counts),
    )


def _strength_row(found: Strength) -> tuple[Cell, ...]:
    return (
        Cell(words.label(found.model, 60), style="text"),
        Cell(words.label(found.task), style="text"),
        _points(found.strength),
    )


def _categories(name: str, rated: Sequence[Rated]) -> Grid | None:
    """One row a model, one column a category."""
    names = list(dict.fromkeys(category for each in rated for category in each.categories))
    if len(names) < 2:  # noqa: PLR2004  # one category is the whole
        return None
    columns = [
        Column("Model", "Whose answers", "text"),
        Column("Task", "Which conversations", "text"),
        *(Column(words.label(each), "Mean rating of this category") for each in names),
    ]
    rows = tuple(
        (
            Cell(words.label(each.model, 60), style="text"),
            Cell(words.label(each.task), style="text"),
            *(_points(each.categories.get(category)) for category in names),
        )
        for each in rated
    )
    return Grid(f"Ratings by category, {name}", (ColumnGroup("", tuple(columns)),), rows)


def _agreement_row(found: Agreement) -> tuple[Cell, ...]:
    return (
        Cell(words.label(" and ".join(found.judges), 200), style="text"),
        Cell(found.mode, style="text"),
        _count(found.n_verdicts),
        _points(found.kappa),
        _points(found.alpha),
        _share(found.same),
        _share(found.same_decided),
    )


def _points(found: Estimate | None) -> Cell:
    return _cell(found, "{:.2f}".format, lambda low, high: f"{low:.2f} to {high:.2f}")


def _share(found: Estimate | None) -> Cell:
    return _cell(found, words.percent, words.percent_range)


def _cell(
    found: Estimate | None, one: Callable[[float], str], both: Callable[[float, float], str]
) -> Cell:
    if found is None or found.value is None:
        return Cell(words.MISSING)
    if found.low is None or found.high is None:
        limits = "no interval"
    else:
        limits = both(found.low, found.high)
    return Cell(
        one(found.value),
        sort=repr(found.value),
        small=f"{limits}\nn = {words.count(found.n)}",
    )


def _count(n: int) -> Cell:
    return Cell(words.count(n), sort=str(n))
