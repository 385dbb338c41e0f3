"""Logs of lm-evaluation-harness to a run: kept apart from what was asked here, marked as such."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness import __version__
from harness.errors import UsageError
from harness.pipeline.plan import slug
from harness.protocol import UNKNOWN, Protocol, sample_ids_hash
from harness.records import ModelInfo, Outcome, content_hash
from harness.store.files import cannot_write, file_sha256
from harness.store.manifest import IMPORTED, Manifest, TaskRecord, write_manifest
from harness.store.parquet import write_table
from harness.store.read import Run
from harness.store.rows import response_row, sample_row, score_row
from harness.tasks.lm_eval_adapter.sample_log import SampleLog, read_sample_log

_UNTOLD = (
    "Imported from a log of lm-evaluation-harness, not asked here. The log does not tell which "
    "weights answered, on which engine, with which chat template, dataset revision and version of "
    "the scorer; nor tokens, seconds, cost and why a reply ended."
)
_UNTOLD_OUTCOMES = (
    "In such a log an outage is an empty reply and a cut reply looks complete: empty replies that "
    "earned nothing are counted as unparsed, and no reply as truncated or refused."
)
LACKS = (_UNTOLD, _UNTOLD_OUTCOMES)
"""What every imported run is marked with."""


def import_logs(
    paths: Sequence[Path],
    model: str,
    *,
    results: Path = Path("results"),
    task: str | None = None,
    filter_name: str | None = None,
    metric: str | None = None,
) -> Run:
    """Store `samples_*.jsonl` files of one model as one finished run in `results`.

    The same files give the same run. Its protocol holds what the logs show (prompts, settings,
    filter and metric) and "unknown" elsewhere, so it is never comparable with a run asked here.

    Raises:
        UsageError: a file is no such log, or two are of one task.
        StoreError: the run cannot be written.
    """
    if task is not None and len(paths) > 1:
        raise UsageError(f"--task names the task of one file, but {len(paths)} were given")
    logs = [read_sample_log(p, task=task, filter_name=filter_name, metric=metric) for p in paths]
    _check_tasks(logs)
    info = ModelInfo(
        name=model,
        backend=IMPORTED,
        interface=UNKNOWN,
        capabilities=(),
        source=f"log of lm-evaluation-harness: {model}",
    )
    asked = {log.task: _protocol(log).fingerprint for log in logs}
    hashes = {path.name: file_sha256(path) for path in paths}
    digest = content_hash([info.identity, asked, sorted(hashes.values())])[:8]
    names = "+".join(slug(name, 60) for name in asked)
    folder = results / f"{slug(model, 60)}--{slug(names, 60)}--{IMPORTED}-{digest}"
    return _write(folder, logs, info, {"files": hashes})


def _check_tasks(logs: Sequence[SampleLog]) -> None:
    names = [log.task for log in logs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(
            f"two files are of the task {', '.join(twice)}: import them one by one, "
            "each becomes a run of its own"
        )


def _write(
    folder: Path, logs: Sequence[SampleLog], model: ModelInfo, environment: dict[str, Any]
) -> Run:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    found = [logged for log in logs for logged in log.samples]
    files = {
        "samples.parquet": write_table(
            folder, "samples", (sample_row(i, logged.sample) for i, logged in enumerate(found))
        ),
        "responses.parquet": write_table(
            folder,
            "responses",
            (
                response_row(logged.sample, part, response, folder.name)
                for logged in found
                for part, response in enumerate(logged.responses)
            ),
        ),
        "scores.parquet": write_table(
            folder, "scores", (score_row(logged.sample, logged.score) for logged in found)
        ),
    }
    finished = max(log.finished_at for log in logs)
    errors = any(logged.score.outcome is Outcome.ERROR for logged in found)
    manifest = Manifest(
        run_id=folder.name,
        harness_version=__version__,
        status="incomplete" if errors else "complete",
        model=model,
        tasks={log.task: _record(log) for log in logs},
        files=files,
        started_at=finished,
        finished_at=finished,
        command=("harness", "import", *environment["files"], "--model", model.name),
        limit=None,
        seed=0,
        environment=environment,
        warnings=(*LACKS, *(_choice(log) for log in logs)),
    )
    write_manifest(folder, manifest)
    return Run(folder, manifest)


def _choice(log: SampleLog) -> str:
    skipped = f"; also logged: {', '.join(log.skipped)}" if log.skipped else ""
    return f"{log.task} is judged by {log.metric} under the filter {log.filter}{skipped}."


def _record(log: SampleLog) -> TaskRecord:
    n_error = sum(logged.score.outcome is Outcome.ERROR for logged in log.samples)
    return TaskRecord(_protocol(log), len(log.samples), n_error)


def _protocol(log: SampleLog) -> Protocol:
    """What the log shows; the prompts hold template, shots and option order as text."""
    settings = log.settings
    stop = settings.get("until", ())
    return Protocol(
        task=log.task,
        task_version=UNKNOWN,
        dataset=f"{UNKNOWN} ({IMPORTED})",
        revision=UNKNOWN,
        split=UNKNOWN,
        sample_ids=sample_ids_hash(logged.sample for logged in log.samples),
        template=UNKNOWN,
        prompts=content_hash(sorted([o.sample.sample_id, o.asked] for o in log.samples)),
        shots=None,
        shot_ids=UNKNOWN,
        shot_order=UNKNOWN,
        option_order=UNKNOWN,
        system_prompt=UNKNOWN,
        kind=log.kind,
        temperature=_number(settings.get("temperature")),
        top_p=_number(settings.get("top_p")),
        max_tokens=_whole(settings.get("max_gen_toks", settings.get("max_tokens"))),
        stop=tuple(map(str, stop if isinstance(stop, list) else [stop])) if stop else (),
        seed=_whole(settings.get("seed")),
        repeats=_whole(settings.get("repeats")) or 1,
        scorer=f"lm-eval log: {log.filter}/{log.metric}",
        judge="",
        judge_prompt="",
        averaging="micro",
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
