"""`samples_*.jsonl` as lm-evaluation-harness writes it, read as samples, responses and scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.errors import UsageError
from harness.records import RequestKind, content_hash
from harness.tasks.catalog import STOCK
from harness.tasks.lm_eval_adapter.logged import LoggedSample, Record, as_list, logged_sample

_REMEDY = "expected a line of samples_*.jsonl as lm-eval's --log_samples writes it"


@dataclass(frozen=True, slots=True)
class SampleLog:
    """One file: one task under one filter and one metric.

    `settings` are the generation settings that all documents share. `skipped` metrics were also
    logged, but do not decide what is right. `finished_at` is as the file's name says it, else "".
    """

    task: str
    filter: str
    metric: str
    skipped: tuple[str, ...]
    kind: RequestKind
    settings: Mapping[str, Any]
    samples: tuple[LoggedSample, ...]
    finished_at: str


def read_sample_log(
    path: Path,
    *,
    task: str | None = None,
    filter_name: str | None = None,
    metric: str | None = None,
) -> SampleLog:
    """Read a log; task, filter and metric are those that the file has, where it has but one.

    Of several metrics the first within [0, 1] decides, as it does for tasks of lm-eval run here.

    Raises:
        UsageError: the file is no such log, holds several filters and none is named, or the named
            filter or metric is not in it; says the line.
    """
    records = list(_records(path))
    if not records:
        raise UsageError(f"{path} is empty; {_REMEDY}")
    chosen = _choose_filter(path, [record for _, record in records], filter_name)
    kept = [(number, record) for number, record in records if record.filter == chosen]
    _check_unique(path, kept)
    decides = metric or _first_metric(path, *kept[0])
    name = STOCK + (task or _task_name(path))
    samples = tuple(_samples(path, name, decides, kept))
    first = kept[0][1]
    return SampleLog(
        task=name,
        filter=chosen,
        metric=decides,
        skipped=tuple(other for other in first.usable if other != decides),
        kind=samples[0].sample.requests[0].kind,
        settings=_settings([record for _, record in kept]),
        samples=samples,
        finished_at=_finished(path),
    )


def _records(path: Path) -> Iterator[tuple[int, Record]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _record(path, number, line)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); correct the path") from error


def _record(path: Path, number: int, line: bytes) -> Record:
    try:
        # lm-eval writes NaN where a metric has no value, which is not JSON.
        return Record.model_validate(json.loads(line, parse_constant=lambda _: None))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the line"
        reason = f"{place}: {fault['msg'].lower()}"
        raise UsageError(f"{path}, line {number}: {reason}; {_REMEDY}") from error
    except (ValueError, RecursionError) as error:
        reason = f"no JSON ({type(error).__name__})"
        raise UsageError(f"{path}, line {number}: {reason}; {_REMEDY}") from error


def _choose_filter(path: Path, records: list[Record], wanted: str | None) -> str:
    names = list(dict.fromkeys(record.filter for record in records))
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names and wanted is not None:
        return wanted
    asked = f"no filter {wanted!r}" if wanted else f"{len(names)} filters, which judge differently"
    raise UsageError(f"{path} has {asked}: name one by --filter, of {', '.join(map(repr, names))}")


def _first_metric(path: Path, number: int, record: Record) -> str:
    if not record.usable:
        named = ", ".join(record.metrics) or "none"
        raise UsageError(
            f"{path}, line {number}: no metric within [0, 1] for one document, only {named}; "
            "what is no judgement of single answers cannot be imported"
        )
    return record.usable[0]


def _check_unique(path: Path, records: list[tuple[int, Record]]) -> None:
    seen: dict[int, int] = {}
    for number, record in records:
        if record.doc_id in seen:
            raise UsageError(
                f"{path}, line {number}: document {record.doc_id} stands already in line "
                f"{seen[record.doc_id]}; lm-eval appends to a file that exists, so this one may "
                "hold two runs: keep the lines of one"
            )
        seen[record.doc_id] = number


def _task_name(path: Path) -> str:
    """The task in samples_<task>_<time>.jsonl, as lm-eval's own readers find it."""
    name = path.stem
    found = name[name.find("_") + 1 : name.rfind("_")]
    if not name.startswith("samples_") or not found:
        raise UsageError(
            f"{path.name} does not name its task as samples_<task>_<time>.jsonl does; "
            "name it by --task"
        )
    return found


def _finished(path: Path) -> str:
    """The time in the file's name, which lm-eval gives without a time zone."""
    day, _, clock = path.stem.rpartition("_")[2].partition("T")
    return f"{day}T{clock.replace('-', ':')}" if clock else ""


def _settings(records: list[Record]) -> dict[str, Any]:
    found = [_generation_settings(record) for record in records]
    return {
        name: value
        for name, value in found[0].items()
        if all(name in other and other[name] == value for other in found)
    }


def _generation_settings(record: Record) -> Mapping[str, Any]:
    settings = next((part for part in record.asked[0][1:] if isinstance(part, dict)), {})
    return {**settings, "repeats": len(as_list(record.resps[0]))}


def _samples(
    path: Path, task: str, metric: str, records: list[tuple[int, Record]]
) -> Iterator[LoggedSample]:
    occurrences: dict[str, int] = {}
    for number, record in records:
        try:
            content = content_hash([task, record.doc])
            occurrences[content] = nth = occurrences.get(content, 0) + 1
            sample_id = content_hash([content, nth])[:32] if nth > 1 else content[:32]
            yield logged_sample(sample_id, task, metric, record)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            reason = f"cannot be understood ({error})"
            raise UsageError(f"{path}, line {number}: {reason}; {_REMEDY}") from error
