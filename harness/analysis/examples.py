"""A few samples of a run with the raw reply: what wrong and unreadable answers look like."""

from __future__ import annotations

import json
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.analysis.tables import read_columns, text_or_none
from harness.errors import StoreError
from harness.records import Message, Outcome
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["task", "sample_id"]
_SCORES = (*_KEY, "subject", "outcome", "answer", "gold")
_RESPONSES = (*_KEY, "text", "error_kind", "error_message")
_OTHERS = [
    outcome.value
    for outcome in (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED, Outcome.ERROR)
]
_MAX_WRONG = 10
_MAX_OTHERS = 10
_MAX_EACH = 5

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Example:
    """One sample as it was asked, answered and judged; `question` is the last message."""

    sample_id: str
    subject: str
    outcome: Outcome
    question: str
    reply: str | None
    answer: str | None
    gold: str
    error: str | None


@dataclass(frozen=True, slots=True)
class TaskExamples:
    """Of one task of a run: the messages of its first request, and some samples not right."""

    messages: tuple[Message, ...]
    examples: tuple[Example, ...]


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
    keys = {key for part in picked.values() for key in _keys(part)}
    messages = _messages(run, keys.union(*firsts.values()))
    replies = _replies(run, keys)
    return {
        task: TaskExamples(
            messages=next((messages[key] for key in firsts[task]), ()),
            examples=tuple(_example(row, messages, replies) for row in _records(part)),
        )
        for task, part in picked.items()
    }


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


def _messages(run: Run, keys: AbstractSet[_Key]) -> dict[_Key, tuple[Message, ...]]:
    rows = _rows_of(read_columns(run, "samples", (*_KEY, "requests")), keys)
    found = {(row["task"], row["sample_id"]): _parse(row["requests"], run) for row in rows}
    return {key: found.get(key, ()) for key in keys}


def _parse(requests: str, run: Run) -> tuple[Message, ...]:
    try:
        return tuple(Message(**message) for message in json.loads(requests)[0]["messages"])
    except (ValueError, TypeError, LookupError) as error:
        raise StoreError(
            f"a request in {run.folder} cannot be read ({error}); the run is damaged: "
            "run it again with --fresh"
        ) from error


def _replies(run: Run, keys: AbstractSet[_Key]) -> dict[_Key, dict[str, Any]]:
    rows = _rows_of(read_columns(run, "responses", _RESPONSES), keys)
    return {(row["task"], row["sample_id"]): row for row in rows}


def _rows_of(frame: pd.DataFrame, keys: AbstractSet[_Key]) -> list[dict[str, Any]]:
    near = frame[frame["sample_id"].isin({sample_id for _, sample_id in keys})]
    return [row for row in _records(near) if (row["task"], row["sample_id"]) in keys]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): cell for name, cell in row.items()} for row in frame.to_dict("records")]


def _example(
    row: dict[str, Any],
    messages: dict[_Key, tuple[Message, ...]],
    replies: dict[_Key, dict[str, Any]],
) -> Example:
    key = (row["task"], row["sample_id"])
    reply = replies.get(key, {})
    asked = messages[key]
    return Example(
        sample_id=row["sample_id"],
        subject=text_or_none(row["subject"]) or "",
        outcome=Outcome(row["outcome"]),
        question=asked[-1].content if asked else "",
        reply=text_or_none(reply.get("text")),
        answer=text_or_none(row["answer"]),
        gold=text_or_none(row["gold"]) or "",
        error=_error(reply),
    )


def _error(reply: dict[str, Any]) -> str | None:
    kind, message = text_or_none(reply.get("error_kind")), text_or_none(reply.get("error_message"))
    return ": ".join(part for part in (kind, message) if part) or None
