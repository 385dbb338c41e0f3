"""Whether two single values are the same: notation, units, exact numbers, formulas."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from harness.scoring.math import rational
from harness.scoring.math.formula import beyond, formula
from harness.scoring.math.latex import key
from harness.scoring.math.notation import same_notation, same_words
from harness.scoring.math.pool import POOL
from harness.scoring.math.units import Unit, split_unit

_LEAST_PER_CENT = 1  # what is below it is a share of one, and "0.5%" is another number than 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """What a layer found; `equal` is None where it could not tell, or failed."""

    layer: str
    equal: bool | None
    why: str


def equal(layer: str, why: str) -> Finding:
    """Say that a layer found two answers equal."""
    return Finding(layer, equal=True, why=why)


def unequal(layer: str, why: str) -> Finding:
    """Say that a layer found two answers different."""
    return Finding(layer, equal=False, why=why)


def same_value(gold: str, answer: str) -> Finding:
    """Compare two normal texts that each are one value."""
    if key(gold) == key(answer):
        return equal("text", f"both are {gold!r}")
    if found := _known_notation(gold, answer):
        return found
    (first, unit), (second, other) = split_unit(gold), split_unit(answer)
    here, there = exact_number(first), exact_number(second)
    if unit and other and not unit.measures_the_same(other):
        found = unequal("number", f"{unit.dimension!r} against {other.dimension!r}")
    elif here is not None and there is not None:
        found = _numbers((here, unit), (there, other))
    elif unit and other and unit.factor != other.factor:
        found = unequal("number", f"units of {unit.factor} against {other.factor}")
    elif (same := same_words(first, second)) is not None:
        found = Finding("text", *same)
    else:
        found = _formulas((first, unit), (second, other))
    return found


def _known_notation(gold: str, answer: str) -> Finding | None:
    """Notation decides where it must agree, unless it is that of two exact numbers."""
    are_numbers = all(exact_number(split_unit(text)[0]) is not None for text in (gold, answer))
    same = None if are_numbers else same_notation(gold, answer)
    return None if same is None else Finding("notation", *same)


def exact_number(text: str) -> Fraction | None:
    """Return the number that a normal text is, None where it is another value."""
    return rational.read(key(text))


def _numbers(gold: tuple[Fraction, Unit | None], answer: tuple[Fraction, Unit | None]) -> Finding:
    (first, unit), (second, other) = gold, answer
    if unit and other:
        same = first * unit.factor == second * other.factor
    elif any(u and u.dimension == "percent" for u in (unit, other)):
        exact = first * (unit.factor if unit else 1) == second * (other.factor if other else 1)
        dropped = first == second and abs(first) >= _LEAST_PER_CENT
        same = exact or dropped
    else:
        same = first == second
    return Finding("number", same, f"{first} against {second}")


def _formulas(gold: tuple[str, Unit | None], answer: tuple[str, Unit | None]) -> Finding:
    r"""Compare by value; an angle in degrees is one in radians where the other side has a \pi."""
    (first, unit), (second, other) = gold, answer
    if unit and not other and unit.dimension == "angle" and r"\pi" in second:
        first = rf"\frac{{({first})\pi}}{{180}}"
    if other and not unit and other.dimension == "angle" and r"\pi" in first:
        second = rf"\frac{{({second})\pi}}{{180}}"
    return verified(first, second, equation=False)


def verified(gold: str, answer: str, *, equation: bool) -> Finding:
    """Compare two formulas in a process of its own; of two equations, the differences of sides."""
    first, second = formula(gold), formula(answer)
    if why := beyond(first) or beyond(second):
        both = bool(beyond(first) and beyond(second))
        return Finding("limit", equal=None if both else False, why=why)
    found = POOL.compare(first, second, equation=equation)
    return Finding("verify", found.equal, found.why)
