"""What the items of a task could decide: for planning a run, and for refusing a gate that cannot.

`discordance` is the share of items on which two systems' scores differ; it, drops and margins are
fractions. `alpha` is the error rate of one verdict, `power` the chance that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.stats import minimum_detectable_drop, sample_size, wilson_interval
from harness.stats import power as power_of_test

_LEAST, _MOST = 1e-9, 1 - 1e-9


@dataclass(frozen=True, slots=True)
class TaskPower:
    """What `n` items could say about a margin.

    - `n_needed`: items that find a drop of `margin` with the power asked for;
    - `smallest_drop`: the smallest drop that `n` items find with it, None where they find none;
    - `chance_to_pass`: how probably a candidate that is exactly as good is shown to be behind by
      less than the margin.
    """

    n: int
    margin: float
    discordance: float
    n_needed: int
    smallest_drop: float | None
    chance_to_pass: float

    @property
    def decidable(self) -> bool:
        """Whether the items find a drop as small as the margin."""
        return self.smallest_drop is not None and self.smallest_drop <= self.margin


def task_power(
    n: int, margin: float, discordance: float, alpha: float = 0.05, power: float = 0.8
) -> TaskPower:
    """Say what n items could decide about a margin.

    In simulation the promises hold within 3 points; with fewer than about 20 discordant items
    drops are found more often than promised.

    Source: `harness.stats.planning`.

    Raises:
        ValueError: n < 1, or a fraction is not between 0 and 1.
    """
    return TaskPower(
        n=n,
        margin=margin,
        discordance=discordance,
        n_needed=items_needed(margin, discordance, alpha, power),
        smallest_drop=smallest_drop(n, discordance, alpha, power),
        chance_to_pass=power_of_test(n, discordance, 0.0, null=-margin, alpha=alpha),
    )


def expected_discordance(discordant: int, n: int) -> float:
    """Return the share of discordant items of an earlier pair, to plan the next one with.

    Where none of n was discordant it is Wilson's upper limit: not one does not mean never.

    Raises:
        ValueError: n is not positive, or there are more discordant items than items.
    """
    high = wilson_interval(discordant, n).high
    return min(discordant / n if discordant else high, _MOST)


def smallest_drop(n: int, discordance: float, alpha: float, power: float) -> float | None:
    """Return the smallest drop that n items would find; None where they would find none.

    A drop larger than the discordance brings discordance of its own with it: where none up to
    `discordance` would be found, it is the smallest one that loses every discordant item.
    """
    from scipy.optimize import brentq

    def found(share: float) -> float | None:
        return minimum_detectable_drop(n, share, alpha, power)

    if n == 0 or found(_MOST) is None:
        return None
    least = min(max(discordance, _LEAST), _MOST)
    if (drop := found(least)) is not None:
        return drop
    return float(brentq(lambda share: -1 if found(share) is None else 1, least, _MOST, xtol=1e-6))


def items_needed(margin: float, discordance: float, alpha: float, power: float) -> int:
    """Return how many items find a drop of a margin."""
    # Two that differ less often than the margin cannot be that far apart.
    return sample_size(margin, min(max(margin, discordance), _MOST), alpha, power)
