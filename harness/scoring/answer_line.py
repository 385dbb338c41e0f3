"""The line `Answer: ...` that a reply was asked to end with: where it stands, whether it counts."""

from __future__ import annotations

import re

from harness.scoring.letter_patterns import TAKEN_BACK
from harness.scoring.text import BOX_CLOSE, BOX_OPEN

LONGEST = 60_000
"""Characters of a reply that are read; more is a runaway."""

BOX = re.compile(rf"{BOX_OPEN}([^{BOX_OPEN}{BOX_CLOSE}]{{0,400}}){BOX_CLOSE}")
# "Answer: 8", "Final answer is: 8", "So the answer = 8"; the answer may stand on the next line.
_ANSWER = re.compile(
    r"\banswer(?: is| would be| must be)? ?[:=][ \n]*(?P<said>[^\n]{0,500})", re.IGNORECASE
)
_NEXT_QUESTION = re.compile(
    r"\n\s?(?:(?:next )?question|q|problem|exercise|user|human)\s{0,2}\d{0,3}\s?[:.]\s",
    re.IGNORECASE,
)


def answer_lines(whole: str) -> tuple[str, list[re.Match[str]]]:
    """Return a plain reply up to a next question that it invents, and its `Answer:` lines.

    The group `said` of a line is what stands after it, or on the next line.
    """
    lines = list(_ANSWER.finditer(whole))
    text = before_next_question(whole, lines[0].end()) if lines else whole
    return text, [line for line in lines if line.start() < len(text)]


def before_next_question(whole: str, answered: int) -> str:
    """Cut off a next question that a reply invents after it has answered, and all below it."""
    following = _NEXT_QUESTION.search(whole, answered)
    return whole[: following.start()] if following else whole


def last_taken_back(text: str) -> int:
    """Return where the text last takes an answer back ("Wait, that's wrong."), -1 if nowhere."""
    return max((match.start() for match in TAKEN_BACK.finditer(text)), default=-1)
