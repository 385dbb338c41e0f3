"""`samples_*.jsonl` as lm-evaluation-harness writes it, read as samples, responses and scores."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import UsageError
from harness.records import (
    Message,
    Outcome,
    Request,
    RequestKind,
    Response,
    Sample,
    Score,
    canonical_json,
    content_hash,
)
from harness.tasks.catalog import STOCK

_INVALID = "[invalid]"
_NO_METRIC = {
    "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
    "doc_hash", "prompt_hash", "target_hash",
}  # fmt: skip
_REMEDY = "expected a line of samples_*.jsonl as lm-eval's --log_samples writes it"


class _Record(BaseModel):
    """One line: a document under one filter; metrics are further fields by their own names."""

    model_config = ConfigDict(extra="allow", frozen=True)

    doc_id: int
    doc: Any
    target: Any = ""
    arguments: dict[str, Any] | list[Any]
    resps: list[Any]
    filtered_resps: Any = None
    filter: str = "none"
    metrics: list[str] = Field(default_factory=list)

    def value(self, metric: str) -> float | None:
        """Return a metric's value, None where the file has no number there."""
        value = (self.model_extra or {}).get(metric)
        return float(value) if isinstance(value, int | float) else None

    @property
    def usable(self) -> list[str]:
        """The metrics that grade one document within [0, 1], in the order of the file."""
        names = self.metrics or [n for n in self.model_extra or {} if n not in _NO_METRIC]
        values = {name: self.value(name) for name in names}
        return [name for name, v in values.items() if v is not None and 0.0 <= v <= 1.0]

    @property
    def asked(self) -> list[list[Any]]:
        """What was passed for each request: the prompt, and a continuation or settings."""
        if isinstance(self.arguments, list):
            return [list(one) for one in self.arguments]
        return [list(one.values()) for one in self.arguments.values()]


@dataclass(frozen=True, slots=True)
class LoggedSample:
    """One document as it was asked, answered and judged; `asked` is all that was passed, hashed."""

    sample: Sample
    responses: tuple[Response, ...]
    score: Score
    asked: str


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


def _records(path: Path) -> Iterator[tuple[int, _Record]]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, _record(path, number, line)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); correct the path") from error


def _record(path: Path, number: int, line: bytes) -> _Record:
    try:
        # lm-eval writes NaN where a metric has no value, which is not JSON.
        return _Record.model_validate(json.loads(line, parse_constant=lambda _: None))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, fault["loc"])) or "the line"
        reason = f"{place}: {fault['msg'].lower()}"
        raise UsageError(f"{path}, line {number}: {reason}; {_REMEDY}") from error
    except (ValueError, RecursionError) as error:
        reason = f"no JSON ({type(error).__name__})"
        raise UsageError(f"{path}, line {number}: {reason}; {_REMEDY}") from error


def _choose_filter(path: Path, records: list[_Record], wanted: str | None) -> str:
    names = list(dict.fromkeys(record.filter for record in records))
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted in names and wanted is not None:
        return wanted
    asked = f"no filter {wanted!r}" if wanted else f"{len(names)} filters, which judge differently"
    raise UsageError(f"{path} has {asked}: name one by --filter, of {', '.join(map(repr, names))}")


def _first_metric(path: Path, number: int, record: _Record) -> str:
    if not record.usable:
        named = ", ".join(record.metrics) or "none"
        raise UsageError(
            f"{path}, line {number}: no metric within [0, 1] for one document, only {named}; "
            "what is no judgement of single answers cannot be imported"
        )
    return record.usable[0]


def _check_unique(path: Path, records: list[tuple[int, _Record]]) -> None:
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


def _settings(records: list[_Record]) -> dict[str, Any]:
    found = [_generation_settings(record) for record in records]
    return {
        name: value
        for name, value in found[0].items()
        if all(name in other and other[name] == value for other in found)
    }


def _generation_settings(record: _Record) -> Mapping[str, Any]:
    settings = next((part for part in record.asked[0][1:] if isinstance(part, dict)), {})
    return {**settings, "repeats": len(_as_list(record.resps[0]))}


def _samples(
    path: Path, task: str, metric: str, records: list[tuple[int, _Record]]
) -> Iterator[LoggedSample]:
    occurrences: dict[str, int] = {}
    for number, record in records:
        try:
            content = content_hash([task, record.doc])
            occurrences[content] = nth = occurrences.get(content, 0) + 1
            sample_id = content_hash([content, nth])[:32] if nth > 1 else content[:32]
            yield _logged(sample_id, task, metric, record)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            reason = f"cannot be understood ({error})"
            raise UsageError(f"{path}, line {number}: {reason}; {_REMEDY}") from error


def _logged(sample_id: str, task: str, metric: str, record: _Record) -> LoggedSample:
    asked = record.asked
    if not asked or len(asked) != len(record.resps) or not all(map(_as_list, record.resps)):
        raise ValueError(f"{len(asked)} requests with {len(record.resps)} responses")
    if any(len(one) != 2 for one in asked):  # noqa: PLR2004  # prompt, and continuation or settings
        raise ValueError("whole texts were weighed, which leaves nothing to be right or wrong")
    is_text = isinstance(asked[0][1], dict)
    make = _generated if is_text else _weighed
    requests, responses, choices, answer = make(asked, record)
    sample = Sample(
        sample_id=sample_id,
        task=task,
        subject="",
        gold=str(record.target),
        choices=choices,
        requests=requests,
        doc=canonical_json(record.doc),
    )
    return LoggedSample(
        sample, responses, _score(record, metric, answer, responses), content_hash(asked)
    )


_Parts = tuple[tuple[Request, ...], tuple[Response, ...], tuple[str, ...], str | None]


def _generated(asked: list[list[Any]], record: _Record) -> _Parts:
    """Texts: one request, asked as often as there are replies."""
    replies = [str(text) for text in _as_list(record.resps[0])]
    messages = _messages(asked[0][0])
    requests = tuple(
        Request(RequestKind.GENERATE, messages, repeat=repeat) for repeat in range(len(replies))
    )
    responses = tuple(
        Response(request.key, text) for request, text in zip(requests, replies, strict=True)
    )
    filtered = _as_list(record.filtered_resps)
    return requests, responses, (), str(filtered[0]) if filtered else None


def _weighed(asked: list[list[Any]], record: _Record) -> _Parts:
    """Likelihoods: one request for each context, with the continuations weighed in it."""
    contexts: dict[str, list[int]] = {}
    for position, (context, *_) in enumerate(asked):
        contexts.setdefault(str(context), []).append(position)
    continuations = tuple(str(continuation) for _, continuation in asked)
    weights = [_likelihood(response) for response in record.resps]
    requests, responses = [], []
    for context, places in contexts.items():
        request = Request(
            RequestKind.LOGPROB,
            (Message("user", context),),
            continuations=tuple(continuations[place] for place in places),
        )
        found = [weights[place] for place in places]
        known = all(math.isfinite(value) for value, _ in found)
        requests.append(request)
        responses.append(
            Response(
                request.key,
                logprobs=tuple(value for value, _ in found) if known else None,
                greedy=tuple(greedy for _, greedy in found),
            )
        )
    best = max(range(len(weights)), key=lambda place: weights[place][0])
    return tuple(requests), tuple(responses), continuations, continuations[best].strip()


def _likelihood(response: Any) -> tuple[float, bool]:
    """One response is [["-1.5", "False"]]: repeats, then log-likelihood and greediness."""
    value, greedy, *_ = _as_list(_as_list(response)[0])
    return float(value), str(greedy) == "True"


def _messages(prompt: Any) -> tuple[Message, ...]:
    """The prompt as text, or the chat messages that lm-eval passes to an API as JSON."""
    text = str(_as_list(prompt)[0])
    try:
        said = json.loads(text) if text.startswith("[{") else None
        if said:
            return tuple(Message(str(m["role"]), str(m["content"])) for m in said)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # a prompt that only looks like JSON is text
    return (Message("user", text),)


def _score(
    record: _Record, metric: str, answer: str | None, responses: tuple[Response, ...]
) -> Score:
    value = record.value(metric)
    others = {name: record.value(name) for name in record.usable if name != metric}
    scorer, detail = f"lm-eval log: {record.filter}/{metric}", canonical_json(others)
    if value is None:
        return Score(Outcome.ERROR, None, answer, scorer, detail="the log has no value")
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{metric} is {value}, which is not within [0, 1]: name another --metric")
    unread = answer == _INVALID or all(r.text is not None and not r.text.strip() for r in responses)
    if value == 0 and unread:
        return Score(Outcome.UNPARSED, None, None, scorer, detail=detail)
    outcome = Outcome.CORRECT if value == 1 else Outcome.WRONG
    return Score(outcome, value, answer, scorer, detail=detail)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
