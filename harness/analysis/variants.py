"""Other runs of the same system over the same questions: noise, and what a setting changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.causes import find_changes
from harness.analysis.comparison import Side, Variant
from harness.analysis.estimates import difference_estimate, mean_estimate
from harness.analysis.paired_rows import SideRows, pair_rows, read_side
from harness.errors import StoreError
from harness.protocol import Difference, differences
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_MAY_VARY = frozenset(
    {"template", "prompts", "system_prompt", "shots", "shot_ids", "shot_order", "option_order"}
    | {"temperature", "top_p", "seed", "max_tokens", "stop"}
)


def find_variants(
    side: Side, own: SideRows, tasks: Sequence[str], stored: Sequence[Run]
) -> Iterator[Variant]:
    """Yield those of the stored runs that asked a run's system the same questions, but not itself.

    Either under the same protocol, all asked anew, or under one that differs in wording, examples,
    order or decoding alone. Runs that cannot be read are passed over.
    """
    for run in stored:
        if run.folder.name == own.run.folder.name:
            continue
        if run.manifest.model.identity != own.run.manifest.model.identity:
            continue
        known = ((name, _differs(name, run, own.run)) for name in tasks)
        shared = {name: differs for name, differs in known if differs is not None}
        if not shared:
            continue
        try:
            rows = read_side(run, list(shared))
        except StoreError:
            continue
        for task, differs in shared.items():
            if differs or _asked_anew(rows, own, task):
                yield _variant(side, task, rows, own, differs)


def _differs(task: str, run: Run, own: Run) -> tuple[Difference, ...] | None:
    """Name in what two protocols differ; None where they are not of the same questions."""
    record = run.manifest.tasks.get(task)
    if record is None:
        return None
    first, second = own.manifest.tasks[task].protocol, record.protocol
    found = differences(first, second)
    names = {difference.field for difference in found}
    if first.sample_ids != second.sample_ids or not names <= _MAY_VARY:
        return None
    return tuple(d for d in found if d.field != "prompts") or found


def _asked_anew(rows: SideRows, own: SideRows, task: str) -> bool:
    """Whether none of the answers is one and the same in both runs."""
    origins = [_origins(side, task) for side in (rows, own)]
    return not origins[0] & origins[1]


def _origins(side: SideRows, task: str) -> set[str]:
    origin: pd.Series = side.responses[task]["origin"]
    return set(origin.fillna(side.run.manifest.run_id))


def _variant(
    side: Side, task: str, rows: SideRows, own: SideRows, differs: tuple[Difference, ...]
) -> Variant:
    pairs = pair_rows(task, rows, own)
    answered = pairs.answered
    other, here = (answered[f"value_{s}"].to_numpy() for s in ("candidate", "baseline"))
    n_missing = pairs.n_planned - len(answered)
    binary = bool(np.isin(np.concatenate([other, here]), (0.0, 1.0)).all())
    return Variant(
        side=side,
        task=task,
        run_id=rows.run.manifest.run_id,
        differs=differs,
        accuracy=mean_estimate(other, n_missing),
        change=difference_estimate(here, other, n_missing),
        changes=find_changes(answered) if binary else None,
    )
