"""What two systems take, side by side: file, memory, time and money."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.analysis.paired_rows import SideRows
from harness.records import Estimate
from harness.stats import Interval

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["file size", "peak memory", "latency", "cost"]


@dataclass(frozen=True, slots=True)
class Demand:
    """One thing that a system takes; less is better.

    `file size` (bytes of weights) and `peak memory` (bytes, the largest that was seen) are no
    samples and have no interval; `latency` is the median of seconds from a request to the end of
    its reply, over the requests that the run asked itself; `cost` is US dollars for a thousand
    samples. `ratio` is the candidate's divided by the baseline's; None where one is unknown.
    """

    kind: Kind
    candidate: Estimate
    baseline: Estimate
    ratio: Estimate | None


def measure_demands(
    candidate: SideRows, baseline: SideRows, tasks: Sequence[str]
) -> tuple[Demand, ...]:
    """Measure what both took over some tasks; what neither tells is left out."""
    sides = [list(_measure(side, tasks)) for side in (candidate, baseline)]
    kinds: tuple[Kind, ...] = ("file size", "peak memory", "latency", "cost")
    pairs = zip(kinds, *sides, strict=True)
    return tuple(
        Demand(kind, first, second, _ratio(first, second))
        for kind, first, second in pairs
        if first.value is not None or second.value is not None
    )


def median_interval(values: Sequence[float], confidence: float = 0.95) -> Interval | None:
    """Return the order-statistic interval of a median; None where too few values give one.

    The r-th smallest and r-th largest value, r the largest with P(Bin(n, 1/2) < r) at most
    (1 - confidence)/2: it covers the median of any continuous distribution.

    Source: Thompson 1936, Annals of Mathematical Statistics 7.
    """
    from scipy.stats import binom

    n = len(values)
    below = (1 - confidence) / 2
    place = int(binom.ppf(below, n, 0.5)) if n else 0
    while place and binom.cdf(place - 1, n, 0.5) > below:
        place -= 1
    if place == 0:
        return None
    ordered = sorted(values)
    return Interval(ordered[place - 1], ordered[n - place])


def latency_estimate(seconds: pd.Series) -> Estimate:
    """Estimate the median of these durations."""
    if not len(seconds):
        return Estimate(None, None, None, 0)
    low, high = median_interval(seconds.tolist()) or (None, None)
    return Estimate(float(seconds.median()), low, high, len(seconds))


def cost_estimate(rows: pd.DataFrame) -> Estimate:
    """Estimate the mean price of a sample, times 1,000, by Student's interval."""
    priced = rows.dropna(subset=["cost_usd"])
    prices = priced.groupby(["task", "sample_id"])["cost_usd"].sum().to_numpy(np.float64)
    n = len(prices)
    if n == 0:
        return Estimate(None, None, None, 0)
    mean = float(prices.mean())
    if n == 1:
        return Estimate(1000 * mean, None, None, n)
    from scipy.special import stdtrit

    reach = float(stdtrit(n - 1, 0.975)) * float(prices.std(ddof=1)) / math.sqrt(n)
    return Estimate(1000 * mean, 1000 * max(0.0, mean - reach), 1000 * (mean + reach), n)


def _measure(side: SideRows, tasks: Sequence[str]) -> Iterator[Estimate]:
    import pandas as pd

    rows = pd.concat([side.responses[task] for task in tasks], ignore_index=True)
    reused = rows["origin"].notna() & (rows["origin"] != side.run.manifest.run_id)
    own = rows[~reused & rows["error_kind"].isna()]
    yield _constant(side.run.manifest.model.file_bytes, 1)
    memory = own["peak_memory_bytes"].dropna()
    yield _constant(int(memory.max()) if len(memory) else None, len(memory))
    yield latency_estimate(own["total_seconds"].dropna())
    yield cost_estimate(rows)


def _constant(value: float | None, n: int) -> Estimate:
    return Estimate(value, None, None, 0 if value is None else n)


def _ratio(first: Estimate, second: Estimate) -> Estimate | None:
    """Divide two independent estimates; the limits from those of their logarithms.

    With r = x/y, x within (l, u) and y within (m, w): log r - hypot(log x/l, log w/y) and
    log r + hypot(log u/x, log y/m).

    Source: Donner and Zou 2012, Statistical Methods in Medical Research 21 (MOVER of a ratio).
    """
    if not first.value or not second.value:
        return None
    ratio, n = first.value / second.value, min(first.n, second.n)
    limits = (first.low, first.high, second.low, second.high)
    if not all(limits):
        return Estimate(ratio, None, None, n)
    below, above = _reach(first), _reach(second)
    low = ratio / math.exp(math.hypot(below[0], above[1]))
    high = ratio * math.exp(math.hypot(below[1], above[0]))
    return Estimate(ratio, low, high, n)


def _reach(estimate: Estimate) -> tuple[float, float]:
    """Return how far the limits lie below and above, in logarithms; all three must be known."""
    value, low, high = (x or math.nan for x in (estimate.value, estimate.low, estimate.high))
    return math.log(value / low), math.log(high / value)
