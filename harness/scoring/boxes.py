r"""The \boxed{...} of a reply: balanced, however deeply nested, in one pass."""

from __future__ import annotations

import re
from typing import NamedTuple

# A box with a brace, a bare one ("\boxed 5"), an escaped character, a brace.
_TOKEN = re.compile(
    r"\\+(?:boxed|fbox|framebox)(?:\s{0,9}(?P<open>\{)|\s{1,9}(?P<bare>[^\s{}$][^\s$]{0,99}))"
    r"|\\.|(?P<brace>[{}])",
    re.DOTALL,
)


class Box(NamedTuple):
    """Where a box starts and ends, and what it holds."""

    start: int
    end: int
    content: str


def boxes(text: str) -> list[Box]:
    """Return every balanced box that is in no other one, in order; empty ones are none.

    A box that is never closed is none; those within it are.
    """
    spans: list[tuple[int, int, int, int]] = []  # start and end, of the box and of its content
    open_: list[tuple[int, int] | None] = []  # None for a brace that opens no box
    for token in _TOKEN.finditer(text):
        if token["open"]:
            open_.append((token.start(), token.end()))
        elif token["bare"]:
            spans.append((*token.span(), *token.span("bare")))
        elif token["brace"] == "{":
            open_.append(None)
        elif token["brace"] == "}" and open_ and (opened := open_.pop()):
            while spans and spans[-1][0] > opened[0]:
                spans.pop()
            spans.append((opened[0], token.end(), opened[1], token.start()))
    found = (Box(start, end, text[first:last].strip()) for start, end, first, last in spans)
    return [box for box in found if box.content]


def last_box(text: str) -> str | None:
    """Return what the last balanced box of a text holds, None where there is none."""
    found = boxes(text)
    return found[-1].content if found else None
