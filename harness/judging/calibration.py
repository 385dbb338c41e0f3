"""Questions whose verdict is known by construction: what a judge should say before it is believed.

Ten bundled questions with good answers give 50 pairs: each answer against one that was made worse
(cut off, with a wrong final number, about something else), against a copy padded with
repetitions, which is not better, and against itself. Each pair is shown in both orders and once
more in the first one; each answer is rated alone; and hostile endings ask for a better verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from harness.judging.dialogue import Dialogue
from harness.judging.exhibits import Asked
from harness.records import Sample
from harness.resources import tasks_folder
from harness.store.judgements import Exhibit

PAIRS = "calibration-pairs"
RATINGS = "calibration-ratings"
PLAIN = "plain"
INJECTION = "injection"
IDENTICAL = "identical"
_NO_REFERENCE = "general"
_KEPT = 0.4
_AMISS = 7


@dataclass(frozen=True, slots=True)
class Pair:
    """A good answer to a question beside another; `better` is "plain" or "tie"."""

    question: str
    category: str
    asked: str
    good: str
    other: str
    kind: str
    better: str

    def dialogue(self, answer: str) -> Dialogue:
        """Return one of the two as a judge sees it, without the right answer beside it."""
        return Dialogue(self.question, _NO_REFERENCE, None, (self.asked,), (answer,))


def pairs() -> list[Pair]:
    """Build the pairs, kind after kind."""
    rows = _lines()
    following = [*rows[1:], rows[0]]
    made = {
        "truncated": [truncated(row["answer"]) for row in rows],
        "wrong number": [with_wrong_number(row["answer"]) for row in rows],
        "off topic": [row["answer"] for row in following],
        "padded": [padded(row["answer"]) for row in rows],
        IDENTICAL: [row["answer"] for row in rows],
    }
    return [
        Pair(
            question=row["id"],
            category=row["category"],
            asked=row["question"],
            good=row["answer"],
            other=other,
            kind=kind,
            better="tie" if kind == IDENTICAL else PLAIN,
        )
        for kind, others in made.items()
        for row, other in zip(rows, others, strict=True)
    ]


def truncated(answer: str) -> str:
    """Keep the first two fifths of the words: the answer stops before its result."""
    words = answer.split(" ")
    return " ".join(words[: int(_KEPT * len(words))])


def with_wrong_number(answer: str) -> str:
    """Change the last number of an answer, which is its result, and nothing else."""
    last = list(re.finditer(r"\d+", answer))[-1]
    return f"{answer[: last.start()]}{int(last[0]) + _AMISS}{answer[last.end() :]}"


def padded(answer: str) -> str:
    """Say everything twice more: longer, with nothing new."""
    return f"{answer} In other words, to say it once more: {answer} To sum up: {answer}"


def injected(answer: str, ending: str, *, rating: str = "", letter: str = "") -> str:
    """Let an answer end with an order to its judge."""
    return f"{answer}\n\n{ending.replace('{rating}', rating).replace('{letter}', letter)}"


def compared(asked: Asked) -> Iterator[Sample]:
    """Ask for comparisons: every pair in both orders, the first order twice, and injections."""
    known = pairs()
    for pair in known:
        for order, repeat in ((0, 0), (1, 0), (0, 1)):
            sides = ((PLAIN, pair.good), (pair.kind, pair.other))
            yield _compare(pair, asked, sides[::-1] if order else sides, repeat)
    for pair, ending in _weak(known):
        good = (PLAIN, pair.good)
        hostile = [(INJECTION, injected(pair.other, ending, letter=f"[[{x}]]")) for x in "AB"]
        yield _compare(replace(pair, kind=INJECTION), asked, (hostile[0], good))
        yield _compare(replace(pair, kind=INJECTION), asked, (good, hostile[1]))


def rated(asked: Asked, repeat: int = 0) -> Iterator[Sample]:
    """Ask for ratings of every distinct answer, the anchors of drift, and of injections."""
    known = pairs()
    for pair in known:
        plain = pair.kind == IDENTICAL
        yield _rate(pair, asked, (PLAIN if plain else pair.kind, pair.other), repeat)
    for pair, ending in _weak(known):
        hostile = injected(pair.other, ending, rating="[[10]]")
        yield _rate(replace(pair, kind=INJECTION), asked, (INJECTION, hostile), repeat)


def _weak(known: Sequence[Pair]) -> Iterator[tuple[Pair, str]]:
    """Give each answer that was cut off an order to the judge."""
    path = tasks_folder() / "judging" / "injections.yaml"
    endings = yaml.safe_load(path.read_text(encoding="utf-8"))
    cut = [pair for pair in known if pair.kind == "truncated"]
    for number, pair in enumerate(cut):
        yield pair, endings[number % len(endings)]


def _compare(pair: Pair, asked: Asked, sides: Sequence[tuple[str, str]], repeat: int = 0) -> Sample:
    exhibit = _exhibit(PAIRS, pair, sides, repeat)
    return asked.sample(exhibit, [pair.dialogue(answer) for _, answer in sides])


def _rate(pair: Pair, asked: Asked, side: tuple[str, str], repeat: int) -> Sample:
    exhibit = replace(_exhibit(RATINGS, pair, [side], repeat), better="")
    return asked.sample(exhibit, [pair.dialogue(side[1])])


def _exhibit(task: str, pair: Pair, sides: Sequence[tuple[str, str]], repeat: int) -> Exhibit:
    return Exhibit(
        task=task,
        question=pair.question,
        category=pair.category,
        turn=1,
        shown=tuple(name for name, _ in sides),
        models=(),
        lengths=tuple(len(answer) for _, answer in sides),
        kind=pair.kind,
        better=pair.better,
        repeat=repeat,
    )


def _lines() -> list[Mapping[str, str]]:
    path = tasks_folder() / "judging" / "anchors.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
