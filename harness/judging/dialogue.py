"""What a judge is shown of an answered sample, and how it is written into a prompt."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from harness.errors import UsageError
from harness.records import Sample, clean, content_hash
from harness.store.read import Run
from harness.store.rows import sample_from_row

_FENCE_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation: what the user said, what was replied, and what would be right, by turn.

    `number` is the question's own number in its benchmark, None where it has none. `replies` end
    before the first turn without an answer; `references` may be fewer than turns, or empty texts.
    """

    sample_id: str
    category: str
    number: int | None
    turns: tuple[str, ...]
    replies: tuple[str, ...]
    references: tuple[str, ...] = ()

    def reference(self, turn: int) -> tuple[str, ...]:
        """Return the right answers up to a turn (from 1), or nothing where one is missing."""
        found = self.references[:turn]
        return found if len(found) == turn and all(found) else ()


def read_dialogues(run: Run, task: str) -> list[Dialogue]:
    """Read every sample of a task with what was answered.

    Raises:
        StoreError: the run is damaged.
    """
    answers: dict[str, list[str | None]] = {}
    for row in run.rows("responses"):
        if row["task"] == task:
            failed = row["error_kind"] is not None
            said = None if failed else clean(row["text"] or "")
            answers.setdefault(row["sample_id"], []).append(said)
    samples = (sample_from_row(row) for row in run.rows("samples") if row["task"] == task)
    return [_dialogue(sample, answers.get(sample.sample_id, ())) for sample in samples]


def _dialogue(sample: Sample, said: Sequence[str | None]) -> Dialogue:
    doc = json.loads(sample.doc) if sample.doc else {}
    stated = doc.get("reference") if isinstance(doc, dict) else None
    number = doc.get("prompt_id") if isinstance(doc, dict) else None
    return Dialogue(
        sample_id=sample.sample_id,
        category=sample.subject,
        number=number if isinstance(number, int) else None,
        turns=(sample.requests[0].messages[-1].content, *sample.turns),
        replies=tuple(text for text in takewhile(_is_reply, said) if text is not None),
        references=tuple(map(str, stated)) if isinstance(stated, list) else (),
    )


def _is_reply(said: str | None) -> bool:
    return said is not None


def with_references(dialogues: Sequence[Dialogue], path: Path | None) -> list[Dialogue]:
    """Take the right answers from a file in MT-bench's form instead of the dataset's own.

    Each line has a question_id and choices[0].turns. Questions that the file lacks have none.

    Raises:
        UsageError: the file cannot be read.
    """
    if path is None:
        return list(dialogues)
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        known = {row["question_id"]: tuple(row["choices"][0]["turns"]) for row in rows}
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise UsageError(
            f"cannot read reference answers from {path} ({error!r}); expected lines of JSON with "
            "question_id and choices[0].turns"
        ) from error
    return [replace(each, references=known.get(each.number or 0, ())) for each in dialogues]


def prompt_fields(shown: Sequence[Dialogue], turn: int, *, reference: bool) -> dict[str, str]:
    """Return what a template may name: one dialogue for a rating, two for a comparison.

    The names are those of MT-bench's templates, and our own `conversation`, `references`, ...
    """
    first = shown[0]
    fields = {"question": first.turns[0]}
    fields |= {f"question_{i}": text for i, text in enumerate(first.turns[:turn], 1)}
    fields |= {f"ref_answer_{i}": text for i, text in enumerate(first.references[:turn], 1)}
    for mark, dialogue in zip(("_a", "_b") if len(shown) > 1 else ("",), shown, strict=True):
        fields[f"answer{mark}"] = dialogue.replies[0]
        fields |= {f"answer{mark}_{i}": text for i, text in enumerate(dialogue.replies[:turn], 1)}
        fields[f"conversation{mark}"] = _conversation(dialogue, turn)
    if reference:
        fields["references"] = "\n\n".join(
            f"[What a right answer to turn {i} says]\n{text}"
            for i, text in enumerate(first.references[:turn], 1)
        )
    fields["fence"] = content_hash(fields)[:_FENCE_DIGITS]
    return fields


def _conversation(dialogue: Dialogue, turn: int) -> str:
    said = zip(dialogue.turns[:turn], dialogue.replies[:turn], strict=True)
    return "\n\n".join(
        f"[User, turn {i}]\n{question}\n\n[Assistant, turn {i}]\n{reply}"
        for i, (question, reply) in enumerate(said, 1)
    )
