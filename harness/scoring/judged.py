"""Replies that no rule can judge: kept apart, for a judge to read."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import Outcome, Response, Score
from harness.scoring.unanswered import CUT

ID = "judged/1"


def score(replies: Sequence[Response]) -> Score:
    """Say that a conversation waits for a judge; one with a reply cut short is `truncated`.

    Neither has a value: what an answer is worth is not decided here.
    """
    cut = any(reply.finish_reason in CUT for reply in replies)
    return Score(Outcome.TRUNCATED if cut else Outcome.UNJUDGED, None, None, ID)
