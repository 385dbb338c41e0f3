r"""Whether two answers are the same answer: layer by layer, each finding with its reason.

Layers, in order; the first that can tell decides, and of several parts the last that was needed:

* `text`     the same text, or words that are not the same
* `number`   two exact numbers, with their units of measure
* `notation` what has no value without its notation: bases, clock times, ratios, bars
* `form`     one is a point and the other a list, or the question asked for another form
* `limit`    an answer that is too long or too large to be one
* `verify`   the values of two formulas, and math-verify, in a process of its own
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.scoring.math.latex import key, normal
from harness.scoring.math.notation import same_words
from harness.scoring.math.shape import (
    Many,
    Named,
    Relation,
    Row,
    Shape,
    Value,
    as_list,
    has_letters,
    shape_of,
)
from harness.scoring.math.values import (
    Finding,
    equal,
    exact_number,
    same_value,
    unequal,
    verified,
)

_NOUGHT = re.compile(r", ?0\d")
LAYERS = ("text", "number", "notation", "form", "limit", "verify")


def compare(gold: str, answer: str) -> Iterator[Finding]:
    """Yield what each layer finds out about two answers, until one decides.

    The last finding decides; its `equal` is None where the comparison failed.
    """
    try:
        first, second = normal(gold), normal(answer)
    except ValueError as error:
        yield Finding("limit", gold.strip() == answer.strip(), str(error))
        return
    if key(first) == key(second):
        yield equal("text", f"both are {first!r}")
        return
    yield Finding("text", None, f"{first!r} is not {second!r}")
    if (same := same_words(first, second)) and same[0]:
        yield Finding("text", *same)
        return
    yield _shapes(*_alike(first, second))


def _alike(gold: str, answer: str) -> tuple[Shape, Shape]:
    """Take both apart; of `70,110` the other side tells whether it is one number or two."""
    first, second = shape_of(gold), shape_of(answer)
    if isinstance(first, Value) and isinstance(second, Many):
        return _as_numbers(gold) or first, second
    if isinstance(first, Many) and isinstance(second, Value):
        return first, _as_numbers(answer) or second
    return first, second


def _as_numbers(text: str) -> Shape | None:
    """Take `70,110` for two numbers, but not `1,000`: no number begins with a nought."""
    return None if _NOUGHT.search(text) else as_list(text)


def _deepest(findings: Sequence[Finding], kind: str) -> Finding:
    """All parts are equal: the layer that was needed last decides."""
    last = max(findings, key=lambda found: LAYERS.index(found.layer), default=None)
    layer, why = (last.layer, last.why) if last else ("form", "nothing in them")
    return equal(layer, f"{len(findings)} parts of a {kind}, such as: {why}")


def _shapes(gold: Shape, answer: Shape) -> Finding:
    match _single(gold), _single(answer):
        case (Named(), _) | (_, Named()):
            found = _named(_single(gold), _single(answer))
        case (Relation(), _) | (_, Relation()):
            found = _related(_single(gold), _single(answer))
        case Many() as first, Many() as second:
            found = _unordered(first, second)
        case Row() as first, Row() as second:
            found = _ordered(first, second)
        case Value() as first, Value() as second:
            found = same_value(first.text, second.text)
        case (Row() as point, Many() as named) | (Many() as named, Row() as point):
            found = _point_by_names(point, named)
        case _:
            found = unequal("form", f"{_kind(gold)} against {_kind(answer)}")
    return found


def _single(shape: Shape) -> Shape:
    """A set or list of one value is that value."""
    if isinstance(shape, Many) and len(shape.parts) == 1:
        return _single(shape.parts[0])
    return shape


def _kind(shape: Shape) -> str:
    if isinstance(shape, Many):
        return f"a {shape.kind} of {len(shape.parts)}"
    if isinstance(shape, Row):
        return f"{len(shape.parts)} in {shape.opener} {shape.closer}"
    return {Value: "one value", Named: "a named value"}.get(type(shape), "a relation")


def _named(gold: Shape, answer: Shape) -> Finding:
    """A name that only one side gives is what the question asked for."""
    if isinstance(gold, Named) and isinstance(answer, Named) and gold.name != answer.name:
        if has_letters(gold) and has_letters(answer):
            return _equations(gold, answer)
        return unequal("form", f"{gold.name} against {answer.name}")
    if isinstance(gold, Relation) or isinstance(answer, Relation):
        return _equations(gold, answer)
    return _shapes(_unnamed(gold), _unnamed(answer))


def _unnamed(shape: Shape) -> Shape:
    return shape.shape if isinstance(shape, Named) else shape


def _related(gold: Shape, answer: Shape) -> Finding:
    if isinstance(gold, Relation) and isinstance(answer, Relation):
        if gold.signs == answer.signs and _all_same(gold.sides, answer.sides):
            return equal("form", "the same sides of the same signs")
        return _equations(gold, answer)
    return unequal("form", f"{_kind(gold)} against {_kind(answer)}")


def _all_same(first: Sequence[str], second: Sequence[str]) -> bool:
    return [key(side) for side in first] == [key(side) for side in second]


def _equations(gold: Shape, answer: Shape) -> Finding:
    """Two equations are the same where one is a multiple of the other."""
    first, second = _difference(gold), _difference(answer)
    if first is None or second is None:
        return unequal("form", f"{_kind(gold)} against {_kind(answer)}")
    return verified(first, second, equation=True)


def _difference(shape: Shape) -> str | None:
    """Return an equation as the difference of its sides, None where it is none or always holds."""
    if isinstance(shape, Named) and shape.equation:
        left, right = shape.equation
    elif isinstance(shape, Relation) and shape.signs == ("=",):
        left, right = shape.sides
    else:
        return None
    return None if key(left) == key(right) else f"({left})-({right})"


def _unordered(gold: Many, answer: Many) -> Finding:
    """Every element needs a partner of its own; of a set a repeated element counts once."""
    is_set = "set" in (gold.kind, answer.kind)
    left, right = _elements(gold, once=is_set), _elements(answer, once=is_set)
    if len(left) != len(right) or "union" in {gold.kind, answer.kind} != {"union"}:
        return unequal("form", f"{_kind(gold)} against {_kind(answer)}")
    findings = []
    for place, element in enumerate(left, start=1):
        found = _partner(element, right)
        if not found.equal:
            return Finding(found.layer, found.equal, f"element {place}: {found.why}")
        findings.append(found)
    return _deepest(findings, gold.kind)


def _elements(many: Many, *, once: bool) -> list[Shape]:
    """Return the elements, those that are quick to compare first."""
    parts = list(dict.fromkeys(many.parts)) if once else list(many.parts)
    return sorted(
        parts, key=lambda part: isinstance(part, Value) and exact_number(part.text) is None
    )


def _partner(element: Shape, others: list[Shape]) -> Finding:
    """Find an element's equal among the others and take it out of them; quick layers first."""
    worst = unequal("form", "there is no partner for it")
    for other in sorted(others, key=lambda other: other != element):
        found = _shapes(element, other)
        if found.equal:
            others.remove(other)
            return found
        if found.equal is None or LAYERS.index(found.layer) > LAYERS.index(worst.layer):
            worst = found
        if found.equal is None:
            break
    return worst


def _ordered(gold: Row, answer: Row) -> Finding:
    """Places have to agree one by one; brackets too, but for a vector written as a point."""
    brackets = {(gold.opener, gold.closer), (answer.opener, answer.closer)}
    is_vector = brackets == {("(", ")"), ("column", "column")}
    if len(gold.parts) != len(answer.parts) or (len(brackets) > 1 and not is_vector):
        return unequal("form", f"{_kind(gold)} against {_kind(answer)}")
    findings = []
    for place, pair in enumerate(zip(gold.parts, answer.parts, strict=True), start=1):
        found = _shapes(*pair)
        if not found.equal:
            return Finding(found.layer, found.equal, f"place {place}: {found.why}")
        findings.append(found)
    return _deepest(findings, "row")


def _point_by_names(point: Row, named: Many) -> Finding:
    """`x = 1, y = 2` is the point (1, 2): names in the order of the alphabet."""
    parts = [part for part in named.parts if isinstance(part, Named)]
    names = sorted({part.name for part in parts})
    if not len(names) == len(parts) == len(named.parts):
        return unequal("form", f"{_kind(point)} against {_kind(named)}")
    ordered = tuple(part.shape for part in sorted(parts, key=lambda part: part.name))
    return _ordered(point, Row("(", ")", ordered))
