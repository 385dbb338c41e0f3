"""What an item is, how it is shown as chat turns, and when two items are the same."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from harness.demo.words import LETTERS
from harness.records import Message

MC, MATH = "quick_mc", "quick_math"
Dialogue = tuple[Message, ...]

# Where every fact stands in a small table, the fact is taught and its items differ by their
# options; elsewhere the question alone is the item, and held out under whatever options.
_KEYED_WITH_OPTIONS = frozenset({"calendar_and_units", "capitals", "facts"})
_SEQUENCE = re.compile(r"\w+(?:, \w+){3,}")
_PIECE = re.compile(r"[A-Za-z]+|[0-9]|\n|[^\sA-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Draft:
    """The content of an item before it is worded: what fills the question, and its solution."""

    slots: Mapping[str, str]
    working: str
    answer: str
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skill:
    """One thing to be able to do. Test and training never share a wording."""

    subject: str
    draw: Callable[[random.Random], Draft]
    held_out: tuple[str, ...]
    training: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its solution; `options` is empty where the answer is a number to write."""

    task: str
    subject: str
    question: str
    working: str
    answer: str
    options: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What the item asks, whatever its wording and the order of its options.

        Two problems with the same calculation are the same item.
        """
        content = self.working
        if self.subject == "patterns":
            content = _SEQUENCE.findall(self.question)[0]
        elif self.subject == "comparison" or self.subject in _KEYED_WITH_OPTIONS:
            content += " | " + ", ".join(sorted(self.options))
        return f"{self.subject}: {content}"

    @property
    def letter(self) -> str:
        """The letter of the right option."""
        return LETTERS[self.options.index(self.answer)]

    @property
    def prompt(self) -> str:
        """The user's turn, in the words of the task's YAML."""
        lines = [f"Question: {self.question}"]
        lines += [f"{mark}. {text}" for mark, text in zip(LETTERS, self.options, strict=False)]
        return "\n".join([*lines, "Working:"])

    @property
    def reply(self) -> str:
        """The assistant's turn: the working, then the answer on a line of its own."""
        return f"{self.working}\nAnswer: {self.letter if self.options else self.answer}"


def make_choice(skill: Skill, draft: Draft, wording: str, place: int, rng: random.Random) -> Item:
    """Word a multiple-choice item, with the right option at `place` and three wrong ones."""
    options = rng.sample(draft.wrong, len(LETTERS) - 1)
    options.insert(place, draft.answer)
    question = wording.format_map(draft.slots)
    return Item(MC, skill.subject, question, draft.working, draft.answer, tuple(options))


def make_problem(skill: Skill, draft: Draft, wording: str) -> Item:
    """Word an item whose answer is a number to write."""
    question = wording.format_map(draft.slots)
    return Item(MATH, skill.subject, question, draft.working, draft.answer)


def description(task: str, subject: str) -> str:
    """Return how the first turn of a task opens, as its YAML says."""
    if task == MC:
        named = subject.replace("_", " ")
        return f"Multiple choice questions (with working) about {named}.\n\n"
    return "Word problems (with working).\n\n"


def dialogue(*items: Item) -> Dialogue:
    """Return the chat turns in which a model sees these items, the last with its reply."""
    turns: list[Message] = []
    for item in items:
        opening = "" if turns else description(item.task, item.subject)
        turns.append(Message("user", opening + item.prompt))
        turns.append(Message("assistant", item.reply))
    return tuple(turns)


def pieces(text: str) -> list[str]:
    """Split a text into words, single digits, marks and line ends: the tokens of the suite."""
    return _PIECE.findall(text)
