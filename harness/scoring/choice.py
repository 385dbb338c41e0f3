"""Multiple choice by log-likelihood: the likeliest continuation is the answer."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import Outcome, Score

ID = "choice/1"
_LETTERS = "ABCDEFGHIJ"


def score(logprobs: Sequence[float], gold: str) -> Score:
    """Judge by the largest log-likelihood (natural log); `gold` is the letter of the right one.

    Of equal largest values the first wins, as in lm-eval, which takes numpy's argmax.

    Raises:
        ValueError: there are no values, more than ten, or `gold` is not one of their letters.
    """
    letters = _LETTERS[: len(logprobs)]
    if not logprobs or len(logprobs) > len(_LETTERS) or gold not in letters or not gold:
        raise ValueError(
            f"cannot score {len(logprobs)} log-likelihoods against {gold!r}: expected 1 to "
            f"{len(_LETTERS)} of them and the letter of the right one"
        )
    answer = letters[max(range(len(logprobs)), key=logprobs.__getitem__)]
    right = answer == gold
    return Score(Outcome.CORRECT if right else Outcome.WRONG, float(right), answer, ID)
