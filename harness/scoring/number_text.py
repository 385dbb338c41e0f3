"""Numbers as replies write them: one canonical text for each value, nothing evaluated.

A run of digits that is no plain number (1,23 or 10:30 or 3/7 or 5x) makes its whole phrase
unreadable: it is never cut down to a number that was not said.
"""

from __future__ import annotations

import re

_LONGEST = 60  # digits; more is a runaway, not an answer
_UNITS = r"(?:kg|mg|g|km|cm|mm|m|ml|l|hrs?|h|mins?|min|s)"
_RUN = re.compile(
    r"(?<![\w.,/:^])(?P<sign>[+-] ?)?(?P<money>\\?[$€£¥])?(?P<body>\.?[0-9][0-9.,/:^*]*)"
    rf"(?P<unit>{_UNITS}(?![\w]))?(?P<glued>\w)?"
)
_PLAIN = re.compile(r"(?P<whole>[0-9]*|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<part>[0-9]+))?")
_FRACTION = re.compile(r"(?P<top>[0-9]{1,6})/(?P<bottom>[0-9]{1,6})")
_LATEX_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*([0-9]{1,6})\s*\}\s*\{\s*([0-9]{1,6})\s*\}")
_MOST_DECIMALS = 20


def numbers_in(phrase: str) -> list[str] | None:
    """Return the numbers of a phrase in canonical form, None where one of them is unreadable."""
    text = _LATEX_FRACTION.sub(r"\1/\2", phrase.replace("{,}", ","))
    found = []
    for run in _RUN.finditer(text):
        value = _value(run, text)
        if value is None:
            return None
        found.append(value)
    return found


def canonical(text: str) -> str | None:
    """Return the one form of the number that a whole text is, None where it is none."""
    found = numbers_in(text.strip())
    return found[0] if found and len(found) == 1 and _RUN.fullmatch(text.strip()) else None


def _value(run: re.Match[str], text: str) -> str | None:
    sign = run["sign"] or ""
    apart = sign.endswith(" ")  # "8 - 5" is a calculation
    if run["glued"] or (apart and not text[: run.start()].strip()):
        return None  # "5x"; "- 5" at the start may be a list mark or a sign
    body = run["body"].rstrip(".,:*")
    if len(body) > _LONGEST:
        return None
    fraction = _FRACTION.fullmatch(body)
    digits = _decimal(int(fraction["top"]), int(fraction["bottom"])) if fraction else body
    matched = _PLAIN.fullmatch(digits) if digits else None
    if matched is None:
        return None
    whole = matched["whole"].replace(",", "").lstrip("0") or "0"
    part = (matched["part"] or "").rstrip("0")
    value = f"{whole}.{part}" if part else whole
    return f"-{value}" if sign == "-" and value != "0" else value


def _decimal(top: int, bottom: int) -> str | None:
    """Return a fraction as the decimal that equals it exactly, None where there is none."""
    if bottom == 0:
        return None
    scaled = top * 10**_MOST_DECIMALS
    if scaled % bottom:
        return None
    digits = str(scaled // bottom).rjust(_MOST_DECIMALS + 1, "0")
    return f"{digits[:-_MOST_DECIMALS]}.{digits[-_MOST_DECIMALS:]}"
