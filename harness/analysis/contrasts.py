"""Every two systems that answered the same samples: by how much one is ahead, if it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.analysis.estimates import difference_estimate
from harness.analysis.tables import read_columns
from harness.errors import StoreError
from harness.records import Estimate, Outcome
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ("task", "sample_id", "outcome", "value")
_JUDGED = (Outcome.CORRECT.value, Outcome.WRONG.value)


class Contrasts:
    """The paired differences of any two of some runs, on the samples that both answered."""

    def __init__(self, values: Mapping[Path, pd.Series]) -> None:
        """Compare runs, named by their folders: scores by sample id, NaN for no answer."""
        self._found = dict(_differences(values))

    def difference(self, of: Path, to: Path) -> Estimate:
        """Return the mean score of one minus that of the other, as `compare` estimates it.

        Raises:
            KeyError: they are one and the same, or one of them is not compared.
        """
        return self._found[of, to]

    def is_better(self, one: Path, other: Path) -> bool:
        """Whether one is ahead and the interval of the difference excludes 0."""
        low = self.difference(one, other).low
        return low is not None and low > 0


def read_values(run: Run) -> dict[str, pd.Series]:
    """Read the score of every sample of a run by its id, by the task's name.

    An unreadable reply earns 0; what has no answer is NaN, not wrong.

    Raises:
        StoreError: the scores are missing or damaged, or a sample has two.
    """
    scores = read_columns(run, "scores", _COLUMNS)
    if scores.duplicated(["task", "sample_id"]).any():
        raise StoreError(
            f"{run.folder / 'scores'}.parquet has two scores for one sample; expected one each: "
            "score the run again"
        )
    judged, missing = scores["outcome"].isin(_JUDGED), scores["outcome"] == Outcome.ERROR.value
    scores["value"] = scores["value"].where(judged, 0.0).mask(missing)
    return {
        task: scores[scores["task"] == task].set_index("sample_id")["value"]
        for task in run.manifest.tasks
    }


def _differences(
    values: Mapping[Path, pd.Series],
) -> Iterator[tuple[tuple[Path, Path], Estimate]]:
    import pandas as pd

    if len(values) < 2:  # noqa: PLR2004  # nothing to compare
        return
    table = pd.concat(list(values.values()), axis=1).to_numpy(np.float64)
    columns = dict(zip(values, table.T, strict=True))
    for one, other in combinations(columns, 2):
        found = _difference(columns[other], columns[one])
        yield (one, other), found
        yield (other, one), _turned(found)


def _difference(baseline: NDArray[np.float64], candidate: NDArray[np.float64]) -> Estimate:
    both = ~np.isnan(baseline) & ~np.isnan(candidate)
    return difference_estimate(baseline[both], candidate[both], int((~both).sum()))


def _turned(found: Estimate) -> Estimate:
    value, low, high = (None if x is None else -x for x in (found.value, found.low, found.high))
    return Estimate(value, high, low, found.n, found.n_error)
