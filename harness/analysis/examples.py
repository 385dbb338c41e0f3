"""A few samples of a run with the raw reply: what wrong and unreadable answers look like."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness.analysis.tables import read_columns, text_or_none
from harness.errors import StoreError
from harness.records import Message, Outcome
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["task", "sample_id"]
_SCORES = (*_KEY, "subject", "outcome", "answer", "gold")
_SAMPLES = (*_KEY, "requests", "turns")
_RESPONSES = (*_KEY, "part", "text", "error_kind", "error_message")
_OTHERS = [
    outcome.value
    for outcome in (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED, Outcome.ERROR)
]
_MAX_WRONG = 10
_MAX_OTHERS = 10
_MAX_EACH = 5

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the user said and what came back, None where nothing did."""

    question: str
    reply: str | None


@dataclass(frozen=True, slots=True)
class Example:
    """One sample as it was asked, answered and judged; almost always one exchange.

    The first exchange begins with the last message of the request; a conversation goes on to the
    last turn that was asked. `error` is why a reply is missing.
    """

    sample_id: str
    subject: str
    outcome: Outcome
    exchanges: tuple[Exchange, ...]
    answer: str | None
    gold: str
    error: str | None


@dataclass(frozen=True, slots=True)
class TaskExamples:
    """Of one task of a run: what its first sample was asked, and some samples not right.

    `messages` are those of the first sample's request; those of a conversation go on with the
    replies and the turns that followed.
    """

    messages: tuple[Message, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a sample is asked: the messages of its first request, and any further turns."""

    messages: tuple[Message, ...] = ()
    turns: tuple[str, ...] = ()


def read_examples(run: Run) -> dict[str, TaskExamples]:
    """Pick up to 20 samples of every task of a run, by the task's name.

    Up to 10 are wrong; up to 10, at most 5 of a kind, are unparsed, truncated, refused or in
    error. The first in the task's own order are taken, so the order of answering is no matter.

    Raises:
        StoreError: a table is missing or damaged.
    """
    positions = read_columns(run, "samples", (*_KEY, "position"))
    ordered = positions.sort_values("position", kind="stable")
    rows = ordered.merge(read_columns(run, "scores", _SCORES), on=_KEY, how="left")
    parts = {task: rows[rows["task"] == task] for task in run.manifest.tasks}
    picked = {task: _pick(part) for task, part in parts.items()}
    firsts = {task: [(task, i) for i in part["sample_id"][:1]] for task, part in parts.items()}
    keys = {key for part in picked.values() for key in _keys(part)}.union(*firsts.values())
    asked = _asked(run, keys)
    replies = _replies(run, keys)
    return {
        task: TaskExamples(
            messages=next((_messages(asked[key], replies[key]) for key in firsts[task]), ()),
            examples=tuple(_example(row, asked, replies) for row in _records(part)),
        )
        for task, part in picked.items()
    }


def read_samples(run: Run, keys: AbstractSet[tuple[str, str]]) -> dict[tuple[str, str], Example]:
    """Read the samples of a run that have these tasks and ids, by task and id.

    Raises:
        StoreError: a table is missing or damaged.
    """
    asked, replies = _asked(run, keys), _replies(run, keys)
    rows = _rows_of(read_columns(run, "scores", _SCORES), keys)
    return {(row["task"], row["sample_id"]): _example(row, asked, replies) for row in rows}


def _pick(rows: pd.DataFrame) -> pd.DataFrame:
    """Choose among the samples of one task, which come in the task's order."""
    import pandas as pd

    wrong = rows[rows["outcome"] == Outcome.WRONG.value].head(_MAX_WRONG)
    others = rows[rows["outcome"].isin(_OTHERS)]
    nth = others.groupby("outcome").cumcount()
    chosen = nth[nth < _MAX_EACH].sort_values(kind="stable").index[:_MAX_OTHERS]
    by_kind = others.loc[chosen].sort_values(["outcome", "position"], kind="stable")
    return pd.concat([wrong, by_kind])


def _keys(rows: pd.DataFrame) -> list[_Key]:
    return list(zip(rows["task"], rows["sample_id"], strict=True))


def _asked(run: Run, keys: AbstractSet[_Key]) -> dict[_Key, _Asked]:
    rows = _rows_of(read_columns(run, "samples", _SAMPLES), keys)
    found = {(row["task"], row["sample_id"]): _parse(row, run) for row in rows}
    return {key: found.get(key, _Asked()) for key in keys}


def _parse(row: dict[str, Any], run: Run) -> _Asked:
    try:
        first = json.loads(row["requests"])[0]
        turns = json.loads(text_or_none(row["turns"]) or "[]")
        return _Asked(tuple(Message(**message) for message in first["messages"]), tuple(turns))
    except (ValueError, TypeError, LookupError) as error:
        raise StoreError(
            f"a request in {run.folder} cannot be read ({error}); the run is damaged: "
            "run it again with --fresh"
        ) from error


def _replies(run: Run, keys: AbstractSet[_Key]) -> dict[_Key, list[dict[str, Any]]]:
    """Return the responses of each sample, part after part."""
    found: dict[_Key, list[dict[str, Any]]] = {key: [] for key in keys}
    ordered = read_columns(run, "responses", _RESPONSES).sort_values("part", kind="stable")
    for row in _rows_of(ordered, keys):
        found[row["task"], row["sample_id"]].append(row)
    return found


def _rows_of(frame: pd.DataFrame, keys: AbstractSet[_Key]) -> list[dict[str, Any]]:
    near = frame[frame["sample_id"].isin({sample_id for _, sample_id in keys})]
    return [row for row in _records(near) if (row["task"], row["sample_id"]) in keys]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def _example(
    row: dict[str, Any], asked: dict[_Key, _Asked], replies: dict[_Key, list[dict[str, Any]]]
) -> Example:
    key = (row["task"], row["sample_id"])
    return Example(
        sample_id=row["sample_id"],
        subject=text_or_none(row["subject"]) or "",
        outcome=Outcome(row["outcome"]),
        exchanges=_exchanges(asked[key], replies[key]),
        answer=text_or_none(row["answer"]),
        gold=text_or_none(row["gold"]) or "",
        error=next(filter(None, map(_error, replies[key])), None),
    )


def _exchanges(asked: _Asked, replies: list[dict[str, Any]]) -> tuple[Exchange, ...]:
    """Pair what was said; a sample of several requests that are no turns shows its first one."""
    said = (asked.messages[-1].content if asked.messages else "", *asked.turns)
    came = [text_or_none(reply["text"]) for reply in replies] or [None]
    return tuple(Exchange(*pair) for pair in zip(said, came, strict=False))


def _messages(asked: _Asked, replies: list[dict[str, Any]]) -> tuple[Message, ...]:
    followed = (
        message
        for before, after in pairwise(_exchanges(asked, replies))
        for message in (Message("assistant", before.reply or ""), Message("user", after.question))
    )
    return (*asked.messages, *followed)


def _error(reply: dict[str, Any]) -> str | None:
    kind, message = text_or_none(reply["error_kind"]), text_or_none(reply["error_message"])
    return ": ".join(part for part in (kind, message) if part) or None
