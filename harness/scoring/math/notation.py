r"""What a parser of mathematics drops or misreads: bases, clock times, ratios, bars, words.

Each guard says whether two values are the same where it can tell, and None where it has nothing
to say. `10_2` is not `10`, 1:30 is no fraction, and `\overline{AB}` is not `AB`.
"""

from __future__ import annotations

import re
from fractions import Fraction

from harness.scoring.math.latex import key

_BASE = re.compile(r"\(?(?P<digits>-?[0-9][0-9A-Za-z.]*)\)?_\{(?P<base>[a-z]+|\d+)\}")
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?::(?P<second>\d{2}))?(?P<half>[ap]\.?m\.?)?",
    re.IGNORECASE,
)
_RATIO = re.compile(r"\d+(?::\d+)+")
_NUMBERS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "twelve": "12", "sixteen": "16",
}  # fmt: skip
_MARKS = (r"\overline", r"\dot", r"\vec", r"\hat", "'", r"\overrightarrow")
_COMMAND = re.compile(r"\\(?:begin|end)\{[a-z]*\}|\\[A-Za-z]+")
_WORD = re.compile(r"(?<![A-Za-z])[A-Za-z]{4,}(?![A-Za-z])")
_WORDS = re.compile(r"[A-Z]{2,}|[A-Za-z]{3,}(?:[ -][A-Za-z]+)*")
_SYMBOL = re.compile(r"[A-DF-HJ-Za-df-hj-z]")  # e and i are numbers
_SAME_WORDS = (
    {r"\emptyset", r"\{\}", "nosolution", "nosolutions", "norealsolution", "norealsolutions",
     "none", "emptyset", "theemptyset"},
    {"doesnotexist", "dne", "undefined"},
    {"allrealnumbers", r"\mathbb{r}", r"(-\infty,\infty)"},
)  # fmt: skip


def same_notation(gold: str, answer: str) -> tuple[bool, str] | None:
    """Compare two normal texts by notation that must agree; None where there is none."""
    first, second = key(gold), key(answer)
    for name, read in (("base", _based), ("clock time", _clock), ("ratio", _ratio)):
        here, there = read(first), read(second)
        if here is None and there is None:
            continue
        if name == "clock time" and None in (here, there) and (_ratio(first) and _ratio(second)):
            continue  # 3:1 is no time, so 12:04 beside it is none
        return here == there, f"{name} {here or gold} against {there or answer}"
    for mark in _MARKS:
        if first.count(mark) != second.count(mark):
            return False, f"only one of them has {mark}"
    return None


def same_words(gold: str, answer: str) -> tuple[bool, str] | None:
    """Compare two normal texts as words where one of them is words; None where neither is."""
    first, second = key(gold), key(answer)
    if _SYMBOL.fullmatch(first) and _SYMBOL.fullmatch(second):
        return first == second, f"{gold!r} against {answer!r}, as symbols"
    first, second = first.casefold(), second.casefold()
    same = first == second or any(first in group and second in group for group in _SAME_WORDS)
    if same or is_words(gold) or is_words(answer):
        return same, f"{gold!r} against {answer!r}, as words"
    return None


def is_words(text: str) -> bool:
    """Say whether a normal text is or holds words, which a parser would read as products."""
    bare = _COMMAND.sub(" ", text).strip()
    return _WORD.search(bare) is not None or _WORDS.fullmatch(bare) is not None


def _based(text: str) -> tuple[str, str] | None:
    found = _BASE.fullmatch(text)
    if not found:
        return None
    digits = re.sub(r"^(-?)0+(?=[0-9A-Za-z])", r"\1", found["digits"]).upper()
    return digits, _NUMBERS.get(found["base"], found["base"])


def _clock(text: str) -> tuple[int, int, int, str] | None:
    found = _CLOCK.fullmatch(text)
    if not found or not (found["minute"] or found["half"]):
        return None
    half = (found["half"] or "").replace(".", "").lower()
    return int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0), half


def _ratio(text: str) -> tuple[Fraction, ...] | None:
    """Read 2:4:6 as a ratio, in parts of its first number."""
    if not _RATIO.fullmatch(text) or len(text) > 60:  # noqa: PLR2004  # digits enough for a ratio
        return None
    parts = [int(part) for part in text.split(":")]
    return tuple(Fraction(part, parts[0]) for part in parts) if parts[0] else None
