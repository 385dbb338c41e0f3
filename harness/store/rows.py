"""Records to rows and back; the order of values is that of the schema's columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from harness.records import (
    Decoding,
    Message,
    Outcome,
    Request,
    RequestKind,
    Response,
    Sample,
    Score,
    canonical_json,
    clean,
)
from harness.store.schema import RESPONSES, SCORES

Row = tuple[Any, ...]

_JSON_FIELDS = {c.name for c in RESPONSES if c.type == "json"}
_RESPONSE_COLUMNS = [c.name for c in RESPONSES]
_RESPONSE_FIELDS = [
    name for name in _RESPONSE_COLUMNS if name not in ("task", "sample_id", "part", "origin")
]


def sample_row(position: int, sample: Sample) -> Row:
    """Return the row of table `samples`."""
    requests = canonical_json([request.plain() for request in sample.requests])
    choices, turns = canonical_json(sample.choices), canonical_json(sample.turns)
    texts = (sample.subject, sample.gold, choices, requests, sample.doc, turns)
    return (sample.task, sample.sample_id, position, *map(clean, texts))


def response_row(sample: Sample, part: int, response: Response, origin: str) -> Row:
    """Return the row of table `responses`."""
    own = {"task": sample.task, "sample_id": sample.sample_id, "part": part, "origin": origin}
    return tuple(
        own[name] if name in own else _cell(getattr(response, name)) for name in _RESPONSE_COLUMNS
    )


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return canonical_json(value)
    return clean(value) if isinstance(value, str) else value


def score_row(sample: Sample, score: Score) -> Row:
    """Return the row of table `scores`."""
    found = (score.answer, score.first_answer, sample.gold, score.scorer, score.detail)
    judged = (sample.subject, score.outcome.value, score.value)
    return (sample.task, sample.sample_id, *judged, *map(_cell, found))


def sample_from_row(row: Mapping[str, Any]) -> Sample:
    """Rebuild a sample from its row."""
    return Sample(
        sample_id=row["sample_id"],
        task=row["task"],
        subject=row["subject"],
        gold=row["gold"],
        choices=tuple(json.loads(row["choices"])),
        requests=tuple(_request(stored) for stored in json.loads(row["requests"])),
        doc=row["doc"] or "",
        turns=tuple(json.loads(row["turns"] or "[]")),
    )


def _request(stored: Mapping[str, Any]) -> Request:
    decoding = stored["decoding"]
    return Request(
        kind=RequestKind(stored["kind"]),
        messages=tuple(Message(**message) for message in stored["messages"]),
        decoding=Decoding(**{**decoding, "stop": tuple(decoding["stop"])}) if decoding else None,
        continuations=tuple(stored["continuations"]),
        letters=tuple(stored["letters"]),
        repeat=stored["repeat"],
    )


def response_from_row(row: Mapping[str, Any]) -> Response:
    """Rebuild a response from its row."""
    fields = {name: row[name] for name in _RESPONSE_FIELDS}
    for name in _JSON_FIELDS:
        fields[name] = tuple(json.loads(fields[name])) if fields[name] is not None else None
    return Response(**fields)


def with_responses(
    samples: Iterable[Sample], rows: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[Sample, list[Response]]]:
    """Yield each sample with its responses, in the order of the rows.

    Rows that follow the order of the samples are never held for more than one sample.
    """
    groups = groupby(rows, key=lambda row: (row["task"], row["sample_id"]))
    ahead: dict[tuple[str, str], list[Response]] = {}
    for sample in samples:
        wanted = sample.task, sample.sample_id
        while wanted not in ahead and (group := next(groups, None)) is not None:
            ahead[group[0]] = [response_from_row(row) for row in group[1]]
        yield sample, ahead.pop(wanted, [])


def score_from_row(row: Mapping[str, Any]) -> Score:
    """Rebuild a score from its row."""
    names = [c.name for c in SCORES[4:] if c.name != "gold"]
    return Score(outcome=Outcome(row["outcome"]), **{name: row[name] for name in names})
