"""Whether one system may replace another, however the missing answers would have come out."""

from __future__ import annotations

from harness.analysis.comparison import CompareOptions, Noninferiority, Verdict
from harness.analysis.paired_rows import PairedRows
from harness.stats import noninferiority, sample_size


def judge(rows: PairedRows, spread: float | None, options: CompareOptions) -> Noninferiority:
    """Judge one task; `spread` is the mean square of the paired differences.

    A missing answer counts against the candidate where it would pass and for it where it would
    fail, so an outage can neither pass nor fail anybody.
    """
    coverage = len(rows.answered) / rows.n_planned if rows.n_planned else 0.0
    if coverage < options.min_coverage or coverage == 0:
        return Noninferiority("incomplete", options.margin, options.alpha, None, None, None)
    tests = [_test(rows, options, best=best) for best in (False, True)]
    worst, best = tests
    verdict: Verdict = "cannot tell"
    if worst and worst[0] < options.alpha:
        verdict = "superior" if worst[1] > 0 else "non-inferior"
    elif best and best[0] > 1 - options.alpha:
        verdict = "inferior"
    p, lower = worst or (None, None)
    needed = _needed(spread, options) if verdict == "cannot tell" else None
    return Noninferiority(verdict, options.margin, options.alpha, p, lower, needed)


def _test(rows: PairedRows, options: CompareOptions, *, best: bool) -> tuple[float, float] | None:
    candidate, baseline = rows.bounded(best=best)
    return noninferiority(baseline, candidate, options.margin, alpha=options.alpha)


def _needed(spread: float | None, options: CompareOptions) -> int | None:
    if not options.margin or spread is None:
        return None
    # With fewer discordant samples than the margin no drop of that size could have come about.
    discordance = min(max(spread, options.margin), 1 - 1e-9)
    return sample_size(options.margin, discordance, options.alpha)
