"""What the items say about each limit of a policy: estimates and p-values, no verdicts yet."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from harness.gating.pairing import Floats, Sides
from harness.gating.policy import BETTING_ALARM, BETTING_PASS
from harness.records import Estimate
from harness.stats import EProcess, noninferiority, paired_difference


class Limit(NamedTuple):
    """One limit of a policy.

    `proof`: keeping it must be shown; otherwise an estimate within it is enough.
    """

    criterion: str
    value: float
    proof: bool


class _Doubts(NamedTuple):
    """p of the hypothesis that a limit is reached or broken, and that it is kept or reached."""

    passed: float | None
    failed: float | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One criterion of a policy on one task.

    `estimate` is what was measured, in the unit of `limit`. `p_pass` belongs to the hypothesis
    that the limit is reached or broken, `p_fail` to the one that it is kept or reached; None
    where the items cannot say.
    """

    criterion: str
    estimate: Estimate
    limit: float
    p_pass: float | None
    p_fail: float | None
    proof: bool


def no_evidence(limit: Limit, n_missing: int) -> Evidence:
    """Not one item was answered by both."""
    nobody = Estimate(None, None, None, 0, n_missing)
    return Evidence(limit.criterion, nobody, limit.value, None, None, proof=True)


def fixed_evidence(limit: Limit, sides: Sides, alpha: float, *, bounds: bool = True) -> Evidence:
    """Weigh, once and after all items, how far the candidate is behind.

    Missing items are set against the candidate for passing and in its favour for failing.
    Without `bounds` the estimate has no interval, which takes most of the time.
    """
    answered = sides.answered
    estimate = _mean(sides)
    if bounds:
        found = paired_difference(answered.baseline, answered.candidate)
        low, high = found.interval or (None, None)
        estimate = replace(estimate, low=low, high=high)
    return _evidence(limit, estimate, _once(limit.value, sides, alpha))


def sequential_evidence(
    limit: Limit, sides: Sides, alpha: float, *, finished: bool, bounds: bool = True
) -> Evidence:
    """Weigh the items that have come so far, in a random order; may be asked after every item.

    As `fixed_evidence`, with p-values and an interval that hold however often they are looked
    at. A part of alpha is for betting on the way, half of it for passing and BETTING_ALARM for
    failing; the rest is for the test of `fixed_evidence`, made when all items have come
    (`finished`): by Bonferroni the smaller of both p, each divided by its part, is valid.
    Betting alone would need two to four times as many items to pass an equal model.
    """
    against = EProcess(limit.value, alpha * BETTING_PASS)
    against.update(sides.filled(favour=False).differences)
    favoured = EProcess(limit.value, alpha * BETTING_ALARM)
    favoured.update(sides.filled(favour=True).differences)
    estimate = _mean(sides)
    if bounds:
        observed = EProcess(limit.value, alpha / 2)
        observed.update(sides.answered.differences)
        low, high = observed.interval()
        estimate = replace(estimate, low=low, high=high)
    last = _once(limit.value, sides, alpha) if finished else _Doubts(None, None)
    doubts = _Doubts(
        _either(against.p_pass, last.passed, BETTING_PASS),
        _either(favoured.p_fail, last.failed, BETTING_ALARM),
    )
    return _evidence(limit, estimate, doubts)


def _mean(sides: Sides) -> Estimate:
    differences = sides.answered.differences
    n = len(differences)
    return Estimate(float(differences.mean()), None, None, n, len(sides.baseline) - n)


def _once(margin: float, sides: Sides, alpha: float) -> _Doubts:
    against, favoured = sides.filled(favour=False), sides.filled(favour=True)
    passing = noninferiority(against.baseline, against.candidate, margin, alpha=alpha)
    failing = noninferiority(favoured.baseline, favoured.candidate, margin, alpha=alpha)
    return _Doubts(passing.p if passing else None, 1 - failing.p if failing else None)


def _either(betting: float, last: float | None, part: float) -> float:
    return min(1.0, betting / part, 1.0 if last is None else last / (1 - part))


def _evidence(limit: Limit, estimate: Estimate, doubts: _Doubts) -> Evidence:
    return Evidence(limit.criterion, estimate, limit.value, *doubts, limit.proof)


def fixed_slowdown(limit: Limit, seconds: Sides) -> Evidence:
    """Test the median ratio of seconds per item against a limit by the signs of the items.

    The interval of the median has 95 % confidence from order statistics.
    Source: Conover, Practical Nonparametric Statistics, 1999, sections 3.1 and 3.4.
    """
    from scipy.stats import binom, binomtest

    ratios = _ratios(seconds)
    n, ordered = len(ratios), np.sort(ratios)
    if n == 0:
        return no_evidence(limit, len(seconds.baseline))
    rank = int(binom.ppf(0.025, n, 0.5))
    bounds = (float(ordered[rank - 1]), float(ordered[n - rank])) if rank else (None, None)
    slower = int((ratios > limit.value).sum())
    doubts = (
        float(binomtest(slower, n, 0.5, alternative=side).pvalue) for side in ("less", "greater")
    )
    return _evidence(limit, _median(ratios, bounds, seconds), _Doubts(*doubts))


def sequential_slowdown(limit: Limit, seconds: Sides, alpha: float) -> Evidence:
    """As `fixed_slowdown`, by betting on the signs: may be asked after every item.

    The interval holds every median that the bets have not excluded.
    """
    ratios = _ratios(seconds)
    if len(ratios) == 0:
        return no_evidence(limit, len(seconds.baseline))
    ordered, n = np.sort(ratios), len(ratios)

    def bets(place: int) -> EProcess:
        return _bets(ratios, float(ordered[place]), alpha / 2)

    first = bisect_left(range(n), 1, key=lambda place: bets(place).p_fail > alpha / 2)
    last = bisect_left(range(n), 1, key=lambda place: bets(place).p_pass <= alpha / 2)
    low = float(ordered[first]) if 0 < first < n else None
    high = float(ordered[last]) if last < n else None
    found = _bets(ratios, limit.value, alpha)
    doubts = _Doubts(found.p_pass, found.p_fail)
    return _evidence(limit, _median(ratios, (low, high), seconds), doubts)


def _bets(ratios: Floats, limit: float, alpha: float) -> EProcess:
    """Bet on whether most items stay within a ratio, each a gain or else a loss."""
    bets = EProcess(0.0, alpha)
    bets.update(np.where(ratios > limit, -1.0, 1.0))
    return bets


def _ratios(seconds: Sides) -> Floats:
    answered = seconds.answered
    timed = answered.baseline > 0
    return answered.candidate[timed] / answered.baseline[timed]


def _median(ratios: Floats, bounds: tuple[float | None, float | None], seconds: Sides) -> Estimate:
    n = len(ratios)
    return Estimate(float(np.median(ratios)), *bounds, n, len(seconds.baseline) - n)
