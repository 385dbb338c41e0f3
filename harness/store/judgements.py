"""A judge's run on disk: a run whose samples say in their `doc` what the judge was shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.records import Outcome, Request, Sample, canonical_json, content_hash
from harness.store.read import Run, find_runs

JUDGEMENTS = "judgements"


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What a judge is shown once: one answer to rate, or two to compare, of one turn (from 1).

    `shown` names whose answers these are (run ids; parts of a calibration pair), `models` the
    models, `lengths` counts characters, all in the order shown. `kind` is why it is asked:
    "answers"; of the calibration "truncated", "wrong number", "off topic", "padded",
    "identical", "injection" or "plain". `better` names the better one of `shown` where that is
    known by construction, "tie" where neither is; `repeat` counts askings of the very same.
    """

    task: str
    question: str
    category: str
    turn: int
    shown: tuple[str, ...]
    models: tuple[str, ...]
    lengths: tuple[int, ...]
    kind: str = "answers"
    better: str = ""
    repeat: int = 0

    def sample(self, request: Request) -> Sample:
        """Return the sample that asks a judge about this."""
        facts = asdict(self)
        return Sample(
            sample_id=content_hash(facts)[:32],
            task=self.task,
            subject=self.category,
            gold=self.better,
            choices=(),
            requests=(request,),
            doc=canonical_json(facts),
        )


def exhibit_of(doc: str) -> Exhibit:
    """Read back what a sample of a judge's run shows, from the sample's `doc`."""
    facts = json.loads(doc)
    lists = {name: tuple(facts[name]) for name in ("shown", "models", "lengths")}
    return Exhibit(**facts | lists)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of an exhibit: a rating, or what the answer shown first earned (1, ½, 0).

    `value` is None where there is no verdict; `outcome` says why.
    """

    exhibit: Exhibit
    outcome: Outcome
    value: float | None


def judgements_folder(results: Path) -> Path:
    """Return the folder of all judges' runs within a folder of results."""
    return results / JUDGEMENTS


def find_judgements(results: Path) -> tuple[list[Run], list[str]]:
    """Open every finished run of a judge, oldest first, and say why others were left out."""
    runs, left_out = find_runs(judgements_folder(results))
    return [run for run in runs if run.manifest.judged is not None], left_out


def read_verdicts(run: Run) -> list[Verdict]:
    """Read everything a judge said in a run, in the order of asking.

    Raises:
        StoreError: the run is damaged.
    """
    scores = {(row["task"], row["sample_id"]): row for row in run.rows("scores")}
    try:
        return list(_verdicts(run, scores))
    except (ValueError, TypeError, LookupError) as error:
        raise StoreError(
            f"the verdicts in {run.folder} cannot be read ({error!r}); the run is damaged: judge "
            "again with --fresh"
        ) from error


def _verdicts(run: Run, scores: dict[tuple[str, str], dict[str, Any]]) -> Iterator[Verdict]:
    for row in run.rows("samples"):
        score = scores[row["task"], row["sample_id"]]
        yield Verdict(exhibit_of(row["doc"]), Outcome(score["outcome"]), score["value"])
