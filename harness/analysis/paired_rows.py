"""The rows of two runs of a task, joined by content id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harness.analysis import speed
from harness.analysis.summary import check_scores
from harness.analysis.tables import read_columns
from harness.records import Outcome
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

JUDGED = (Outcome.CORRECT.value, Outcome.WRONG.value)
_NO_VALUE = (Outcome.ERROR.value, Outcome.UNJUDGED.value, Outcome.JUDGED.value)
_SCORES = ("task", "sample_id", "subject", "outcome", "value", "answer", "gold")
_RESPONSES = ("sample_id", "part", "letter_logprobs", *speed.COLUMNS)
_SPENT = ("cost_usd", "output_tokens", "total_seconds")


@dataclass(frozen=True, eq=False)
class SideRows:
    """The score and response rows of one run, by task."""

    run: Run
    scores: dict[str, pd.DataFrame]
    responses: dict[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class PairedRows:
    """One task of two runs, one row a sample, in the order of the ids.

    `frame` has `subject` and `gold` and, for each side s of `candidate` and `baseline`,
    `outcome_s`, `value_s` (unread replies earn 0; NaN where there is no answer), `answer_s`,
    `letters_s` (JSON or null) and what the sample's replies took: `cost_usd_s`,
    `output_tokens_s` and `total_seconds_s`. `n_unrecorded` samples were planned but have no row
    on either side.
    """

    frame: pd.DataFrame
    n_unrecorded: int

    @property
    def answered(self) -> pd.DataFrame:
        """The samples that both sides answered."""
        known = self.frame[["value_candidate", "value_baseline"]].notna().all(axis=1)
        return self.frame[known]

    @property
    def n_planned(self) -> int:
        """How many samples there are, answered or not."""
        return len(self.frame) + self.n_unrecorded

    def bounded(self, *, best: bool) -> tuple[Floats, Floats]:
        """Return the candidate's and the baseline's values with missing ones at an extreme."""
        candidate = self.frame["value_candidate"].fillna(float(best)).to_numpy(np.float64)
        baseline = self.frame["value_baseline"].fillna(float(not best)).to_numpy(np.float64)
        more = np.full(self.n_unrecorded, float(best))
        return np.concatenate([candidate, more]), np.concatenate([baseline, 1 - more])


def read_side(run: Run, tasks: list[str]) -> SideRows:
    """Read what a comparison needs of one run.

    Raises:
        StoreError: a table is missing or damaged, or holds a value that no scorer writes.
    """
    scores = read_columns(run, "scores", _SCORES)
    check_scores(run, zip(scores["outcome"], scores["value"], strict=True))
    responses = read_columns(run, "responses", _RESPONSES)
    return SideRows(
        run,
        {task: scores[scores["task"] == task] for task in tasks},
        {task: responses[responses["task"] == task] for task in tasks},
    )


def pair_rows(task: str, candidate: SideRows, baseline: SideRows) -> PairedRows:
    """Join two runs of a task by sample; what one side lacks stays, as missing."""
    frame = _side(task, candidate).merge(
        _side(task, baseline),
        how="outer",
        on="sample_id",
        suffixes=("_candidate", "_baseline"),
        sort=True,
        validate="one_to_one",
    )
    for name in ("subject", "gold"):
        frame[name] = frame[f"{name}_candidate"].fillna(frame[f"{name}_baseline"]).fillna("")
    planned = max(side.run.manifest.tasks[task].n for side in (candidate, baseline))
    return PairedRows(frame, max(0, planned - len(frame)))


def letter_table(texts: pd.Series) -> list[list[float | None] | None]:
    """Read a column of JSON lists at once; null stays None."""
    parsed: list[list[float | None] | None] = json.loads(f"[{','.join(texts.fillna('null'))}]")
    return parsed


def _side(task: str, side: SideRows) -> pd.DataFrame:
    scores = side.scores[task].drop(columns="task").copy()
    judged, missing = scores["outcome"].isin(JUDGED), scores["outcome"].isin(_NO_VALUE)
    scores["value"] = scores["value"].where(judged, 0.0).mask(missing)
    responses = side.responses[task]
    spent = responses.groupby("sample_id")[list(_SPENT)].sum(min_count=1)
    first = responses[responses["part"] == 0].set_index("sample_id")["letter_logprobs"]
    return scores.join(spent, on="sample_id").join(first.rename("letters"), on="sample_id")
