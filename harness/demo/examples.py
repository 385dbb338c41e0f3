"""The training text as the models see it: documents in the order of the lessons, in tokens."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from harness.demo.chats import CHAT
from harness.demo.items import MATH, MC, Dialogue
from harness.demo.tokens import BEGIN, SPECIAL, encode, encode_turn
from harness.demo.training import FACTS, LETTER_LISTS, training_documents
from harness.demo.words import LETTERS
from harness.records import canonical_json

# Naming the letter of an option comes first: (documents, kinds of text), then everything.
CURRICULUM = (
    (4_800, (LETTER_LISTS,)),
    (24_000, (LETTER_LISTS, MC, MC, MATH, CHAT, FACTS)),
)
# How much predicting a token counts. One letter among twenty tokens would not be noticed.
LETTER_WEIGHT, REPLY_WEIGHT, QUESTION_WEIGHT = 12.0, 1.0, 0.1
_ANSWER = encode("\nAnswer: ")
_LETTERS = frozenset(encode(LETTERS))


@dataclass(frozen=True, slots=True)
class Example:
    """A document in tokens; `weights` says how much predicting each token counts."""

    ids: list[int]
    weights: list[float]


def documents(seed: int) -> Iterator[Dialogue]:
    """Yield the training text of a seed, lesson after lesson, without end."""
    for count, kinds in CURRICULUM:
        yield from islice(training_documents(seed, kinds), count)
    yield from training_documents(seed)


def data_hash(seed: int, count: int) -> str:
    """Return the SHA-256 (64 hex digits) over a seed's first `count` documents."""
    digest = hashlib.sha256()
    for shown in islice(documents(seed), count):
        digest.update(canonical_json([[turn.role, turn.content] for turn in shown]).encode())
    return digest.hexdigest()


def example(shown: Dialogue) -> Example:
    """Encode a dialogue: replies count in full, letters more, what is asked a little."""
    ids, weights = [SPECIAL.index(BEGIN)], [0.0]
    for message in shown:
        turn = encode_turn(message)
        reply = message.role == "assistant"
        counted = [REPLY_WEIGHT if reply else QUESTION_WEIGHT] * len(turn)
        counted[0] = 0.0  # who speaks is given, never generated
        for place in _letters(turn) if reply else ():
            counted[place] = LETTER_WEIGHT
        ids += turn
        weights += counted
    return Example(ids, weights)


def _letters(turn: Sequence[int]) -> Iterator[int]:
    """Yield the places of the letters that are given as an answer."""
    for place in range(len(_ANSWER), len(turn)):
        if turn[place] in _LETTERS and turn[place - len(_ANSWER) : place] == _ANSWER:
            yield place
