"""How models word the choice of one option: which standalone letters commit, and how firmly.

A letter is looked at with some 160 characters on either side, so the cost is linear. English makes
"A" and "I" words, so a letter counts only by what stands before it (a lead: "the answer is") or
after it (a verdict: "is the correct answer"), and only if what follows may follow a letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from harness.scoring import letter_patterns as patterns
from harness.scoring.letter_options import SEPARATORS, Options, own_text_end
from harness.scoring.text import BOX_OPEN

_WINDOW = 160
_LONG_WINDOW = 700  # the longest option text and what announces it
_TAIL = 60  # the longest phrase that leads to a letter without naming an answer
_FIRST = 40  # an opening letter stands within so many characters
_OPENERS = f" \n([{{<'|{BOX_OPEN}"


class Firmness(Enum):
    """`OPENING` is the first thing said; `WEAK` counts only where nothing firmer was said."""

    OPENING = "opening"
    FIRM = "firm"
    WEAK = "weak"


class Tail(Enum):
    """What follows a letter, from surely-a-letter to surely-not."""

    END = "the line, the sentence or the bracket ends"
    OWN_TEXT = "the text of that very option"
    MARK = "a separator"
    REASON = "because"
    WORD = "a word that follows a letter after a lead only"
    LIST = "more letters"
    OTHER = "anything else: the letter is a word or part of one"


@dataclass(frozen=True, slots=True)
class Commitment:
    """A choice at `position`; `letter` None is a choice that names no single option."""

    position: int
    letter: str | None
    firmness: Firmness


@dataclass(frozen=True, slots=True)
class Spot:
    """One standalone letter; `stem` is the text before it and its opener, `clause` the sentence.

    `unit` tells that "option" or the like stands before it, `opened` a bracket, `first` that
    nothing was said before, `below` that a line starts with it.
    """

    position: int
    written: str
    clause: str
    stem: str
    after: str
    unit: bool
    opened: bool
    below: bool
    boxed: bool
    first: bool

    @property
    def letter(self) -> str:
        """The letter in upper case."""
        return self.written.upper()


def spot_at(text: str, match: re.Match[str]) -> Spot:
    """Return the letter at `match` with its surroundings."""
    position = match.start()
    before = text[max(0, position - _LONG_WINDOW) : position]
    lead = before.rstrip(_OPENERS)
    unit = patterns.UNIT.search(lead[-24:])
    stem = lead[: len(lead) - len(unit[0])].rstrip(_OPENERS) if unit else lead
    below = "\n" in before[len(stem) :]
    if below and not _runs_on(stem):
        stem = ""
    return Spot(
        position=position,
        written=match[0],
        clause=patterns.SENTENCE_END.split(stem[-_WINDOW:] + " ")[-1].lstrip(SEPARATORS).rstrip(),
        stem=stem,
        after=text[match.end() : match.end() + _WINDOW],
        unit=unit is not None,
        opened=any(mark in before[len(lead) :] for mark in f"([{{{BOX_OPEN}"),
        below=below,
        boxed=BOX_OPEN in before[len(stem) :],
        first=position < _FIRST and patterns.BARE_HEAD.fullmatch(text, 0, position) is not None,
    )


def _runs_on(stem: str) -> bool:
    """Whether `stem` announces what stands on the next line: "Answer:", "the answer is"."""
    line = stem[stem.rfind("\n") + 1 :].strip()
    return (
        line.endswith((":", "="))
        or patterns.HEADING.fullmatch(line) is not None
        or bool(patterns.IS.search(line))
    )


def tail_of(spot: Spot, options: Options) -> Tail:
    """Say what follows the letter of `spot`."""
    closers = patterns.CLOSERS.match(spot.after)
    rest = spot.after[closers.end() :] if closers else spot.after
    own = own_text_end(rest, options.text_of(spot.letter))
    if own:
        return Tail.LIST if _is_list(rest[own:]) else Tail.OWN_TEXT
    if _is_list(rest):
        return Tail.LIST
    if rest.startswith("?") or _part_of_name(spot, rest, options):
        return Tail.OTHER
    if patterns.BARE_END.match(rest):
        return Tail.END
    return _tail_mark(spot.written, rest, bracketed=closers is not None)


def _tail_mark(written: str, rest: str, *, bracketed: bool) -> Tail:
    if bracketed:
        return Tail.MARK
    if written in "ai":
        return Tail.OTHER
    if patterns.MARK.match(rest) and not (written == "I" and rest.startswith(",")):
        return Tail.MARK
    return _tail_word(written, rest)


def _tail_word(written: str, rest: str) -> Tail:
    word = patterns.WORD_AFTER.match(rest)
    if word is None:
        return Tail.MARK if patterns.GLYPH_AFTER.match(rest) else Tail.OTHER
    if word[1].lower() in patterns.AFTER_OPENING:
        return Tail.REASON
    allowed = patterns.AFTER_LEAD if written in "AI" else patterns.AFTER_NO_WORD_LETTER
    return Tail.WORD if word[1] in allowed and not patterns.WRONG.match(rest) else Tail.OTHER


def _is_list(rest: str) -> bool:
    """Whether more letters follow, as in "A or B", "A, B and D"; "C, not B" is none."""
    more = patterns.LIST.match(rest)
    if more is None:
        return False
    if not more["firm"]:
        return patterns.OTHER_ENDS.match(more["rest"]) is not None
    if patterns.OTHER_IS_SUBJECT.match(more["rest"]):
        return False
    # "B and I think", "B or A cell": the other letter is a word
    return more["other"] not in "AI" or not re.match(r"\s+(?!and\b|or\b|are\b)[a-z]", more["rest"])


def _part_of_name(spot: Spot, rest: str, options: Options) -> bool:
    """Whether "E. coli" is a name in the options rather than letter E and a text."""
    word = re.match(r"\.\s?[A-Za-z]\w*", rest)
    return word is not None and options.mention(spot.written + word[0])


def announced(clause: str) -> bool:
    """Whether `clause` ends by announcing the answer: "Answer:", "so the correct option is"."""
    if patterns.HEADING.fullmatch(clause):
        return True
    if not patterns.ANY_NOUN.search(clause):
        return False
    leads = (pattern.search(clause) for pattern in (patterns.LABEL, patterns.IS))
    return any(lead is not None and not _rejected(clause, lead) for lead in leads)


def _at_end(pattern: re.Pattern[str], clause: str) -> re.Match[str] | None:
    """Search a pattern that ends in $, which need not be tried from far away."""
    return pattern.search(clause, max(0, len(clause) - _TAIL))


def _glossed(spot: Spot, own: str) -> bool:
    """Whether the option's text stands before its letter: "the answer is Paris (B)"."""
    own = own.rstrip(" .").casefold()
    said = spot.stem.rstrip(" ,.-").casefold()
    if not (own and (spot.opened or spot.unit) and said.endswith(own)):
        return False
    stem = spot.stem[: len(said) - len(own)].rstrip()
    clause = patterns.SENTENCE_END.split(stem[-_WINDOW:])[-1]
    return not clause or announced(clause)


def lead_of(spot: Spot, own: str) -> str:
    """Name what leads to the letter: "answer", "conclusion", "weak" or "" for nothing."""
    clause = spot.clause
    if spot.boxed or announced(clause) or _glossed(spot, own):
        return "answer"
    if _at_end(patterns.NOT_BUT, clause) or _at_end(patterns.SEVERAL, clause):
        return "answer"
    choose = _at_end(patterns.CHOOSE, clause)
    if choose:
        return "" if _hedged(clause[: choose.start()]) else "answer"
    if _hedged(clause):
        return ""
    if _at_end(patterns.IT_IS, clause) or (
        0 < len(clause) < _TAIL and patterns.CONCLUSION.match(clause)
    ):
        return "conclusion"
    return "weak" if (spot.unit or spot.opened) and _at_end(patterns.POINTS_TO, clause) else ""


def _rejected(clause: str, found: re.Match[str]) -> bool:
    before = clause[: found.start()]
    if patterns.NOT_THE_ANSWER.search(before) or _hedged(before):
        return True
    said = found[0]
    if re.search(r"\b(?:correct|right|best|final)\s*$", before, re.IGNORECASE):
        # "the correct option that is not a mammal is": only the last word can turn it round
        return re.search(r"(?:\bnot|n't|either|between|both)\W*$", said) is not None
    return patterns.GAP_NEGATION.search(said) is not None


def _hedged(before: str) -> bool:
    """Whether the clause that a choice ends says "if", "not", "perhaps" and the like."""
    return patterns.HEDGE.search(patterns.CLAUSE_END.split(before)[-1]) is not None


def verdict_of(spot: Spot) -> Firmness | None:
    """Read "(B) is the correct answer", "so option B is right": what follows commits."""
    if spot.written.islower() and not (spot.unit or spot.opened):
        return None
    if (
        _at_end(patterns.MAKES, spot.clause)
        and patterns.MADE.match(spot.after)
        and not _hedged(spot.clause)
    ):
        return Firmness.FIRM
    subject = spot.unit or _at_end(patterns.SUBJECT, spot.clause)
    if not subject or _hedged(spot.clause) or patterns.NOT_THE_ANSWER.search(spot.clause + " "):
        return None
    closers = patterns.CLOSERS.match(spot.after)
    rest = spot.after[closers.end() :] if closers else spot.after
    verdict = patterns.VERDICT.match(rest)
    if verdict:
        firm = verdict["firm"] or patterns.CONCLUDING.search(spot.clause)
        if spot.written == "I" and not verdict["firm"]:  # "only I is correct": a numeral
            return None
        return Firmness.FIRM if firm else Firmness.WEAK
    long = patterns.LONG_VERDICT.match(spot.after)
    plain = (
        long
        and not patterns.OTHERS.search(long["text"])
        and not patterns.WRONG.search(long["text"])
    )
    return Firmness.FIRM if plain else None


def discussed(spot: Spot, option: str) -> bool:
    """Whether an opening only discusses: "A) Paris - incorrect", "A: Paris. B: Rome"."""
    line = spot.after.split("\n", 1)[0]
    rest = line[own_text_end(line, option) :]
    labels = (label["letter"] for label in patterns.INLINE_LABEL.finditer(rest))
    walked = any(ord(label) - ord(spot.letter) == 1 for label in labels)
    wrong = patterns.WRONG.search(rest)
    denied = wrong is not None and not patterns.OTHERS.search(rest, 0, wrong.start())
    return denied or walked or patterns.QUESTION_AND_ANSWER.fullmatch(rest) is not None


def restated(text: str, options: Options) -> list[tuple[Commitment, int]]:
    """Return where "the answer is" leads to an option's exact text, each with the text's end."""
    found: list[tuple[Commitment, int]] = []
    for match in patterns.ANNOUNCEMENT.finditer(text):
        said = match["text"].lstrip(f" :{BOX_OPEN}").casefold()
        named = options.named_at_start(said)
        labelled = re.search(r"\b[A-J]\b", match[0])  # "Option A: Paris"
        if labelled or (named is None and not patterns.NO_OPTION.match(said)):
            continue
        clause = patterns.SENTENCE_END.split(text[max(0, match.start() - 80) : match.start()])[-1]
        if (
            patterns.NOT_THE_ANSWER.search(clause)
            or _hedged(clause)
            or patterns.GAP_NEGATION.search(match[0])
        ):
            continue
        letter, length = named or (None, 0)
        end = match.start("text") + length
        found.append((Commitment(match.start(), letter, Firmness.FIRM), end))
    return found
