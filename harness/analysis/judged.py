"""Judged scores of contestants: ratings by question, adjusted win rates, and an order of many."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeVar

import numpy as np

from harness.analysis.judges import Judge, Judgement, estimate, values
from harness.records import Estimate
from harness.stats.judge import bradley_terry, bradley_terry_intervals
from harness.stats.questions import Measured, length_controlled, mean_of_questions
from harness.store.judgements import Verdict

Item = TypeVar("Item")
Key = TypeVar("Key", bound=Hashable)

SCALE = (1.0, 10.0)
SHARE = (0.0, 1.0)
_DRAWS = 400
_SEED = 0
_ORDERS = 2
_FEWEST_TO_RANK = 3


@dataclass(frozen=True, slots=True)
class Rated:
    """What a judge gave one run's answers to one task: means of question means, 1 to 10.

    `turns` by number and `categories` by name are estimates of the same kind. Where verdicts are
    missing (`n_failed` unreadable, `n_unanswered` turns without an answer), `bounds` has the mean
    if all of them were 1, and if all were 10; compatible reading may exceed the scale.
    """

    task: str
    run_id: str
    model: str
    overall: Estimate
    turns: Mapping[int, Estimate]
    categories: Mapping[str, Estimate]
    n_verdicts: int
    n_failed: int
    n_unanswered: int
    bounds: tuple[float, float] | None
    mean_length: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two systems, by `runs`, on the same turns. Win rates are the first's, ties count half.

    A win needs both orders; `n_failed` pairs lack a readable verdict in one of them. `rate` is
    the adjusted win rate over questions; `controlled` what it would be if all answers were
    equally long. Of two rated apart, `rate` is the difference of their ratings instead.
    """

    task: str
    first: str
    second: str
    runs: tuple[str, str]
    wins: int
    ties: int
    losses: int
    n_failed: int
    rate: Estimate
    controlled: Estimate
    turns: Mapping[int, Estimate]


@dataclass(frozen=True, slots=True)
class Strength:
    """One system's place among three or more: the natural logarithm of its strength."""

    task: str
    model: str
    strength: Estimate


class Game(NamedTuple):
    """One turn compared in both orders: what the first contestant earns, None if unreadable."""

    task: str
    question: str
    turn: int
    sides: tuple[str, str]
    models: tuple[str, str]
    length_difference: float
    by_order: tuple[float | None, float | None]

    @property
    def result(self) -> float | None:
        """1 or 0 where both orders agree on a winner, else a tie; None where one is unreadable."""
        first, second = self.by_order
        if first is None or second is None:
            return None
        return first if first == second else 0.5


def ratings(judge: Judge) -> list[Rated]:
    """Sum up every run that a judge rated."""
    return [
        _rated(task, list(verdicts), judgement)
        for judgement in judge.answers()
        if judgement.about.mode == "single"
        for task, verdicts in _grouped(judgement.verdicts, lambda v: v.exhibit.task).items()
    ]


def games(verdicts: Iterable[Verdict]) -> list[Game]:
    """Join the two orders of each comparison; the alphabetically first run comes first."""
    found: dict[tuple[str, str, int, tuple[str, str]], dict[bool, Verdict]] = {}
    for verdict in verdicts:
        seen = verdict.exhibit
        first, second = sorted(seen.shown)
        key = (seen.task, seen.question, seen.turn, (first, second))
        found.setdefault(key, {})[seen.shown[0] == first] = verdict
    return [_game(*key, orders) for key, orders in found.items() if len(orders) == _ORDERS]


def comparisons(judge: Judge) -> list[Compared]:
    """Sum up every two runs that a judge compared."""
    return [
        _compared(list(found))
        for played in _played(judge).values()
        for found in _grouped(played, lambda game: game.sides).values()
    ]


def rated_differences(judge: Judge) -> list[Compared]:
    """Compare every two runs that a judge rated apart: the difference of ratings, by question.

    Only runs that answered under one protocol are compared.
    """
    by_task: dict[tuple[str, str], dict[str, list[Verdict]]] = {}
    for judgement in judge.answers():
        if judgement.about.mode == "single":
            for verdict in judgement.verdicts:
                task = verdict.exhibit.task
                runs = by_task.setdefault((task, judgement.about.protocols.get(task, "")), {})
                runs.setdefault(verdict.exhibit.shown[0], []).append(verdict)
    return [
        found
        for (task, _), runs in by_task.items()
        for first, second in combinations(sorted(runs), 2)
        if (found := _difference(task, runs[first], runs[second])) is not None
    ]


def strengths(judge: Judge) -> list[Strength]:
    """Order three or more systems by Davidson's model; intervals resample whole questions.

    Each game counts once, as a tie where the two orders disagree.
    """
    return [
        found
        for (task, _), played in _played(judge).items()
        for found in _strengths(task, [game for game in played if game.result is not None])
    ]


def _rated(task: str, verdicts: Sequence[Verdict], judgement: Judgement) -> Rated:
    seen = verdicts[0].exhibit
    n_failed = sum(each.value is None for each in verdicts)
    lengths = [each.exhibit.lengths[0] for each in verdicts]
    return Rated(
        task=task,
        run_id=seen.shown[0],
        model=seen.models[0],
        overall=_mean(verdicts),
        turns={n: _mean(v) for n, v in _grouped(verdicts, lambda v: v.exhibit.turn).items()},
        categories={
            name: _mean(v) for name, v in _grouped(verdicts, lambda v: v.exhibit.category).items()
        },
        n_verdicts=len(verdicts) - n_failed,
        n_failed=n_failed,
        n_unanswered=judgement.about.n_unanswered,
        bounds=_bounds(verdicts, judgement.about.n_unanswered),
        mean_length=math.fsum(lengths) / len(lengths),
    )


def _mean(verdicts: Sequence[Verdict]) -> Estimate:
    read, questions = values(verdicts)
    n_failed = len(verdicts) - len(read)
    if not read:
        return estimate(None, n_failed)
    # Compatible reading accepts [[0]] and [[42]]: then the scale is as wide as what was read.
    limits = (min(SCALE[0], *read), max(SCALE[1], *read))
    return estimate(mean_of_questions(read, questions, limits), n_failed)


def _bounds(verdicts: Sequence[Verdict], n_unanswered: int) -> tuple[float, float] | None:
    read, _ = values(verdicts)
    missing = len(verdicts) - len(read) + n_unanswered
    if not missing:
        return None
    total, n = math.fsum(read), len(read) + missing
    return (total + SCALE[0] * missing) / n, (total + SCALE[1] * missing) / n


def _played(judge: Judge) -> dict[tuple[str, str], list[Game]]:
    """All games by task and protocol of the answers; a game judged in two runs counts once."""
    found: dict[tuple[str, str], dict[tuple[str, int, tuple[str, str]], Game]] = {}
    for judgement in judge.answers():
        for game in games(judgement.verdicts) if judgement.about.mode == "pairwise" else ():
            protocol = judgement.about.protocols.get(game.task, "")
            own = found.setdefault((game.task, protocol), {})
            own[game.question, game.turn, game.sides] = game
    return {key: list(own.values()) for key, own in found.items()}


def _game(
    task: str, question: str, turn: int, sides: tuple[str, str], orders: Mapping[bool, Verdict]
) -> Game:
    ahead, behind = orders[True], orders[False]
    lengths = ahead.exhibit.lengths
    swapped = None if behind.value is None else 1 - behind.value
    models = (ahead.exhibit.models or sides)[:2]
    return Game(
        task, question, turn, sides, (models[0], models[1]), float(lengths[0] - lengths[1]),
        (ahead.value, swapped),
    )  # fmt: skip


def _compared(played: Sequence[Game]) -> Compared:
    results = [game.result for game in played]
    read = [game for game in played if game.result is not None]
    return Compared(
        task=played[0].task,
        first=played[0].models[0],
        second=played[0].models[1],
        runs=played[0].sides,
        wins=results.count(1.0),
        ties=results.count(0.5),
        losses=results.count(0.0),
        n_failed=len(played) - len(read),
        rate=_rate(played),
        controlled=_controlled_rate(read, len(played) - len(read)),
        turns={n: _rate(own) for n, own in _grouped(played, lambda game: game.turn).items()},
    )


def _rate(played: Iterable[Game]) -> Estimate:
    known = [(game.result, game.question) for game in played]
    read = [(result, question) for result, question in known if result is not None]
    if not read:
        return estimate(None, len(known))
    results, questions = zip(*read, strict=True)
    return estimate(mean_of_questions(results, questions, SHARE), len(known) - len(read))


def _controlled_rate(read: Sequence[Game], n_failed: int) -> Estimate:
    results = [game.result or 0.0 for game in read]
    lengths = [game.length_difference for game in read]
    fit = length_controlled(results, lengths, [game.question for game in read])
    if fit is None:
        return estimate(None, n_failed)
    value, (low, high) = fit.controlled.value, fit.controlled.interval or (None, None)
    return Estimate(_within(value), _within(low), _within(high), fit.controlled.n, n_failed)


def _within(share: float | None) -> float | None:
    return None if share is None else min(1.0, max(0.0, share))


def _difference(task: str, first: list[Verdict], second: list[Verdict]) -> Compared | None:
    others = {(v.exhibit.question, v.exhibit.turn): v for v in second}
    pairs = [(v, others.get((v.exhibit.question, v.exhibit.turn))) for v in first]
    met = [(a, b) for a, b in pairs if b is not None]
    read = [
        (a, b, a.value - b.value) for a, b in met if a.value is not None and b.value is not None
    ]
    if not read:
        return None
    n_failed = len(met) - len(read)
    apart = [difference for *_, difference in read]
    questions = [a.exhibit.question for a, *_ in read]
    reach = max(SCALE[1] - SCALE[0], *map(abs, apart))
    lengths = [float(a.exhibit.lengths[0] - b.exhibit.lengths[0]) for a, b, _ in read]
    fit = length_controlled(apart, lengths, questions)
    return Compared(
        task=task,
        first=first[0].exhibit.models[0],
        second=second[0].exhibit.models[0],
        runs=(first[0].exhibit.shown[0], second[0].exhibit.shown[0]),
        wins=sum(each > 0 for each in apart),
        ties=sum(each == 0 for each in apart),
        losses=sum(each < 0 for each in apart),
        n_failed=n_failed,
        rate=estimate(mean_of_questions(apart, questions, (-reach, reach)), n_failed),
        controlled=estimate(fit.controlled if fit else None, n_failed),
        turns={},
    )


def _strengths(task: str, played: Sequence[Game]) -> Iterator[Strength]:
    names = dict(side for game in played for side in zip(game.sides, game.models, strict=True))
    if len(names) < _FEWEST_TO_RANK:
        return
    firsts, seconds = zip(*(game.sides for game in played), strict=True)
    results = [game.result or 0.0 for game in played]
    questions = [game.question for game in played]
    found = bradley_terry(firsts, seconds, results)
    rng = np.random.default_rng(_SEED)
    spans = bradley_terry_intervals((firsts, seconds, results), questions, rng, draws=_DRAWS)
    for run_id, strength in sorted(found.strengths.items(), key=lambda item: -item[1]):
        span = spans[run_id]
        found_span = span if span.high > span.low else None
        measured = Measured(strength, found_span, len(set(questions)))
        yield Strength(task, names[run_id], estimate(measured))


def _grouped(items: Iterable[Item], key: Callable[[Item], Key]) -> dict[Key, list[Item]]:
    groups: dict[Key, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
