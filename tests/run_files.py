"""Finished runs on disk with planted truths, written through the store's own functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

import samples
from harness.records import (
    Decoding,
    Message,
    ModelInfo,
    Outcome,
    Request,
    RequestKind,
    canonical_json,
    content_hash,
)
from harness.store.manifest import Manifest, TaskRecord, write_manifest
from harness.store.parquet import write_table
from harness.store.schema import RESPONSES, SAMPLES, SCORES, Column

LETTERS = "ABCD"
FINISHED_AT = "2024-06-07T12:00:00+00:00"

MODEL = ModelInfo(
    name="phi-mini-q4",
    backend="llamacpp",
    interface="chat",
    capabilities=("generate", "letters"),
    sha256="8a83c7fb9049a9b2e92266fa7ad04933bb53aa1e85136b7b30f1b8000ff2edef",
    source="hf://example/phi-mini-gguf/phi-mini-q4.gguf",
    family="phi3",
    quantization="Q4_K_M",
    parameters=3_821_079_552,
    file_bytes=2_393_231_072,
    context=4096,
    trained_context=4096,
    chat_template_sha256="c0ffee" + "0" * 58,
    engine="llama.cpp",
    engine_version="b6700",
    licence="mit",
    settings={"threads": 4, "kv_type": "f16", "slots": 1},
    hardware={"cpu": "Example CPU", "cores": 4, "memory_bytes": 17_179_869_184},
)

PROTOCOL = replace(samples.PROTOCOL, task="mini", dataset="example/mini")


@dataclass(frozen=True)
class Timing:
    """What every response of a task is made to report; None is null in the table."""

    prompt_tokens: int | None = 100
    reused_tokens: int | None = 60
    output_tokens: int | None = 5
    prefill_seconds: float | None = 0.2
    decode_seconds: float | None = 0.5
    first_token_seconds: float | None = 0.25
    total_seconds: float | None = 0.75
    peak_memory_bytes: int | None = 4_000_000_000
    cost_usd: float | None = None


@dataclass(frozen=True)
class PlantedTask:
    """A task whose outcomes are known: exactly `counts` of each, shuffled with `seed`.

    Samples go round the `subjects` in turn. `unrecorded` more were planned but have no row.
    `values` are cycled through for correct samples (1.0 where not graded). `reply` and `answer`
    turn (position, gold, outcome) into text, `letters` into log-probabilities. With `turns` each
    sample is a conversation, answered "Reply 0." and so on, and as planted in its last turn.
    `by_subject` plants each subject by itself, one after the other; `counts` must add them up.
    """

    counts: Mapping[Outcome, int]
    subjects: Sequence[str] = ("anatomy", "law")
    unrecorded: int = 0
    seed: int = 0
    chance: float | None = 0.25
    values: Sequence[float] = (1.0,)
    timing: Timing = field(default_factory=Timing)
    protocol: Mapping[str, Any] = field(default_factory=dict)
    question: Callable[[int], str] = "Question {}: which of the four is right?".format
    reply: Callable[[int, str, Outcome], str | None] | None = None
    answer: Callable[[int, str, Outcome], str | None] | None = None
    origins: Sequence[str | None] = (None,)
    turns: tuple[str, ...] = ()
    letters: Callable[[int, str, Outcome], Sequence[float | None]] | None = None
    by_subject: Mapping[str, Mapping[Outcome, int]] = field(default_factory=dict)

    @property
    def n(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class _Row:
    task: str
    position: int
    subject: str
    gold: str
    outcome: Outcome
    plan: PlantedTask

    @property
    def sample_id(self) -> str:
        return content_hash([self.task, self.subject, self.position])

    @property
    def request(self) -> Request:
        question = self.plan.question(self.position)
        decoding = Decoding(max_tokens=16, stop=(), temperature=0.0, top_p=1.0, seed=0)
        message = Message("user", f"{question}\nA. one\nB. two\nC. three\nD. four\nAnswer:")
        return Request(RequestKind.GENERATE, (message,), decoding, letters=tuple(LETTERS))

    @property
    def is_error(self) -> bool:
        return self.outcome is Outcome.ERROR

    @property
    def text(self) -> str | None:
        if self.is_error:
            return None
        if self.plan.reply is not None:
            return self.plan.reply(self.position, self.gold, self.outcome)
        return {
            Outcome.UNPARSED: "I would rather not choose a letter here.",
            Outcome.TRUNCATED: "Let us think about each of the options in",
            Outcome.REFUSED: "I cannot help with that.",
        }.get(self.outcome, f"The answer is {self.answer}.")

    @property
    def answer(self) -> str | None:
        if self.outcome not in (Outcome.CORRECT, Outcome.WRONG):
            return None
        if self.plan.answer is not None:
            return self.plan.answer(self.position, self.gold, self.outcome)
        return self.gold if self.outcome is Outcome.CORRECT else _other(self.gold)


def write_run(
    results: Path,
    tasks: Mapping[str, PlantedTask],
    *,
    run_id: str = "run-1",
    model: ModelInfo = MODEL,
    finished_at: str = FINISHED_AT,
    manifest: Mapping[str, Any] | None = None,
) -> Path:
    """Write a finished run and return its folder; `manifest` overrides fields of the manifest."""
    folder = results / run_id
    folder.mkdir(parents=True)
    rows = [row for name, plan in tasks.items() for row in _rows(name, plan)]
    parts = [(row, part) for row in rows for part in range(len(row.plan.turns) + 1)]
    files = {
        "samples.parquet": write_table(folder, "samples", _table(SAMPLES, _sample, rows)),
        "responses.parquet": write_table(
            folder, "responses", _table(RESPONSES, lambda pair: _response(*pair, run_id), parts)
        ),
        "scores.parquet": write_table(folder, "scores", _table(SCORES, _score, rows)),
    }
    written = Manifest(
        run_id=run_id,
        harness_version="0.1.0",
        status="complete",
        model=model,
        tasks={name: _record(name, plan) for name, plan in tasks.items()},
        files=files,
        started_at="2024-06-07T11:00:00+00:00",
        finished_at=finished_at,
        command=("harness", "run", "--model", model.name, "--tasks", ",".join(tasks)),
        limit=None,
        seed=0,
        environment={"python": "3.11.7", "harness_commit": "0" * 40},
    )
    write_manifest(folder, replace(written, **(manifest or {})))
    return folder


def counts(**named: int) -> dict[Outcome, int]:
    """Name how many samples have each outcome: counts(correct=7, wrong=3)."""
    return {Outcome(name): n for name, n in named.items()}


def _record(name: str, plan: PlantedTask) -> TaskRecord:
    changes = {"task": name, "sample_ids": content_hash([name, plan.n]), **plan.protocol}
    n_error = plan.counts.get(Outcome.ERROR, 0) + plan.unrecorded
    protocol = replace(PROTOCOL, **changes)
    return TaskRecord(protocol, plan.n + plan.unrecorded, n_error, plan.chance)


def _rows(name: str, plan: PlantedTask) -> Iterator[_Row]:
    rng = np.random.default_rng(plan.seed)
    parts = plan.by_subject or {"": plan.counts}
    shuffled = [row for part in parts.items() for row in _shuffled(*part, rng)]
    for position, (named, gold, outcome) in enumerate(shuffled):
        subject = named or plan.subjects[position % len(plan.subjects)]
        yield _Row(name, position, subject, gold, outcome, plan)


def _shuffled(
    subject: str, planted: Mapping[Outcome, int], rng: np.random.Generator
) -> Iterator[tuple[str, str, Outcome]]:
    outcomes = [outcome for outcome, n in planted.items() for _ in range(n)]
    golds = rng.integers(len(LETTERS), size=len(outcomes))
    for i in rng.permutation(len(outcomes)):
        yield subject, LETTERS[golds[i]], outcomes[i]


def _other(letter: str) -> str:
    return LETTERS[(LETTERS.index(letter) + 1) % len(LETTERS)]


def _table(
    columns: Sequence[Column], row_of: Callable[[Any], Mapping[str, Any]], rows: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        cells = row_of(row)
        yield tuple(cells.get(column.name) for column in columns)


def _sample(row: _Row) -> dict[str, Any]:
    return {
        "task": row.task,
        "sample_id": row.sample_id,
        "position": row.position,
        "subject": row.subject,
        "gold": row.gold,
        "choices": canonical_json(["one", "two", "three", "four"]),
        "requests": canonical_json([asdict(row.request)]),
        "doc": "null",
        "turns": canonical_json(row.plan.turns),
    }


def _response(row: _Row, part: int, run_id: str) -> dict[str, Any]:
    origin = row.plan.origins[row.position % len(row.plan.origins)] or run_id
    cells = {
        "task": row.task,
        "sample_id": row.sample_id,
        "part": part,
        "request_key": row.request.key,
        "origin": origin,
    }
    if part < len(row.plan.turns):
        text = f"Reply {part}."
        return {**cells, "text": text, "finish_reason": "stop", **asdict(row.plan.timing)}
    if row.is_error:
        return {**cells, "error_kind": "timeout", "error_message": "no answer within 60 s"}
    finish = "length" if row.outcome is Outcome.TRUNCATED else "stop"
    if row.plan.letters is not None:
        letters = row.plan.letters(row.position, row.gold, row.outcome)
        cells["letter_logprobs"] = canonical_json(letters)
    return {**cells, "text": row.text, "finish_reason": finish, **asdict(row.plan.timing)}


def _score(row: _Row) -> dict[str, Any]:
    graded = row.plan.values[row.position % len(row.plan.values)]
    values = {Outcome.CORRECT: graded, Outcome.WRONG: 0.0}
    return {
        "task": row.task,
        "sample_id": row.sample_id,
        "subject": row.subject,
        "outcome": row.outcome.value,
        "value": values.get(row.outcome),
        "answer": row.answer,
        "gold": row.gold,
        "scorer": "letter@1",
    }
