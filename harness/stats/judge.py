"""What a judge's verdicts are worth: agreement between judges, and strengths from comparisons.

Intervals of an agreement come from `harness.stats.bootstrap` with the question as the cluster.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.stats.arrays import Clusters, Floats, Integers, as_clusters, as_numbers, as_pair
from harness.stats.estimate import Interval

Level = Literal["nominal", "ordinal", "interval"]
Weights = Literal["linear", "quadratic"]

_FAR = 15.0
"""Largest logarithm of the tie parameter: e^15 ties to a win are ties always."""


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """Strengths of systems, as natural logarithms that sum to zero, and their `tie` parameter.

    `tie` is Davidson's: ties to the geometric mean of wins and losses of equals, 0 without ties.
    """

    strengths: Mapping[str, float]
    tie: float

    def win_rate(self, first: str, second: str) -> float:
        """Return the expected score of the first against the second, ties by half."""
        half = (self.strengths[first] - self.strengths[second]) / 2
        win, loss = np.exp(half), np.exp(-half)
        return float((win + self.tie / 2) / (win + loss + self.tie))


class _Games(NamedTuple):
    """The kinds of game that occur: positions of both systems, and the first one's 1, 1/2 or 0.

    `kinds` is the kind of each comparison. A likelihood needs only how often each kind occurs,
    which is what makes a thousand resamples quick.
    """

    names: tuple[str, ...]
    first: Integers
    second: Integers
    results: Floats
    kinds: Integers

    def counts(self, weights: Floats | None = None) -> Floats:
        """How often each kind occurs, with a weight for each comparison."""
        found = np.bincount(self.kinds, weights=weights, minlength=len(self.results))
        return found.astype(np.float64)

    def where(self, kept: NDArray[np.bool_]) -> _Games:
        """Leave out kinds of game; which one each comparison is of is no longer said."""
        first, second, results = self.first[kept], self.second[kept], self.results[kept]
        return self._replace(first=first, second=second, results=results, kinds=self.kinds[:0])


def weighted_kappa(
    first: ArrayLike, second: ArrayLike, weights: Weights | None = "quadratic"
) -> float | None:
    """Return Cohen's kappa of two judges who rated the same items with numbers.

    1 - sum(w·observed) / sum(w·expected by chance), w being |i - j| (linear) or (i - j)²
    (quadratic) of the ratings themselves, so that a grade nobody gave still counts as a step;
    None: 1 for any disagreement. 1 is full agreement, 0 that of chance. None where both judges
    always gave one same rating: chance then agrees fully too, and nothing can be said.

    Source: Cohen 1960, Educ. Psychol. Meas. 20; Cohen 1968, Psychological Bulletin 70.

    Raises:
        ValueError: no ratings, unlike lengths, or no finite numbers.
    """
    left, right = as_pair(first, second, "ratings")
    grades, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    count = len(grades)
    if count == 1:
        return None
    from statsmodels.stats.inter_rater import cohens_kappa

    cells = places[: len(left)] * count + places[len(left) :]
    table = np.bincount(cells, minlength=count**2).reshape(count, count)
    scale = None if weights is None else grades
    return float(cohens_kappa(table, weights=scale, wt=weights, return_results=False))


def krippendorff_alpha(ratings: Sequence[ArrayLike], level: Level) -> float | None:
    """Return Krippendorff's alpha of several judges: one row of ratings each, NaN where missing.

    1 - observed / expected disagreement, over all pairs of ratings within an item and over all
    pairs whatsoever. The difference of two ratings is 0 or 1 (nominal), the number of ratings
    between them, ends by half (ordinal), or their distance (interval), squared. Items with
    fewer than two ratings do not count. None where no two ratings differ, or no item has two.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability; Hayes and
    Krippendorff 2007, Communication Methods and Measures 1.

    Raises:
        ValueError: rows of unlike length, fewer than two of them, or an unknown level.
    """
    if level not in get_args(Level):
        raise ValueError(f"expected one of {get_args(Level)}, got {level!r}")
    table = np.array([np.asarray(row, dtype=np.float64) for row in _equal(ratings)])
    table = table[:, (~np.isnan(table)).sum(axis=0) >= 2]  # noqa: PLR2004  # a pair
    grades = np.unique(table[~np.isnan(table)])
    if len(grades) < 2:  # noqa: PLR2004  # without two grades there is no disagreement
        return None
    counts = np.stack([(table == grade).sum(axis=0) for grade in grades]).astype(np.float64)
    pairable = counts.sum(axis=0) - 1
    together = (counts / pairable) @ counts.T - np.diag((counts / pairable).sum(axis=1))
    totals = together.sum(axis=1)
    expected = np.outer(totals, totals) - np.diag(totals)
    distance = _distance(grades, totals, level)
    observed = float((together * distance).sum())
    return 1 - float(totals.sum() - 1) * observed / float((expected * distance).sum())


def bradley_terry(
    first: Sequence[str], second: Sequence[str], results: ArrayLike, ridge: float = 0.01
) -> BradleyTerry:
    """Fit strengths to comparisons of two systems each, with ties, by maximum likelihood.

    `results` are those of the first: 1 won, 1/2 tied, 0 lost. With strengths s and tie parameter
    v: P(win) = e^(s1/2 - s2/2) / Z, P(tie) = v / Z, P(loss) = e^(s2/2 - s1/2) / Z. The penalty
    ridge·sum(s²)/2 keeps a system that won all its comparisons finite; it is a normal prior of
    variance 1/ridge on each strength.

    Source: Davidson 1970, JASA 65; Bradley and Terry 1952, Biometrika 39.

    Raises:
        ValueError: no comparisons, unlike lengths, another result, a system against itself,
            systems that no chain of comparisons connects, or a ridge that is not positive.
    """
    games = _play(first, second, results)
    if not ridge > 0:
        raise ValueError(f"expected a positive ridge, such as 0.01, got {ridge}")
    _check_connected(games)
    return _fit(games, games.counts(), ridge)


def bradley_terry_intervals(
    comparisons: tuple[Sequence[str], Sequence[str], ArrayLike],
    questions: Iterable[Hashable],
    rng: np.random.Generator,
    draws: int = 1000,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """Return percentile intervals of the strengths, resampling whole questions.

    `comparisons` are the first three arguments of `bradley_terry`. The games of one question,
    in both orders and between several systems, stand or fall together.

    Source: as `bradley_terry`; Davison and Hinkley, Bootstrap Methods, 1997, 3.8.

    Raises:
        ValueError: as bradley_terry; not one question a comparison; draws < 1.
    """
    games = _play(*comparisons)
    _check_connected(games)
    groups = as_clusters(questions, len(games.kinds))
    if draws < 1:
        raise ValueError(f"expected at least one draw, got {draws}")
    fits = [_fit(games, games.counts(_redraw(groups, rng)), ridge=0.01) for _ in range(draws)]
    edges = [(1 - confidence) / 2, (1 + confidence) / 2]
    limits = {
        name: np.quantile([fit.strengths[name] for fit in fits], edges) for name in games.names
    }
    return {name: Interval(float(low), float(high)) for name, (low, high) in limits.items()}


def _equal(ratings: Sequence[ArrayLike]) -> Sequence[ArrayLike]:
    lengths = [np.asarray(row).shape for row in ratings]
    if len(lengths) < 2 or len(set(lengths)) != 1:  # noqa: PLR2004  # agreement needs two judges
        raise ValueError(f"expected two or more rows of ratings of one length, got {lengths}")
    return ratings


def _distance(grades: Floats, totals: Floats, level: Level) -> Floats:
    apart: Floats
    if level == "nominal":
        apart = 1 - np.eye(len(grades))
    elif level == "interval":
        apart = (grades[:, np.newaxis] - grades) ** 2
    else:
        middle = np.cumsum(totals) - totals / 2
        apart = (middle[:, np.newaxis] - middle) ** 2
    return apart


def _play(first: Sequence[str], second: Sequence[str], results: ArrayLike) -> _Games:
    scores = as_numbers(results, "results")
    if not len(first) == len(second) == len(scores) > 0:
        raise ValueError(
            f"expected two systems and a result for each comparison, got {len(first)}, "
            f"{len(second)} and {len(scores)}"
        )
    if not np.isin(scores, (0.0, 0.5, 1.0)).all():
        raise ValueError("expected results of 1 (won), 0.5 (tied) or 0 (lost)")
    names = tuple(sorted({*first, *second}))
    place = {name: number for number, name in enumerate(names)}
    one, two = (np.array([place[name] for name in side]) for side in (first, second))
    if (one == two).any():
        raise ValueError(f"{names[one[one == two][0]]!r} is compared with itself")
    table = np.stack([one, two, np.round(2 * scores).astype(np.int64)])
    found, kinds = np.unique(table, axis=1, return_inverse=True)
    return _Games(names, found[0], found[1], found[2] / 2, kinds.ravel())


def _check_connected(games: _Games) -> None:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = len(games.names)
    links = coo_array((np.ones(len(games.first)), (games.first, games.second)), shape=(size, size))
    parts, labels = connected_components(links, directed=False)
    if parts > 1:
        apart = [name for name, label in zip(games.names, labels, strict=True) if label]
        raise ValueError(f"no chain of comparisons connects {apart} with {games.names[0]!r}")


def _redraw(groups: Clusters, rng: np.random.Generator) -> Floats:
    taken = rng.integers(0, groups.n, size=groups.n)
    counts: Floats = np.bincount(taken, minlength=groups.n)[groups.codes].astype(np.float64)
    return counts


def _fit(games: _Games, weights: Floats, ridge: float) -> BradleyTerry:
    from scipy.optimize import minimize

    size = len(games.names)
    games, weights = games.where(weights > 0), weights[weights > 0]
    ties = bool((weights * (games.results == 0.5)).any())  # noqa: PLR2004  # a tie is one half
    # Without ties the likelihood only grows as their parameter falls: it is zero.
    bounds = [(None, None)] * size + [(-_FAR, _FAR)] * ties
    found = minimize(
        _loss,
        np.zeros(size + ties),
        args=(games, weights, ridge),
        jac=True,
        # For so few unknowns L-BFGS-B waits a hundred times longer for its threads than it works.
        method="SLSQP",
        bounds=bounds,
        options={"ftol": 1e-13, "maxiter": 1000},
    )
    strengths = found.x[:size] - found.x[:size].mean()
    named = dict(zip(games.names, strengths.tolist(), strict=True))
    return BradleyTerry(named, float(np.exp(found.x[size])) if ties else 0.0)


def _loss(x: Floats, games: _Games, weights: Floats, ridge: float) -> tuple[float, Floats]:
    """Return the penalized negative log-likelihood and its gradient."""
    size = len(games.names)
    strengths = x[:size]
    half = (strengths[games.first] - strengths[games.second]) / 2
    tie = np.full(len(half), x[size] if len(x) > size else -np.inf)
    logits = np.stack([half, tie, -half])
    total = np.logaddexp.reduce(logits)
    chances = np.exp(logits - total)
    chosen = (2 * (1 - games.results)).astype(np.int64)
    loss = float(weights @ (total - np.take_along_axis(logits, chosen[np.newaxis], axis=0)[0]))
    pull = weights * (chances[0] - chances[2] + 1 - 2 * games.results) / 2
    slope = np.bincount(games.first, weights=pull, minlength=size)
    slope -= np.bincount(games.second, weights=pull, minlength=size)
    gradient: Floats = np.concatenate([slope + ridge * strengths, np.zeros(len(x) - size)])
    gradient[size:] = float(weights @ (chances[1] - (chosen == 1)))
    return loss + ridge * float(strengths @ strengths) / 2, gradient
