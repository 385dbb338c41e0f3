"""Verdicts from a file, such as people's, to be stored beside those of judges."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.store.judgements import Exhibit

_EXPECTED = (
    "expected lines of JSON with question (a sample id, or the benchmark's own number), turn, and "
    "rating with model, or winner with models (a list of two) and 'tie' for none"
)


class Labels:
    """The verdicts of a file, by what they are about; `name` is that of the file.

    Raises:
        UsageError: the file cannot be read, or holds no verdicts.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        try:
            content = path.read_bytes()
            rows = [json.loads(line) for line in content.splitlines() if line.strip()]
            self._verdicts = {_key(row): _text(row) for row in rows}
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise UsageError(f"cannot read labels from {path} ({error!r}); {_EXPECTED}") from error
        if not self._verdicts:
            raise UsageError(f"{path} holds no labels; {_EXPECTED}")
        self.sha256 = hashlib.sha256(content).hexdigest()

    def verdict(self, exhibit: Exhibit, number: int | None) -> str | None:
        """Return the label of an exhibit as a judge would write it, None where there is none.

        `number` is the question's own in its benchmark, which a file may use for its id.
        """
        for question in (exhibit.question, str(number)):
            said = self._verdicts.get((question, exhibit.turn, tuple(sorted(exhibit.models))))
            if said is not None:
                slots = dict(zip(exhibit.models, ("[[A]]", "[[B]]"), strict=False))
                return slots.get(said, "[[C]]") if len(exhibit.models) > 1 else said
        return None


def _key(row: Mapping[str, Any]) -> tuple[str, int, tuple[str, ...]]:
    models = row["models"] if "winner" in row else [row["model"]]
    return str(row["question"]), int(row["turn"]), tuple(sorted(map(str, models)))


def _text(row: Mapping[str, Any]) -> str:
    if "winner" not in row:
        return f"[[{float(row['rating']):g}]]"
    if row["winner"] not in (*row["models"], "tie"):
        raise ValueError(f"winner {row['winner']!r} is none of {row['models']}")
    return str(row["winner"])
