"""Store the verdicts of a file, such as people's, as those of one more judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness.errors import UsageError
from harness.judging.dialogue import read_dialogues
from harness.judging.labels import Labels
from harness.models.mock import MockModel
from harness.pipeline.judge import Judging, execute_judge, grouped, judge_plan
from harness.pipeline.options import Progress, RunOptions
from harness.pipeline.plan import Plan, PlannedTask
from harness.protocol import prompts_hash, sample_ids_hash
from harness.records import Request
from harness.store.judgements import exhibit_of
from harness.store.read import Run

LABELS = "labels"


def label_runs(
    labels: Path, runs: Sequence[Run], judging: Judging, options: RunOptions, progress: Progress
) -> list[Run]:
    """Store the verdicts of a file beside those of judges; what it does not name stays out.

    Raises:
        UsageError: the file cannot be read, or labels nothing of these runs.
        StoreError: a run is damaged.
    """
    notes = Labels(labels)
    found = []
    for group in grouped(runs, judging.mode):
        texts: dict[str, str] = {}
        model = MockModel(partial(_said, texts), name=notes.name, snapshot=notes.sha256)
        plan = _labelled(judge_plan(model, group, judging), group, notes, texts)
        found.append(execute_judge(model, plan, options, progress))
    return found


def _said(texts: Mapping[str, str], request: Request) -> str:
    return texts[request.key]


def _labelled(plan: Plan, runs: Sequence[Run], notes: Labels, texts: dict[str, str]) -> Plan:
    """Keep what the notes have a verdict of, and write that into `texts` by request."""
    tasks = [task for each in plan.tasks if (task := _part(each, runs, notes, texts)).samples]
    if not tasks or plan.judged is None:
        raise UsageError(
            f"the labels {notes.name} name nothing that {runs[0].folder.name} answered"
        )
    return replace(plan, tasks=tuple(tasks), judged=replace(plan.judged, purpose=LABELS))


def _part(
    task: PlannedTask, runs: Sequence[Run], notes: Labels, texts: dict[str, str]
) -> PlannedTask:
    numbers = {each.sample_id: each.number for each in read_dialogues(runs[0], task.protocol.task)}
    kept = []
    for sample in task.samples:
        exhibit = exhibit_of(sample.doc)
        text = notes.verdict(exhibit, numbers[exhibit.question])
        if text is not None:
            texts[sample.requests[0].key] = text
            kept.append(sample)
    protocol = replace(task.protocol, sample_ids=sample_ids_hash(kept), prompts=prompts_hash(kept))
    return replace(task, samples=tuple(kept), protocol=protocol)
