r"""Where a reply gives its answer, for scorers whose answers are mathematics.

In this order: the last balanced \boxed{...}; the last line `Answer: ...`; what the scorer's own
search finds, where the reply ended by itself. Decisions that a reader may want to dispute:

* A reply cut by the token limit gives no answer at all, whatever it said before.
* An answer taken back without a successor ("Wait, that's wrong.") leaves nothing.
* Two boxes are no set: the last one counts, as the reply's last word.
* `<answer>...</answer>` counts as a box.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.scoring.answer_line import (
    LONGEST,
    answer_lines,
    before_next_question,
    last_taken_back,
)
from harness.scoring.boxes import boxes
from harness.scoring.text import spoken, tidy
from harness.scoring.unanswered import CUT, ENDED

# Bold and code marks; a power of plain text ("2**3") keeps its own.
_MARKS = re.compile(r"(?<![\w*])\*{2,3}|\*{2,3}(?![\w*])|`+")
_TAGS = re.compile(r"<(?:final_?)?answer>([^<>]{1,2000})</(?:final_?)?answer>", re.IGNORECASE)
_DISPLAY = re.compile(r"\s*(?:\$\$(.{1,2000}?)\$\$|\\\[(.{1,2000}?)\\\])", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a reply gives as its answer, and where; `answer` is None where it gives none.

    `first` is the first candidate at such a place, `text` the whole reply without its dress.
    """

    answer: str | None
    first: str | None
    place: str
    text: str


def extract(
    reply: str | None, finish_reason: str | None, search: Callable[[str], str | None]
) -> Extracted:
    """Find the answer of a reply; `search` reads one that stands in no marked place."""
    text = _undressed(reply or "")
    if finish_reason in CUT:
        return Extracted(None, None, "cut by the token limit", text)
    found = boxes(text)
    if found:
        text = before_next_question(text, found[0].end)
        places = [(box.start, box.content) for box in found if box.end <= len(text)]
        return _last(places, "box", text)
    text, lines = answer_lines(text)
    if lines:
        return _last([(line.start(), _said(text, line)) for line in lines], "answer line", text)
    taken_back = last_taken_back(text) >= 0
    answer = search(text) if finish_reason in ENDED and not taken_back else None
    place = "final sentence" if answer else "no box, no answer line, no final statement"
    return Extracted(answer, answer, place, text)


def _undressed(reply: str) -> str:
    text = _TAGS.sub(r"\\boxed{\1}", spoken(reply, LONGEST))
    return tidy(_MARKS.sub("", text))


def _last(places: Sequence[tuple[int, str]], name: str, text: str) -> Extracted:
    start, answer = places[-1]
    if last_taken_back(text) > start:
        return Extracted(None, places[0][1], f"{name}, then taken back", text)
    return Extracted(answer or None, places[0][1] or None, f"last {name}", text)


def _said(text: str, line: re.Match[str]) -> str:
    """Return what an answer line says; a displayed formula may go on below it."""
    formula = _DISPLAY.match(text, line.start("said"))
    if formula:
        return formula[1] or formula[2]
    return line["said"].strip(" *_")
