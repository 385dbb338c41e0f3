"""What answering took: tokens a second, seconds, memory, dollars."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from harness.store.read import Run


class Timed(NamedTuple):
    """What a row of `responses` says of speed, memory and price; None where it says nothing."""

    task: str
    error_kind: str | None
    prompt_tokens: int | None
    reused_tokens: int | None
    output_tokens: int | None
    prefill_seconds: float | None
    decode_seconds: float | None
    first_token_seconds: float | None
    total_seconds: float | None
    peak_memory_bytes: int | None
    cost_usd: float | None
    origin: str | None
    request_key: str | None
    attempts: int | None


COLUMNS = Timed._fields
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
    run_id = run.manifest.run_id
    found: dict[str, list[Timed]] = {task: [] for task in run.manifest.tasks}
    for row in map(Timed._make, run.tuples("responses", COLUMNS)):
        found.setdefault(row.task, []).append(row)
    return {task: measure(found[task], run_id) for task in run.manifest.tasks}


def measure(rows: Sequence[Timed], run_id: str) -> Speed:
    """Measure the responses of one task."""
    asked = [row for row in rows if row.origin in {None, run_id}]
    own = [row for row in asked if row.error_kind is None]
    longer = [(tokens, row) for row in own if (tokens := (row.output_tokens or 0) - 1) > 0]
    priced = _known(row.cost_usd for row in rows)
    # Equal requests of several samples are asked once.
    calls = _known({row.request_key: row.attempts for row in reversed(asked)}.values())
    seconds = _known(row.total_seconds for row in own)
    return Speed(
        n_responses=len(rows),
        n_timed=len(seconds),
        n_reused=len(rows) - len(asked),
        prefill_rate=_rate((_fresh(row), row.prefill_seconds) for row in own),
        decode_rate=_rate((tokens, row.decode_seconds) for tokens, row in longer),
        decoded_tokens=int(sum(tokens for tokens, _ in longer)),
        first_token=_quantile(_known(row.first_token_seconds for row in own), 0.5),
        latency_p50=_quantile(seconds, 0.5),
        latency_p95=_quantile(seconds, 0.95, needs=_P95_NEEDS),
        reused_share=_rate((row.reused_tokens, row.prompt_tokens) for row in own),
        peak_memory_bytes=max(map(int, _known(row.peak_memory_bytes for row in own)), default=None),
        cost_usd=math.fsum(priced) if priced else None,
        n_priced=len(priced),
        n_asked=len(calls),
        n_calls=int(sum(calls)) if calls else None,
    )


def _fresh(row: Timed) -> int | None:
    """The tokens of a prompt that had to be evaluated."""
    if row.prompt_tokens is None or row.reused_tokens is None:
        return None
    return row.prompt_tokens - row.reused_tokens


def _rate(pairs: Iterable[tuple[float | None, float | None]]) -> float | None:
    """Divide the sums over the pairs that have both; None where there is nothing to divide by."""
    known = [(amount, per) for amount, per in pairs if amount is not None and per is not None]
    total = math.fsum(per for _, per in known)
    return math.fsum(amount for amount, _ in known) / total if total > 0 else None


def _quantile(values: Sequence[float], q: float, needs: int = 1) -> float | None:
    """Interpolate linearly between the two values that a share of q lies between."""
    if len(values) < needs:
        return None
    ordered = sorted(values)
    below, share = divmod(q * (len(ordered) - 1), 1)
    low, high = ordered[int(below)], ordered[min(int(below) + 1, len(ordered) - 1)]
    return low + (high - low) * share


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
