"""The dialogues of `quick_chat`: two turns, the second about the first, both checkable by rule."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.demo.words import (
    CAPITALS,
    COLOURS,
    DAYS,
    LEGS,
    MONTHS,
    NAMES,
    OPPOSITES,
    THINGS,
    UNITS,
    YOUNG,
)
from harness.records import Message

CHAT = "quick_chat"
INSTRUCTION = "Show your working, then write Answer: and the answer."
_HIGHEST = 20


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of a dialogue before it is worded: the working and the answer of each turn.

    `same_as` are the keys of single items that ask the same.
    """

    slots: Mapping[str, str]
    workings: tuple[str, str]
    answers: tuple[str, str]
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """What the user says in both turns."""

    first: str
    second: str


@dataclass(frozen=True, slots=True)
class ChatSkill:
    """One kind of dialogue. Test and training never share the wording of a turn."""

    category: str
    draw: Callable[[random.Random], Draft]
    held_out: tuple[Wording, ...]
    training: tuple[Wording, ...]


@dataclass(frozen=True, slots=True)
class Chat:
    """A worded dialogue with the right reply of each turn."""

    category: str
    turns: tuple[str, str]
    replies: tuple[str, str]
    answers: tuple[str, str]
    same_as: tuple[str, ...]

    @property
    def keys(self) -> frozenset[str]:
        """What the dialogue asks, whatever its wording, as a dialogue and as single items."""
        return frozenset({f"{self.category}: {' | '.join(self.replies)}", *self.same_as})

    @property
    def messages(self) -> tuple[Message, ...]:
        """The chat turns, each followed by its right reply."""
        pairs = zip(self.turns, self.replies, strict=True)
        return tuple(
            message
            for turn, reply in pairs
            for message in (Message("user", turn), Message("assistant", reply))
        )


def make_chat(skill: ChatSkill, draft: Draft, wording: Wording) -> Chat:
    """Word a dialogue; both turns end with how to answer."""
    questions = [text.format_map(draft.slots) for text in (wording.first, wording.second)]
    pairs = zip(draft.workings, draft.answers, strict=True)
    first, second = (f"{working}\nAnswer: {answer}" for working, answer in pairs)
    turns = (f"{questions[0]}\n{INSTRUCTION}", f"{questions[1]}\n{INSTRUCTION}")
    return Chat(skill.category, turns, (first, second), draft.answers, draft.same_as)


def _problem(rng: random.Random) -> Draft:
    first = rng.randint(3, 14)
    more = rng.randint(2, _HIGHEST - first)
    have = first + more
    given = rng.randint(2, have - 1)
    name, other = rng.sample(NAMES, 2)
    slots = {"n": name, "m": other, "t": rng.choice(THINGS)}
    slots |= {"a": str(first), "b": str(more), "c": str(given)}
    workings = (f"{first} plus {more} is {have}.", f"{have} minus {given} is {have - given}.")
    same = (f"one_step: {workings[0]}", f"two_step: {' '.join(workings)}")
    return Draft(slots, workings, (str(have), str(have - given)), same)


def _sequence(rng: random.Random) -> Draft:
    step = rng.choice((1, 2, 3, 4, 5, 10))
    start = rng.randint(1, 20)
    *shown, coming, last = (start + step * n for n in range(6))
    sequence = ", ".join(map(str, shown))
    workings = (f"{shown[-1]} plus {step} is {coming}.", f"{coming} plus {step} is {last}.")
    answers = (str(coming), str(last))
    return Draft({"sequence": sequence}, workings, answers, (f"patterns: {sequence}",))


def _listing(rng: random.Random) -> Draft:
    names, what = rng.choice(((DAYS, "days"), (MONTHS, "months")))
    start, count = rng.randrange(len(names)), rng.randint(2, 4)
    listed = [names[(start + n) % len(names)] for n in range(count)]
    slots = {"what": what, "name": listed[0], "count": str(count)}
    there, back = ", ".join(listed), ", ".join(reversed(listed))
    workings = (f"It begins with {listed[0]}.", f"It begins with {listed[-1]}.")
    return Draft(slots, workings, (there, back))


def _largest(rng: random.Random) -> Draft:
    numbers = rng.sample(range(1, 100), 4)
    *_, second, first = sorted(numbers)
    slots = {"numbers": ", ".join(map(str, numbers))}
    workings = (f"The largest is {first}.", f"The largest is {second}.")
    same = f"comparison: {workings[0]} | {', '.join(sorted(map(str, numbers)))}"
    return Draft(slots, workings, (str(first), str(second)), (same,))


def _capital(rng: random.Random) -> Draft:
    country = rng.choice(sorted(CAPITALS))
    city = CAPITALS[country]
    workings = (f"The capital of {country} is {city}.", f"{city} is the capital of {country}.")
    return Draft({"name": country}, workings, (city, country))


def _nature(rng: random.Random) -> Draft:
    animal = rng.choice(sorted(YOUNG.keys() & LEGS.keys()))
    workings = (
        f"A young {animal} is a {YOUNG[animal]}.",
        f"The number of legs of a {animal} is {LEGS[animal]}.",
    )
    return Draft({"name": animal}, workings, (YOUNG[animal], str(LEGS[animal])))


def _units(rng: random.Random) -> Draft:
    small, large, size = rng.choice(UNITS)
    count = rng.randint(2, 5)
    slots = {"small": small, "large": large, "count": str(count), "more": str(count + 1)}
    counts = (count * size, (count + 1) * size)
    workings = (
        f"The number of {small} in {count} {large} is {counts[0]}.",
        f"The number of {small} in {count + 1} {large} is {counts[1]}.",
    )
    return Draft(slots, workings, (str(counts[0]), str(counts[1])))


def _opposite(rng: random.Random) -> Draft:
    word = rng.choice(sorted(OPPOSITES))
    other = OPPOSITES[word]
    workings = (f"The opposite of {word} is {other}.", f"The opposite of {other} is {word}.")
    return Draft({"name": word}, workings, (other, word))


def _colours(rng: random.Random) -> Draft:
    cycle = rng.sample(COLOURS, rng.choice((2, 3)))
    shown = [cycle[n % len(cycle)] for n in range(rng.choice((4, 5)))]
    coming, last = (cycle[(len(shown) + n) % len(cycle)] for n in range(2))
    workings = (f"After {shown[-1]} comes {coming}.", f"After {coming} comes {last}.")
    sequence = ", ".join(shown)
    return Draft({"sequence": sequence}, workings, (coming, last), (f"patterns: {sequence}",))


CHAT_SKILLS = (
    ChatSkill(
        "writing",
        _listing,
        (
            Wording(
                "List {count} {what} in order, beginning with {name}.",
                "Now write the same list in reverse order.",
            ),
        ),
        (
            Wording(
                "Write a list of {count} {what} that begins with {name}.",
                "Write your list in reverse now.",
            ),
            Wording(
                "List {what} in order, {count} of these, beginning with {name}.",
                "Write the same in reverse order now.",
            ),
            Wording(
                "Beginning with {name}, what are {count} {what} in order?",
                "What is the list in reverse order?",
            ),
        ),
    ),
    ChatSkill(
        "reasoning",
        _sequence,
        (Wording("Which number comes next? {sequence}", "Which number comes after that?"),),
        (
            Wording("{sequence}. What number is next?", "And what is next after that?"),
            Wording("Find the number after these: {sequence}", "Find the number after that."),
            Wording("What is next? {sequence}", "That is next. What is after that number?"),
        ),
    ),
    ChatSkill(
        "reasoning",
        _colours,
        (Wording("Which colour comes next? {sequence}", "Which colour comes after that?"),),
        (
            Wording("{sequence}. What colour is next?", "And what is next after that?"),
            Wording("Find the colour after these: {sequence}", "Find the colour after that."),
        ),
    ),
    ChatSkill(
        "math",
        _problem,
        (
            Wording(
                "{n} has {a} {t}. {n} gets {b} more. How many {t} does {n} have now?",
                "Then {n} gives {c} {t} to {m}. How many {t} does {n} have left?",
            ),
        ),
        (
            Wording(
                "{n} had {a} {t} and found {b} more. How many {t} are there now?",
                "Then {n} lost {c}. How many {t} are left now?",
            ),
            Wording(
                "There are {a} {t}. Then {n} gets {b} more {t}. What is the number of {t} now?",
                "{n} sold {c} to {m}. What is left?",
            ),
        ),
    ),
    ChatSkill(
        "extraction",
        _largest,
        (
            Wording(
                "Which of these numbers is the largest? {numbers}",
                "Leave that number out. Which number is the largest now?",
            ),
        ),
        (
            Wording(
                "Find the largest number: {numbers}",
                "Without that one, what is the largest number?",
            ),
            Wording(
                "{numbers}. What is the largest of these?",
                "Find the largest of these without that number.",
            ),
            Wording(
                "These are four numbers: {numbers}. Find the largest of these numbers.",
                "Leave that out. What is the largest now?",
            ),
        ),
    ),
    ChatSkill(
        "stem",
        _units,
        (
            Wording(
                "How many {small} are in {count} {large}?", "And how many {small} are in {more}?"
            ),
        ),
        (
            Wording("{count} {large} are how many {small}?", "And {more} {large}?"),
            Wording(
                "Find the number of {small} in {count} {large}.", "Now find the number in {more}."
            ),
        ),
    ),
    ChatSkill(
        "stem",
        _nature,
        (Wording("What is a young {name}?", "How many legs does a grown one have?"),),
        (
            Wording("A young {name} is what?", "Grown, it has how many legs?"),
            Wording("Find the word for a young {name}.", "Find the number of legs of a grown one."),
        ),
    ),
    ChatSkill(
        "humanities",
        _capital,
        (Wording("What is the capital of {name}?", "That city is the capital of which country?"),),
        (
            Wording("Which city is the capital of {name}?", "And which country has that capital?"),
            Wording("Find the capital of {name}.", "Find the country that this is the capital of."),
            Wording("The capital of {name} is which city?", "That is the capital of which?"),
        ),
    ),
    ChatSkill(
        "humanities",
        _opposite,
        (Wording("What is the opposite of {name}?", "And what is the opposite of that word?"),),
        (
            Wording("Which word is the opposite of {name}?", "Which is the opposite of that one?"),
            Wording("Find the opposite of {name}.", "Find the opposite of your answer."),
        ),
    ),
)
