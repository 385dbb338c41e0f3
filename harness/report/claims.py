"""The part of the page that holds published numbers beside measurements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.analysis.claims import (
    ClaimCheck,
    HeadlineCheck,
    Verdict,
    check_claims,
    check_headline,
)
from harness.analysis.claims_file import ClaimBook
from harness.analysis.leaderboard import Entry
from harness.analysis.measurements import Judged, measure
from harness.report import claim_words, words
from harness.report.data import Cell, ClaimsPart, Column, ColumnGroup, Grid

_ORDER = {verdict: str(place) for place, verdict in enumerate(Verdict)}
_CHECK_COLUMNS = (
    ColumnGroup(
        "",
        (
            Column("Published", "Whose number, of which benchmark", "text"),
            Column("Value", "With the 95 % interval of its own questions, where known"),
            Column("Measured by", "Model and task of the run", "text"),
            Column("Measured", "With 95 % interval"),
            Column("Difference", "Measured minus published, points, 95 % interval"),
            Column("Verdict", "Reproduced only if the interval lies within the margin", "text"),
            Column("Source", "Where it was published, and whether that was read", "text"),
        ),
    ),
)
_HEADLINE_COLUMNS = (
    ColumnGroup(
        "",
        (
            Column("Statement", "What is said, or was", "text"),
            Column("First", "Published number of the first system"),
            Column("Second", "Published number of the second system"),
            Column("Difference", "First minus second, points, 95 % interval if independent"),
            Column("Verdict", "Whether the difference could be chance", "text"),
            Column("Pipelines", "Whether one pipeline gave both numbers", "text"),
        ),
    ),
)


def build_claims(
    book: ClaimBook, runs: Iterable[Sequence[Entry]], judged: Judged | None = None
) -> ClaimsPart:
    """Prepare the checks of all runs, and those of the published numbers, for print."""
    measurements = [
        measurement
        for entries in runs
        for measurement in measure(
            entries[0].run.manifest,
            {entry.summary.task: entry.summary for entry in entries},
            judged,
        )
    ]
    checks = check_claims(book.claims, measurements)
    headlines = [check_headline(headline) for headline in book.headlines]
    return ClaimsPart(
        checks=_grid("Published numbers beside measurements", _CHECK_COLUMNS, map(_check, checks)),
        headlines=_grid("Published against published", _HEADLINE_COLUMNS, map(_pair, headlines)),
        count=f"{words.counted(len(book.claims), 'published number')}, read {book.retrieved}",
    )


def _grid(
    label: str, columns: tuple[ColumnGroup, ...], rows: Iterable[tuple[Cell, ...]]
) -> Grid | None:
    found = tuple(rows)
    return Grid(label, columns, found) if found else None


def _check(check: ClaimCheck) -> tuple[Cell, ...]:
    claim, found = check.claim, check.measurement
    name = f"{claim.title}, {claim.benchmark}"
    by = words.label(found.model, 60)
    return (
        Cell(name, sort=name, small=claim.pipeline_title, style="text prose"),
        Cell(
            claim_words.published(claim),
            sort=repr(claim.value),
            small=claim_words.published_limits(claim),
        ),
        Cell(by, sort=by, small=claim_words.asked(found), style="text"),
        Cell(
            claim_words.measured(check),
            sort=_sort(check.measured.value),
            small=claim_words.measured_limits(check),
        ),
        Cell(claim_words.difference(claim, check.difference), sort=_sort(check.difference.value)),
        Cell(
            check.verdict.value,
            sort=_ORDER[check.verdict],
            small=claim_words.reason(check),
            style="text prose wide",
        ),
        _source(claim.source, claim.confidence, claim.note),
    )


def _pair(check: HeadlineCheck) -> tuple[Cell, ...]:
    says, first, second = check.headline.says, check.headline.first, check.headline.second
    verdict = claim_words.standing(check)
    return (
        Cell(says, sort=says, small=first.benchmark, style="text prose"),
        *(
            Cell(
                claim_words.published(claim),
                sort=repr(claim.value),
                small=claim_words.published_limits(claim),
                hint=f"{claim.title}: {claim.source} ({claim.confidence})",
            )
            for claim in (first, second)
        ),
        Cell(claim_words.difference(first, check.difference), sort=_sort(check.difference.value)),
        Cell(verdict, sort=verdict, style="text prose"),
        Cell(claim_words.pipelines(check), style="text prose"),
    )


def _source(source: str, confidence: str, note: str) -> Cell:
    small = f"{confidence}; {note}" if note else confidence
    return Cell(source, sort=source, small=small, style="text prose")


def _sort(value: float | None) -> str:
    return "" if value is None else repr(value)
