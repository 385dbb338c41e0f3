r"""A judge's reply to a rating or a winner, in two ways of reading it.

`compatible` reads as MT-bench's own code does (FastChat, llm_judge/common.py), faults and all:

* a rating is the first `[[number]]`, else the first `[number]`, of any size;
* a winner is A where `[[A]]` occurs anywhere, else B where `[[B]]` does, else a tie for `[[C]]`.

`strict` reads what the judge decided, or nothing. It differs in this, and in nothing else:

* the last verdict counts, not the first one, and not A before B before C;
* a rating stands in double brackets and lies within 1 to 10: `[3]` may be a citation, and
  `[[42]]` or `[[0]]` is no rating on this scale;
* digits are 0 to 9, and zeros may lead; on `[[07]]` the original's program stops;
* a verdict quoted from the prompt does not count: one in a line that begins with `>`, or one
  that stands behind the same 16 characters there;
* a reply cut by the token limit has no verdict: its last one may not have been the final one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Literal

from harness.records import Outcome, Score
from harness.scoring.unanswered import CUT, unanswered

Parsing = Literal["strict", "compatible"]
Mode = Literal["single", "pairwise"]

WINS = {"A": 1.0, "B": 0.0, "C": 0.5}
"""What the answer shown first earns by each verdict."""

_FIRST = re.compile(r"\[\[(\d+\.?\d*)\]\]")
_BACKUP = re.compile(r"\[(\d+\.?\d*)\]")
_RATING = re.compile(r"\[\[([0-9]+\.?[0-9]*)\]\]")
_WINNER = re.compile(r"\[\[([ABC])\]\]")
_LOWEST, _HIGHEST = 1.0, 10.0
_CONTEXT = 16  # characters before a verdict that make it a quotation: "Rating: " alone does not
_CONSIDERED = 100  # verdicts from the end: a hostile reply may hold any number
_REFUSAL = re.compile(
    r"\b(?:can(?:no|')t|can not|(?:am|'m) (?:unable|not able) to|won't|will not|decline to)\s+"
    r"(?:\w+ )?(?:judge|evaluate|rate|grade|assess|compare|score|review|rank)\b",
    re.IGNORECASE,
)
_REFUSAL_WITHIN = 300


def scorer_id(mode: Mode, parsing: Parsing) -> str:
    """Name the way of reading verdicts, with its version."""
    return f"verdict-{mode}-{parsing}/1"


def read_verdict(reply: str | None, prompt: str, finish_reason: str | None, scorer: str) -> Score:
    """Read the verdict in a judge's reply to `prompt`, in the way that a `scorer_id` names.

    The value is the rating (1 to 10; compatible: any), or what the answer shown first earns: 1
    for A, 0 for B, 0.5 for a tie. It is None where there is no verdict; the outcome says why.

    Raises:
        ValueError: `scorer` names no way of reading verdicts.
    """
    found = re.fullmatch(r"verdict-(single|pairwise)-(strict|compatible)/1", scorer)
    if found is None:
        raise ValueError(f"expected the id of a way of reading verdicts, got {scorer!r}")
    text = reply or ""
    if found[2] == "compatible":
        answer = _first_rating(text) if found[1] == "single" else _any_winner(text)
    else:
        answer = _decided(text, prompt, found[1]) if finish_reason not in CUT else None
    if answer is None:
        return Score(_without(text, finish_reason), None, None, scorer)
    value = WINS[answer] if found[1] == "pairwise" else float(answer)
    return Score(Outcome.JUDGED, value, answer, scorer)


def _first_rating(text: str) -> str | None:
    match = _FIRST.search(text) or _BACKUP.search(text)
    if match is None:
        return None
    try:
        return str(float(ast.literal_eval(match[1])))
    except (SyntaxError, ValueError, OverflowError):
        return None


def _any_winner(text: str) -> str | None:
    return next((letter for letter in "ABC" if f"[[{letter}]]" in text), None)


def _decided(text: str, prompt: str, mode: str) -> str | None:
    pattern = _RATING if mode == "single" else _WINNER
    last = _last_own(list(pattern.finditer(text))[-_CONSIDERED:], text, _one_line(prompt))
    if last is None or mode == "pairwise":
        return last
    return str(float(last)) if _LOWEST <= float(last) <= _HIGHEST else None


def _last_own(matches: Sequence[re.Match[str]], text: str, prompt: str) -> str | None:
    """Return the last verdict that is no quotation."""
    for match in reversed(matches):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        near = _one_line(text[max(0, match.start() - 10 * _CONTEXT) : match.end()])
        context = near[-_CONTEXT - len(match[0]) :]
        known = len(context) == _CONTEXT + len(match[0]) and context in prompt
        if not known and not line.lstrip().startswith(">"):
            return match[1]
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _without(text: str, finish_reason: str | None) -> Outcome:
    if finish_reason not in CUT and _REFUSAL.search(text, 0, _REFUSAL_WITHIN):
        return Outcome.REFUSED
    return unanswered(text, finish_reason)
