r"""Which number a reply gives as its answer: word problems whose answer is one number.

Where it is looked for, in this order: the last line `Answer: N`; the last balanced \boxed{N};
the final sentence, where the reply ended by itself. Decisions that a reader may want to dispute:

* A place that states two different numbers, or one that is no plain number, states none.
* An unreadable `Answer:` line is not replaced by an earlier one: the last word counts.
* "50%" and "$50" are 50; 1/2 is 0.5, while 1/3 is no exact decimal and no answer.
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
from harness.scoring.number_text import canonical, numbers_in
from harness.scoring.text import plain
from harness.scoring.unanswered import CUT, ENDED, unanswered

ID = "number/2"
_LONGEST_PHRASE = 400
_SENTENCE_END = re.compile(r"[.!?](?=\s)|\n")
_STATES = re.compile(r"=|≈|\b(?:is|are|was|were|equals?|gives?|makes?|gets?|total of)\b")
# What makes a number something else than the answer.
_DENIED = re.compile(
    r"\b(?:not|or|nor|between|unless|if|unknown)\b|n't\b|[≠?<>]|\\f?boxed", re.IGNORECASE
)
# What makes it another number than its digits say.
_SPELT = re.compile(
    r"\b(?:minus|negative|half|dozens?|hundreds?|thousands?|millions?|[bt]rillions?)\b",
    re.IGNORECASE,
)
_GLOSS = re.compile(r"\s*(?:\(|[.;] |because\b|since\b|, (?:because|since|as)\b)")
_LEADING = re.compile(r"[^0-9.\s]{0,3}[0-9](?:[.,/]?[0-9])*%?(?: [A-Za-z]{1,20}){0,2}")


def score(reply: str | None, gold: str, finish_reason: str | None = "stop") -> Score:
    """Judge a reply by the number that it finally states, compared exactly.

    Raises:
        ValueError: `gold` is not a plain number.
    """
    wanted = canonical(gold)
    if wanted is None:
        raise ValueError(f"gold must be the text of one number such as '8' or '2.5', got {gold!r}")
    if finish_reason in CUT:
        return Score(Outcome.TRUNCATED, None, None, ID)
    text, lines = answer_lines(plain(reply or "", LONGEST))
    answer = _answer(text, lines, ended=finish_reason in ENDED)
    first = next(filter(None, (stated(line["said"]) for line in lines)), answer)
    if answer is None:
        return Score(unanswered(text, finish_reason), None, None, ID, first)
    right = answer == wanted
    return Score(Outcome.CORRECT if right else Outcome.WRONG, float(right), answer, ID, first)


def _answer(text: str, lines: list[re.Match[str]], *, ended: bool) -> str | None:
    taken_back = last_taken_back(text)
    if lines:
        return stated(lines[-1]["said"]) if taken_back < lines[-1].start() else None
    boxes = list(BOX.finditer(text))
    if boxes:
        return stated(boxes[-1][1]) if taken_back < boxes[-1].start() else None
    return _concluded(text) if ended and taken_back < 0 else None


def stated(said: str) -> str | None:
    """Return the one number that an answer's place states."""
    said = said.strip()
    boxes = BOX.findall(said)
    if boxes:
        said = boxes[-1]
    if len(said) > _LONGEST_PHRASE or _DENIED.search(said):
        return None
    said = said.rpartition("=")[2]
    head = _LEADING.match(said)
    if head and (gloss := _GLOSS.match(said, head.end())):
        said = said[: gloss.start()]
    return _only(said)


def _concluded(text: str) -> str | None:
    """Return the number that the final sentence states."""
    sentence = _final_sentence(text)
    if len(sentence) > _LONGEST_PHRASE or _DENIED.search(sentence):
        return None
    end = max((match.end() for match in _STATES.finditer(sentence)), default=0)
    return _only(sentence) or _only(sentence[end:])


def _final_sentence(text: str) -> str:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[ends[-1] if ends else 0 :].strip()


def _only(phrase: str) -> str | None:
    values = set() if _SPELT.search(phrase) else set(numbers_in(phrase) or ())
    return values.pop() if len(values) == 1 else None
