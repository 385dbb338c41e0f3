"""One task of several runs, sample by sample: what was asked, and what each of them replied."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.analysis.tables import read_columns, text_or_none
from harness.errors import StoreError
from harness.records import Outcome
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_SAMPLES = ("task", "sample_id", "position", "subject", "gold", "requests", "turns")
_SCORES = ("task", "sample_id", "outcome", "answer")
_RESPONSES = ("task", "sample_id", "part", "text", "error_kind", "error_message")
_READ = {Outcome.CORRECT.value, Outcome.WRONG.value}

Reply = tuple[str | None, str | None]
"""The text of one reply, and why there is none."""


@dataclass(frozen=True, slots=True)
class Item:
    """One sample. `messages` are roles and texts of its first request, `turns` what came after.

    `outcomes`, `answers` and `replies` have an entry for each run, in the order of the runs;
    outcome and answer are None, and replies empty, where a run has no row.
    """

    sample_id: str
    subject: str
    gold: str
    messages: tuple[tuple[str, str], ...]
    turns: tuple[str, ...]
    outcomes: tuple[str | None, ...]
    answers: tuple[str | None, ...]
    replies: tuple[tuple[Reply, ...], ...]

    @property
    def is_telling(self) -> bool:
        """Whether the runs differ here, or one of them gave no answer that could be judged."""
        return len(set(self.outcomes)) > 1 or not _READ.issuperset(self.outcomes)


def read_sheet(task: str, runs: Sequence[Run]) -> list[Item]:
    """Read every sample of a task that the runs share, in the order of the first run.

    Raises:
        StoreError: a table is missing or damaged.
    """
    samples = _of(task, read_columns(runs[0], "samples", _SAMPLES)).sort_values("position")
    ids = samples["sample_id"].tolist()
    scores = [_scores(task, run, ids) for run in runs]
    replies = [_replies(task, run) for run in runs]
    columns = ("sample_id", "subject", "gold", "requests", "turns")
    rows = zip(*(samples[name].tolist() for name in columns), strict=True)
    return [
        Item(
            sample_id=sample_id,
            subject=text_or_none(subject) or "",
            gold=text_or_none(gold) or "",
            messages=_messages(requests, runs[0]),
            turns=tuple(json.loads(text_or_none(turns) or "[]")),
            outcomes=tuple(outcomes[i] for outcomes, _ in scores),
            answers=tuple(answers[i] for _, answers in scores),
            replies=tuple(tuple(said.get(sample_id, ())) for said in replies),
        )
        for i, (sample_id, subject, gold, requests, turns) in enumerate(rows)
    ]


def _of(task: str, frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["task"] == task]


def _scores(task: str, run: Run, ids: list[str]) -> list[list[str | None]]:
    """Return the outcomes and the answers of these samples."""
    found = _of(task, read_columns(run, "scores", _SCORES)).set_index("sample_id").reindex(ids)
    return [[text_or_none(cell) for cell in found[name]] for name in ("outcome", "answer")]


def _replies(task: str, run: Run) -> dict[str, list[Reply]]:
    rows = _of(task, read_columns(run, "responses", _RESPONSES)).sort_values("part", kind="stable")
    columns = ("sample_id", "text", "error_kind", "error_message")
    found: dict[str, list[Reply]] = {}
    for sample_id, *cells in zip(*(rows[name].tolist() for name in columns), strict=True):
        text, kind, message = map(text_or_none, cells)
        error = ": ".join(part for part in (kind, message) if part) or None
        found.setdefault(sample_id, []).append((text, error))
    return found


def _messages(requests: Any, run: Run) -> tuple[tuple[str, str], ...]:
    try:
        first = json.loads(requests)[0]["messages"]
        return tuple((message["role"], message["content"]) for message in first)
    except (ValueError, TypeError, LookupError) as error:
        raise StoreError(
            f"a request in {run.folder} cannot be read ({error}); the run is damaged: "
            "run it again with --fresh"
        ) from error
