"""How long each answer of a run took, and how many tokens it had: what histograms are drawn of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.analysis.tables import read_columns
from harness.store.read import Run

MEASURES: Mapping[str, str] = {
    "first_token": "first_token_seconds",
    "whole_answer": "total_seconds",
    "tokens": "output_tokens",
}
_COLUMNS = ("task", "origin", "error_kind", *MEASURES.values())


@dataclass(frozen=True, slots=True)
class Timings:
    """One task of one run, a value for each answer that the run asked itself and that tells it.

    Durations are seconds from the request sent; `tokens` counts those of the answer.
    """

    first_token: tuple[float, ...]
    whole_answer: tuple[float, ...]
    tokens: tuple[float, ...]


def read_timings(run: Run) -> dict[str, Timings]:
    """Read what every answer of a run took, by the task's name.

    Raises:
        StoreError: the responses are missing or damaged.
    """
    frame = read_columns(run, "responses", _COLUMNS)
    reused = frame["origin"].notna() & (frame["origin"] != run.manifest.run_id)
    own = frame[~reused & frame["error_kind"].isna()]
    return {
        task: Timings(
            **{
                name: tuple(rows[column].dropna().astype(float).tolist())
                for name, column in MEASURES.items()
            }
        )
        for task in run.manifest.tasks
        for rows in [own[own["task"] == task]]
    }
