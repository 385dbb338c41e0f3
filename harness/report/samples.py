"""The samples of one task as packed text, which the page unpacks only where a reader looks."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.analysis.leaderboard import Table
from harness.analysis.sheet import Item, Reply, read_sheet
from harness.errors import StoreError
from harness.records import Outcome
from harness.report import words
from harness.report.data import SamplesPage
from harness.report.links import run_file, run_key, samples_file, task_anchor

EMBED_BYTES = 20_000_000
"""How much packed text a page holds; more than this and it shows the most telling samples."""

_CHUNK = 400_000  # characters: some ten milliseconds to unpack
_LONGEST = 20_000
_TITLE = 200
_LONG_PROMPT = 2000
_ID = 12
_CODES = {outcome.value: outcome.value[0] for outcome in Outcome} | {Outcome.UNJUDGED.value: "n"}
_SHARED_FROM = 40
_EVERY = 20  # of the samples one is packed on trial


@dataclass(frozen=True, slots=True)
class _Packed:
    """Chunks of text, and the chunk of each item: -1 where its text was left out."""

    chunks: list[str]
    places: list[int]


def build_samples(
    table: Table,
    series: Mapping[str, int],
    embed_bytes: int = EMBED_BYTES,
    *,
    served: bool = False,
) -> SamplesPage:
    """Prepare every sample of a table, of all its models, for print.

    A page that is `served` holds no prompts and replies: it asks for those that are looked at.
    """
    runs = [entry.run for entry in table.entries]
    note, items = "", []
    try:
        items = read_sheet(table.task, runs)
    except StoreError as error:
        note = f"No samples can be shown: {words.cut(str(error), 400)}"
    shared = {} if served else _shared(items)
    packed = _Packed([], [-1] * len(items)) if served else _pack(items, shared, embed_bytes)
    return SamplesPage(
        file=samples_file(table.task, table.protocol),
        task=words.label(table.task),
        shots=words.shots(table.protocol.shots),
        protocol=table.protocol.fingerprint[:12],
        note=note or _note(items, packed, served=served),
        index=_zip(_index(table, items, packed, series) | {"served": served}),
        shared=_zip(list(shared)),
        chunks=tuple(packed.chunks),
    )


def _index(
    table: Table, items: Sequence[Item], packed: _Packed, series: Mapping[str, int]
) -> dict[str, Any]:
    subjects = sorted({item.subject for item in items})
    number = {subject: i for i, subject in enumerate(subjects)}
    return {
        "models": [
            {
                "key": run_key(entry),
                "name": words.label(entry.run.manifest.model.name, 60),
                "href": f"../{run_file(entry)}#{task_anchor(table.task)}",
                "series": series[entry.run.manifest.model.identity],
            }
            for entry in table.entries
        ],
        "subjects": [words.label(subject, 60) for subject in subjects],
        "subject": [number[item.subject] for item in items],
        "ids": [item.sample_id[:_ID] for item in items],
        "titles": [_title(item) for item in items],
        "golds": [item.gold[:_TITLE] for item in items],
        "outcomes": ["".join(_CODES.get(o or "", "-") for o in item.outcomes) for item in items],
        "answers": [[a if a is None else a[:_TITLE] for a in item.answers] for item in items],
        "places": packed.places,
    }


def _title(item: Item) -> str:
    """Return what tells the question from others: of a long prompt, the end is the question."""
    text = item.messages[-1][1] if item.messages else ""
    part = text[-_TITLE:] if len(text) > _LONG_PROMPT else text[: 2 * _TITLE]
    return " ".join(part.split())[:_TITLE]


def _note(items: Sequence[Item], packed: _Packed, *, served: bool) -> str:
    n = sum(place >= 0 for place in packed.places)
    if n == len(items) or served:
        n = len(items)
        return f"All {words.counted(n, 'sample')}, with every prompt and reply."
    telling = [
        place >= 0 for item, place in zip(items, packed.places, strict=True) if item.is_telling
    ]
    return (
        f"Outcomes and answers of all {words.counted(len(items), 'sample')}. Prompts and replies "
        f"are too many for one file: here are those of {words.count(n)}, first "
        f"{words.count(sum(telling))} of the {words.count(len(telling))} on which models differ "
        "or gave no readable answer, then a sample of the others drawn by their content. "
        "“harness view” shows all."
    )


def _shared(items: Iterable[Item]) -> dict[str, int]:
    """Number the messages that several samples have, such as examples, to store them once."""
    seen = Counter(text for item in items for _, text in item.messages)
    often = [text for text, n in seen.items() if n > 1 and len(text) >= _SHARED_FROM]
    return {text: i for i, text in enumerate(often)}


def _pack(items: Sequence[Item], shared: Mapping[str, int], embed_bytes: int) -> _Packed:
    """Pack all in the task's order where that fits, else the most telling first."""
    order = list(range(len(items)))
    few = order[::_EVERY]
    size = sum(map(len, _pack_in_order(items, few, shared, embed_bytes).chunks))
    if size * len(order) <= embed_bytes * len(few):
        packed = _pack_in_order(items, order, shared, embed_bytes)
        if -1 not in packed.places:
            return packed
    order.sort(key=lambda i: (not items[i].is_telling, items[i].sample_id))
    return _pack_in_order(items, order, shared, embed_bytes)


def _pack_in_order(
    items: Sequence[Item], order: Sequence[int], shared: Mapping[str, int], embed_bytes: int
) -> _Packed:
    packed = _Packed([], [-1] * len(items))
    size = 0
    for part in _parts(items, order, shared):
        text = _zip([[i, said] for i, said in part])
        size += len(text)
        if size > embed_bytes:
            break
        for i, _ in part:
            packed.places[i] = len(packed.chunks)
        packed.chunks.append(text)
    return packed


def _parts(
    items: Sequence[Item], order: Sequence[int], shared: Mapping[str, int]
) -> Iterator[list[tuple[int, Any]]]:
    part: list[tuple[int, Any]] = []
    length = 0
    for i in order:
        item = items[i]
        part.append((i, _plain(item, shared)))
        length += sum(len(text) for _, text in item.messages)
        length += sum(len(text or "") for replies in item.replies for text, _ in replies)
        if length > _CHUNK:
            yield part
            part, length = [], 0
    if part:
        yield part


def whole(item: Item) -> dict[str, Any]:
    """Return everything said about one sample, as the page reads it."""
    return {
        "messages": item.messages,
        "turns": item.turns,
        "replies": item.replies,
    }


def _plain(item: Item, shared: Mapping[str, int]) -> dict[str, Any]:
    return {
        "messages": [[role, shared.get(text, _cut(text))] for role, text in item.messages],
        "turns": [_cut(text) for text in item.turns],
        "replies": [[_reply(reply) for reply in replies] for replies in item.replies],
    }


def _reply(reply: Reply) -> list[str | None]:
    text, error = reply
    return [None if text is None else _cut(text), error]


def _cut(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    tail = _LONGEST // 4
    left_out = words.count(len(text) - _LONGEST)
    note = f"\n[… {left_out} of {words.count(len(text))} characters left out …]\n"
    return f"{text[: _LONGEST - tail]}{note}{text[-tail:]}"


def _zip(value: Any) -> str:
    """Pack a value as JSON, gzip and base64: letters that no reader of HTML can misread."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    packed = gzip.compress(text.encode("utf-8", "replace"), compresslevel=5, mtime=0)
    return base64.b64encode(packed).decode("ascii")
