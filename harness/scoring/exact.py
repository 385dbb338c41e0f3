"""Whether a reply ends with exactly the right answer: a word, a number or a list of them.

Only what its last line `Answer: ...` says counts. Decisions that a reader may want to dispute:

* Case, markdown, quotes, brackets, a final full stop and a leading "a" or "the" do not matter.
* Where the right answer is a number, the line is read as number/2 reads it: "14 days" is 14, and
  a line that states no number, or two, states nothing.
* Lists compare item by item, in order. Commas, "and", "then" and "->" separate items; so do
  spaces where every item of the right answer is one word: "red, then blue" is "red blue".
* Below a bare `Answer:` the items of a list may stand one to a line, numbered or not.
* More words make it another answer: "Paris, I think" is not "Paris".
* From a reply cut by the token limit nothing is read, not even a finished `Answer:` line.
* An answer taken back without a successor ("Wait, that's wrong.") leaves nothing.
"""

from __future__ import annotations

import re

from harness.records import Outcome, Score
from harness.scoring.answer_line import (
    BOX,
    LONGEST,
    answer_lines,
    last_taken_back,
)
from harness.scoring.number import stated
from harness.scoring.number_text import canonical
from harness.scoring.text import key, plain
from harness.scoring.unanswered import CUT, unanswered

ID = "exact/2"
_LONGEST_LIST = 500
_SEPARATOR = re.compile(r"[,;&\n]|[-=]>|→|\b(?:and|then)\b", re.IGNORECASE)
_SEPARATOR_OR_SPACE = re.compile(rf"{_SEPARATOR.pattern}| ", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:an?|the) ")
_LIST_MARK = re.compile(r" ?(?:[-•]|\d{1,2}[.)]) ")


def score(reply: str | None, gold: str, finish_reason: str | None = "stop") -> Score:
    """Judge a reply by what its last `Answer:` line says, compared with `gold`.

    Raises:
        ValueError: `gold` says nothing.
    """
    right_items = _items(gold, _SEPARATOR)
    if not right_items:
        raise ValueError(f"gold must be a word, a number or a list of them, got {gold!r}")
    if finish_reason in CUT:
        return Score(Outcome.TRUNCATED, None, None, ID)
    text, lines = answer_lines(plain(reply or "", LONGEST))
    said = [_answer(_place(text, line, right_items), gold, right_items) for line in lines]
    answer = said[-1] if said and last_taken_back(text) < lines[-1].start() else None
    first = next(filter(None, said), None)
    if answer is None:
        return Score(unanswered(text, finish_reason), None, None, ID, first)
    right = answer == (canonical(gold) or ", ".join(right_items))
    return Score(Outcome.CORRECT if right else Outcome.WRONG, float(right), answer, ID, first)


def _place(text: str, line: re.Match[str], right_items: list[str]) -> str:
    """Return what stands at an answer's place.

    Below a bare `Answer:` that is one line, or one for each item of a list.
    """
    if "\n" not in line[0] or _SEPARATOR.search(line["said"]):
        return line["said"]
    start = line.start("said")
    below = text[start : start + _LONGEST_LIST].partition("\n\n")[0]
    lines = below.split("\n")[: len(right_items)]
    return "\n".join(_LIST_MARK.sub("", item, count=1) for item in lines)


def _answer(said: str, gold: str, right_items: list[str]) -> str | None:
    """Return what an answer's place says, in the form in which it is compared."""
    if canonical(gold) is not None:
        return stated(said)
    if boxes := BOX.findall(said):
        said = boxes[-1]
    items = _items(said, _SEPARATOR)
    single_words = len(right_items) > 1 and not any(" " in item for item in right_items)
    if single_words and len(items) != len(right_items):
        items = _items(said, _SEPARATOR_OR_SPACE)
    return ", ".join(items) or None


def _items(text: str, separator: re.Pattern[str]) -> list[str]:
    return [item for part in separator.split(text) if (item := _item(part))]


def _item(text: str) -> str:
    bare = key(key(text).strip("()[]{}"))
    bare = _ARTICLE.sub("", bare, count=1) if _ARTICLE.match(bare) else bare
    return canonical(bare) or (bare if any(map(str.isalnum, bare)) else "")
