"""One line of a log of lm-evaluation-harness as a sample with its responses and its score."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

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

_INVALID = "[invalid]"
_NO_METRIC = {
    "doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "metrics",
    "doc_hash", "prompt_hash", "target_hash",
}  # fmt: skip


class Record(BaseModel):
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


def logged_sample(sample_id: str, task: str, metric: str, record: Record) -> LoggedSample:
    """Read a line as a sample of a task, judged by one of its metrics.

    Raises:
        ValueError, TypeError, LookupError: the line holds something else than was expected.
    """
    asked = record.asked
    if not asked or len(asked) != len(record.resps) or not all(map(as_list, record.resps)):
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


def _generated(asked: list[list[Any]], record: Record) -> _Parts:
    """Texts: one request, asked as often as there are replies."""
    replies = [str(text) for text in as_list(record.resps[0])]
    messages = _messages(asked[0][0])
    requests = tuple(
        Request(RequestKind.GENERATE, messages, repeat=repeat) for repeat in range(len(replies))
    )
    responses = tuple(
        Response(request.key, text) for request, text in zip(requests, replies, strict=True)
    )
    filtered = as_list(record.filtered_resps)
    return requests, responses, (), str(filtered[0]) if filtered else None


def _weighed(asked: list[list[Any]], record: Record) -> _Parts:
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
    value, greedy, *_ = as_list(as_list(response)[0])
    return float(value), str(greedy) == "True"


def _messages(prompt: Any) -> tuple[Message, ...]:
    """The prompt as text, or the chat messages that lm-eval passes to an API as JSON."""
    text = str(as_list(prompt)[0])
    try:
        said = json.loads(text) if text.startswith("[{") else None
        if said:
            return tuple(Message(str(m["role"]), str(m["content"])) for m in said)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # a prompt that only looks like JSON is text
    return (Message("user", text),)


def _score(
    record: Record, metric: str, answer: str | None, responses: tuple[Response, ...]
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


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, anything else as its only member."""
    return value if isinstance(value, list) else [value]
