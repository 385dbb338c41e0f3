"""The skills of `quick_mc` that are looked up: calendar and units, capitals, simple facts."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from harness.demo.items import Draft, Skill
from harness.demo.words import (
    CAPITALS,
    COLOUR_OF,
    COLOURS,
    DAYS,
    LEG_COUNTS,
    LEGS,
    MONTHS,
    OPPOSITES,
    UNITS,
    YOUNG,
)

Draw = Callable[[random.Random], Draft]


def _others(answer: str, pool: Sequence[str]) -> tuple[str, ...]:
    return tuple(text for text in dict.fromkeys(pool) if text != answer)


def _neighbour(names: Sequence[str], relation: str, distance: int) -> Draw:
    """Ask for what comes so far after, or before where negative, a day or a month."""

    def draw(rng: random.Random) -> Draft:
        place = rng.randrange(len(names))
        name, answer = names[place], names[(place + distance) % len(names)]
        pool = [other for other in names if other != name]
        working = f"{relation.capitalize()} {name} comes {answer}."
        return Draft({"name": name}, working, answer, _others(answer, pool))

    return draw


def _units(rng: random.Random) -> Draft:
    small, large, size = rng.choice(UNITS)
    count = rng.randint(2, 6)
    answer = str(count * size)
    pool = [str(other * size) for other in range(2, 9)]
    return Draft(
        {"small": small, "large": large, "count": str(count)},
        f"The number of {small} in {count} {large} is {answer}.",
        answer,
        _others(answer, pool),
    )


def _lookup(table: Mapping[str, str], pool: Sequence[str], working: str) -> Draw:
    """Ask for the value of a key of a table; the wrong options come from `pool`."""

    def draw(rng: random.Random) -> Draft:
        name = rng.choice(sorted(table))
        answer = table[name]
        wrong = tuple(text for text in _others(answer, pool) if text != name)
        return Draft({"name": name}, working.format(name=name, answer=answer), answer, wrong)

    return draw


def _around(subject: str, names: Sequence[str], what: str) -> tuple[Skill, ...]:
    """The four questions about the order of days or months."""
    return tuple(
        Skill(
            subject,
            _neighbour(names, relation, distance),
            (f"Which {what} comes {relation} {{name}}?",),
            (
                f"Find the {what} that is {relation} {{name}}.",
                f"What {what} is {relation} {{name}}?",
            ),
        )
        for relation, distance in (("right after", 1), ("right before", -1))
    )


_PLACES = {city: country for country, city in CAPITALS.items()}
_LEGS = {animal: str(count) for animal, count in LEGS.items()}

CALENDAR_AND_UNITS = (
    *_around("calendar_and_units", DAYS, "day"),
    *_around("calendar_and_units", MONTHS, "month"),
    Skill(
        "calendar_and_units",
        _units,
        ("How many {small} are in {count} {large}?",),
        ("{count} {large} are how many {small}?", "Find the number of {small} in {count} {large}."),
    ),
)
_CAPITAL = "The capital of {name} is {answer}."
_COUNTRY = "{name} is the capital of {answer}."
FACTS_OF_CAPITALS = (
    Skill(
        "capitals",
        _lookup(CAPITALS, tuple(CAPITALS.values()), _CAPITAL),
        ("What is the capital of {name}?",),
        ("Which city is the capital of {name}?", "Find the capital of {name}."),
    ),
    Skill(
        "capitals",
        _lookup(_PLACES, tuple(CAPITALS), _COUNTRY),
        ("{name} is the capital of which country?",),
        (
            "Which country has the capital {name}?",
            "Find the country of which {name} is the capital.",
        ),
    ),
)
SIMPLE_FACTS = (
    Skill(
        "facts",
        _lookup(YOUNG, tuple(YOUNG.values()), "A young {name} is a {answer}."),
        ("What is a young {name}?",),
        ("A young {name} is what?", "Find the word for a young {name}."),
    ),
    Skill(
        "facts",
        _lookup(_LEGS, tuple(map(str, LEG_COUNTS)), "The number of legs of a {name} is {answer}."),
        ("How many legs does a {name} have?",),
        ("A {name} has how many legs?", "Find the number of legs that a {name} has."),
    ),
    Skill(
        "facts",
        _lookup(OPPOSITES, tuple(OPPOSITES), "The opposite of {name} is {answer}."),
        ("What is the opposite of {name}?",),
        ("Which word is the opposite of {name}?", "Find the opposite of {name}."),
    ),
    Skill(
        "facts",
        _lookup(COLOUR_OF, COLOURS, "The colour of {name} is {answer}."),
        ("What is the colour of {name}?",),
        ("Which colour has {name}?", "Find the colour of {name}."),
    ),
)
