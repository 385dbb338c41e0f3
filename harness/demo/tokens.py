"""How the bundled models read text: one token a word, a single digit, or a byte of anything else.

The longest token that matches is taken, from left to right, as llama.cpp's `rwkv` tokenizer does.
A word's token includes the space before it; the chat template puts one before every turn, so that
almost every word has one form. The letter of an option is one token before it and as an answer,
so that answering is copying. What is not in the vocabulary is spelt in bytes: no text is lost.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from harness.demo.training import vocabulary
from harness.demo.words import LETTERS
from harness.records import Message

BEGIN, END, USER, ASSISTANT = "<|begin|>", "<|end|>", "<|user|>", "<|assistant|>"
SPECIAL = (BEGIN, END, USER, ASSISTANT)
CHAT_TEMPLATE = (
    "<|begin|>"  # llama.cpp adds none of its own to this kind of tokenizer
    "{% for message in messages %}"
    "{{ '<|assistant|>' if message.role == 'assistant' else '<|user|>' }}"
    " {{ message.content | trim }}<|end|>"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
# What begins a line or a turn's only line; everything else follows a space.
_FIRST_IN_LINE = ("Answer", "Question", "Working", "Show")
_BYTES = tuple(bytes([value]) for value in range(256))


@functools.lru_cache(maxsize=1)
def texts() -> tuple[bytes, ...]:
    """Return the bytes of every token by its id: special tokens, bytes, then words."""
    words = [f" {word}" for word in vocabulary() if word.isalnum() and word not in LETTERS]
    whole = sorted({*words, *_FIRST_IN_LINE})
    return (*(name.encode() for name in SPECIAL), *_BYTES, *(word.encode() for word in whole))


@functools.lru_cache(maxsize=1)
def _ids() -> dict[bytes, int]:
    return {text: number for number, text in enumerate(texts())}


@functools.lru_cache(maxsize=1)
def _longest_first() -> re.Pattern[bytes]:
    found = sorted(texts()[len(SPECIAL) :], key=len, reverse=True)
    return re.compile(b"|".join(map(re.escape, found)), re.DOTALL)


def encode(text: str) -> list[int]:
    """Return the token ids of a text; special tokens are never read out of it."""
    known = _ids()
    return [known[piece] for piece in _longest_first().findall(text.encode())]


def decode(ids: Sequence[int]) -> str:
    """Return the text of some token ids."""
    return b"".join(texts()[number] for number in ids).decode(errors="replace")


def encode_turn(message: Message) -> list[int]:
    """Return the ids of one chat turn as the chat template writes it."""
    role = ASSISTANT if message.role == "assistant" else USER
    known = _ids()
    return [known[role.encode()], *encode(f" {message.content.strip()}"), known[END.encode()]]
