"""Numbers and foreign text as the page prints them: never rounder than the truth, never active."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from harness.records import Estimate

MISSING = "\u2013"
"""What stands where there is no number."""

VERDICTS = {
    "superior": "better",
    "non-inferior": "good enough",
    "inferior": "worse",
    "cannot tell": "cannot tell",
    "incomplete": "incomplete",
}
"""A verdict at a margin in plain words."""

_NBSP = "\u00a0"
_KEPT = "\n\t\u200c\u200d"  # zero-width joiners shape letters and emoji
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_THOUSAND = 1000


def percent(share: float | None) -> str:
    """Print a share as a percentage; 0 % and 100 % only if exactly that (as coverage.py does)."""
    if share is None:
        return MISSING
    return f"{_points(share)}{_NBSP}%"


def percent_range(low: float | None, high: float | None) -> str:
    """Print two shares as one range of percentages."""
    if low is None or high is None:
        return MISSING
    return f"{_points(low)} to {_points(high)}{_NBSP}%"


def points(share: float | None) -> str:
    """Print a standard error in percentage points."""
    return MISSING if share is None else f"{_digits(100 * share, 2)} points"


def estimate(value: Estimate | None) -> str:
    """Print an estimate as a sentence can hold it: 62.5 % (51.0 to 72.7 %, n = 80)."""
    if value is None or value.value is None:
        return MISSING
    limits = percent_range(value.low, value.high)
    return f"{percent(value.value)} ({limits}, n{_NBSP}={_NBSP}{count(value.n)})"


def rating(value: Estimate | None) -> str:
    """Print a mean rating of 1 to 10: 7.12 of 10 (6.90 to 7.34, n = 80)."""
    if value is None or value.value is None:
        return MISSING
    limits = "no interval"
    if value.low is not None and value.high is not None:
        limits = f"{value.low:.2f} to {value.high:.2f}"
    return f"{value.value:.2f} of 10 ({limits}, n{_NBSP}={_NBSP}{count(value.n)})"


def signed(share: float | None) -> str:
    """Print a difference of shares in points, with its sign; 0.0 has none."""
    if share is None:
        return MISSING
    text = f"{100 * share:+.1f}".replace("-", "\u2212")
    return "0.0" if text[1:] == "0.0" else text


def change(value: Estimate | None) -> str:
    """Print a difference of shares: +2.3 points (95 % interval +1.7 to +2.9, n = 480)."""
    if value is None or value.value is None:
        return f"unknown (n{_NBSP}={_NBSP}{count(0 if value is None else value.n)})"
    limits = "no interval"
    if value.low is not None and value.high is not None:
        limits = f"95{_NBSP}% interval {signed(value.low)} to {signed(value.high)}"
    return f"{signed(value.value)} points ({limits}, n{_NBSP}={_NBSP}{count(value.n)})"


def counted_points(share: float) -> str:
    """Print a margin: 2 points, 0.5 points."""
    number = f"{100 * share:g}"
    return f"{number} point" if number == "1" else f"{number} points"


def times(ratio: float) -> str:
    """Print a ratio: as a percentage below one, else as a multiple."""
    return percent(ratio) if ratio < 1 else f"{_digits(ratio)} times"


def p_value(p: float | None) -> str:
    """Print a probability; a very small one is never 0."""
    if p is None:
        return MISSING
    return f"<{_NBSP}0.0001" if p < 0.0001 else f"{p:.4f}"  # noqa: PLR2004  # the last digit shown


def count(n: int | None) -> str:
    """Print a count with separated thousands."""
    return MISSING if n is None else f"{n:,}"


def counted(n: int, noun: str) -> str:
    """Print a count with its noun, in the plural where it is not one."""
    return f"{count(n)} {noun}" if n == 1 else f"{count(n)} {noun}s"


def shots(n: int | None) -> str:
    """Print how many examples a prompt shows."""
    return "shots unknown" if n is None else f"{n}-shot"


def seconds(value: float | None) -> str:
    """Print a duration given in seconds."""
    if value is None:
        return MISSING
    if 0 < value < 0.001:  # noqa: PLR2004  # below what the clock resolves with sense
        return f"< 1{_NBSP}ms"
    return f"{_digits(value * 1000)}{_NBSP}ms" if value < 1 else f"{_digits(value)}{_NBSP}s"


def rate(value: float | None) -> str:
    """Print tokens a second."""
    return MISSING if value is None else f"{_digits(value)}"


def size(n_bytes: int | None) -> str:
    """Print bytes in decimal units, as disks and downloads are sold (1 GB = 10^9 bytes)."""
    return MISSING if n_bytes is None else _scaled(n_bytes, ("B", "kB", "MB", "GB", "TB"))


def parameters(n: int | None) -> str:
    """Print a number of weights: 3.82 B is 3.82 thousand million."""
    return MISSING if n is None else _scaled(n, ("", "K", "M", "B", "T"))


def moment(stored: str) -> str:
    """Print an ISO 8601 time to the minute in UTC; as it came where it is none."""
    try:
        time = datetime.fromisoformat(stored)
    except ValueError:
        return label(stored, 40)
    if time.tzinfo is None:
        return label(stored, 40)
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def dollars(value: float | None) -> str:
    """Print US dollars; a price that is not nothing never looks free."""
    if value is None:
        return MISSING
    if value == 0:
        return "$0"
    if value < 0.0001:  # noqa: PLR2004  # the smallest step that is printed
        return "< $0.0001"
    return f"${value:,.2f}" if value >= 1 else f"${_digits(value, 2)}"


def printable(text: str) -> str:
    """Make unseen characters seen: NUL, direction overrides and the like become [U+202E].

    They could end the page early or turn what follows back to front; escaping of markup is the
    template's part.
    """
    text = text.replace("\r\n", "\n")
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def cut(text: str, longest: int = 2000) -> str:
    """Keep the head and the tail of a long text and say how much lies between; make it printable.

    The tail is kept because that is where an answer stands.
    """
    if len(text) <= longest:
        return printable(text)
    tail = longest // 4
    head = longest - tail
    left_out = count(len(text) - longest)
    note = f"\n[… {left_out} of {count(len(text))} characters left out …]\n"
    return printable(text[:head]) + note + printable(text[-tail:])


def label(text: str, longest: int = 80) -> str:
    """Print a name on one line."""
    line = " ".join(text[: 4 * longest].split())
    return printable(line if len(line) <= longest else line[: longest - 1] + "…")


def _points(share: float) -> str:
    rounded = f"{100 * share:.1f}"
    if rounded == "0.0" and share > 0:
        return "< 0.1"
    if rounded == "100.0" and share < 1:
        return "> 99.9"
    return {"0.0": "0", "100.0": "100"}.get(rounded, rounded)


def _digits(value: float, significant: int = 3) -> str:
    """Print with three significant digits, whole numbers from 100 on: 0.71, 7.13, 71.3, 713."""
    if value == 0:
        return "0"
    exact = Decimal(repr(value))
    places = min(0, exact.adjusted() + 1 - significant)
    return f"{exact.quantize(Decimal(1).scaleb(places), ROUND_HALF_EVEN):,f}"


def _scaled(value: float, units: tuple[str, ...]) -> str:
    unit = units[0]
    for unit in units:
        if value < _THOUSAND or unit == units[-1]:
            break
        value /= _THOUSAND
    return f"{_digits(value)}{_NBSP}{unit}".rstrip(_NBSP)


def _shown(char: str) -> str:
    if char in _KEPT or unicodedata.category(char) not in _UNSEEN:
        return char
    return f"[U+{ord(char):04X}]"
