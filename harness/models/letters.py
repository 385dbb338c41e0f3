"""Log-probabilities of option letters at the first position of a reply, local or hosted alike.

A letter has several surface forms: "B", " B", "b", "**B", "(B" or "B." are tokens of their own in
one vocabulary or another, and all say B. Its log-probability is the log-sum-exp over the forms
among the most probable tokens that were returned. A lower-case "a" at the start of a reply counts
as A too, although it may be an article: so does an upper-case "A".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

# White space as tokenizers write it (SentencePiece, byte-level BPE), markup and punctuation.
_AROUND = " \t\r\n\u2581\u0120\u010a*_\"'`()[]:."


def letter_logprobs(
    letters: Sequence[str], top: Iterable[tuple[str, float]]
) -> tuple[tuple[float | None, ...], float | None]:
    """Return the log-probability (nats) of each letter among the most probable tokens `top`.

    None where no form of the letter is among them: each is then no more probable than the least
    probable of `top`, which is the second value (None where `top` is empty).
    """
    found: dict[str, list[float]] = {}
    bound = math.inf
    for text, logprob in top:
        if math.isfinite(logprob):
            found.setdefault(_plain(text), []).append(logprob)
            bound = min(bound, logprob)
    values = tuple(_log_sum(found.get(_plain(letter), ())) for letter in letters)
    return values, bound if math.isfinite(bound) else None


def _plain(text: str) -> str:
    return (text.strip(_AROUND) or text.strip()).casefold()


def _log_sum(forms: Sequence[float]) -> float | None:
    if not forms:
        return None
    peak = max(forms)
    return peak + math.log(math.fsum(math.exp(form - peak) for form in forms))
