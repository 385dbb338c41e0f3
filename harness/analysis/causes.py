"""Where a difference comes from: replies that could not be read, or other answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.comparison import AnswerChanges, Cause, Causes, Replies
from harness.analysis.estimates import difference_estimate, mean_estimate
from harness.analysis.paired_rows import JUDGED
from harness.records import Estimate, Outcome
from harness.stats import count_flips

if TYPE_CHECKING:
    import pandas as pd

ENDS = (
    Outcome.CORRECT,
    Outcome.WRONG,
    Outcome.UNPARSED,
    Outcome.TRUNCATED,
    Outcome.REFUSED,
)
"""How a reply that a rule judges can end; an error is no reply."""


def find_causes(answered: pd.DataFrame, difference: Estimate) -> Causes:
    """Split the difference of one task's answered pairs by whether both replies could be read."""
    candidate, baseline = (answered[f"value_{s}"].to_numpy() for s in ("candidate", "baseline"))
    judged = (
        answered["outcome_candidate"].isin(JUDGED) & answered["outcome_baseline"].isin(JUDGED)
    ).to_numpy()
    unread = difference_estimate(baseline * ~judged, candidate * ~judged)
    answers = difference_estimate(baseline * judged, candidate * judged)
    return Causes(
        replies=tuple(_replies(outcome, answered) for outcome in ENDS),
        unread=unread,
        answers=answers,
        if_parsed=difference_estimate(baseline[judged], candidate[judged], int((~judged).sum())),
        drop=_cause(unread, answers) if _falls(difference) else None,
    )


def find_changes(answered: pd.DataFrame) -> AnswerChanges | None:
    """Count the answers that changed; None without pairs.

    The values must be 0 or 1.
    """
    if len(answered) == 0:
        return None
    sides = [[_text(a) for a in answered[f"answer_{s}"]] for s in ("baseline", "candidate")]
    flips = count_flips(
        answered["value_baseline"].to_numpy(),
        answered["value_candidate"].to_numpy(),
        (sides[0], sides[1]),
    )
    moved = flips.moved or 0
    n_flips = flips.gains + flips.losses
    return AnswerChanges(flips.n, _share(n_flips, flips.n), moved, _share(n_flips + moved, flips.n))


def _replies(outcome: Outcome, answered: pd.DataFrame) -> Replies:
    candidate, baseline = (
        (answered[f"outcome_{side}"] == outcome.value).to_numpy().astype(np.float64)
        for side in ("candidate", "baseline")
    )
    return Replies(
        outcome,
        int(candidate.sum()),
        int(baseline.sum()),
        difference_estimate(baseline, candidate),
    )


def _cause(unread: Estimate, answers: Estimate) -> Cause | None:
    if _falls(unread) and _falls(answers):
        return "both"
    if _falls(unread):
        return "unread replies"
    return "wrong answers" if _falls(answers) else None


def _falls(estimate: Estimate) -> bool:
    return estimate.high is not None and estimate.high < 0


def _share(count: int, n: int) -> Estimate:
    return mean_estimate(np.repeat([1.0, 0.0], [count, n - count]))


def _text(answer: object) -> str | None:
    return answer if isinstance(answer, str) else None
