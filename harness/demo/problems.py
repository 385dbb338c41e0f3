"""The skills of `quick_math`: word problems of one or two steps with small numbers."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

from harness.demo.items import Draft, Skill
from harness.demo.words import HOLDERS, NAMES, THINGS

_HIGHEST = 20
_SIGNS = {"plus": 1, "minus": -1}

# What training problems are put together from: every way through the parts is a wording.
_STARTS = (
    "{n} has {a} {t}. {n} ",
    "{n} had {a} {t}. Then {n} ",
    "{n} has {a} {t} and ",
    "There are {a} {t}. {n} ",
)
_HOLDERS = (
    "{n} has {a} {h}. Each has {b} {t} in it.",
    "There are {a} {h} with {b} {t} each.",
    "There are {a} {h}. Each has {b} {t} in it.",
    "{n} puts {b} {t} in each of {a} {h}.",
)
_PAIRS = (
    "{n} has {a} {t}. {m} has {b}",
    "{n} has {a} {t} and {m} has {b}",
    "{n} found {a} {t} and {m} found {b}",
)
_GETS = ("gets {} more", "found {} more", "gets {} more {{t}}")
_GIVES = ("gives {} to {{m}}", "gives {} {{t}} to {{m}}", "lost {}", "gives {} away", "sold {}")
_JOINS = (" and ", ", then ", ". Then {n} ")
_NOW = (
    "How many {t} does {n} have now?",
    "How many {t} are there now?",
    "What is the number of {t} now?",
)
_LEFT = (
    "How many {t} does {n} have left?",
    "How many {t} are left?",
    "What is the number of {t} now?",
)
_IN_ALL = (
    "How many {t} does {n} have?",
    "How many {t} are there?",
    "What is the number of {t}?",
)
_MORE = (
    "How many more {t} does {n} have than {m}?",
    "How many more has {n} than {m}?",
    "How many more are there for {n}?",
)
_TOGETHER = (
    "How many {t} do {n} and {m} have together?",
    "How many {t} are there together?",
    "How many do they have together?",
)


def _slots(rng: random.Random, **numbers: int) -> dict[str, str]:
    name, other = rng.sample(NAMES, 2)
    words = {"n": name, "m": other, "t": rng.choice(THINGS), "h": rng.choice(HOLDERS)}
    return words | {key: str(value) for key, value in numbers.items()}


def _apply(first: int, sign: str, second: int) -> tuple[str, int]:
    """Return a step of working and its result."""
    result = first * second if sign == "times" else first + _SIGNS[sign] * second
    return f"{first} {sign} {second} is {result}.", result


def _plus(rng: random.Random) -> Draft:
    a = rng.randint(2, 17)
    b = rng.randint(2, _HIGHEST - a)
    working, result = _apply(a, "plus", b)
    return Draft(_slots(rng, a=a, b=b), working, str(result))


def _minus(rng: random.Random) -> Draft:
    a = rng.randint(4, _HIGHEST)
    b = rng.randint(2, a - 1)
    working, result = _apply(a, "minus", b)
    return Draft(_slots(rng, a=a, b=b), working, str(result))


def _times(rng: random.Random) -> Draft:
    a, b = rng.randint(2, 6), rng.randint(2, 9)
    working, result = _apply(a, "times", b)
    return Draft(_slots(rng, a=a, b=b), working, str(result))


def _plus_minus(rng: random.Random) -> Draft:
    a = rng.randint(3, 14)
    b = rng.randint(2, _HIGHEST - a)
    first, middle = _apply(a, "plus", b)
    c = rng.randint(2, middle - 1)
    second, result = _apply(middle, "minus", c)
    return Draft(_slots(rng, a=a, b=b, c=c), f"{first} {second}", str(result))


def _minus_plus(rng: random.Random) -> Draft:
    a = rng.randint(5, _HIGHEST)
    b = rng.randint(2, a - 1)
    first, middle = _apply(a, "minus", b)
    c = rng.randint(2, max(2, _HIGHEST - middle))
    second, result = _apply(middle, "plus", c)
    return Draft(_slots(rng, a=a, b=b, c=c), f"{first} {second}", str(result))


def _times_plus(rng: random.Random) -> Draft:
    a, b, c = rng.randint(2, 5), rng.randint(2, 6), rng.randint(2, 9)
    first, middle = _apply(a, "times", b)
    second, result = _apply(middle, "plus", c)
    return Draft(_slots(rng, a=a, b=b, c=c), f"{first} {second}", str(result))


def _times_minus(rng: random.Random) -> Draft:
    a, b = rng.randint(2, 5), rng.randint(2, 6)
    first, middle = _apply(a, "times", b)
    c = rng.randint(1, min(9, middle - 1))
    second, result = _apply(middle, "minus", c)
    return Draft(_slots(rng, a=a, b=b, c=c), f"{first} {second}", str(result))


def _together(rng: random.Random) -> Draft:
    a, b = rng.randint(2, 12), rng.randint(2, 9)
    first, middle = _apply(a, "plus", b)
    second, result = _apply(a, "plus", middle)
    return Draft(_slots(rng, a=a, b=b), f"{first} {second}", str(result))


def _difference(rng: random.Random) -> Draft:
    b = rng.randint(2, 12)
    a = rng.randint(b + 1, _HIGHEST)
    working, result = _apply(a, "minus", b)
    return Draft(_slots(rng, a=a, b=b), working, str(result))


def _events(patterns: Sequence[str], number: str) -> tuple[str, ...]:
    return tuple(pattern.format(f"{{{number}}}") for pattern in patterns)


def _skill(
    subject: str, draw: Callable[[random.Random], Draft], held_out: str, *parts: Sequence[str]
) -> Skill:
    """Train on every way through the parts but the one that is held out."""
    ways = ("".join(way) for way in itertools.product(*parts))
    return Skill(subject, draw, (held_out,), tuple(way for way in ways if way != held_out))


ONE_STEP = (
    _skill(
        "one_step",
        _plus,
        "{n} has {a} {t}. {n} gets {b} more. How many {t} does {n} have now?",
        *(_STARTS, _events(_GETS, "b"), (". ",), _NOW),
    ),
    _skill(
        "one_step",
        _minus,
        "{n} has {a} {t}. {n} gives {b} {t} to {m}. How many {t} does {n} have left?",
        *(_STARTS, _events(_GIVES, "b"), (". ",), _LEFT),
    ),
    _skill(
        "one_step",
        _times,
        "{n} has {a} {h}. Each has {b} {t} in it. How many {t} does {n} have?",
        *(_HOLDERS, (" ",), _IN_ALL),
    ),
    _skill(
        "one_step",
        _difference,
        "{n} has {a} {t} and {m} has {b}. How many more {t} does {n} have than {m}?",
        *(_PAIRS, (". ",), _MORE),
    ),
)
_THEN = (" {n} ", " Then {n} ")
TWO_STEP = (
    _skill(
        "two_step",
        _plus_minus,
        (
            "{n} has {a} {t}. {n} gets {b} more and gives {c} to {m}. "
            "How many {t} does {n} have left?"
        ),
        *(_STARTS, _events(_GETS, "b"), _JOINS, _events(_GIVES, "c"), (". ",), _LEFT),
    ),
    _skill(
        "two_step",
        _minus_plus,
        (
            "{n} has {a} {t}. {n} gives {b} to {m} and gets {c} more. "
            "How many {t} does {n} have now?"
        ),
        *(_STARTS, _events(_GIVES, "b"), _JOINS, _events(_GETS, "c"), (". ",), _NOW),
    ),
    _skill(
        "two_step",
        _times_plus,
        (
            "{n} has {a} {h}. Each has {b} {t} in it. {n} gets {c} more {t}. "
            "How many {t} does {n} have now?"
        ),
        *(_HOLDERS, _THEN, _events(_GETS, "c"), (". ",), _NOW),
    ),
    _skill(
        "two_step",
        _times_minus,
        (
            "{n} has {a} {h}. Each has {b} {t} in it. {n} gives {c} {t} to {m}. "
            "How many {t} does {n} have left?"
        ),
        *(_HOLDERS, _THEN, _events(_GIVES, "c"), (". ",), _LEFT),
    ),
    _skill(
        "two_step",
        _together,
        "{n} has {a} {t}. {m} has {b} more than {n}. How many {t} do {n} and {m} have together?",
        *(_PAIRS, (" more than {n}. ",), _TOGETHER),
    ),
)
