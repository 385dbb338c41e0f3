"""What a whole amounts to, predicted from a part of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.records import Estimate

_AT_LEAST = 2


def rest_of_total(
    observed: Sequence[float],
    expected: Sequence[float],
    expected_rest: Sequence[float],
    confidence: float = 0.95,
) -> Estimate:
    """Predict the sum over units that were not observed, from a random part that was.

    `observed` and `expected` are what the k observed units amounted to and what a rough model,
    however wrong, expected of each; `expected_rest` is what it expects of the m others. With
    d = observed - expected, s² its variance and t Student's quantile with k - 1 degrees:
    sum(expected_rest) + m·mean(d) ± t·s·sqrt(m(m + k)/k), in the unit of the values and not
    below 0. `n` of the result is k.

    Source: difference estimator, Cochran, Sampling Techniques, 3rd ed. 1977, section 7.2; its
    error for the rest of a finite population is that of the whole, N²(1 - k/N)s²/k, N = m + k.

    Raises:
        ValueError: fewer than two units were observed, or an expectation is missing.
    """
    k, m = len(observed), len(expected_rest)
    if k < _AT_LEAST or k != len(expected):
        raise ValueError(
            f"a prediction needs two observed units or more, each with its expectation, "
            f"not {k} and {len(expected)}"
        )
    from scipy.stats import t

    differences = [seen - awaited for seen, awaited in zip(observed, expected, strict=True)]
    mean = math.fsum(differences) / k
    variance = math.fsum((d - mean) ** 2 for d in differences) / (k - 1)
    value = math.fsum(expected_rest) + m * mean
    half = float(t.ppf((1 + confidence) / 2, k - 1)) * math.sqrt(variance * m * (m + k) / k)
    return Estimate(max(0.0, value), max(0.0, value - half), max(0.0, value + half), n=k)
