"""What one task took one run: parameters, memory, time and money, each with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.demands import cost_estimate, latency_estimate
from harness.analysis.tables import read_columns
from harness.records import Estimate, Outcome
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_RESPONSES = ("task", "sample_id", "origin", "error_kind", "total_seconds", "peak_memory_bytes",
              "cost_usd")  # fmt: skip
_SCORES = ("task", "sample_id", "outcome")
_UNKNOWN = Estimate(None, None, None, 0)


@dataclass(frozen=True, slots=True)
class Takes:
    """What a system takes; less is better, and an unknown value is None.

    `parameters` and `memory` (bytes, the largest that was seen) are no samples and have no
    interval. `latency` is the median of seconds from a request to the end of its reply, `cost`
    US dollars for a thousand samples, `per_correct` US dollars for each right answer: both as in
    a comparison, prices of answers that were reused included.
    """

    parameters: Estimate
    memory: Estimate
    latency: Estimate
    cost: Estimate
    per_correct: Estimate


def read_takes(run: Run) -> dict[str, Takes]:
    """Measure what every task of a run took, by the task's name.

    Raises:
        StoreError: a table is missing or damaged.
    """
    responses = read_columns(run, "responses", _RESPONSES)
    scores = read_columns(run, "scores", _SCORES)
    return {
        task: _measure(run, responses[responses["task"] == task], scores[scores["task"] == task])
        for task in run.manifest.tasks
    }


def cost_per_correct(prices: np.ndarray, right: np.ndarray) -> Estimate:
    """Estimate the price of a right answer from the price of each sample and whether it was right.

    R = sum(c)/sum(y), with the limits R·exp(±z·SE/R) and SE² = n·var(c - R·y)/sum(y)²; unknown
    where none was right.

    Source: Cochran 1977, Sampling Techniques, 6.4 (ratio estimate); the limits on the logarithm.
    """
    n, n_right, total = len(prices), float(right.sum()), float(prices.sum())
    if n_right == 0:
        return Estimate(None, None, None, n)
    ratio = total / n_right
    if n < 2 or ratio == 0:  # noqa: PLR2004  # no spread is to be seen
        return Estimate(ratio, None, None, n)
    error = math.sqrt(n * float(np.var(prices - ratio * right, ddof=1))) / n_right
    reach = math.exp(1.959963984540054 * error / ratio)
    return Estimate(ratio, ratio / reach, ratio * reach, n)


def _measure(run: Run, responses: pd.DataFrame, scores: pd.DataFrame) -> Takes:
    reused = responses["origin"].notna() & (responses["origin"] != run.manifest.run_id)
    own = responses[~reused & responses["error_kind"].isna()]
    memory = own["peak_memory_bytes"].dropna()
    parameters = run.manifest.model.parameters
    return Takes(
        parameters=Estimate(parameters, None, None, 1) if parameters else _UNKNOWN,
        memory=Estimate(int(memory.max()), None, None, len(memory)) if len(memory) else _UNKNOWN,
        latency=latency_estimate(own["total_seconds"].dropna()),
        cost=cost_estimate(responses),
        per_correct=_per_correct(responses, scores),
    )


def _per_correct(responses: pd.DataFrame, scores: pd.DataFrame) -> Estimate:
    prices = responses.groupby("sample_id")["cost_usd"].sum(min_count=1).dropna()
    right = scores.set_index("sample_id")["outcome"] == Outcome.CORRECT.value
    known = right.reindex(prices.index, fill_value=False).to_numpy(np.float64)
    return cost_per_correct(prices.to_numpy(np.float64), known) if len(prices) else _UNKNOWN
