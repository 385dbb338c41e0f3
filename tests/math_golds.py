"""The gold solutions of MATH, MATH-500 and GSM8K, scored against their own and other answers."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow.parquet as pq

from harness.records import Outcome, Score
from harness.scoring import math, number
from harness.scoring.boxes import last_box
from shared_data import shared_folder


@dataclass(frozen=True)
class Item:
    """A problem with the solution and the answer that come with it."""

    name: str
    question: str
    solution: str
    gold: str


@dataclass
class Tally:
    """What became of many items: outcomes, deciding layers, seconds, and every surprise."""

    outcomes: Counter[str] = field(default_factory=Counter)
    layers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    surprises: list[tuple[str, str, str, Score]] = field(default_factory=list)


def _rows(*path: str) -> Iterator[tuple[str, dict]]:
    folder = shared_folder().joinpath("data", "hub", "datasets", *path)
    for file in sorted(folder.rglob("test-*.parquet")):
        for n, row in enumerate(pq.read_table(file).to_pylist()):
            yield f"{file.parent.name}/{n}", row


def math_items() -> list[Item]:
    """All 5,000 test problems of MATH."""
    return [
        Item(name, row["problem"], row["solution"], last_box(row["solution"]) or "")
        for name, row in _rows("EleutherAI", "hendrycks_math")
    ]


def math500_items() -> list[Item]:
    """The 500 problems of MATH-500, with the answer column they come with."""
    return [
        Item(row["unique_id"], row["problem"], row["solution"], row["answer"])
        for _, row in _rows("HuggingFaceH4", "MATH-500")
    ]


def gsm8k_items() -> list[Item]:
    """The 1,319 test problems of GSM8K; a solution ends with `#### N`."""
    return [
        Item(name, row["question"], row["answer"], row["answer"].rpartition("####")[2].strip())
        for name, row in _rows("openai", "gsm8k", "main")
    ]


def judge(item: Item, gold: str) -> Score:
    """Score the solution of an item against an answer, as its task would."""
    if "####" in item.solution:
        return number.score(item.solution, gold)
    return math.score(item.solution, gold, question=item.question)


def against_own(items: Sequence[Item]) -> Tally:
    """Score every solution against its own answer; a surprise is what is not correct."""
    return _tally(items, [item.gold for item in items], Outcome.CORRECT)


def against_shuffled(items: Sequence[Item], seed: int = 0) -> Tally:
    """Score every solution against another one's answer; a surprise is what is not wrong."""
    golds = [item.gold for item in items]
    random.Random(seed).shuffle(golds)
    return _tally(items, golds, Outcome.WRONG)


def _tally(items: Sequence[Item], golds: Sequence[str], expected: Outcome) -> Tally:
    tally = Tally()
    began = time.perf_counter()
    for item, gold in zip(items, golds, strict=True):
        score = judge(item, gold)
        tally.outcomes[score.outcome.value] += 1
        tally.layers[score.scorer] += 1
        same_text = expected is Outcome.WRONG and gold == item.gold
        if score.outcome is not expected and not same_text:
            tally.surprises.append((item.name, item.gold, gold, score))
    tally.seconds = time.perf_counter() - began
    return tally
