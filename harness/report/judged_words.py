"""What a judge said of two systems, in sentences that go no further than its intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from harness.analysis.comparison import Comparison
from harness.analysis.judged_pair import JudgedPair
from harness.records import Estimate
from harness.report import words
from harness.report.judge_card import warnings

Standing = Literal["lower", "higher", "not told apart"]

_EVEN = 0.5
_NBSP = "\u00a0"


def standing(pair: JudgedPair) -> Standing:
    """Say how the candidate stands: by ratings where there are any, else by comparisons."""
    found, even = _deciding(pair)
    if found.high is not None and found.high < even:
        return "lower"
    if found.low is not None and found.low > even:
        return "higher"
    return "not told apart"


def clause(pair: JudgedPair) -> str:
    """Say in an answer what a judge said: rated lower than the baseline on T by J (numbers)."""
    by = f"on {words.label(pair.task)} by {words.label(pair.judge.name, 60)}"
    found, _ = _deciding(pair)
    if pair.rated is not None:
        how = f"{points(found.value)} points of 10"
        limits = _limits(found, points)
        verb = {"lower": "rated lower than", "higher": "rated higher than"}
    else:
        how = f"{words.percent(found.value)} of the comparisons won, ties half"
        limits = _limits(found, words.percent)
        verb = {"lower": "preferred less often than", "higher": "preferred more often than"}
    said = verb.get(standing(pair), "not told apart from")
    return f"{said} the baseline {by} ({how}, {limits}, n = {words.count(found.n)})"


def sentences(pair: JudgedPair) -> Iterator[str]:
    """Yield what a judge rated, and what it preferred."""
    name, judge = words.label(pair.task), words.label(pair.judge.name, 60)
    if pair.rated is not None:
        rate = pair.rated.rate
        yield (
            f"{name}: {judge} rates the candidate {words.rating(pair.candidate)} and the baseline "
            f"{words.rating(pair.baseline)}; by question that is {points(rate.value)} points "
            f"({_limits(rate, points)})."
        )
    if pair.compared is not None:
        found = pair.compared
        yield (
            f"{name}: {judge} preferred the candidate in both orders on "
            f"{words.counted(found.wins, 'turn')} and the baseline on {words.count(found.losses)}; "
            f"{words.count(found.ties)} tied. Win rate {words.estimate(found.rate)}."
        )


def reservations(pairs: Sequence[JudgedPair]) -> Iterator[str]:
    """Yield what must be known of the judges of these pairs, each thing once."""
    said: dict[str, None] = {}
    for pair in pairs:
        name = words.label(pair.judge.name, 60)
        if pair.card is not None:
            said |= dict.fromkeys(f"{name}: {text}" for text in warnings(pair.card))
        said |= dict.fromkeys(
            f"{name} {words.label(how)}: judges tend to prefer their own kind."
            for how in pair.kinship
        )
    yield from said


def unscored(found: Comparison) -> Iterator[str]:
    """Yield which tasks no rule can score: those that a judge speaks of, and those that wait."""
    known = {pair.task for pair in found.judged}
    heard = ", ".join(words.label(task) for task in found.unjudged if task in known)
    others = ", ".join(words.label(task) for task in found.unjudged if task not in known)
    if heard:
        yield f"No rule can score {heard}: there is a judge's word alone, and no verdict."
    if others:
        yield f"No rule can judge {others}, so it is not compared (harness judge)."


def points(value: float | None) -> str:
    """Print a difference of ratings with its sign."""
    if value is None:
        return words.MISSING
    text = f"{value:+.2f}".replace("-", "\u2212")
    return "0.00" if text[1:] == "0.00" else text


def _deciding(pair: JudgedPair) -> tuple[Estimate, float]:
    """Return the estimate that says who is ahead, and its value where nobody is."""
    if pair.rated is not None:
        return pair.rated.rate, 0.0
    if pair.compared is not None:
        return pair.compared.rate, _EVEN
    return Estimate(None, None, None, 0), 0.0


def _limits(found: Estimate, printed: Callable[[float], str]) -> str:
    if found.low is None or found.high is None:
        return "no interval"
    return f"95{_NBSP}% CI {printed(found.low)} to {printed(found.high)}"
