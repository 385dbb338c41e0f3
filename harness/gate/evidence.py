"""What the items say about each limit of a policy: estimates and p-values, no verdicts yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.gate.pairing import Sides
from harness.records import Estimate
from harness.stats import EProcess, noninferiority, paired_difference


@dataclass(frozen=True, slots=True)
class Evidence:
    """One criterion of a policy on one task.

    `estimate` is what was measured, in the unit of `limit`. `p_pass` belongs to the hypothesis
    that the limit is reached or broken, `p_fail` to the one that it is kept or reached; None
    where the items cannot say. `proof` says that passing needs a small `p_pass`; otherwise an
    estimate within the limit is enough.
    """

    criterion: str
    estimate: Estimate
    limit: float
    p_pass: float | None
    p_fail: float | None
    proof: bool

    @classmethod
    def nothing(cls, criterion: str, limit: float, n_missing: int) -> Evidence:
        """Not one item was answered by both."""
        nobody = Estimate(None, None, None, 0, n_missing)
        return cls(criterion, nobody, limit, None, None, proof=True)


def fixed_evidence(
    criterion: str, sides: Sides, limit: float, alpha: float, *, proof: bool
) -> Evidence:
    """Weigh, once and after all items, how far the candidate is behind.

    Missing items are set against the candidate for passing and in its favour for failing.
    """
    answered = sides.answered
    against, favoured = sides.filled(favour=False), sides.filled(favour=True)
    passing = noninferiority(against.baseline, against.candidate, limit, alpha=alpha)
    failing = noninferiority(favoured.baseline, favoured.candidate, limit, alpha=alpha)
    found = paired_difference(answered.baseline, answered.candidate)
    low, high = found.interval or (None, None)
    n_missing = len(sides.baseline) - found.n
    return Evidence(
        criterion,
        Estimate(found.difference, low, high, found.n, n_missing),
        limit,
        passing.p if passing else None,
        1 - failing.p if failing else None,
        proof,
    )


def sequential_evidence(
    criterion: str, sides: Sides, limit: float, alpha: float, *, proof: bool
) -> Evidence:
    """Weigh the items that have come so far, in a random order; may be asked after every item.

    As `fixed_evidence`, with p-values and an interval that hold however often they are looked at.
    """
    against, favoured, observed = (EProcess(limit, alpha) for _ in range(3))
    against.update(sides.filled(favour=False).differences)
    favoured.update(sides.filled(favour=True).differences)
    answered = sides.answered.differences
    observed.update(answered)
    n, n_missing = len(answered), len(sides.baseline) - len(answered)
    estimate = Estimate(None, None, None, 0, n_missing)
    if n:
        estimate = Estimate(float(answered.mean()), *observed.interval(), n, n_missing)
    return Evidence(criterion, estimate, limit, against.p_pass, favoured.p_fail, proof)


def slowdown_evidence(seconds: Sides, limit: float) -> Evidence:
    """Test the median ratio of seconds per item against `limit` by the signs of the items.

    The interval of the median has 95 % confidence from order statistics.
    Source: Conover, Practical Nonparametric Statistics, 1999, sections 3.1 and 3.4.
    """
    from scipy.stats import binom, binomtest

    answered = seconds.answered
    timed = answered.baseline > 0
    ratios = np.sort(answered.candidate[timed] / answered.baseline[timed])
    n = len(ratios)
    n_missing = len(seconds.baseline) - n
    if n == 0:
        return Evidence.nothing("seconds", limit, n_missing)
    slower = int((ratios > limit).sum())
    rank = int(binom.ppf(0.025, n, 0.5))
    low, high = (float(ratios[rank - 1]), float(ratios[n - rank])) if rank >= 1 else (None, None)
    return Evidence(
        "seconds",
        Estimate(float(np.median(ratios)), low, high, n, n_missing),
        limit,
        float(binomtest(slower, n, 0.5, alternative="less").pvalue),
        float(binomtest(slower, n, 0.5, alternative="greater").pvalue),
        proof=False,
    )
