"""The skills of `quick_mc` that are computed: sums, comparisons and patterns."""

from __future__ import annotations

import random

from harness.demo.items import Draft, Skill
from harness.demo.words import ANIMALS_BY_SIZE, COLOURS

_HIGHEST_SUM = 20
_OFFSETS = (-10, -3, -2, -1, 1, 2, 3, 10)


def _near(value: int) -> tuple[str, ...]:
    return tuple(str(value + offset) for offset in _OFFSETS if value + offset >= 0)


def _plus(rng: random.Random) -> Draft:
    total = rng.randint(2, _HIGHEST_SUM)
    first = rng.randint(1, total - 1)
    second = total - first
    return Draft(
        {"a": str(first), "b": str(second)},
        f"{first} plus {second} is {total}.",
        str(total),
        _near(total),
    )


def _minus(rng: random.Random) -> Draft:
    first = rng.randint(2, _HIGHEST_SUM)
    second = rng.randint(1, first)
    left = first - second
    return Draft(
        {"a": str(first), "b": str(second)},
        f"{first} minus {second} is {left}.",
        str(left),
        _near(left),
    )


def _extreme(rng: random.Random, ranked: list[str], words: tuple[str, str]) -> Draft:
    """Ask for the first or the last of four that are ranked from small to large."""
    highest = rng.choice((False, True))
    answer = ranked[-1] if highest else ranked[0]
    which = words[highest]
    wrong = tuple(text for text in ranked if text != answer)
    return Draft({"which": which}, f"The {which} is {answer}.", answer, wrong)


def _numbers(rng: random.Random) -> Draft:
    ranked = [str(number) for number in sorted(rng.sample(range(1, 100), 4))]
    return _extreme(rng, ranked, ("smallest", "largest"))


def _lengths(rng: random.Random) -> Draft:
    ranked = [f"{number} metres" for number in sorted(rng.sample(range(2, 30), 4))]
    return _extreme(rng, ranked, ("shortest", "longest"))


def _animals(rng: random.Random) -> Draft:
    places = sorted(rng.sample(range(len(ANIMALS_BY_SIZE)), 4))
    return _extreme(rng, [ANIMALS_BY_SIZE[place] for place in places], ("smallest", "largest"))


def _steps(rng: random.Random) -> Draft:
    step = rng.choice((1, 2, 3, 4, 5, 10))
    up = rng.choice((False, True))
    lowest = rng.randint(1, 20)
    terms = [lowest + step * n for n in range(5)]
    *shown, coming = terms if up else terms[::-1]
    sign = "plus" if up else "minus"
    return Draft(
        {"sequence": ", ".join(map(str, shown))},
        f"{shown[-1]} {sign} {step} is {coming}.",
        str(coming),
        _near(coming),
    )


def _colours(rng: random.Random) -> Draft:
    cycle = rng.sample(COLOURS, rng.choice((2, 3)))
    shown = [cycle[n % len(cycle)] for n in range(rng.choice((4, 5)))]
    coming = cycle[len(shown) % len(cycle)]
    return Draft(
        {"sequence": ", ".join(shown)},
        f"After {shown[-1]} comes {coming}.",
        coming,
        tuple(colour for colour in COLOURS if colour != coming),
    )


ARITHMETIC = (
    Skill(
        "arithmetic",
        _plus,
        ("What is {a} plus {b}?",),
        ("How much is {a} plus {b}?", "Find {a} plus {b}.", "What do {a} plus {b} make?"),
    ),
    Skill(
        "arithmetic",
        _minus,
        ("What is {a} minus {b}?",),
        ("How much is {a} minus {b}?", "Find {a} minus {b}.", "What does {a} minus {b} make?"),
    ),
)
COMPARISON = (
    Skill(
        "comparison",
        _numbers,
        ("Which number is the {which}?",),
        ("Find the {which} number.", "Which of these is the {which} number?"),
    ),
    Skill(
        "comparison",
        _lengths,
        ("Which length is the {which}?",),
        ("Find the {which} length.", "Which of these is the {which} length?"),
    ),
    Skill(
        "comparison",
        _animals,
        ("Which animal is the {which}?",),
        ("Find the {which} animal.", "Which of these is the {which} animal?"),
    ),
)
PATTERNS = (
    Skill(
        "patterns",
        _steps,
        ("Which number comes next? {sequence}",),
        ("{sequence}. What number is next?", "Find the number after these: {sequence}"),
    ),
    Skill(
        "patterns",
        _colours,
        ("Which colour comes next? {sequence}",),
        ("{sequence}. What colour is next?", "Find the colour after these: {sequence}"),
    ),
)
