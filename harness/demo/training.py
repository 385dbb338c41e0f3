"""Training text for the skills of the suite: other items, other wordings, no held-out item.

Kinds of dialogue: `quick_mc` and `quick_math` show one to three items as the tasks ask
them; `quick_chat` shows a dialogue of two turns; `facts` states entries of the tables that items
are looked up in (sums, capitals, days); `letters` names the letters of options.
A fact may be taught, the item that tests it may not: an item that is held out is drawn again.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator, Sequence
from itertools import islice

from harness.demo.chats import CHAT, CHAT_SKILLS, make_chat
from harness.demo.items import (
    MATH,
    MC,
    Dialogue,
    Item,
    Skill,
    dialogue,
    make_choice,
    make_problem,
    pieces,
)
from harness.demo.suite import (
    DEV,
    SHOTS,
    SKILLS,
    TEST,
    held_out,
    held_out_chats,
    held_out_keys,
)
from harness.demo.words import LETTERS
from harness.records import Message

FACTS = "facts"
LETTER_LISTS = "letters"
KINDS = (MC, MC, MC, MATH, MATH, CHAT, FACTS, LETTER_LISTS)
_COMPUTED = ("comparison", "patterns", "two_step")  # nothing there is a table to be learnt
_NAMED = 8  # letters in a list of them
_SAMPLED = 5000  # documents, enough to meet every word hundreds of times
_ASKED_FOR_FACTS = "Tell me some facts."


def training_documents(seed: int, kinds: Sequence[str] = KINDS) -> Iterator[Dialogue]:
    """Yield dialogues without end; a kind named twice in `kinds` comes twice as often.

    Raises:
        ValueError: a kind is unknown.
    """
    unknown = set(kinds) - set(KINDS)
    if unknown or not kinds:
        raise ValueError(f"unknown kinds {sorted(unknown)}; choose from {', '.join(set(KINDS))}")
    rng = random.Random(f"training {seed}")  # noqa: S311 -- reproducible text, no secret
    forbidden = held_out_keys()
    while True:
        kind = rng.choice(list(kinds))
        if kind == FACTS:
            yield _facts(rng)
        elif kind == CHAT:
            yield _chat(rng, forbidden)
        elif kind == LETTER_LISTS:
            yield _letters(rng)
        else:
            yield _items(rng, kind, forbidden)


def _items(rng: random.Random, task: str, forbidden: frozenset[str]) -> Dialogue:
    skills = SKILLS[task][rng.choice(sorted(SKILLS[task]))]
    found: list[Item] = []
    count = rng.randint(1, 3)
    while len(found) < count:
        item = _item(rng, task, rng.choice(skills))
        if item.key not in forbidden:
            found.append(item)
    return dialogue(*found)


def _item(rng: random.Random, task: str, skill: Skill) -> Item:
    draft, wording = skill.draw(rng), rng.choice(skill.training)
    if task == MATH:
        return make_problem(skill, draft, wording)
    return make_choice(skill, draft, wording, rng.randrange(len(LETTERS)), rng)


def _chat(rng: random.Random, forbidden: frozenset[str]) -> Dialogue:
    while True:
        skill = rng.choice(CHAT_SKILLS)
        chat = make_chat(skill, skill.draw(rng), rng.choice(skill.training))
        if not forbidden & chat.keys:
            return chat.messages


def _letters(rng: random.Random) -> Dialogue:
    """Name the letters of options: no question is answered, so nothing held out can be."""
    skills = SKILLS[MC][rng.choice(sorted(SKILLS[MC]))]
    options = list(_item(rng, MC, rng.choice(skills)).options)
    shown = "\n".join(f"{letter}. {text}" for letter, text in zip(LETTERS, options, strict=True))
    asked = rng.choices(options, k=_NAMED)
    said = [f" {text}.\nAnswer: {LETTERS[options.index(text)]}" for text in asked]
    return Message("user", f"{shown}\nWorking:"), Message("assistant", "\n".join(said).strip())


def _facts(rng: random.Random) -> Dialogue:
    subjects = {name: skills for part in SKILLS.values() for name, skills in part.items()}
    tables = [skills for name, skills in sorted(subjects.items()) if name not in _COMPUTED]
    said = [rng.choice(rng.choice(tables)).draw(rng).working for _ in range(rng.randint(2, 6))]
    return Message("user", _ASKED_FOR_FACTS), Message("assistant", " ".join(said))


def task_dialogues(task: str) -> Iterator[Dialogue]:
    """Yield the held-out items as the task asks them, with their examples and right replies."""
    if task == CHAT:
        yield from (chat.messages for chat in held_out_chats())
        return
    for splits in held_out(task).values():
        for item in splits[TEST]:
            yield dialogue(*splits[DEV][:SHOTS], item)


@functools.lru_cache(maxsize=1)
def vocabulary() -> tuple[str, ...]:
    """Return every word, digit and mark of the suite, which is closed, in alphabetical order."""
    taught = islice(training_documents(0), _SAMPLED)
    asked = (shown for task in (*SKILLS, CHAT) for shown in task_dialogues(task))
    found = {
        piece
        for texts in (taught, asked)
        for shown in texts
        for message in shown
        for piece in pieces(message.content)
    }
    return tuple(sorted(found))
