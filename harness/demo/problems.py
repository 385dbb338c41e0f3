"""The skills of `quick_math`: word problems of one or two steps with small numbers."""

from __future__ import annotations

import random

from harness.demo.items import Draft, Skill
from harness.demo.words import HOLDERS, NAMES, THINGS

_HIGHEST = 20
_SIGNS = {"plus": 1, "minus": -1}


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


ONE_STEP = (
    Skill(
        "one_step",
        _plus,
        ("{n} has {a} {t}. {n} gets {b} more. How many {t} does {n} have now?",),
        (
            "{n} had {a} {t} and found {b} more. How many {t} are there now?",
            "There are {a} {t}. Then {n} gets {b} more {t}. What is the number of {t} now?",
        ),
    ),
    Skill(
        "one_step",
        _minus,
        ("{n} has {a} {t}. {n} gives {b} {t} to {m}. How many {t} does {n} have left?",),
        (
            "{n} had {a} {t} and lost {b}. How many {t} are left?",
            "There are {a} {t}. Then {n} gives {b} away. How many {t} are left now?",
            "{n} had {a} {t} and sold {b} to {m}. How many {t} does {n} have?",
        ),
    ),
    Skill(
        "one_step",
        _times,
        ("{n} has {a} {h}. Each has {b} {t} in it. How many {t} does {n} have?",),
        (
            "There are {a} {h} with {b} {t} each. How many {t} are there?",
            "There are {a} {h}. Each has {b} {t} in it. What is the number of {t}?",
        ),
    ),
    Skill(
        "one_step",
        _difference,
        ("{n} has {a} {t} and {m} has {b}. How many more {t} does {n} have than {m}?",),
        (
            "{n} found {a} {t} and {m} found {b}. How many more has {n} than {m}?",
            "There are {a} {t} for {n} and {b} for {m}. How many more are there for {n}?",
        ),
    ),
)
TWO_STEP = (
    Skill(
        "two_step",
        _plus_minus,
        (
            (
                "{n} has {a} {t}. {n} gets {b} more and gives {c} to {m}. "
                "How many {t} does {n} have left?"
            ),
        ),
        (
            "{n} had {a} {t}, found {b} more, then lost {c}. How many {t} are left?",
            "There are {a} {t}. Then {n} gets {b} more {t} and gives {c} away. What is left?",
        ),
    ),
    Skill(
        "two_step",
        _minus_plus,
        (
            (
                "{n} has {a} {t}. {n} gives {b} to {m} and gets {c} more. "
                "How many {t} does {n} have now?"
            ),
        ),
        (
            "{n} had {a} {t}, lost {b}, then found {c} more. How many {t} are there now?",
            "There are {a} {t}. Then {n} gives {b} away and gets {c} more {t}. How many are there?",
        ),
    ),
    Skill(
        "two_step",
        _times_plus,
        (
            (
                "{n} has {a} {h}. Each has {b} {t} in it. {n} gets {c} more {t}. "
                "How many {t} does {n} have now?"
            ),
        ),
        (
            "There are {a} {h} with {b} {t} each. Then {n} found {c} more. How many {t} are there?",
            "{n} puts {b} {t} in each of {a} {h} and has {c} more {t}. What is the number of {t}?",
        ),
    ),
    Skill(
        "two_step",
        _times_minus,
        (
            (
                "{n} has {a} {h}. Each has {b} {t} in it. {n} gives {c} {t} to {m}. "
                "How many {t} does {n} have left?"
            ),
        ),
        (
            "There are {a} {h} with {b} {t} each. Then {n} lost {c}. How many {t} are left?",
            "{n} puts {b} {t} in each of {a} {h} and gives {c} away. What is left?",
        ),
    ),
    Skill(
        "two_step",
        _together,
        ("{n} has {a} {t}. {m} has {b} more than {n}. How many {t} do {n} and {m} have together?",),
        (
            "{n} found {a} {t} and {m} found {b} more than {n}. How many {t} are there together?",
            "{n} has {a} {t} and {m} has {b} more than {n}. How many do they have together?",
        ),
    ),
)
