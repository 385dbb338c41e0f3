r"""Exact numbers as answers write them: fractions of integers, never a rounded float.

3, -1,000, .5, five, 1/2, \frac{1}{2}, 1\frac{1}{2}, 0.\overline{3}, 1.5e3 and 1.5\cdot 10^{3} are
numbers. 2+3, \sqrt{4} and \pi are none: those are expressions.
"""

from __future__ import annotations

import re
from fractions import Fraction

_LONGEST = 400  # characters; more is a runaway, not a number
_LONGEST_ELLIPSIS = 60
_LARGEST_EXPONENT = 300
_DIGITS = r"\d+(?:,\d{3})*"
_DECIMAL = rf"(?:{_DIGITS}(?:\.\d*)?|\.\d+)"
_SIGNED = rf"[+-]?(?:{_DECIMAL}|\({_DECIMAL}\))"
_PLAIN = re.compile(r"(?P<whole>\d+|\d{1,3}(?:,\d{3})+|)(?:\.(?P<part>\d*))?")
_FRACTION = re.compile(rf"\\frac\{{({_SIGNED})\}}\{{({_SIGNED})\}}|({_DECIMAL})/({_DECIMAL})")
_MIXED = re.compile(rf"({_DIGITS}) ?(?:\\frac\{{(\d+)\}}\{{(\d+)\}}|(?<= )(\d+)/(\d+))")
_SCIENTIFIC = re.compile(
    rf"(?:({_SIGNED})(?:\\cdot)?)?10\^\{{([+-]?\d+)\}}|({_SIGNED})[eE]([+-]?\d+)"
)
_REPEATING = re.compile(
    r"(?P<whole>\d*)\.(?P<part>\d*)"
    r"(?:\\overline\{(?P<barred>\d+)\}|\((?P<bracketed>\d+)\)"
    r"|\\dot\{(?P<first>\d)\}(?:(?P<between>\d*)\\dot\{(?P<last>\d)\})?)"
)
_ELLIPSIS = re.compile(r"(?P<whole>\d*)\.(?P<part>\d*?)(?P<period>\d+?)(?P=period)+\.\.\.")
_SPELT = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
}  # fmt: skip
_THRICE = 3  # 0.33... may be anything, 0.333... is a third


def read(text: str) -> Fraction | None:
    """Return the exact number that a normal text without spaces is, None where it is none."""
    if len(text) > _LONGEST:
        return None
    if text in _SPELT:
        return Fraction(_SPELT[text])
    sign = -1 if text.startswith("-") else 1
    bare = text.removeprefix("-").removeprefix("+") if text[:2] not in ("-+", "+-") else ""
    if bare.startswith("(") and bare.endswith(")"):
        inner = None if "," in bare or bare.startswith("((") else read(bare[1:-1])
        return None if inner is None else sign * inner
    for reader in (_plain, _fraction, _mixed, _scientific, _repeating, _going_on):
        value = reader(bare)
        if value is not None:
            return sign * value
    return None


def _plain(text: str) -> Fraction | None:
    found = _PLAIN.fullmatch(text)
    if not found or not (found["whole"] or found["part"]):
        return None
    whole = found["whole"].replace(",", "") or "0"
    return Fraction(f"{whole}.{found['part'] or '0'}")


def _signed(text: str) -> Fraction | None:
    value = _plain(text.lstrip("+-").strip("()"))
    return -value if value is not None and text.startswith("-") else value


def _quotient(top: Fraction | None, bottom: Fraction | None) -> Fraction | None:
    return top / bottom if top is not None and bottom else None


def _fraction(text: str) -> Fraction | None:
    found = _FRACTION.fullmatch(text)
    if not found:
        return None
    return _quotient(_signed(found[1] or found[3]), _signed(found[2] or found[4]))


def _mixed(text: str) -> Fraction | None:
    r"""Read 1\frac{1}{2}; an improper fraction makes a product of it."""
    found = _MIXED.fullmatch(text)
    if not found:
        return None
    whole = _plain(found[1])
    part = _quotient(_plain(found[2] or found[4]), _plain(found[3] or found[5]))
    return whole + part if whole is not None and part is not None and part < 1 else None


def _scientific(text: str) -> Fraction | None:
    found = _SCIENTIFIC.fullmatch(text)
    if not found:
        return None
    exponent = int(found[2] or found[4])
    factor = _signed(found[1] or found[3] or "1")
    if factor is None or abs(exponent) > _LARGEST_EXPONENT:
        return None
    return factor * Fraction(10) ** exponent


def _repeating(text: str) -> Fraction | None:
    found = _REPEATING.fullmatch(text)
    if not found:
        return None
    dotted = f"{found['first'] or ''}{found['between'] or ''}{found['last'] or ''}"
    period = found["barred"] or found["bracketed"] or dotted
    return _endless(found["whole"], found["part"], period)


def _going_on(text: str) -> Fraction | None:
    """Read 0.333... and 0.1212...: what was written at least twice (one digit thrice) goes on."""
    found = _ELLIPSIS.fullmatch(text) if len(text) <= _LONGEST_ELLIPSIS else None
    if not found:
        return None
    written = text.removesuffix("...")[found.start("period") :]
    if len(set(written)) == 1 and len(written) < _THRICE:
        return None
    return _endless(found["whole"], found["part"], found["period"])


def _endless(whole: str, part: str, period: str) -> Fraction:
    tail = Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(part))
    return Fraction(f"{whole or '0'}.{part or '0'}") + tail
