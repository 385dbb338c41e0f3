"""Who judged, what was said of both systems, and what that judge's word is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.analysis.comparison import Comparison
from harness.analysis.judged import Compared
from harness.analysis.judged_pair import JudgedPair
from harness.records import Estimate
from harness.report import judged_words, words
from harness.report.data import Cell, Column, Fact, Grid
from harness.report.decision_data import FactGroup, Picture, Said, Section
from harness.report.figures.canvas import BASELINE, BOTH, CANDIDATE
from harness.report.figures.shares import Bar, Part, draw_shares
from harness.report.judge_card import card_facts
from harness.report.parts.cells import count_cell, grid, picture, pointer, rate_cell, text_cell

_JUDGED = Said(
    "A judge's number is worth what the judge is worth: its card stands below. Ratings are from 1 "
    "to 10; a win needs both orders of showing; intervals count questions, not turns."
)
_UNKNOWN = Said(
    "Judged by a model. How far its verdicts can be trusted is not measured on this page: its "
    "agreement with itself and with people belongs beside these numbers."
)
_BARS = "Turns by what the judge said. Of ratings: who was rated higher; else who won both orders."
_SIDES = (
    Column("Task", "Which conversations", "text"),
    Column("Judge", "Whose verdicts", "text"),
)


def judge_part(found: Comparison) -> Section:
    """Who judged both, with the numbers and the card; by rule alone: not measured."""
    pairs = found.judged
    named = tuple(_named(found))
    if not pairs:
        said = Said(_by_rule(found)) if not named else _UNKNOWN
        return Section("judge", "Judge", (said,), groups=named, measured=bool(named))
    return Section(
        "judge",
        "Judge",
        (_JUDGED, *_said(pairs)),
        tuple(_pictures(pairs)),
        tuple(_grids(pairs)),
        groups=(*named, *_cards(pairs)),
    )


def _by_rule(found: Comparison) -> str:
    scorers = sorted({words.label(task.protocol.scorer) for task in found.tasks.values()})
    said = f"No judge: every reply was scored by rule ({', '.join(scorers)})."
    if found.unjudged:
        runs = f"{found.candidate.run_id} {found.baseline.run_id}"
        said += f" The others wait for one: harness judge {words.label(runs, 200)} --judge MODEL."
    return said


def _named(found: Comparison) -> Iterator[FactGroup]:
    for task in found.tasks.values():
        if task.protocol.judge:
            facts = (
                Fact("judge", words.cut(task.protocol.judge, 400), code=True),
                Fact("judge prompt", words.cut(task.protocol.judge_prompt, 400), code=True),
            )
            yield FactGroup(words.label(task.task), facts)


def _said(pairs: Sequence[JudgedPair]) -> Iterator[Said]:
    for place, pair in enumerate(pairs):
        yield from (Said(text, pointer("judged", place)) for text in judged_words.sentences(pair))
    yield from (Said(text, pointer("judged")) for text in judged_words.reservations(pairs))


def _pictures(pairs: Sequence[JudgedPair]) -> Iterator[Picture]:
    bars = [_bar(pair, found) for pair in pairs if (found := pair.rated or pair.compared)]
    told = "; ".join(
        f"{bar.name}: " + ", ".join(f"{part.name} {part.text}" for part in bar.parts)
        for bar in bars
    )
    if bars:
        drawn = draw_shares(bars, "judged", f"Verdicts of the judges. {told}.")
        yield picture(drawn, _BARS, pointer("judged"))


def _bar(pair: JudgedPair, found: Compared) -> Bar:
    counts = (
        ("the candidate", found.wins, CANDIDATE, True),
        ("tied", found.ties, BOTH, False),
        ("the baseline", found.losses, BASELINE, True),
    )
    total = max(1, sum(n for _, n, _, _ in counts))
    parts = [
        Part(name, n / total, words.count(n), colour, dark) for name, n, colour, dark in counts
    ]
    return Bar(f"{words.label(pair.task, 20)}, {words.label(pair.judge.name, 24)}", "", parts)


def _grids(pairs: Sequence[JudgedPair]) -> Iterator[Grid]:
    rated = [_rated(place, pair) for place, pair in enumerate(pairs) if pair.rated]
    if rated:
        yield grid("Ratings", (*_SIDES, *_RATED), rated)
    compared = [_compared(place, pair) for place, pair in enumerate(pairs) if pair.compared]
    if compared:
        yield grid("Comparisons in both orders", (*_SIDES, *_COMPARED), compared)


_RATED = (
    Column("Candidate", "Mean rating, 1 to 10, with 95 % interval"),
    Column("Baseline", "Mean rating, 1 to 10, with 95 % interval"),
    Column("Difference", "Candidate minus baseline, by question"),
    Column("If equally long", "The same with the difference of lengths held at nothing"),
    Column("Higher", "Turns on which the candidate was rated higher"),
    Column("Equal", "Turns rated the same"),
    Column("Lower", "Turns on which the baseline was rated higher"),
    Column("Unreadable", "Turns without two readable ratings"),
)
_COMPARED = (
    Column("Won", "Turns that the candidate won in both orders"),
    Column("Tied", "Ties, and turns whose two orders disagree"),
    Column("Lost", "Turns that the baseline won in both orders"),
    Column("Unreadable", "Turns without a readable verdict in both orders"),
    Column("Win rate", "The candidate's: wins and half the ties, over questions"),
    Column("If equally long", "The same with the difference of lengths held at nothing"),
)
_COUNTS = ("wins", "ties", "losses", "n_failed")


def _rated(place: int, pair: JudgedPair) -> list[Cell]:
    at, found = ("judged", place), pair.rated
    assert found is not None  # noqa: S101  # the caller has looked
    return [
        *_sides(pair),
        _points(pair.candidate, pointer(*at, "candidate"), "{:.2f}".format),
        _points(pair.baseline, pointer(*at, "baseline"), "{:.2f}".format),
        _points(found.rate, pointer(*at, "rated", "rate"), judged_words.points),
        _points(found.controlled, pointer(*at, "rated", "controlled"), judged_words.points),
        *(count_cell(getattr(found, name), pointer(*at, "rated", name)) for name in _COUNTS),
    ]


def _compared(place: int, pair: JudgedPair) -> list[Cell]:
    at, found = ("judged", place, "compared"), pair.compared
    assert found is not None  # noqa: S101  # as above
    return [
        *_sides(pair),
        *(count_cell(getattr(found, name), pointer(*at, name)) for name in _COUNTS),
        rate_cell(found.rate, pointer(*at, "rate")),
        rate_cell(found.controlled, pointer(*at, "controlled")),
    ]


def _sides(pair: JudgedPair) -> list[Cell]:
    return [text_cell(words.label(pair.task)), text_cell(words.label(pair.judge.name, 60))]


def _points(found: Estimate | None, source: str, printed: Callable[[float], str]) -> Cell:
    if found is None or found.value is None:
        return Cell(words.MISSING, hint="Not known", source=source)
    small = f"no interval, n = {words.count(found.n)}"
    if found.low is not None and found.high is not None:
        small = f"{printed(found.low)} to {printed(found.high)}, n = {words.count(found.n)}"
    return Cell(printed(found.value), repr(found.value), small, source=source)


def _cards(pairs: Sequence[JudgedPair]) -> Iterator[FactGroup]:
    """One card a judge, however many tasks it judged."""
    shown = set()
    for place, pair in enumerate(pairs):
        key = (pair.judge.identity, pair.prompts_sha256, pair.parsing)
        if key in shown:
            continue
        shown.add(key)
        name = words.label(pair.judge.name, 60)
        prompts = Fact("prompts", f"{words.label(pair.prompts)} {pair.prompts_sha256}", code=True)
        if pair.card is None:
            yield FactGroup(f"{name}: verdicts from a file", (prompts,))
            continue
        facts = (prompts, *card_facts(pair.judge, pair.card))
        yield FactGroup(f"Card of {name}", facts, pointer("judged", place))
