"""Which option a reply chose: multiple choice by letter.

The last committed answer counts; a letter that is only discussed commits nothing; what is not said
is not guessed. Decisions that a reader may want to dispute:

* "B. Paris" where Paris is option C counts as B: the letter is what was asked for and committed,
  the text is its gloss.
* A restated option text counts only where it is the whole answer part and fits one option.
* An answer taken back without a successor ("Wait, that's wrong.") leaves nothing.
* A reply cut by the token limit counts only by its opening, and not if it later chose otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from harness.records import Outcome, Score
from harness.scoring.answer_line import last_taken_back
from harness.scoring.letter_grammar import (
    Commitment,
    Firmness,
    Spot,
    Tail,
    discussed,
    lead_of,
    restated,
    spot_at,
    tail_of,
    verdict_of,
)
from harness.scoring.letter_options import LETTERS, Options, own_text_end
from harness.scoring.letter_patterns import NOT_IT, TOKEN
from harness.scoring.text import key, plain
from harness.scoring.unanswered import CUT, unanswered

SCORER = "letter/1"
# Beyond these a reply is a runaway, and its middle is not read: 1,024 tokens are some 6,000
# characters and hold hardly 300 standalone letters, variables included.
_LONGEST = 60_000
_SHORT_TEXT = 60  # characters of an option that might be a letter in some dress
_LONGEST_OPTION = 700
_FIRST_TOKENS, _LAST_TOKENS = 100, 500

# A base model that goes on to write the next question of the exercise.
_NEXT_QUESTION = re.compile(
    r"\n\s*(?:(?:next )?question|q|problem|exercise|user|human|instructions?|input)"
    r"\s{0,2}\d{0,3}\s?[:.]\s|\n\s*the following (?:are|is) ",
    re.IGNORECASE,
)
_NEXT_STEM = re.compile(r"\n[^\n]{1,600}[?:_.]\s*\n\s*\(?A[.):] [^\n]+\n\s*\(?B[.):] ")
_LABEL_LINE = re.compile(
    r"(?m)^ *(?:[-•*·]|\d{1,2}[.)])? *(?:option |choice )?[(\[]?(?P<letter>[A-J])"
    r"(?:[)\].:]| *$| +-)",
    re.IGNORECASE,
)
_LETTER_BEFORE = re.compile(r"(?:^|[\s(])[A-J][).,]*$")  # "A. B. C. D."
_EXPLAINS = re.compile(r"explanation|reason|because|why|other options|here's", re.IGNORECASE)
_OPENING_WITHIN = 120
# All that may stand before a letter which is "the first thing said".
_OPENING_WORDS = frozenset(
    re.findall(
        r"\S+",
        """
        the my our sure certainly of course okay ok i we think believe would say that so therefore
        thus final correct right best most accurate appropriate likely suitable d ll s is it be
        option choice answer letter response selection guess for to this question your the given
        here above following choose select pick go with
        antwort richtige die ist respuesta correcta la es réponse bonne correcte est risposta
        corretta resposta correta ответ 答案 答案是 正确答案 正确答案是
        """,
    )
)


def score(
    reply: str | None,
    gold: str,
    choices: Sequence[str],
    finish_reason: str | None = "stop",
) -> Score:
    """Judge a multiple-choice reply by the option letter that it finally commits to."""
    _check(gold, choices)
    if finish_reason not in CUT and _is_bare(reply, choices):
        return _judged(str(reply), str(reply), gold)
    text = plain(reply or "", _LONGEST)
    options = Options.of(choices)
    cut = finish_reason in CUT
    said = _before_next_question(text)
    texts = [] if cut else restated(said, options)
    events = _commitments(said, options, texts)
    answer = _opening_answer(said, events) if cut else _final_answer(said, events, options)
    if answer is None:
        outcome = unanswered(text, finish_reason)
        first = None if cut else _first(events)
        return Score(outcome, None, None, SCORER, first)
    return _judged(answer, _first(events) or answer, gold)


def _judged(answer: str, first: str, gold: str) -> Score:
    right = answer == gold
    outcome = Outcome.CORRECT if right else Outcome.WRONG
    return Score(outcome, float(right), answer, SCORER, first)


def _is_bare(reply: str | None, choices: Sequence[str]) -> bool:
    """Whether a reply is one option letter and nothing else, and no option's text is like it.

    Most replies to most models' multiple choice are: they need none of the reading below.
    """
    if reply is None or len(reply) != 1 or reply not in LETTERS[: len(choices)]:
        return False
    short = [text for text in choices if len(text) <= _SHORT_TEXT]
    return all(text.isascii() and reply not in text.upper() for text in short)


def _check(gold: object, choices: Sequence[object]) -> None:
    if isinstance(choices, str) or not all(isinstance(choice, str) for choice in choices):
        raise ValueError(f"choices must be a sequence of option texts, got {choices!r}")
    if not 1 <= len(choices) <= len(LETTERS):
        raise ValueError(f"expected 1 to {len(LETTERS)} choices, got {len(choices)}")
    letters = LETTERS[: len(choices)]
    if not isinstance(gold, str) or len(gold) != 1 or gold not in letters:
        raise ValueError(
            f"gold must be one of the letters {', '.join(letters)}, got {gold!r};"
            " give the letter of the right option, not its text or index"
        )


def _before_next_question(text: str) -> str:
    labelled = _NEXT_QUESTION.search(text)
    if labelled:
        text = text[: labelled.start()]
    # An unlabelled question looks like one restated in reasoning, unless the answer came first.
    first_line, newline, _ = text.partition("\n")
    if newline and TOKEN.fullmatch(first_line.strip(" .()[]*:")):
        stem = _NEXT_STEM.search(text, len(first_line))
        if stem and not _EXPLAINS.search(text, len(first_line), stem.end()):
            text = text[: stem.start()]
    return text.rstrip()


def _commitments(
    text: str, options: Options, texts: list[tuple[Commitment, int]]
) -> list[Commitment]:
    """Return every choice the reply makes, in order; `texts` are those by an option's text."""
    spans = [(event.position, end) for event, end in texts if event.letter]
    walk = _walked_through(text)
    events = [event for event, _ in texts]
    glossed = 0  # letters in the text that follows a committed letter are part of that text
    tokens = list(_tokens_outside(text, spans))
    if len(tokens) > _FIRST_TOKENS + _LAST_TOKENS:
        tokens = tokens[:_FIRST_TOKENS] + tokens[-_LAST_TOKENS:]
    for token in tokens:
        event = _commitment(text, token, options, walk) if token.start() >= glossed else None
        if event:
            events.append(event)
            glossed = token.end() + own_text_end(
                text[token.end() : token.end() + _LONGEST_OPTION],
                options.text_of(event.letter or "-"),
            )
    return sorted(events, key=lambda event: event.position)


def _tokens_outside(text: str, spans: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yield the standalone letters that are not part of a restated option text."""
    waiting = iter([*spans, (len(text), len(text))])
    start, end = next(waiting)
    for token in TOKEN.finditer(text):
        while token.start() >= end and start < len(text):
            start, end = next(waiting)
        if token.start() < start and not _article(token[0], text, token.end()):
            yield token


def _article(written: str, text: str, end: int) -> bool:
    """Whether a lower-case "a" or "i" stands before a word: by far the most common case."""
    return written in "ai" and text[end : end + 1] == " " and text[end + 1 : end + 2].isalpha()


def _walked_through(text: str) -> set[int]:
    """Return the positions of letters that label consecutive lines: a list, not a choice.

    The line after an explanation's heading starts a list of its own.
    """
    walked: set[int] = set()
    for line, following in pairwise(_LABEL_LINE.finditer(text)):
        successor = ord(following["letter"].upper()) - ord(line["letter"].upper()) == 1
        if successor and not _EXPLAINS.search(
            text, line.end(), min(following.start(), line.end() + 400)
        ):
            walked |= {line.start("letter"), following.start("letter")}
    return walked


def _commitment(
    text: str, token: re.Match[str], options: Options, walk: set[int]
) -> Commitment | None:
    if token.start() in walk:
        return None
    spot = spot_at(text, token)
    tail = tail_of(spot, options)
    firmness = _firmness(text, spot, tail, options)
    if firmness is None:
        return None
    in_range = options.has(spot.letter)
    if not in_range and (spot.written.islower() or firmness is Firmness.WEAK):
        return None
    letter = spot.letter if in_range and tail is not Tail.LIST else None
    return Commitment(spot.position, letter, firmness)


def _firmness(text: str, spot: Spot, tail: Tail, options: Options) -> Firmness | None:
    verdict = verdict_of(spot)
    if verdict or tail is Tail.OTHER:
        return verdict
    own = options.text_of(spot.letter)
    lead = lead_of(spot, own)
    ended = tail in {Tail.END, Tail.OWN_TEXT}
    if lead == "answer" or (lead == "conclusion" and (ended or tail is Tail.LIST)):
        return Firmness.FIRM
    if spot.first and tail is not Tail.WORD and not discussed(spot, own):
        return Firmness.OPENING
    if not spot.clause and ended and _closes(text, spot, own):
        return Firmness.FIRM
    return Firmness.WEAK if lead == "weak" and tail is not Tail.LIST else None


def _closes(text: str, spot: Spot, own: str) -> bool:
    """Whether the letter, with or without its own text, is the reply's last line or sentence."""
    if len(text) > spot.position + 1 + len(spot.after) or _LETTER_BEFORE.search(spot.stem):
        return False
    own_end = own_text_end(spot.after, own) if spot.below else 0
    return not spot.after[own_end:].strip(" .!)]}>⟧'\n")


def _final_answer(text: str, events: list[Commitment], options: Options) -> str | None:
    """Return the letter that stands at the end, None where the reply leaves it open."""
    whole = options.by_key.get(key(text))
    if whole and TOKEN.fullmatch(text.strip(" .()")) is None:
        return whole
    taken_back = last_taken_back(text)
    standing = [event for event in events if event.position > taken_back]
    firm = [event for event in standing if event.firmness is not Firmness.WEAK]
    if firm:
        return None if _denied(text, firm[-1]) else firm[-1].letter
    letters = {event.letter for event in standing}
    if not events:
        letters = {options.by_key.get(key(line)) for line in (_first_line(text), _last_line(text))}
        letters.discard(None)
    return letters.pop() if len(letters) == 1 else None


def _first_line(text: str) -> str:
    return text[: text.find("\n")] if "\n" in text else text


def _last_line(text: str) -> str:
    return text[text.rfind("\n") + 1 :]


def _denied(text: str, last: Commitment) -> bool:
    """Whether the reply ends up saying that its own last answer is not the answer."""
    denials = NOT_IT.finditer(text, last.position)
    return any(denial["letter"] == last.letter for denial in denials)


def _opening_answer(text: str, events: list[Commitment]) -> str | None:
    """Return the letter that a cut reply opened with, None if it did not or went on to another."""
    firm = [event for event in events if event.firmness is not Firmness.WEAK]
    if not firm or any(event.letter != firm[0].letter for event in firm):
        return None
    first = firm[0]
    if first.firmness is not Firmness.OPENING and not _is_opening(text[: first.position]):
        return None
    written, rest = text[first.position], text[first.position + 1 :].strip()
    # cut right there, "a" and "I" may be words and "B," the first of several
    open_ended = rest == "," or (not rest and written in "aiI" and first.position > 0)
    return None if open_ended else first.letter


def _is_opening(head: str) -> bool:
    words = re.findall(r"[^\W_]+", head.casefold())
    return len(head) < _OPENING_WITHIN and all(word in _OPENING_WORDS for word in words)


def _first(events: list[Commitment]) -> str | None:
    letters = (event.letter for event in events if event.firmness is not Firmness.WEAK)
    return next((letter for letter in letters if letter), None)
