"""How a reply ended, and what became of one from which no answer can be read."""

from __future__ import annotations

import re

from harness.records import Outcome

CUT = frozenset({"length", "max_tokens"})
ENDED = frozenset({"stop", "end_turn", "stop_sequence", "eos"})
_BLOCKED = frozenset({"content_filter", "refusal"})
_REFUSAL = re.compile(
    r"\b(?:i|we)\s?(?:can(?:no|')t|can not|am unable to|'m unable to|am not able to|'m not able to"
    r"|won't|will not|must decline to|am not comfortable|'m not comfortable)\s+(?:\w+ )?"
    r"(?:help|assist|answer|provide|comply|fulfill?|discuss|engage|continue|complete|do that"
    r"|respond|share|offer|participate|generate|support)"
    r"|\bas an ai\b|\bi must decline\b|\bi decline to\b",
    re.IGNORECASE,
)
_REFUSAL_WITHIN = 300


def unanswered(text: str, finish_reason: str | None) -> Outcome:
    """Tell truncated, refused and unparsed apart; `text` is the plain reply."""
    if finish_reason in CUT:
        return Outcome.TRUNCATED
    if finish_reason in _BLOCKED or _REFUSAL.search(text, 0, _REFUSAL_WITHIN):
        return Outcome.REFUSED
    return Outcome.UNPARSED
