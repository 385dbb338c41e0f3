"""Differences of two systems that share no items: pure functions on numbers, nothing random."""

from __future__ import annotations

import math
from typing import NamedTuple

from harness.stats.estimate import Interval

_ROUNDING = 1e-9


class Located(NamedTuple):
    """A value with its confidence limits in one unit; equal ones say that it is known exactly."""

    value: float
    low: float
    high: float


def independent_difference(first: Located, second: Located) -> Interval:
    """Return the interval of first - second for two independent estimates, in their unit.

    With limits l and u of each: d - sqrt((x1 - l1)² + (u2 - x2)²) and d + sqrt((u1 - x1)² +
    (x2 - l2)²), at the confidence that the limits have. From Wilson's limits of two rates this is
    Newcombe's hybrid score interval. Where both answered the same items and tend to be right on
    the same ones it is wider than a paired interval would be, so it errs on the cautious side.

    Source: Newcombe 1998, Statistics in Medicine 17, 873-890, method 10; for any two estimates
    Zou and Donner 2008, Statistics in Medicine 27, 1693-1702.

    Raises:
        ValueError: a value lies outside its own limits.
    """
    for located in (first, second):
        if not located.low - _ROUNDING <= located.value <= located.high + _ROUNDING:
            raise ValueError(f"expected low <= value <= high, got {located}")
    difference = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Interval(difference - down, difference + up)
