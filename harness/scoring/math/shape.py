r"""What an answer is made of: a value, a list, a point or interval, a union, a matrix, an equation.

Structure is taken apart here, by brackets and separators alone, so that a parser of mathematics
never sees more than one value at a time: it cannot mistake a part of a list for the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.scoring.math.latex import key

_MOST_PARTS = 60
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]+|\d+|.", re.DOTALL)
_OPEN = frozenset({"(", "[", "{", r"\{", r"\langle", r"\begin", r"\lfloor", r"\lceil"})
_CLOSE = frozenset({")", "]", "}", r"\}", r"\rangle", r"\end", r"\rfloor", r"\rceil"})
_COMMAS = frozenset({",", ";", "and", "or"})
_UNIONS = frozenset({r"\cup"})
_ORDERS = {"<": ">", ">": "<", r"\le": r"\ge", r"\ge": r"\le"}
_RELATIONS = frozenset({"=", r"\ne", r"\in", r"\approx", *_ORDERS})
# Every comma groups digits: "$1,000", but not "(1,000)", which is a point.
_GROUPED = re.compile(r"(?![(\[]|\\\{)[^,]*(?<!\d)\d{1,3}(?:,\d{3})+(?!\d)[^,]*")
_MATRIX = re.compile(r"\\begin\{pmatrix\}(.*)\\end\{pmatrix\}", re.DOTALL)
# What has a value and is none: x, x_{1}, \theta, f(x), f(-2), AB, \overline{AB}, (x,y), area.
_NAME = re.compile(
    r"(?:[A-Za-z](?:_\{\w+\})?'?|\\(?!sqrt|frac|pi\b|infty)[a-z]+(?:\{[A-Z]+\})?)(?:\([^()+*/=]{1,20}\))?"
    r"|\([a-z](?:,[a-z]){1,3}\)|[A-Z]{2,3}|[A-Za-z]{3,}(?: [A-Za-z]+){0,5}|m?\\angle[A-Za-z]+"
)
_VARIABLE = re.compile(r"[A-Za-z]|\\(?:theta|alpha|beta|phi|lambda|mu|omega)")
_LETTER = re.compile(r"(?<![A-Za-z\\])[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Value:
    """One value, as normal text."""

    text: str


@dataclass(frozen=True, slots=True)
class Many:
    """Values in no order: the elements of a list or a set, or the parts of a union."""

    kind: str
    parts: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Values in order between brackets: a point, a vector, an interval; or a matrix of rows."""

    opener: str
    closer: str
    parts: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """What is said to be equal to a name, or to be the range of a variable."""

    name: str
    shape: Shape
    equation: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """Texts with signs between them that stay as they are: `x^{2}+y^{2}=13`, `f(1)<f(2)`."""

    sides: tuple[str, ...]
    signs: tuple[str, ...]


Shape = Value | Many | Row | Named | Relation


def shape_of(text: str) -> Shape:
    """Take a normal text apart."""
    text = text.strip()
    rows = _MATRIX.fullmatch(text)
    if rows and r"\begin" not in rows[1]:
        return _matrix(rows[1])
    if not _GROUPED.fullmatch(text) and (listed := as_list(text)):
        return listed
    related = _split(text, _RELATIONS)
    return _related(related) if related.signs else _unrelated(text)


def _unrelated(text: str) -> Shape:
    united = _split(text, _UNIONS)
    if len(united.pieces) > 1:
        return Many("union", tuple(map(shape_of, united.pieces)))
    if bracketed := _bracketed(text):
        return bracketed
    if r"\pm" in text or r"\mp" in text:
        return Many("list", tuple(Value(both) for both in _both_signs(text)))
    return Value(text)


def as_list(text: str) -> Shape | None:
    """Take a normal text apart at its commas, even where they may group digits."""
    listed = _split(text, _COMMAS)
    return _list(listed) if 1 < len(listed.pieces) <= _MOST_PARTS else None


def has_letters(named: Named) -> bool:
    """Say whether what a name is equal to has variables of its own."""
    return isinstance(named.shape, Value) and _LETTER.search(named.shape.text) is not None


@dataclass(frozen=True, slots=True)
class _Split:
    pieces: tuple[str, ...]
    signs: tuple[str, ...]


def _split(text: str, separators: frozenset[str]) -> _Split:
    """Split a text where a separator stands outside all brackets; empty pieces are left out."""
    pieces, signs, depth, start = [], [], 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in _OPEN:
            depth += 1
        elif token[0] in _CLOSE:
            depth -= 1
        elif depth == 0 and token[0] in separators and not _within_number(text, token):
            pieces.append(text[start : token.start()].strip())
            signs.append(token[0])
            start = token.end()
    pieces.append(text[start:].strip())
    if separators is _COMMAS:
        pieces = [piece for piece in pieces if piece]
    return _Split(tuple(pieces), tuple(signs))


def _within_number(text: str, token: re.Match[str]) -> bool:
    """Say whether a comma groups digits, where others are followed by a space: "1,000, 2,000"."""
    return (
        token[0] == ","
        and ", " in text
        and re.match(r"\d{3}(?!\d)", text[token.end() :]) is not None
        and text[token.start() - 1 : token.start()].isdigit()
    )


def _list(listed: _Split) -> Shape:
    """Read a list; ranges of one variable with "or" between them are a union."""
    parts = tuple(_flat(map(shape_of, listed.pieces)))
    ranges = [part for part in parts if isinstance(part, Named) and isinstance(part.shape, Row)]
    names = {part.name for part in ranges}
    if set(listed.signs) == {"or"} and len(ranges) == len(parts) and len(names) == 1:
        return Named(names.pop(), Many("union", tuple(part.shape for part in ranges)))
    return Many("list", parts)


def _flat(shapes: Iterator[Shape]) -> Iterator[Shape]:
    r"""Let the two values of a `\pm` stand in the list that it stands in."""
    for shape in shapes:
        if isinstance(shape, Many) and shape.kind == "list":
            yield from shape.parts
        else:
            yield shape


def _bracketed(text: str) -> Shape | None:
    tokens = [token[0] for token in _TOKEN.finditer(text)]
    if not tokens or tokens[0] not in _OPEN or tokens[-1] not in _CLOSE or not _is_one(tokens):
        return None
    opener, closer = tokens[0], tokens[-1]
    inner = text[len(opener) : len(text) - len(closer)]
    if opener == r"\{":
        shape = shape_of(inner) if inner.strip() else Many("set", ())
        return Many("set", shape.parts if isinstance(shape, Many) else (shape,))
    parts = _split(inner, frozenset({",", ";"})).pieces
    if len(parts) < 2 or opener not in ("(", "[", r"\langle"):  # noqa: PLR2004  # a value in brackets
        return None
    marks = {r"\langle": "(", r"\rangle": ")"}
    return Row(marks.get(opener, opener), marks.get(closer, closer), tuple(map(shape_of, parts)))


def _is_one(tokens: list[str]) -> bool:
    """Say whether the first bracket closes with the last one."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token in _OPEN) - (token in _CLOSE)
        if depth == 0:
            return place == len(tokens) - 1
    return False


def _matrix(rows: str) -> Shape:
    lines = [line for line in re.split(r"\\\\", rows) if line.strip()]
    cells = [tuple(shape_of(cell) for cell in line.split("&")) for line in lines]
    if all(len(row) == 1 for row in cells):
        return Row("column", "column", tuple(row[0] for row in cells))
    return Row("matrix", "matrix", tuple(Row("row", "row", row) for row in cells))


def _both_signs(text: str) -> tuple[str, str]:
    upper = text.replace(r"\pm", "+").replace(r"\mp", "-")
    lower = text.replace(r"\pm", "-").replace(r"\mp", "+")
    return upper.removeprefix("+"), lower.removeprefix("+")


def _related(split: _Split) -> Shape:
    """Read what stands around signs of relation."""
    sides, signs = split.pieces, split.signs
    if r"\approx" in signs:
        return _exactly(split)
    if len(set(map(key, sides))) < len(sides):  # "x = x" says nothing
        return Relation(sides, signs)
    if set(signs) == {"="}:
        return _equal(sides)
    if signs == (r"\in",) and _is_name(sides[0]):
        return Named(key(sides[0]), shape_of(sides[1]))
    return _range(sides, signs) or _upwards(sides, signs)


def _exactly(split: _Split) -> Shape:
    r"""Leave out what is only about equal; of `x \approx 2.5` the number is what was meant."""
    place = split.signs.index(r"\approx")
    sides = split.pieces[: place + 1]
    if place == 0 and _is_name(sides[0]):
        return Named(key(sides[0]), shape_of(split.pieces[1]))
    if place == 0:
        return shape_of(sides[0])
    return _related(_Split(sides, split.signs[:place]))


def _equal(sides: tuple[str, ...]) -> Shape:
    first, last = sides[0], sides[-1]
    if _is_name(first):
        return Named(key(first), shape_of(last), (first, last))
    if len(sides) == 2 and _is_name(last):  # noqa: PLR2004  # 5 = x
        return Named(key(last), shape_of(first), (last, first))
    if not _LETTER.search(first):  # a calculation: the last side is its result
        return shape_of(last)
    return Relation(sides, ("=",) * (len(sides) - 1))


def _is_name(side: str) -> bool:
    return _NAME.fullmatch(key(side)) is not None or _NAME.fullmatch(side) is not None


def _range(sides: tuple[str, ...], signs: tuple[str, ...]) -> Named | None:
    r"""Read `x < 3` or `-2 \le x < 7` as the interval of a variable, `x \ne 3` as two."""
    if signs and signs[0] in (">", r"\ge"):
        sides, signs = sides[::-1], tuple(_ORDERS.get(sign, sign) for sign in signs[::-1])
    places = [place for place, side in enumerate(sides) if _VARIABLE.fullmatch(side)]
    if len(places) != 1 or any(_LETTER.search(s) for i, s in enumerate(sides) if i != places[0]):
        return None
    name, bounds = sides[places[0]], [side for i, side in enumerate(sides) if i != places[0]]
    if signs == (r"\ne",):
        below, above = (
            _interval(("", bounds[0]), ("<", "<")),
            _interval((bounds[0], ""), ("<", "<")),
        )
        return Named(name, Many("union", (below, above)))
    if not set(signs) <= {"<", r"\le"} or len(sides) > 3 or (len(sides) == 3 and places != [1]):  # noqa: PLR2004
        return None
    if len(sides) == 3:  # noqa: PLR2004  # a < x < b
        return Named(name, _interval((bounds[0], bounds[1]), (signs[0], signs[1])))
    ends = ("", bounds[0]) if places == [0] else (bounds[0], "")
    return Named(name, _interval(ends, (signs[0], signs[0])))


def _interval(ends: tuple[str, str], signs: tuple[str, str]) -> Row:
    low, high = ends[0] or r"-\infty", ends[1] or r"\infty"
    opener = "[" if signs[0] == r"\le" and ends[0] else "("
    closer = "]" if signs[1] == r"\le" and ends[1] else ")"
    return Row(opener, closer, (shape_of(low), shape_of(high)))


def _upwards(sides: tuple[str, ...], signs: tuple[str, ...]) -> Relation:
    """Write a chain of relations so that its first sign points upwards."""
    if signs[0] in (">", r"\ge"):
        return Relation(sides[::-1], tuple(_ORDERS.get(sign, sign) for sign in signs[::-1]))
    return Relation(sides, signs)
