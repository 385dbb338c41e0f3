"""How far judges agree: with each other, and with labels that people gave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from harness.analysis.judges import Judge
from harness.records import Estimate
from harness.stats.judge import krippendorff_alpha, weighted_kappa
from harness.store.judgements import Verdict

_DRAWS = 500
_SEED = 0
_CONFIDENCE = (0.025, 0.975)
_NO_SPREAD = 1e-9
_FEWEST = 2
_TIE = 0.5


class _About(NamedTuple):
    task: str
    question: str
    turn: int
    shown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two or more judges on what all of them judged; n counts questions, `n_verdicts` verdicts.

    `kappa` is Cohen's with quadratic weights (two judges; None for more), `alpha` Krippendorff's
    of the interval level. Of comparisons, `same` is the share of equal verdicts, `same_decided`
    that where neither said tie: the two set-ups of MT-bench's agreement table. Of ratings, `same`
    is the share within one point, and `same_decided` says nothing.
    """

    mode: str
    judges: tuple[str, ...]
    n_verdicts: int
    kappa: Estimate | None
    alpha: Estimate
    same: Estimate
    same_decided: Estimate


@dataclass(frozen=True, slots=True)
class _Table:
    """Verdicts by judge (rows) and exhibit (columns), and the question of each column."""

    values: np.ndarray
    questions: Sequence[str]


def agreements(judges: Sequence[Judge]) -> list[Agreement]:
    """Compare every two judges that judged the same, and all of a panel of three or more."""
    found = []
    for mode in ("single", "pairwise"):
        said = [(_named(judge), _verdicts(judge, mode)) for judge in judges]
        said = [(name, verdicts) for name, verdicts in said if verdicts]
        groups = [*combinations(said, 2), *([tuple(said)] if len(said) > _FEWEST else [])]
        for group in groups:
            table = _table([verdicts for _, verdicts in group])
            if table is not None:
                found.append(_agreement(mode, [name for name, _ in group], table))
    return found


def _named(judge: Judge) -> str:
    return f"{judge.info.name} ({judge.prompts}, {judge.parsing})"


def _verdicts(judge: Judge, mode: str) -> dict[_About, float]:
    return {
        _about(verdict): verdict.value
        for judgement in judge.answers()
        if judgement.about.mode == mode
        for verdict in judgement.verdicts
        if verdict.value is not None
    }


def _about(verdict: Verdict) -> _About:
    seen = verdict.exhibit
    return _About(seen.task, seen.question, seen.turn, seen.shown)


def _table(said: Sequence[Mapping[_About, float]]) -> _Table | None:
    shared = sorted(set.intersection(*(set(each) for each in said)))
    if not shared:
        return None
    rows = np.array([[each[about] for about in shared] for each in said])
    return _Table(rows, [f"{about.task}/{about.question}" for about in shared])


def _agreement(mode: str, names: Sequence[str], table: _Table) -> Agreement:
    two = len(names) == _FEWEST
    return Agreement(
        mode=mode,
        judges=tuple(names),
        n_verdicts=table.values.shape[1],
        kappa=_resampled(_kappa, table) if two else None,
        alpha=_resampled(_alpha, table),
        same=_resampled(_same if mode == "pairwise" else _near, table),
        same_decided=_resampled(_same_decided if mode == "pairwise" else _nothing, table),
    )


def _kappa(rows: np.ndarray) -> float | None:
    return weighted_kappa(rows[0], rows[1])


def _alpha(rows: np.ndarray) -> float | None:
    return krippendorff_alpha(list(rows), "interval")


def _same(rows: np.ndarray) -> float | None:
    return float((rows == rows[0]).all(axis=0).mean())


def _near(rows: np.ndarray) -> float | None:
    return float((np.ptp(rows, axis=0) <= 1).mean())


def _same_decided(rows: np.ndarray) -> float | None:
    decided = rows[:, (rows != _TIE).all(axis=0)]
    return _same(decided) if decided.shape[1] else None


def _nothing(_: np.ndarray) -> float | None:
    return None


def _resampled(statistic: Callable[[np.ndarray], float | None], table: _Table) -> Estimate:
    """Return a statistic with a percentile interval over resampled questions."""
    value = statistic(table.values)
    names, codes = np.unique(table.questions, return_inverse=True)
    if value is None:
        return Estimate(None, None, None, len(names))
    columns = [np.flatnonzero(codes == number) for number in range(len(names))]
    rng = np.random.default_rng(_SEED)
    drawn = [
        statistic(table.values[:, np.concatenate([columns[i] for i in taken])])
        for taken in rng.integers(0, len(names), (_DRAWS, len(names)))
    ]
    known = [each for each in drawn if each is not None] or [value]
    low, high = (float(edge) for edge in np.quantile(known, _CONFIDENCE))
    if high - low < _NO_SPREAD:
        return Estimate(float(value), None, None, len(names))
    return Estimate(float(value), low, high, len(names))
