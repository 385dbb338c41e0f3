r"""Units of measure at an edge of an answer: `18\text{ hours}`, `\$5`, `90^\circ`, `7.2\%`.

A unit that only one side states is dropped: the question said which. Units that both state have
to measure the same thing, and 50 cents are half a dollar. Words that no table knows, such as
"edges", are units too, and equal where they share a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from harness.scoring.math.latex import MONEY

_TABLE = {
    "length": {
        "mm millimeter millimetre": "1/1000", "cm centimeter centimetre": "1/100",
        "m meter metre": "1", "km kilometer kilometre": "1000", "in inch": "254/10000",
        "ft foot feet": "3048/10000", "yd yard": "9144/10000", "mi mile": "1609344/1000",
    },
    "mass": {
        "mg milligram": "1/1000", "g gm gram": "1", "kg kilogram": "1000",
        "oz ounce": "45359237/1600000", "lb pound": "45359237/100000",
    },
    "time": {
        "s sec second": "1", "min minute": "60", "h hr hour": "3600", "day": "86400",
        "week": "604800",
    },
    "years": {"year yr": "12", "month": "1"},
    "volume": {"ml milliliter millilitre": "1/1000", "l liter litre": "1"},
    "gallons": {"gallon gal": "4", "quart qt": "1"},
    "money": {"cent": "1/100", f"dollar buck usd {MONEY}": "1"},
    "euros": {"euro €": "1"},
    "pounds sterling": {"£": "1"},
    "yen": {"yen ¥": "1"},
    "percent": {"percent pct %": "1/100"},
    "angle": {"degree deg °": "1"},
    "celsius": {"celsius": "1"},
    "fahrenheit": {"fahrenheit": "1"},
    "length per time": {"mph": "1609344/3600000", "kph kmh kmph": "1000/3600"},
}  # fmt: skip
_KNOWN = {
    name: (dimension, Fraction(factor))
    for dimension, units in _TABLE.items()
    for names, factor in units.items()
    for name in names.split()
}
_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_ABBREVIATION = 2  # letters; an unknown word so short is a product of variables
_LONGEST = 400  # characters of an answer with a unit
_PRICE = re.compile(
    rf"(?P<sign>[+-]?) *(?P<mark>[{MONEY}€£¥]) *(?P<rest>[-+]?[\d.\\(].*)", re.DOTALL
)
_MARK = re.compile(
    r"(?P<rest>.*\S) *(?P<mark>[%€£¥¤]|\^\{\\circ\}(?: *(?P<scale>[CF]|celsius|fahrenheit))?)",
    re.DOTALL,
)
_WORD = r"(?:(?<=[ /])[mgshlL]|(?<![A-Za-z\\])[A-Za-z]{2,})(?![A-Za-z])\.?"
_TAIL = re.compile(
    rf"(?P<rest>.*[\d)\]}}.i])(?P<gap> *)(?P<words>{_WORD}(?: *(?:/ *)?{_WORD})*)"
    r"(?: *\^\{(?P<power>[23])\})?",
    re.DOTALL,
)
_VARIABLE = re.compile(r"(?<![A-Za-z\\])[A-Za-z]+")
_NO_UNIT = frozenset({"and", "or", "am", "pm", "base"})
_TRIGONOMETRY = re.compile(r"\\(?:arc)?(?:sin|cos|tan|cot|sec|csc)")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is measured, and how many of the dimension's own units one of these is."""

    dimension: str
    factor: Fraction = Fraction(1)

    @property
    def words(self) -> frozenset[str]:
        """The words of a unit that no table knows."""
        return frozenset(self.dimension.removeprefix("~").split())

    def measures_the_same(self, other: Unit) -> bool:
        """Say whether two units are of one dimension; unknown ones where they share a word."""
        if self.dimension.startswith("~") and other.dimension.startswith("~"):
            return bool(self.words & other.words)
        return self.dimension == other.dimension


def split_unit(text: str) -> tuple[str, Unit | None]:
    """Return a normal text without its unit, and that unit."""
    if len(text) > _LONGEST:
        return text, None
    if price := _PRICE.fullmatch(text):
        rest = split_unit(price["rest"])[0]  # "$5 per hour"
        return price["sign"] + rest, Unit(*_KNOWN[price["mark"]])
    if (mark := _MARK.fullmatch(text)) and not _TRIGONOMETRY.search(mark["rest"]):
        name = mark["mark"] if len(mark["mark"]) == 1 else "°"
        scale = {"C": "celsius", "F": "fahrenheit"}.get(mark["scale"] or "", mark["scale"])
        return mark["rest"], Unit(*_KNOWN[scale or name])
    tail = _TAIL.fullmatch(text)
    unit = _unit(tail["words"], int(tail["power"] or 1)) if tail else None
    if not tail or not unit or (_is_tight(tail) and _VARIABLE.search(tail["rest"])):
        return text, None
    return tail["rest"], unit


def _is_tight(tail: re.Match[str]) -> bool:
    """Say whether a unit could as well be a variable: "3x + 5h", "2 m"."""
    return not tail["gap"] or len(tail["words"]) == 1


def _unit(words: str, power: int) -> Unit | None:
    over, per, under = words.replace("/", " per ").partition(" per ")
    if per:
        above, below = _measure(over.split(), 1), _measure(under.split(), power)
        if above and below:
            return Unit(f"{above.dimension} per {below.dimension}", above.factor / below.factor)
    names = words.replace("/", " ").split()
    if known := _measure(names, power):
        return known
    if _NO_UNIT.intersection(names) or not any(len(name) > _ABBREVIATION for name in names):
        return None
    return Unit("~" + " ".join(sorted(map(_singular, names))))


def _measure(words: list[str], power: int) -> Unit | None:
    if words and words[0] in _POWERS:
        words, power = words[1:], _POWERS[words[0]]
    name = _singular(words[0]) if len(words) == 1 else ""
    if name == "unit":
        return Unit(f"~unit^{power}")
    if name not in _KNOWN:
        return None
    dimension, factor = _KNOWN[name]
    return Unit(dimension if power == 1 else f"{dimension}^{power}", factor**power)


def _singular(word: str) -> str:
    word = word.rstrip(".").lower()
    for ending in ("", "s", "es"):
        stem = word.removesuffix(ending)
        if stem in _KNOWN:
            return stem
    return word.removesuffix("s") if len(word) > _ABBREVIATION else word
