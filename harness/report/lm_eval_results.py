"""A run as the results file of lm-evaluation-harness, for whatever reads those."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harness.analysis.summary import SubjectSummary, TaskSummary, summarize_run
from harness.protocol import Protocol
from harness.records import Estimate, Outcome, RequestKind
from harness.report.export import run_facts
from harness.store.manifest import Manifest
from harness.store.read import Run

_APART = (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED)
_NONE = "N/A"  # what lm-eval writes where it has no standard error


def export_lm_eval(run: Run) -> str:
    """Return a run as JSON of the shape of `results_*.json`.

    A task with subjects is a group of subtasks. Accuracy is the strict one, over the samples that
    were answered: "original" samples were planned, "effective" ones answered, a difference that
    lm-eval does not know. Everything that has no place in that shape (intervals, fingerprints,
    identity of the model) is under "harness".

    Source: lm_eval/result_schema.py of lm-evaluation-harness 0.4.13.

    Raises:
        StoreError: a table is missing or damaged.
    """
    summaries = summarize_run(run)
    body = _head()
    for summary in summaries.values():
        _add_task(body, run.manifest.tasks[summary.task].protocol, summary)
    if not body["groups"]:
        del body["groups"]
    body |= _origin(run.manifest)
    body["harness"] = run_facts(run, summaries)
    return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _head() -> dict[str, Any]:
    names = (
        "results", "groups", "group_subtasks", "configs", "versions", "n-shot",
        "higher_is_better", "n-samples",
    )  # fmt: skip
    return {name: {} for name in names}


def _add_task(body: dict[str, Any], protocol: Protocol, summary: TaskSummary) -> None:
    task, metric = summary.task, _metric(protocol)
    whole = dict(_row(task, metric, summary.strict, summary.standard_error))
    for outcome in _APART:
        share = summary.counts[outcome] / summary.n_answered if summary.n_answered else _NONE
        whole[f"{outcome.value},none"] = share
    better = {metric: True} | {outcome.value: False for outcome in _APART}
    body["results"][task] = whole
    _describe(body, task, protocol, better)
    if len(summary.subjects) > 1:
        body["groups"][task] = whole
        body["group_subtasks"][task] = [f"{task}_{part.subject}" for part in summary.subjects]
        for part in summary.subjects:
            _add_subject(body, protocol, part, is_binary=not summary.graded)
        return
    body["configs"][task] = _config(task, protocol)
    body["n-samples"][task] = {"original": summary.n_planned, "effective": summary.n_answered}


def _add_subject(
    body: dict[str, Any], protocol: Protocol, part: SubjectSummary, *, is_binary: bool
) -> None:
    name, metric = f"{protocol.task}_{part.subject}", _metric(protocol)
    error = _binary_error(part.strict) if is_binary else None
    body["results"][name] = dict(_row(name, metric, part.strict, error))
    _describe(body, name, protocol, {metric: True})
    body["configs"][name] = _config(name, protocol)
    n = part.strict.n
    body["n-samples"][name] = {"original": n + part.strict.n_error, "effective": n}


def _describe(body: dict[str, Any], name: str, protocol: Protocol, better: dict[str, bool]) -> None:
    body["versions"][name] = protocol.task_version
    body["higher_is_better"][name] = better
    if protocol.shots is not None:
        body["n-shot"][name] = protocol.shots


def _row(name: str, metric: str, found: Estimate, error: float | None) -> Iterator[tuple[str, Any]]:
    yield "name", name
    yield "alias", name
    yield "sample_len", found.n
    yield f"{metric},none", _NONE if found.value is None else found.value
    yield f"{metric}_stderr,none", _NONE if error is None else error


def _binary_error(found: Estimate) -> float | None:
    """The standard error of a mean of zeros and ones, with Bessel's correction as lm-eval has."""
    if found.value is None or found.n < 2:  # noqa: PLR2004  # the first n with a spread
        return None
    return math.sqrt(found.value * (1 - found.value) / (found.n - 1))


def _metric(protocol: Protocol) -> str:
    return "acc" if protocol.kind == RequestKind.LOGPROB else "exact_match"


def _config(name: str, protocol: Protocol) -> dict[str, Any]:
    is_text = protocol.kind == RequestKind.GENERATE
    settings = {
        "until": list(protocol.stop),
        "max_gen_toks": protocol.max_tokens,
        "temperature": protocol.temperature,
        "top_p": protocol.top_p,
        "seed": protocol.seed,
    }
    return {
        "task": name,
        "dataset_path": protocol.dataset,
        "test_split": protocol.split,
        "num_fewshot": protocol.shots,
        "output_type": "generate_until" if is_text else "multiple_choice",
        **({"generation_kwargs": settings} if is_text else {}),
        "repeats": protocol.repeats,
        "metadata": {"version": protocol.task_version},
    }


def _origin(manifest: Manifest) -> dict[str, Any]:
    model = manifest.model
    started, finished = _moment(manifest.started_at), _moment(manifest.finished_at)
    took = str((finished - started).total_seconds()) if started and finished else _NONE
    return {
        "config": {
            "model": model.backend,
            "model_args": {"name": model.name, "sha256": model.sha256, "snapshot": model.snapshot},
            "limit": manifest.limit,
            "gen_kwargs": None,
        },
        "git_hash": manifest.environment.get("harness_commit"),
        "date": started.timestamp() if started else 0.0,
        "task_hashes": {},
        "model_source": model.backend,
        "model_name": model.name,
        "model_name_sanitized": re.sub(r'["<>:/|\\?*\[\]]+', "__", model.name),
        "chat_template": None,
        "chat_template_sha": model.chat_template_sha256,
        "total_evaluation_time_seconds": took,
    }


def _moment(stored: str) -> datetime | None:
    """The time as stored; one without time zone would depend on where this is computed."""
    try:
        time = datetime.fromisoformat(stored)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None
