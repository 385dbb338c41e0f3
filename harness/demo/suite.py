"""The held-out items of the suite `quick`, written to the task folders.

    python -m harness.demo.suite

regenerates the bundled JSONL files byte for byte: everything follows from one seed.

`quick_mc` has the shape of `mmlu_cot`, a short working and then `Answer: B`, not the bare letter
of `mmlu`. A bare letter hides the computing in one token: a transformer of 1.3 million parameters
reached 36 % on sums that way after 17 minutes, 50-60 % and rising once it wrote the sum first,
and with the letter alone it stayed at chance until that token weighed twelvefold. With a working,
the value is written by one skill and its letter found by another, each within reach.
Unlike `mmlu_cot` it shows two examples: they say the form without a long instruction, to a model
of any size, and their prompt is evaluated once for each subject.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from harness.demo.chats import CHAT, CHAT_SKILLS, Chat, make_chat
from harness.demo.choices import ARITHMETIC, COMPARISON, PATTERNS
from harness.demo.items import MATH, MC, Item, Skill, make_choice, make_problem
from harness.demo.problems import ONE_STEP, TWO_STEP
from harness.demo.tables import CALENDAR_AND_UNITS, FACTS_OF_CAPITALS, SIMPLE_FACTS
from harness.demo.words import LETTERS
from harness.resources import tasks_folder
from harness.store.files import replace_file

TEST, DEV = "test", "dev"
SHOTS = 2
SKILLS: Mapping[str, Mapping[str, Sequence[Skill]]] = {
    MC: {
        "arithmetic": ARITHMETIC,
        "comparison": COMPARISON,
        "patterns": PATTERNS,
        "calendar_and_units": CALENDAR_AND_UNITS,
        "capitals": FACTS_OF_CAPITALS,
        "facts": SIMPLE_FACTS,
    },
    MATH: {"one_step": ONE_STEP, "two_step": TWO_STEP},
}
# Multiples of four, so that each letter is right equally often.
SIZES = {
    "arithmetic": 100,
    "comparison": 96,
    "patterns": 80,
    "calendar_and_units": 80,
    "capitals": 64,
    "facts": 60,
    "one_step": 80,
    "two_step": 160,
}
_DIALOGUES = 8  # in each category
_SEED = "quick 1"


@functools.lru_cache(maxsize=8)
def held_out(task: str) -> Mapping[str, Mapping[str, tuple[Item, ...]]]:
    """Return the items of a task by subject and split; no two ask the same."""
    return {subject: _subject(task, subject) for subject in SKILLS[task]}


def _subject(task: str, subject: str) -> Mapping[str, tuple[Item, ...]]:
    rng = random.Random(f"{_SEED} {task} {subject}")  # noqa: S311 -- reproducible items, no secret
    drawn = _distinct(_drawn(rng, task, subject))
    dev, test = list(islice(drawn, SHOTS)), list(islice(drawn, SIZES[subject]))
    if task == MC:
        dev = _balanced(dev, rng)
        test = _balanced(test, rng)
    return {DEV: tuple(dev), TEST: tuple(test)}


def _balanced(items: Sequence[Item], rng: random.Random) -> list[Item]:
    """Move the right options so that each letter is right equally often, in no order."""
    places = [number % len(LETTERS) for number in range(len(items))]
    rng.shuffle(places)
    return [_moved(item, place) for item, place in zip(items, places, strict=True)]


def _moved(item: Item, place: int) -> Item:
    options = [text for text in item.options if text != item.answer]
    options.insert(place, item.answer)
    return replace(item, options=tuple(options))


def _distinct(items: Iterator[Item]) -> Iterator[Item]:
    seen: set[str] = set()
    for item in items:
        if item.key not in seen:
            seen.add(item.key)
            yield item


def _drawn(rng: random.Random, task: str, subject: str) -> Iterator[Item]:
    """Draw items without end, skill after skill, the right letters still to be balanced."""
    while True:
        for skill in SKILLS[task][subject]:
            draft, wording = skill.draw(rng), rng.choice(skill.held_out)
            if task == MATH:
                yield make_problem(skill, draft, wording)
            else:
                yield make_choice(skill, draft, wording, 0, rng)


@functools.lru_cache(maxsize=1)
def held_out_chats() -> tuple[Chat, ...]:
    """Return the dialogues of `quick_chat`, category after category; no two ask the same."""
    categories = dict.fromkeys(skill.category for skill in CHAT_SKILLS)
    return tuple(chat for name in categories for chat in islice(_chats(name), _DIALOGUES))


def _chats(category: str) -> Iterator[Chat]:
    rng = random.Random(f"{_SEED} {CHAT} {category}")  # noqa: S311 -- reproducible items
    skills = [skill for skill in CHAT_SKILLS if skill.category == category]
    seen: set[str] = set()
    for skill in itertools.cycle(skills):
        chat = make_chat(skill, skill.draw(rng), rng.choice(skill.held_out))
        if not seen & chat.keys:
            seen |= chat.keys
            yield chat


@functools.lru_cache(maxsize=1)
def held_out_keys() -> frozenset[str]:
    """Return what no training text may ask: the test items and the examples shown with them."""
    single = (
        item.key
        for task in SKILLS
        for splits in held_out(task).values()
        for items in splits.values()
        for item in items
    )
    return frozenset(single).union(*(chat.keys for chat in held_out_chats()))


def chat_rows() -> Iterator[dict[str, object]]:
    """Yield the rows of the bundled dialogues, in the shape of MT-bench's."""
    for number, chat in enumerate(held_out_chats(), start=1):
        yield {
            "prompt_id": number,
            "category": chat.category,
            "prompt": list(chat.turns),
            "reference": list(chat.answers),
        }


def rows(task: str, split: str) -> Iterator[dict[str, object]]:
    """Yield the rows of one bundled file."""
    for subject, splits in held_out(task).items():
        for number, item in enumerate(splits[split], start=1):
            yield {"id": f"{subject}-{split}-{number:03}", "subject": subject} | _content(item)


def _content(item: Item) -> dict[str, object]:
    if not item.options:
        return {"question": item.question, "working": item.working, "answer": item.answer}
    return {
        "question": item.question,
        "choices": list(item.options),
        "working": item.working,
        "answer": item.options.index(item.answer),
    }


def files() -> dict[str, bytes]:
    """Return the content of every bundled file by its path under the folder of the tasks."""
    single = {
        f"{task}/{task}{suffix}.jsonl": _lines(rows(task, split))
        for task in SKILLS
        for split, suffix in ((TEST, ""), (DEV, "_dev"))
    }
    return single | {f"{CHAT}/{CHAT}.jsonl": _lines(chat_rows())}


def _lines(found: Iterator[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found).encode()


def write_files(folder: Path) -> None:
    """Write the bundled files below the folder of the tasks."""
    for name, content in files().items():
        replace_file(folder / name, content)


if __name__ == "__main__":
    write_files(tasks_folder())
