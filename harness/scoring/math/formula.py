r"""A normal text as the parser of mathematics reads it without mistakes, and what it may not see.

The grammar takes `2(\frac{1}{2})` for two and a half and `i` for a variable; what would take it
for ever is kept away from it.
"""

from __future__ import annotations

import re
from math import log

_LONGEST = 600
_MOST_DIGITS = 400
_LARGEST = 5000  # exponent or factorial
_DECIMAL = re.compile(r"(?<![\d.])(\d*)\.(\d+)")
_DEGREES = re.compile(r"(\d+(?:\.\d+)?|\\frac\{\d+\}\{\d+\})\^\{\\circ\}")
_UNIT_I = re.compile(r"(?<![A-Za-z\\])i(?![A-Za-z])")
_TIMES = re.compile(r"(?<=[\d)])(?=\()|(?<=\))(?=\\frac|\d)")
# "1/2x" is half of x, as in every calculator; the grammar takes it for 1/(2x).
_DIVISOR = re.compile(r"/ ?(\d+)(?= ?(?:[A-Za-z(]|\\(?!cdot)[a-z]))")
_IMPROPER = re.compile(r"(?<=\d)\\frac\{(\d+)\}\{(\d+)\}")
_SCIENTIFIC = re.compile(r"(?<=\d)[eE](\d+)(?![\d.])")
_GROUPED = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_INDEXED = re.compile(r"\\(?:sum|prod|int)(?![a-z])")
_EXPONENT = re.compile(r"\^\{[^{}]*?(\d+)")
_TOWER = re.compile(r"\^\{[^{}]*?(\d+)\^\{[^{}]*?(\d+)")
_THREE_HIGH = re.compile(r"\^\{[^{}]*\^\{[^{}]*\^")
_FACTORIAL = re.compile(r"(\d+)!")


def formula(text: str) -> str:
    """Return a normal text as the parser takes it rightly."""
    text = _GROUPED.sub("", text)
    text = _SCIENTIFIC.sub(r"\\cdot 10^{\1}", text)
    text = _DEGREES.sub(r"(\\frac{\1\\pi}{180})", text)
    text = _DECIMAL.sub(_as_fraction, text)
    text = _DIVISOR.sub(r"\\cdot \\frac{1}{\1}\\cdot ", text)
    text = _IMPROPER.sub(_mixed_or_product, text)
    text = _TIMES.sub(r"\\cdot ", text)
    return text if _INDEXED.search(text) else _UNIT_I.sub("I", text)


def beyond(text: str) -> str:
    """Say why a text is not given to the parser, "" where it is."""
    if len(text) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    if re.search(rf"\d{{{_MOST_DIGITS}}}", text):
        return f"a number of more than {_MOST_DIGITS} digits"
    if any(int(found[1]) > _LARGEST for found in _EXPONENT.finditer(text)):
        return f"an exponent above {_LARGEST}"
    if any(int(found[1]) > _LARGEST for found in _FACTORIAL.finditer(text)):
        return f"a factorial above {_LARGEST}"
    towers = ((int(found[1]), int(found[2])) for found in _TOWER.finditer(text))
    if _THREE_HIGH.search(text) or any(n > 1 and m * log(n) > log(_LARGEST) for n, m in towers):
        return "a tower of powers"
    return ""


def _as_fraction(found: re.Match[str]) -> str:
    r"""Write 2.5 as \frac{25}{10}, which is exact."""
    return rf"\frac{{{int(found[1] + found[2])}}}{{1{'0' * len(found[2])}}}"


def _mixed_or_product(found: re.Match[str]) -> str:
    r"""Let 2\frac{3}{2} be a product: no mixed number ends in an improper fraction."""
    return found[0] if int(found[1]) < int(found[2]) else rf"\cdot {found[0]}"
