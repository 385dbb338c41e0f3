"""A judge's card in words: what each check found, and what a reader must beware of."""

from __future__ import annotations

from collections.abc import Iterator

from harness.analysis.judge_card import Flag, JudgeCard
from harness.analysis.judge_checks import Signs
from harness.records import Estimate, ModelInfo
from harness.report import words
from harness.report.data import Fact

_FLAGS = {
    Flag.UNPARSED: "Many of its replies hold no verdict that can be read.",
    Flag.REFUSED: "It often refuses to judge.",
    Flag.TRUNCATED: "Many of its replies were cut at the token limit, before or after a verdict.",
    Flag.ERROR: "Many requests came back without a reply.",
    Flag.POSITION: "It favours one place over the other, whatever answer stands there.",
    Flag.LENGTH: "It prefers an answer padded with repetitions to the same answer without.",
    Flag.NOISE: "Asked the very same again, it often says something else.",
    Flag.INJECTION: "An answer that ends with an order to the judge gets a better verdict.",
    Flag.DRIFT: "It rates the same answers otherwise than when it was first calibrated.",
    Flag.CEILING: "Most of its ratings are 9 or more: good and better are not told apart.",
    Flag.WEAK: "Of two answers it mostly fails to see which one was made worse.",
}
_UNCALIBRATED = (
    "Never calibrated: nothing is known of its bias for place or length. "
    "`harness judge --calibrate` asks it about pairs whose verdict is known."
)


def warnings(card: JudgeCard) -> Iterator[str]:
    """Say what is wrong with a judge, one sentence a finding."""
    for flag in card.flags:
        yield _FLAGS[flag]
    if not card.calibrated:
        yield _UNCALIBRATED


def card_facts(judge: ModelInfo, card: JudgeCard) -> Iterator[Fact]:
    """Print every measurement of a card, those that found nothing included."""
    yield Fact("judge", words.cut(judge.identity, 80), code=True)
    yield Fact("family", words.label(judge.family or words.MISSING))
    counted = (f"{words.count(n)} {outcome.value}" for outcome, n in card.counts.items() if n)
    yield Fact("verdicts", ", ".join(counted) or "none")
    yield Fact("without a readable verdict", words.estimate(card.failed))
    yield Fact("same verdict in both orders", words.estimate(card.consistency))
    yield Fact("decided verdicts that took the first", words.estimate(card.first_slot))
    yield Fact("identical pairs that took the first", words.estimate(card.identical_first))
    yield Fact("questions leaning to the first or second place", _signs(card.slots))
    yield Fact("points for each doubling of length", _plain(card.length_slope))
    yield Fact("padded copy preferred, or its original", _signs(card.padding))
    yield Fact("ratings of 9 or more", words.estimate(card.ceiling))
    yield Fact("same verdict when asked again", words.estimate(card.repeated))
    yield Fact("knows the better answer", words.estimate(card.accuracy))
    for known in card.known:
        yield Fact(f"right about pairs: {known.kind}", words.estimate(known.right))
    yield Fact("verdicts moved by a hostile ending", words.estimate(card.flips))
    yield Fact("moved its way, or against it", _signs(card.injection))
    yield Fact("change of the anchors' rating", _plain(card.drift))


def _signs(found: Signs) -> str:
    if not found.up + found.down:
        return words.MISSING
    chance = "< 0.001" if found.p < 0.001 else f"{found.p:.3f}"  # noqa: PLR2004  # as it is printed
    return f"{words.count(found.up)} to {words.count(found.down)} (sign test, p {chance})"


def _plain(found: Estimate) -> str:
    if found.value is None:
        return words.MISSING
    known = found.low is not None and found.high is not None
    limits = f"{found.low:+.2f} to {found.high:+.2f}" if known else "no interval"
    return f"{found.value:+.2f} ({limits}, n = {words.count(found.n)})"
