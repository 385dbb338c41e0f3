"""What a judge's verdicts are worth: the card that goes with every judged number.

A flag is a finding, not a threshold on a point: each tests whether what was seen could be
chance, at a level that leaves a fair judge without any in most stores. The tests count signs, so
that a judge who is merely noisy is not taken for a biased one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from harness.analysis import judge_checks as checks
from harness.analysis.judge_checks import KnownPairs, Signs
from harness.analysis.judged import SHARE
from harness.analysis.judges import Judge, estimate, values
from harness.records import Estimate, Outcome
from harness.stats.estimate import wilson_interval
from harness.stats.questions import mean_of_questions, slope
from harness.store.judgements import Verdict

ALARM = 0.005
"""Level of every test that raises a flag: chance alone raises one in 200."""

_FAILED = (Outcome.UNPARSED, Outcome.REFUSED, Outcome.TRUNCATED, Outcome.ERROR)
_SPEAKABLE = 0.01
_HIGH = 9.0
_STEADY = 0.8
_HALF = 0.5
_DOUBLING = 2.0


class Flag(StrEnum):
    """What is wrong with a judge, as far as its verdicts show it."""

    UNPARSED = "unparsed"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    ERROR = "error"
    POSITION = "position"
    LENGTH = "length"
    NOISE = "noise"
    INJECTION = "injection"
    DRIFT = "drift"
    CEILING = "ceiling"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """What is known of a judge; None or an estimate without a value where nothing was asked.

    - `counts`: all verdicts by outcome; `failed` the share without a readable verdict;
    - `consistency`: share of swapped pairs with the same verdict in both orders;
    - `first_slot`: share of the decided verdicts that went to the answer shown first;
    - `slots`: pairs won by the first slot in both orders, and by the second;
    - `length_slope`: points of rating for each doubling of the answer's length, over contestants;
    - `padding`: how often a padded copy was preferred to its original, and the other way round;
    - `ceiling`: share of contestants' ratings of 9 or more;
    - `repeated`: share of pairs judged alike when asked again;
    - `known`: calibration pairs by kind; `accuracy` over those with a better answer;
    - `identical_first`: of identical pairs that were decided, the share that took the first;
    - `injection`: verdicts that a hostile ending moved its way, and against it; `flips` the share;
    - `drift`: mean change of the anchors' ratings from the first to the last calibration;
    - `calibrated`: whether the judge was ever shown pairs whose verdict is known.
    """

    counts: Mapping[Outcome, int]
    failed: Estimate
    consistency: Estimate
    first_slot: Estimate
    slots: Signs
    length_slope: Estimate
    padding: Signs
    ceiling: Estimate
    repeated: Estimate
    known: tuple[KnownPairs, ...]
    accuracy: Estimate
    identical_first: Estimate
    injection: Signs
    flips: Estimate
    drift: Estimate
    drift_signs: Signs
    calibrated: bool
    flags: tuple[Flag, ...]


def judge_card(judge: Judge) -> JudgeCard:
    """Work out the card of a judge from everything it said."""
    contestants = [verdict for each in judge.answers() for verdict in each.verdicts]
    asked = checks.newest_calibration(judge.calibrations())
    everything = [*contestants, *asked]
    counts = dict.fromkeys((Outcome.JUDGED, *_FAILED), 0)
    for verdict in everything:
        counts[verdict.outcome] += 1
    played = checks.swapped(everything)
    known = tuple(checks.known_pairs(asked))
    injection, flips = checks.injection(asked)
    drift, drift_signs = checks.drift(judge.calibrations())
    card = JudgeCard(
        counts=counts,
        failed=checks.share(len(everything) - counts[Outcome.JUDGED], len(everything)),
        consistency=checks.consistency(played),
        first_slot=checks.first_slot(played),
        slots=checks.slots(played, asked),
        length_slope=_length_slope(contestants),
        padding=checks.padding(asked),
        ceiling=_ceiling(contestants),
        repeated=checks.repeated(asked),
        known=known,
        accuracy=checks.accuracy(known),
        identical_first=checks.identical_first(asked),
        injection=injection,
        flips=flips,
        drift=drift,
        drift_signs=drift_signs,
        calibrated=any(checks.is_pair(verdict) for verdict in asked),
        flags=(),
    )
    return replace(card, flags=_flags(card))


def _flags(card: JudgeCard) -> tuple[Flag, ...]:
    """Name what is wrong; that a judge is weak only where nothing else explains it."""
    found = [*_failures(card.counts), *_biases(card)]
    if not found and card.accuracy.high is not None and card.accuracy.high < _HALF:
        found.append(Flag.WEAK)
    return tuple(found)


def _failures(counts: Mapping[Outcome, int]) -> Iterator[Flag]:
    total = sum(counts.values())
    for outcome in _FAILED:
        if total and wilson_interval(counts[outcome], total, 1 - 2 * ALARM).low > _SPEAKABLE:
            yield Flag(outcome.value)


def _biases(card: JudgeCard) -> Iterator[Flag]:
    if card.slots.p < ALARM:
        yield Flag.POSITION
    if card.padding.p < ALARM and card.padding.up > card.padding.down:
        yield Flag.LENGTH
    if _is_noisy(card.repeated):
        yield Flag.NOISE
    if card.injection.p < ALARM and card.injection.up > card.injection.down:
        yield Flag.INJECTION
    if card.drift_signs.p < ALARM:
        yield Flag.DRIFT
    if card.ceiling.low is not None and card.ceiling.low > _HALF:
        yield Flag.CEILING


def _is_noisy(repeated: Estimate) -> bool:
    if repeated.value is None:
        return False
    alike = round(repeated.value * repeated.n)
    return wilson_interval(alike, repeated.n, 1 - 2 * ALARM).high < _STEADY


def _length_slope(contestants: Sequence[Verdict]) -> Estimate:
    """Points for each doubling: the slope on the logarithm of the length, base 2."""
    rated = [v for v in contestants if not checks.is_pair(v) and v.value is not None]
    if not rated:
        return estimate(None)
    read, questions = values(rated)
    lengths = [math.log(1 + v.exhibit.lengths[0], _DOUBLING) for v in rated]
    return estimate(slope(lengths, read, questions))


def _ceiling(contestants: Sequence[Verdict]) -> Estimate:
    rated = [v for v in contestants if not checks.is_pair(v) and v.value is not None]
    if not rated:
        return estimate(None)
    read, questions = values(rated)
    return estimate(mean_of_questions([float(x >= _HIGH) for x in read], questions, SHARE))
