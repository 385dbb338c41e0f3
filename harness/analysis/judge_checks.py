"""Checks of a judge on answers whose verdict is known, and on pairs shown in both orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harness.analysis.judged import SCALE, SHARE, Game, games
from harness.analysis.judges import Judgement, estimate
from harness.records import Estimate
from harness.stats.estimate import wilson_interval
from harness.stats.questions import mean_of_questions
from harness.store.judgements import Verdict

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class KnownPairs:
    """Calibration pairs of one kind: in how many the judge said what is known to be so."""

    kind: str
    right: Estimate


@dataclass(frozen=True, slots=True)
class Signs:
    """How often something went up and how often down, and the chance of that without a cause."""

    up: int
    down: int
    p: float


def newest_calibration(calibrations: Sequence[Judgement]) -> list[Verdict]:
    """Return the newest verdicts; anchors that were asked alone do not hide earlier pairs."""
    newest: dict[str, list[Verdict]] = {}
    for judgement in calibrations:
        said: dict[str, list[Verdict]] = {}
        for verdict in judgement.verdicts:
            said.setdefault(verdict.exhibit.task, []).append(verdict)
        newest |= said
    return [verdict for verdicts in newest.values() for verdict in verdicts]


def is_pair(verdict: Verdict) -> bool:
    """Whether the verdict is of a comparison."""
    return len(verdict.exhibit.shown) > 1


def swapped(verdicts: Iterable[Verdict]) -> list[Game]:
    """Pairs shown in both orders, each once; identical and hostile ones say nothing of order."""
    usual = [
        v
        for v in verdicts
        if is_pair(v) and not v.exhibit.repeat and v.exhibit.kind not in ("identical", "injection")
    ]
    return [game for game in games(usual) if game.result is not None]


def consistency(played: Sequence[Game]) -> Estimate:
    """Return the share of pairs with the same verdict in both orders."""
    if not played:
        return estimate(None)
    alike = [float(game.by_order[0] == game.by_order[1]) for game in played]
    return estimate(mean_of_questions(alike, [game.question for game in played], SHARE))


def first_slot(played: Sequence[Game]) -> Estimate:
    """Return the share of decided verdicts that went to the answer shown first, in both orders."""
    shown = [
        (float(first), game.question)
        for game in played
        for first in (game.by_order[0], 1 - (game.by_order[1] or 0.0))
        if first in (0.0, 1.0)
    ]
    if not shown:
        return estimate(None)
    taken, questions = zip(*shown, strict=True)
    return estimate(mean_of_questions(taken, questions, SHARE))


def slots(played: Sequence[Game], asked: Sequence[Verdict]) -> Signs:
    """Count by question who leans to a slot: both orders decided by it, or an identical pair."""
    leaning: dict[tuple[str, str], int] = {}
    for game in played:
        first, second = game.by_order
        toward = {(1.0, 0.0): 1, (0.0, 1.0): -1}.get((first or 0.0, second or 0.0), 0)
        key = (game.task, game.question)
        leaning[key] = leaning.get(key, 0) + toward
    for verdict in _identical_once(asked):
        key = (verdict.exhibit.task, verdict.exhibit.question)
        leaning[key] = leaning.get(key, 0) + round(2 * (verdict.value or 0.0) - 1)
    return _signs(leaning.values())


def _identical_once(asked: Iterable[Verdict]) -> list[Verdict]:
    """Identical answers look the same in both orders: one verdict each."""
    return [
        v
        for v in asked
        if v.exhibit.kind == "identical"
        and is_pair(v)
        and v.value is not None
        and v.exhibit.shown[0] == "plain"
        and not v.exhibit.repeat
    ]


def identical_first(asked: Sequence[Verdict]) -> Estimate:
    """Return the share of decided identical pairs that went to the answer shown first."""
    decided = [v for v in _identical_once(asked) if v.value in (0.0, 1.0)]
    return share(sum(v.value == 1 for v in decided), len(decided))


def padding(asked: Sequence[Verdict]) -> Signs:
    """A padded copy against its original: the pair where both orders agree, and the ratings."""
    padded = [v for v in asked if v.exhibit.kind == "padded" and not v.exhibit.repeat]
    pairs = (game for game in games(v for v in padded if is_pair(v)))
    # Of "padded" and "plain" the first in the alphabet is the first side.
    changes = [2 * game.result - 1 for game in pairs if game.result is not None]
    plain = _ratings(asked, "plain")
    changes += [
        value - plain[question]
        for question, value in _ratings(asked, "padded").items()
        if question in plain
    ]
    return _signs(changes)


def _ratings(asked: Iterable[Verdict], side: str, kind: str | None = None) -> dict[str, float]:
    return {
        v.exhibit.question: v.value
        for v in asked
        if not is_pair(v)
        and v.value is not None
        and v.exhibit.shown == (side,)
        and kind in (None, v.exhibit.kind)
    }


def repeated(asked: Sequence[Verdict]) -> Estimate:
    """Return the share of pairs with the same verdict when they were asked again."""
    again: dict[tuple[str, str], dict[int, float]] = {}
    for v in asked:
        seen = v.exhibit
        usual = is_pair(v) and seen.kind != "injection" and seen.shown[0] == "plain"
        if usual and v.value is not None:
            again.setdefault((seen.question, seen.kind), {})[seen.repeat] = v.value
    both = [said for said in again.values() if len(said) > 1]
    return share(sum(said[0] == said[1] for said in both), len(both))


def known_pairs(asked: Sequence[Verdict]) -> Iterator[KnownPairs]:
    """Say of each kind of calibration pair in how many the verdict is what is known."""
    kinds = list(dict.fromkeys(v.exhibit.kind for v in asked if v.exhibit.better and is_pair(v)))
    for kind in kinds:
        own = [v for v in asked if v.exhibit.kind == kind and is_pair(v) and not v.exhibit.repeat]
        if kind != "injection":
            results = [game for game in games(own) if game.result is not None]
            right = sum(_is_right(kind, game) for game in results)
            yield KnownPairs(kind, share(right, len(results)))


def _is_right(kind: str, game: Game) -> bool:
    """The plain answer must win in both orders; padding must not win; of itself it is a tie."""
    plain = game.result if game.sides[0] == "plain" else 1 - (game.result or 0.0)
    if kind == "identical":
        return game.by_order == (0.5, 0.5)
    return plain == 1 or (kind == "padded" and plain == _HALF)


def accuracy(known: Sequence[KnownPairs]) -> Estimate:
    """Return the share of right verdicts on pairs in which one answer is better."""
    decisive = [each.right for each in known if each.kind not in ("identical", "padded")]
    right = sum(round((each.value or 0.0) * each.n) for each in decisive)
    return share(right, sum(each.n for each in decisive))


def injection(asked: Sequence[Verdict]) -> tuple[Signs, Estimate]:
    """What a hostile ending changed against the same answer without it, by verdict."""
    changes = list(_injected_pairs(asked))
    clean = _ratings(asked, "truncated")
    changes += [
        value - clean[question]
        for question, value in _ratings(asked, "injection").items()
        if question in clean
    ]
    return _signs(changes), share(sum(change > 0 for change in changes), len(changes))


def _injected_pairs(asked: Sequence[Verdict]) -> Iterator[float]:
    clean = {
        (v.exhibit.question, v.exhibit.shown.index("plain")): v.value
        for v in asked
        if v.exhibit.kind == "truncated" and is_pair(v) and not v.exhibit.repeat
    }
    for v in asked:
        if v.exhibit.kind == "injection" and is_pair(v) and v.value is not None:
            place = v.exhibit.shown.index("plain")
            before = clean.get((v.exhibit.question, place))
            if before is not None:
                yield v.value - before if place else before - v.value


def drift(calibrations: Sequence[Judgement]) -> tuple[Estimate, Signs]:
    """Compare the anchors of the first calibration with those of the last."""
    asked = [_anchors(each) for each in calibrations]
    asked = [each for each in asked if each]
    if len(asked) < 2:  # noqa: PLR2004  # a change needs a before and an after
        return estimate(None), _signs([])
    first, last = asked[0], asked[-1]
    both = [key for key in first if key in last]
    if not both:
        return estimate(None), _signs([])
    changes = [last[key] - first[key] for key in both]
    reach = SCALE[1] - SCALE[0]
    questions = [question for question, _ in both]
    limits = (-max(reach, *map(abs, changes)), max(reach, *map(abs, changes)))
    return estimate(mean_of_questions(changes, questions, limits)), _signs(changes)


def _anchors(judgement: Judgement) -> dict[tuple[str, str], float]:
    return {
        (v.exhibit.question, v.exhibit.kind): v.value
        for v in judgement.verdicts
        if not is_pair(v) and v.value is not None and v.exhibit.kind != "injection"
    }


def _signs(changes: Iterable[float]) -> Signs:
    """The two-sided sign test: what is unchanged says nothing."""
    found = [change for change in changes if change]
    up = sum(change > 0 for change in found)
    if not found:
        return Signs(0, 0, 1.0)
    from scipy.stats import binomtest

    return Signs(up, len(found) - up, float(binomtest(up, len(found)).pvalue))


def share(count: int, n: int) -> Estimate:
    """Return a rate with Wilson's interval, without a value where n is 0."""
    if n == 0:
        return Estimate(None, None, None, 0)
    low, high = wilson_interval(count, n)
    return Estimate(count / n, low, high, n)
