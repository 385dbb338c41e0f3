"""Whether one system may replace another, however the missing answers would have come out."""

from __future__ import annotations

from harness.analysis.comparison import CompareOptions, Noninferiority, Verdict
from harness.analysis.paired_rows import PairedRows
from harness.stats import noninferiority, paired_difference, sample_size


def judge(rows: PairedRows, spread: float | None, options: CompareOptions) -> Noninferiority:
    """Judge one task; `spread` is the mean square of the paired differences.

    A missing answer counts against the candidate where it would pass and for it where it would
    fail, so an outage can neither pass nor fail anybody.
    """
    coverage = len(rows.answered) / rows.n_planned if rows.n_planned else 0.0
    if coverage < options.min_coverage or coverage == 0:
        return Noninferiority("incomplete", options.margin, options.alpha, None, None, None, None)
    candidate, baseline = rows.bounded(best=False)
    test = noninferiority(baseline, candidate, options.margin, alpha=options.alpha)
    p, lower = test or (None, None)
    upper = _upper(rows, options.alpha)
    verdict = _verdict(lower, upper, options.margin)
    needed = _needed(spread, options) if verdict == "cannot tell" else None
    return Noninferiority(verdict, options.margin, options.alpha, p, lower, upper, needed)


def _verdict(lower: float | None, upper: float | None, margin: float) -> Verdict:
    if lower is not None and lower > 0:
        return "superior"
    if lower is not None and lower > -margin:
        return "non-inferior"
    return "inferior" if upper is not None and upper < -margin else "cannot tell"


def _upper(rows: PairedRows, alpha: float) -> float | None:
    candidate, baseline = rows.bounded(best=True)
    interval = paired_difference(baseline, candidate, confidence=1 - 2 * alpha).interval
    return None if interval is None else interval.high


def _needed(spread: float | None, options: CompareOptions) -> int | None:
    if not options.margin or spread is None:
        return None
    # With fewer discordant samples than the margin no drop of that size could have come about.
    discordance = min(max(spread, options.margin), 1 - 1e-9)
    return sample_size(options.margin, discordance, options.alpha)
