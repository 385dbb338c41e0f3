"""Comparing two finished runs: everything that a table, a page or a gate says of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.calibrated import Calibration, measure_calibration
from harness.analysis.cascade import simulate_cascade
from harness.analysis.causes import find_causes, find_changes
from harness.analysis.common import check_fields, common_tasks
from harness.analysis.comparison import (
    CompareOptions,
    Comparison,
    Missing,
    SubjectDifference,
    System,
    TaskComparison,
    Variant,
    Verification,
)
from harness.analysis.demands import measure_demands
from harness.analysis.estimates import difference_estimate, mean_estimate, with_limits
from harness.analysis.judged_pair import JudgedPair, judged_pairs
from harness.analysis.letters import compare_letters
from harness.analysis.noninferior import judge
from harness.analysis.paired_rows import PairedRows, SideRows, pair_rows, read_side
from harness.analysis.shrink import shrink_differences
from harness.analysis.usage import measure_usage
from harness.analysis.variants import find_variants
from harness.errors import NotComparableError, UsageError
from harness.protocol import Difference
from harness.records import Estimate, Outcome
from harness.stats import (
    benjamini_hochberg,
    holm,
    macro_difference,
    mcnemar_exact,
    minimum_detectable_drop,
    paired_difference,
    sign_flip_test,
)
from harness.store.alike import check_alike
from harness.store.read import Run, find_runs

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]


class _Sides(NamedTuple):
    candidate: SideRows
    baseline: SideRows


class _Values(NamedTuple):
    """Scores of the samples that both answered."""

    baseline: Floats
    candidate: Floats


def compare(candidate: Run, baseline: Run, options: CompareOptions | None = None) -> Comparison:
    """Compare a run with the one that it might replace, on the samples that both answered.

    Raises:
        NotComparableError: no task in common, none that a rule can judge or a judge has
            judged for both, or protocols that differ in a field that `options.allow_unlike`
            does not name.
        UsageError: a margin, alpha or coverage that is none, or an unknown protocol field.
        StoreError: a table is missing or damaged.
    """
    options = options or CompareOptions()
    _check(options)
    both = common_tasks(candidate, baseline)
    unlike = {
        name: check_alike(name, (candidate.manifest, baseline.manifest), options.allow_unlike)
        for name in both
    }
    sides = _Sides(read_side(candidate, both), read_side(baseline, both))
    judged = judged_pairs(candidate, baseline, both)
    names = _judged_by_rule(both, sides, judged)
    rows = {name: pair_rows(name, *sides) for name in names}
    tasks = {name: _compare_task(name, rows[name], sides, options, unlike[name]) for name in names}
    return Comparison(
        candidate=_system(candidate),
        baseline=_system(baseline),
        options=options,
        tasks=_adjusted(tasks),
        macro=_macro_of_tasks(rows),
        demands=measure_demands(*sides, names or both),
        unjudged=tuple(name for name in both if name not in names),
        only_candidate=_others(candidate, both),
        only_baseline=_others(baseline, both),
        judged=judged,
        variants=_variants(sides, names),
    )


def _judged_by_rule(tasks: list[str], sides: _Sides, judged: Sequence[JudgedPair]) -> list[str]:
    """Leave out tasks whose answers have no score: neither right nor wrong, and not missing."""
    kept = [name for name in tasks if not any(_needs_judge(name, side) for side in sides)]
    if not kept and not judged:
        runs = " ".join(side.run.manifest.run_id for side in sides)
        raise NotComparableError(
            f"no rule can judge the answers to {', '.join(tasks)}; let a model do it: "
            f"harness judge {runs} --judge MODEL --mode pairwise"
        )
    return kept


def _needs_judge(task: str, side: SideRows) -> bool:
    unjudged = side.scores[task]["outcome"] == Outcome.UNJUDGED.value
    return side.run.manifest.tasks[task].protocol.needs_judge or bool(unjudged.any())


def _check(options: CompareOptions) -> None:
    check_fields(options.allow_unlike)
    limits = {"margin": options.margin, "coverage": options.min_coverage}
    for name, value in limits.items():
        if not 0 <= value <= 1:
            raise UsageError(f"expected a {name} within [0, 1], such as 0.02, got {value}")
    if options.margin == 1 or not 0 < options.alpha < 0.5:  # noqa: PLR2004  # a one-sided error
        raise UsageError(
            "expected a margin below 1 and an alpha between 0 and 0.5, such as 0.05, got "
            f"{options.margin} and {options.alpha}"
        )


def _compare_task(
    task: str,
    rows: PairedRows,
    sides: _Sides,
    options: CompareOptions,
    unlike: Sequence[Difference],
) -> TaskComparison:
    answered = rows.answered
    values = _Values(*(answered[f"value_{s}"].to_numpy() for s in ("baseline", "candidate")))
    n_missing = rows.n_planned - len(answered)
    graded = not bool(np.isin(np.concatenate(values), (0.0, 1.0)).all())
    difference = difference_estimate(*values, n_missing)
    change = values.candidate - values.baseline
    tied = values.candidate[change == 0]
    spread = float(np.mean(change**2)) if len(change) else None
    return TaskComparison(
        task=task,
        protocol=sides.candidate.run.manifest.tasks[task].protocol,
        n=len(answered),
        n_planned=rows.n_planned,
        graded=graded,
        candidate=mean_estimate(values.candidate, n_missing),
        baseline=mean_estimate(values.baseline, n_missing),
        difference=difference,
        macro=_macro(values, answered["subject"], n_missing),
        standard_error=paired_difference(*values).standard_error if len(answered) else None,
        discordance=float(np.mean(change != 0)) if len(change) else None,
        wins=int((change > 0).sum()),
        losses=int((change < 0).sum()),
        both_right=int((tied > 0).sum()),
        both_wrong=int((tied == 0).sum()),
        p=_p(change, options.seed) if len(change) else None,
        p_holm=None,
        smallest_detectable_drop=_smallest(len(change), spread, options.alpha),
        noninferiority=judge(rows, spread, options),
        missing=_missing(rows),
        causes=find_causes(answered, difference),
        changes=None if graded else find_changes(answered),
        letters=compare_letters(answered, options.seed),
        cascade=simulate_cascade(answered, options),
        candidate_calibration=_calibration(answered, "candidate", options, graded=graded),
        baseline_calibration=_calibration(answered, "baseline", options, graded=graded),
        subjects=_subjects(values, answered["subject"], options.seed),
        demands=measure_demands(*sides, [task]),
        candidate_usage=measure_usage(sides.candidate, task),
        baseline_usage=measure_usage(sides.baseline, task),
        unlike=tuple(unlike),
    )


def _p(change: Floats, seed: int) -> float:
    if np.isin(change, (-1.0, 0.0, 1.0)).all():
        return mcnemar_exact(int((change > 0).sum()), int((change < 0).sum()))
    return sign_flip_test(change, np.random.default_rng(seed))


def _smallest(n: int, spread: float | None, alpha: float) -> float | None:
    """Discordance is the mean square of 0/1 differences; of graded ones that takes its place."""
    if not spread or spread == 1:
        return None
    return minimum_detectable_drop(n, spread, alpha)


def _macro(values: _Values, strata: pd.Series, n_missing: int) -> Estimate | None:
    if strata.nunique() < 2:  # noqa: PLR2004  # of one subject it is the micro
        return None
    found = macro_difference(*values, strata.tolist())
    return with_limits(found.difference, found.interval, len(strata), n_missing)


def _macro_of_tasks(rows: dict[str, PairedRows]) -> Estimate | None:
    answered = {task: found.answered for task, found in rows.items()}
    present = [task for task in answered if len(answered[task])]
    if len(present) < 2 or len(present) < len(rows):  # noqa: PLR2004  # a mean of all tasks
        return None
    values = _Values(
        *(
            np.concatenate([answered[task][f"value_{side}"].to_numpy() for task in present])
            for side in ("baseline", "candidate")
        )
    )
    strata = np.repeat(present, [len(answered[task]) for task in present])
    n_missing = sum(found.n_planned for found in rows.values()) - len(strata)
    found = macro_difference(*values, strata.tolist())
    return with_limits(found.difference, found.interval, len(strata), n_missing)


def _missing(rows: PairedRows) -> Missing | None:
    lacks = {s: rows.frame[f"value_{s}"].isna() for s in ("candidate", "baseline")}
    both = int((lacks["candidate"] & lacks["baseline"]).sum())
    alone = {side: int(lack.sum()) - both for side, lack in lacks.items()}
    if not both + rows.n_unrecorded + sum(alone.values()):
        return None
    bounds = [float(np.mean(np.subtract(*rows.bounded(best=best)))) for best in (False, True)]
    return Missing(alone["candidate"], alone["baseline"], both + rows.n_unrecorded, *bounds)


def _subjects(values: _Values, subjects: pd.Series, seed: int) -> tuple[SubjectDifference, ...]:
    names = sorted(subjects.unique())
    if len(names) < 2:  # noqa: PLR2004  # one subject is the task
        return ()
    places = [np.flatnonzero(subjects == name) for name in names]
    parts = [_Values(values.baseline[rows], values.candidate[rows]) for rows in places]
    changes = [part.candidate - part.baseline for part in parts]
    p = [_p(change, seed) for change in changes]
    columns = (names, parts, shrink_differences(changes), p, benjamini_hochberg(p).tolist())
    return tuple(
        SubjectDifference(name, difference_estimate(*part), shrunken, alone, together)
        for name, part, shrunken, alone, together in zip(*columns, strict=True)
    )


def _calibration(
    answered: pd.DataFrame, side: str, options: CompareOptions, *, graded: bool
) -> Calibration | None:
    return None if graded else measure_calibration(answered, side, options.seed)


def _adjusted(tasks: dict[str, TaskComparison]) -> dict[str, TaskComparison]:
    tested = {name: task.p for name, task in tasks.items() if task.p is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())).tolist(), strict=True))
    return {name: replace(task, p_holm=adjusted.get(name)) for name, task in tasks.items()}


def _system(run: Run) -> System:
    manifest = run.manifest
    return System(
        run_id=manifest.run_id,
        finished_at=manifest.finished_at,
        model=manifest.model,
        harness_version=manifest.harness_version,
        command=manifest.command,
        files={name: stored.sha256 for name, stored in manifest.files.items()},
        verification=_verification(manifest.verification),
    )


def _verification(stored: Mapping[str, object] | None) -> Verification | None:
    found = [(stored or {}).get(name) for name in ("n", "n_different")]
    known = [value for value in found if isinstance(value, int)]
    return Verification(*known) if len(known) == len(found) else None


def _variants(sides: _Sides, names: Sequence[str]) -> tuple[Variant, ...]:
    """Find other runs of both systems; the two compared are no variants of each other."""
    compared = [side.run.manifest.run_id for side in sides]
    stores = {store: find_runs(store)[0] for store in {side.run.folder.parent for side in sides}}
    candidate, baseline = (stores[side.run.folder.parent] for side in sides)
    found = (
        *find_variants("candidate", sides.candidate, names, candidate),
        *find_variants("baseline", sides.baseline, names, baseline),
    )
    return tuple(variant for variant in found if variant.run_id not in compared)


def _others(run: Run, common: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in run.manifest.tasks if name not in common)
