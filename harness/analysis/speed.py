"""What answering took: tokens a second, seconds, memory, dollars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.tables import read_columns
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "task",
    "error_kind",
    "prompt_tokens",
    "reused_tokens",
    "output_tokens",
    "prefill_seconds",
    "decode_seconds",
    "first_token_seconds",
    "total_seconds",
    "peak_memory_bytes",
    "cost_usd",
    "origin",
    "request_key",
    "attempts",
)
_P95_NEEDS = 20


@dataclass(frozen=True, slots=True)
class Speed:
    """Speed, memory and price of one task of one run; None where the backend did not tell.

    Speed and memory speak of the `n_timed` answers that this run asked itself, since an answer
    reused from another run (`n_reused`) may come from another machine; a failed request has no
    speed. Durations are seconds, memory is bytes, rates are tokens a second of one stream:

    - `prefill_rate` = sum(prompt tokens - reused tokens) / sum(prefill seconds);
    - `decode_rate` = sum(output tokens - 1) / sum(decode seconds), over answers of two tokens
      or more: the first token belongs to the prefill, so `decoded_tokens` counts the others;
    - `first_token` and `latency_p50` are medians, `latency_p95` the 95th percentile (linear
      interpolation, None below 20 answers), of request sent to first token and to the end;
    - `reused_share` = reused prompt tokens / prompt tokens, within [0, 1];
    - `cost_usd` adds the prices of all `n_priced` responses that have one, whoever asked;
    - `n_calls` adds the calls that this run made for the `n_asked` requests it made them for,
      failed ones included: what a provider may have charged for; None where nobody counted.

    Source: definitions of llama-bench (llama.cpp) and of MLPerf Client.
    """

    n_responses: int
    n_timed: int
    n_reused: int
    prefill_rate: float | None
    decode_rate: float | None
    decoded_tokens: int
    first_token: float | None
    latency_p50: float | None
    latency_p95: float | None
    reused_share: float | None
    peak_memory_bytes: int | None
    cost_usd: float | None
    n_priced: int
    n_asked: int = 0
    n_calls: int | None = None


def read_speeds(run: Run) -> dict[str, Speed]:
    """Measure every task of a run, by the task's name.

    Raises:
        StoreError: the responses are missing or damaged.
    """
    frame = read_columns(run, "responses", COLUMNS)
    run_id = run.manifest.run_id
    return {task: measure(frame[frame["task"] == task], run_id) for task in run.manifest.tasks}


def measure(rows: pd.DataFrame, run_id: str) -> Speed:
    """Measure the responses of one task; `rows` has the columns of COLUMNS."""
    reused = rows["origin"].notna() & (rows["origin"] != run_id)
    own = rows[~reused & rows["error_kind"].isna()]
    longer = own[own["output_tokens"] > 1]
    priced = rows["cost_usd"].dropna()
    peak = _numbers(own, "peak_memory_bytes").max()
    # Equal requests of several samples are asked once.
    calls = _numbers(rows[~reused].drop_duplicates("request_key"), "attempts")
    return Speed(
        n_responses=len(rows),
        n_timed=int(own["total_seconds"].notna().sum()),
        n_reused=int(reused.sum()),
        prefill_rate=_prefill_rate(own),
        decode_rate=_rate(longer["output_tokens"] - 1, longer["decode_seconds"]),
        decoded_tokens=int((longer["output_tokens"] - 1).sum()),
        first_token=_quantile(own, "first_token_seconds", 0.5),
        latency_p50=_quantile(own, "total_seconds", 0.5),
        latency_p95=_quantile(own, "total_seconds", 0.95, needs=_P95_NEEDS),
        reused_share=_rate(own["reused_tokens"], own["prompt_tokens"]),
        peak_memory_bytes=None if peak != peak else int(peak),  # noqa: PLR0124  # NaN: no rows
        cost_usd=float(priced.sum()) if len(priced) else None,
        n_priced=len(priced),
        n_asked=len(calls),
        n_calls=int(calls.sum()) if len(calls) else None,
    )


def _prefill_rate(own: pd.DataFrame) -> float | None:
    return _rate(own["prompt_tokens"] - own["reused_tokens"], own["prefill_seconds"])


def _rate(amounts: pd.Series, per: pd.Series) -> float | None:
    """Divide the sums over the rows that have both; None where there is nothing to divide by."""
    known = amounts.notna() & per.notna()
    total = float(per[known].sum())
    return float(amounts[known].sum()) / total if total > 0 else None


def _quantile(rows: pd.DataFrame, column: str, q: float, needs: int = 1) -> float | None:
    values = _numbers(rows, column)
    return float(values.quantile(q)) if len(values) >= needs else None


def _numbers(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows[column].dropna()
