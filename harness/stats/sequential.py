"""A comparison that may be looked at after every item: betting on the paired differences.

An ordinary test at 5 % that is repeated every 50 items raises false alarms in a quarter of the
runs. The e-values here stay below 1/alpha with probability 1 - alpha over all time, so stopping
as soon as one gets there is no cheating.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.stats.arrays import Floats, as_numbers
from harness.stats.estimate import Interval
from harness.stats.paired import check_margin

Verdict = Literal["passed", "failed", "inconclusive"]

Booleans = NDArray[np.bool_]

_CAUTION = 0.5
"""Largest share of the capital that one item can lose."""


class _Paths(NamedTuple):
    """Logarithm of the two e-values after each item."""

    passed: Floats
    failed: Floats


class EProcess:
    """Two one-sided tests of a paired difference, valid at every item they are looked at.

    Differences d = candidate - baseline of scores within [0, 1] come in one by one or in arrays,
    **in an order drawn at random before looking**. With x = (d + 1)/2 and m = (1 - margin)/2:

    - `e_pass` = product of 1 + b·(x - m), against "behind by the margin or more";
    - `e_fail` = product of 1 + b·(m - x), against "behind by the margin at most".

    Each bet is fixed before its item is seen: the t-th is sqrt(2·log(1/alpha) / (v·t·log(1 + t))),
    where v = (1/4 + sum((x_i - mean_i)²)) / t over the items before it and mean_i =
    (1/2 + sum of x up to i) / (i + 1); it is cut so that no item can take more than half of the
    capital. The verdict falls when an e-value first reaches 1/alpha and then stands. Under
    each of the two hypotheses that ever happens wrongly with probability alpha at most.

    `population` is the number of items of a finite benchmark that is itself the target. Then m
    is moved, before each item, to what the items still to come must average, and an e-value is
    infinite once its hypothesis has become impossible.

    As few as eight lost items in a row can reach 20: wait for a least number of items where
    the first ones could be odd.

    Source: Waudby-Smith and Ramdas 2024, JRSS B 86 (predictable plug-in empirical Bernstein
    bets; sampling without replacement: section 5); Ville 1939.

    Raises:
        ValueError: the margin is not within [0, 1), alpha not between 0 and 1, population < 1.
    """

    def __init__(self, margin: float, alpha: float = 0.05, population: int | None = None) -> None:
        check_margin(margin)
        if not 0 < alpha < 1:
            raise ValueError(f"alpha is a fraction between 0 and 1, such as 0.05, not {alpha!r}")
        if population is not None and population < 1:
            raise ValueError(f"expected a population of at least one item, got {population}")
        self.margin = margin
        self.alpha = alpha
        self.population = population
        self.verdict: Verdict = "inconclusive"
        self.decided_at: int | None = None
        self._items = np.empty(0)
        self._bets = np.empty(0)
        self._squares = 0.0
        self._log = _Paths(np.zeros(1), np.zeros(1))
        self._peaks = (0.0, 0.0)

    @property
    def n(self) -> int:
        """How many items have been seen."""
        return len(self._items)

    @property
    def e_pass(self) -> float:
        """Evidence that the candidate is behind by less than the margin; 1 at the start."""
        return _exp(self._log.passed[-1])

    @property
    def e_fail(self) -> float:
        """Evidence that the candidate is behind by more than the margin; 1 at the start."""
        return _exp(self._log.failed[-1])

    @property
    def p_pass(self) -> float:
        """Valid whenever it is looked at: p of "behind by the margin or more"; 1 at the start.

        It is 1 over the largest `e_pass` so far (Ville 1939).
        """
        return math.exp(-self._peaks[0])

    @property
    def p_fail(self) -> float:
        """Valid whenever it is looked at: p of "behind by the margin at most"; see `p_pass`."""
        return math.exp(-self._peaks[1])

    def update(self, differences: ArrayLike) -> Verdict:
        """Take one difference, or an array of them in order, and return the verdict so far.

        Raises:
            ValueError: a difference is not within [-1, 1], or there are more items than the
                population has.
        """
        items = (self._checked(differences) + 1) / 2
        if len(items) == 0:
            return self.verdict
        seen = self.n
        bets = self._next_bets(items)
        self._items = np.concatenate([self._items, items])
        self._bets = np.concatenate([self._bets, bets])
        steps = self._steps((1 - self.margin) / 2, seen)
        self._log = _Paths(*(last[-1] + step for last, step in zip(self._log, steps, strict=True)))
        passed, failed = (
            max(peak, float(path.max())) for peak, path in zip(self._peaks, self._log, strict=True)
        )
        self._peaks = passed, failed
        self._decide(seen)
        return self.verdict

    def interval(self) -> Interval:
        """Return the confidence sequence for the mean difference: its limits so far.

        All margins that the e-values have never excluded up to this item. Each limit alone
        holds at all times together with probability 1 - alpha, both with 1 - 2·alpha; "passed"
        is reached where the lower lies above -margin, "failed" where the upper lies below.

        Source: Waudby-Smith and Ramdas 2024, JRSS B 86: inverting the tests.
        """
        return Interval(*(2 * self._limit(side) - 1 for side in (0, 1)))

    def _checked(self, differences: ArrayLike) -> Floats:
        values = as_numbers(np.atleast_1d(differences), "differences")
        if (np.abs(values) > 1).any():
            strange = values[np.abs(values) > 1][0]
            raise ValueError(f"expected differences of scores within [0, 1], got {strange}")
        if self.population is not None and self.n + len(values) > self.population:
            raise ValueError(
                f"got {self.n + len(values)} items of a population of {self.population}"
            )
        return values

    def _next_bets(self, items: Floats) -> Floats:
        counts = self.n + np.arange(1, len(items) + 1)
        means = (0.5 + self._items.sum() + np.cumsum(items)) / (counts + 1)
        squares = self._squares + np.cumsum((items - means) ** 2)
        before = np.concatenate([[self._squares], squares[:-1]])
        self._squares = float(squares[-1])
        variances = (0.25 + before) / counts
        bets: Floats = np.sqrt(
            2 * math.log(1 / self.alpha) / (variances * counts * np.log1p(counts))
        )
        return bets

    def _steps(self, null: float, start: int) -> _Paths:
        """Accumulate the logarithms of the factors from item `start` on, for a null mean."""
        items, bets = self._items[start:], self._bets[start:]
        nulls, too_high, too_low = self._moved(null, start)
        with np.errstate(divide="ignore"):
            up = np.minimum(bets, _CAUTION / nulls)
            down = np.minimum(bets, _CAUTION / (1 - nulls))
        passed = np.cumsum(np.log1p(up * (items - nulls)))
        failed = np.cumsum(np.log1p(down * (nulls - items)))
        return _Paths(np.where(too_high, np.inf, passed), np.where(too_low, np.inf, failed))

    def _moved(self, null: float, start: int) -> tuple[Floats, Booleans, Booleans]:
        """Null mean before each item, and whether after it the null can only be too low or high.

        Without replacement the items to come average what the seen ones left over.
        """
        items = self._items[start:]
        if self.population is None:
            never = np.zeros(len(items), dtype=np.bool_)
            return np.full(len(items), null), never, never
        sums = self._items[:start].sum() + np.cumsum(items)
        left = self.population - np.arange(start + 1, self.n + 1)
        goal = self.population * null
        rounding = 1e-9 * self.population
        nulls = np.clip((goal - (sums - items)) / (left + 1), 0.0, 1.0)
        return nulls, sums > goal + rounding, sums + left < goal - rounding

    def _decide(self, seen: int) -> None:
        if self.verdict != "inconclusive":
            return
        threshold = math.log(1 / self.alpha)
        firsts: list[tuple[int, Verdict]] = []
        paths: dict[Verdict, Floats] = {"failed": self._log.failed, "passed": self._log.passed}
        for name, path in paths.items():
            reached = np.flatnonzero(path >= threshold)
            if reached.size:
                firsts.append((seen + int(reached[0]) + 1, name))
        if firsts:
            self.decided_at, self.verdict = min(firsts)

    def _limit(self, side: int) -> float:
        """Bisect to the null mean up to which (side 0), or from which on (1), all are excluded."""
        threshold = math.log(1 / self.alpha)
        ends = [0.0, 1.0]
        for _ in range(50):
            middle = sum(ends) / 2
            excluded = bool((self._steps(middle, 0)[side] >= threshold).any())
            ends[side if excluded else 1 - side] = middle
        return ends[side]


def _exp(logarithm: float) -> float:
    return math.exp(logarithm) if logarithm < 700 else math.inf  # noqa: PLR2004  # overflow
