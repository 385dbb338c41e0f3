"""What comes in, checked: arrays of finite numbers, pairs of equal length, cluster labels."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Clusters(NamedTuple):
    """For every item the number of its cluster, from 0 on, and how many clusters there are."""

    codes: Integers
    n: int

    def sums(self, values: Floats) -> Floats:
        """Return the sum of the values in each cluster."""
        return np.bincount(self.codes, weights=values, minlength=self.n).astype(np.float64)

    @property
    def sizes(self) -> Floats:
        """How many items each cluster has."""
        return np.bincount(self.codes, minlength=self.n).astype(np.float64)


def as_numbers(values: ArrayLike, name: str) -> Floats:
    """Return a one-dimensional array of finite numbers.

    Raises:
        ValueError: it is none; says where the first strange value lies.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"expected one row of {name}, got an array of shape {array.shape}")
    strange = np.flatnonzero(~np.isfinite(array))
    if strange.size:
        where = int(strange[0])
        raise ValueError(
            f"expected finite {name}, got {array[where]} at position {where}: leave out what "
            "has no value, and count it"
        )
    return array


def as_fractions(values: ArrayLike, name: str) -> Floats:
    """Return a one-dimensional array of numbers within [0, 1].

    Raises:
        ValueError: it is none; says where the first strange value lies.
    """
    array = as_numbers(values, name)
    outside = np.flatnonzero((array < 0) | (array > 1))
    if outside.size:
        where = int(outside[0])
        raise ValueError(f"expected {name} within [0, 1], got {array[where]} at position {where}")
    return array


def as_pair(first: ArrayLike, second: ArrayLike, name: str = "scores") -> tuple[Floats, Floats]:
    """Return two arrays of finite numbers of one length, at least 1.

    Raises:
        ValueError: they are empty or unlike in length, or hold what is no finite number.
    """
    left, right = as_numbers(first, name), as_numbers(second, name)
    if len(left) != len(right) or len(left) == 0:
        raise ValueError(
            f"expected {name} of the same items on both sides, got {len(left)} and {len(right)}"
        )
    return left, right


def as_clusters(clusters: Iterable[Hashable] | None, n: int) -> Clusters:
    """Number the clusters in order of appearance; None makes every item its own.

    Raises:
        ValueError: not one label an item, or a missing label (None or NaN).
    """
    if clusters is None:
        return Clusters(np.arange(n), n)
    numbers: dict[Hashable, int] = {}
    codes = [numbers.setdefault(label, len(numbers)) for label in clusters]
    if len(codes) != n:
        raise ValueError(f"expected one cluster for each of {n} items, got {len(codes)}")
    for label in numbers:
        if label is None or label != label:  # noqa: PLR0124  # NaN is the value unlike itself
            raise ValueError(f"expected a label for every item's cluster, got {label!r}")
    return Clusters(np.array(codes, dtype=np.int64), len(numbers))
