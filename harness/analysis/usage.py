"""What a run's answers to a task took: tokens, seconds, dollars, memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.analysis.comparison import Usage
from harness.analysis.paired_rows import SideRows
from harness.analysis.speed import COLUMNS, Timed, measure
from harness.records import Outcome

if TYPE_CHECKING:
    import pandas as pd


def measure_usage(side: SideRows, task: str) -> Usage:
    """Add up what every response of a task took, and measure its speed."""
    rows = side.responses[task]
    correct = int((side.scores[task]["outcome"] == Outcome.CORRECT.value).sum())
    speed = measure(_plain(rows), side.run.manifest.run_id)
    return Usage(
        n_responses=len(rows),
        prompt_tokens=_count(rows["prompt_tokens"]),
        output_tokens=_count(rows["output_tokens"]),
        seconds=_sum(rows["total_seconds"]),
        cost_usd=speed.cost_usd,
        usd_per_correct=None if speed.cost_usd is None or not correct else speed.cost_usd / correct,
        speed=speed,
    )


def _plain(rows: pd.DataFrame) -> list[Timed]:
    cells = rows[list(COLUMNS)].astype(object)
    plain = cells.where(cells.notna(), None)
    return [Timed._make(row) for row in plain.itertuples(index=False, name=None)]


def _sum(values: pd.Series) -> float | None:
    known = values.dropna()
    return float(known.sum()) if len(known) else None


def _count(values: pd.Series) -> int | None:
    total = _sum(values)
    return None if total is None else int(total)
