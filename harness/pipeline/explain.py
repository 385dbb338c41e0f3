"""Why one stored reply was right or wrong: where its answer stood, and what each layer found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError, nearest
from harness.pipeline.score import asked, judge_of, score_sample
from harness.records import Response, Sample, Score
from harness.scoring import math
from harness.scoring.math.compare import LAYERS
from harness.store.read import Run
from harness.store.rows import response_from_row, sample_from_row

_SHOWN_IDS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One layer of a scorer: what it decided, "" where it did not, and why."""

    layer: str
    decided: str
    why: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A sample, the reply that was judged (None where there is none), its score and the steps."""

    sample: Sample
    question: str
    reply: str | None
    finish_reason: str | None
    score: Score
    steps: tuple[Step, ...]


def explain(run: Run, wanted: str, trusted: tuple[Path, ...] = ()) -> Explained:
    """Judge one sample of a run again, and say how; `wanted` is the start of its id.

    Raises:
        UsageError: no sample of the run has such an id, or more than one has; or the run was
            imported, so nobody here knows its scorer.
        StoreError: the run is damaged.
    """
    sample = _find(run, wanted)
    rows = run.rows("responses")
    own = (
        row for row in rows if (row["task"], row["sample_id"]) == (sample.task, sample.sample_id)
    )
    found = [response_from_row(row) for row in own]
    score = score_sample(judge_of(run, sample.task, trusted), sample, found)
    reply = found[-1] if found else None
    return Explained(
        sample,
        asked(sample),
        reply.text if reply else None,
        reply.finish_reason if reply else None,
        score,
        _steps(sample, reply, score),
    )


def _find(run: Run, wanted: str) -> Sample:
    rows = {row["sample_id"]: row for row in run.rows("samples")}
    matches = [name for name in rows if wanted and name.startswith(wanted)]
    if len(matches) == 1:
        return sample_from_row(rows[matches[0]])
    if matches:
        few = ", ".join(matches[:_SHOWN_IDS])
        raise UsageError(f"{wanted!r} begins {len(matches)} sample ids ({few} ...); say more of it")
    raise UsageError(
        f"{run.folder.name} has no sample {wanted!r}; {nearest(wanted, rows)} The report and the "
        "column sample_id of scores.parquet name them"
    )


def _steps(sample: Sample, reply: Response | None, score: Score) -> tuple[Step, ...]:
    if reply is None or reply.error_kind is not None:
        return (Step("answer", score.outcome, f"there is no reply: {score.detail}"),)
    if score.scorer.partition("/")[0] != "math":
        first = f"; the first candidate was {score.first_answer!r}" if score.first_answer else ""
        why = f"{score.answer!r} against {sample.gold!r}{first}"
        return (Step(score.scorer, score.outcome, why),)
    explained = math.explain(reply.text, sample.gold, reply.finish_reason, asked(sample))
    found = explained.extracted
    place = found.place
    if found.first is not None:
        place += f": {found.answer!r}; the first candidate was {found.first!r}"
    unread = "" if explained.findings else score.outcome
    return (Step("extraction", unread, place), *_layers(explained.findings, score))


def _layers(findings: Sequence[math.Finding], score: Score) -> list[Step]:
    """Return every layer in order; what no finding speaks of had nothing to say."""
    if not findings:
        return [Step(layer, "", "there is nothing to compare") for layer in LAYERS]
    last = findings[-1].layer
    said = {found.layer: found.why for found in findings}
    silent = {
        layer: "not needed" if LAYERS.index(layer) > LAYERS.index(last) else "could not tell"
        for layer in LAYERS
    }
    return [
        Step(layer, score.outcome if layer == last else "", said.get(layer, silent[layer]))
        for layer in LAYERS
    ]
