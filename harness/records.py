"""The records that travel between the floors: small, frozen, standard library only."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_AFTER_REPLY = "\n\n"  # between a reply and the next turn, where messages are joined to plain text


def canonical_json(value: object) -> str:
    """Return the one JSON text of `value`: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def content_hash(value: object) -> str:
    """Return the SHA-256 (64 hex digits) of the canonical JSON of `value`."""
    text = canonical_json(value)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def clean(text: str) -> str:
    """Replace lone surrogates, which neither SQLite nor parquet can hold, by U+FFFD."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)


class Outcome(StrEnum):
    """What became of one sample; only the first two are judgements of the answer by a rule.

    `unjudged` is an answer that no rule can judge, `judged` the readable verdict of a judge.
    """

    CORRECT = "correct"
    WRONG = "wrong"
    UNPARSED = "unparsed"
    TRUNCATED = "truncated"
    REFUSED = "refused"
    ERROR = "error"
    UNJUDGED = "unjudged"
    JUDGED = "judged"


class RequestKind(StrEnum):
    """`generate` asks for text, `logprob` for the log-likelihood of given continuations."""

    GENERATE = "generate"
    LOGPROB = "logprob"


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message; `end` is what follows it where messages are joined to plain text."""

    role: str
    content: str
    end: str = ""


@dataclass(frozen=True, slots=True)
class Decoding:
    """How text is generated; every field is explicit because every field moves scores."""

    max_tokens: int
    stop: tuple[str, ...]
    temperature: float
    top_p: float
    seed: int


@dataclass(frozen=True)
class Request:
    """What is really sent to a model.

    `continuations` are the texts whose log-likelihood a `logprob` request asks for; `letters`
    are the option letters whose first-position log-probability a `generate` request wants
    stored beside the text. `repeat` tells otherwise equal requests apart.
    """

    kind: RequestKind
    messages: tuple[Message, ...]
    decoding: Decoding | None = None
    continuations: tuple[str, ...] = ()
    letters: tuple[str, ...] = ()
    repeat: int = 0

    @cached_property
    def key(self) -> str:
        """SHA-256 over every field: equal keys mean the same thing is sent."""
        return content_hash(self.plain())

    def plain(self) -> dict[str, Any]:
        """Return the request as JSON can hold it; every field, as `dataclasses.asdict` would."""
        # Runs ask and store tens of thousands of these, and asdict copies every text.
        decoding = self.decoding
        return {
            "kind": self.kind,
            "messages": [
                {"role": m.role, "content": m.content, "end": m.end} for m in self.messages
            ],
            "decoding": None
            if decoding is None
            else {name: getattr(decoding, name) for name in Decoding.__slots__},
            "continuations": self.continuations,
            "letters": self.letters,
            "repeat": self.repeat,
        }

    @property
    def prompt(self) -> str:
        """The messages as plain text, which is what a base model is given."""
        return "".join(message.content + message.end for message in self.messages)


@dataclass(frozen=True, slots=True)
class Response:
    """What came back for one request. Durations are seconds, sizes bytes, log-probabilities nats.

    A response with `error_kind` set carries no answer. `logprobs` and `greedy` follow the
    request's continuations; `letter_logprobs` follows its letters, None where the backend did
    not tell, and then no form of that letter is more probable than `letter_bound`.
    `reused_tokens` of the `prompt_tokens` came from the prompt cache, `reasoning_tokens` of the
    `output_tokens` were thought and not said. `attempts` counts the calls that were made for
    this response, failed ones included, where each call may cost something.
    """

    request_key: str
    text: str | None = None
    finish_reason: str | None = None
    error_kind: str | None = None
    error_message: str | None = None
    logprobs: tuple[float, ...] | None = None
    greedy: tuple[bool, ...] | None = None
    letter_logprobs: tuple[float | None, ...] | None = None
    prompt_tokens: int | None = None
    reused_tokens: int | None = None
    output_tokens: int | None = None
    prefill_seconds: float | None = None
    decode_seconds: float | None = None
    first_token_seconds: float | None = None
    total_seconds: float | None = None
    peak_memory_bytes: int | None = None
    cost_usd: float | None = None
    answered_at: str | None = None
    model_version: str | None = None
    system_fingerprint: str | None = None
    letter_bound: float | None = None
    reasoning_tokens: int | None = None
    attempts: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One item of a task. `gold` is what the scorer compares with (the letter, the number).

    `requests` has one entry in almost every task; items whose options stand in different
    contexts have one for each. `doc` is the item as JSON, where the scorer needs it.

    `turns` is what the user goes on to say in a conversation, one text for each turn after the
    first; a sample with turns has exactly one entry in `requests`, its first turn.
    """

    sample_id: str
    task: str
    subject: str
    gold: str
    choices: tuple[str, ...]
    requests: tuple[Request, ...]
    doc: str = ""
    turns: tuple[str, ...] = ()

    @property
    def parts(self) -> int:
        """How many responses the sample needs: one for each request and for each further turn."""
        return len(self.requests) + len(self.turns)

    def request(self, part: int, replies: Sequence[str] = ()) -> Request:
        """Return the request of a part, from 0; a further turn is asked after the replies so far.

        A reply gives the same request whether it is fresh or was read back from a store.

        Raises:
            ValueError: there are fewer replies than turns before this one, or no such turn.
        """
        if part < len(self.requests):
            return self.requests[part]
        first = self.requests[0]
        end = first.messages[-1].end
        said = tuple(
            message
            for reply, turn in zip(replies[:part], self.turns[:part], strict=True)
            for message in (
                Message("assistant", clean(reply), _AFTER_REPLY),
                Message("user", turn, end),
            )
        )
        return replace(first, messages=first.messages + said, letters=())


@dataclass(frozen=True, slots=True)
class Score:
    """Judgement of one reply.

    `value` is 1.0 or 0.0 (or graded within [0, 1]) where the reply could be judged, else None:
    a missing judgement is not a wrong answer. `answer` is what was extracted, `first_answer`
    the first candidate where it differs in position from the last, `scorer` the id and version.
    """

    outcome: Outcome
    value: float | None
    answer: str | None
    scorer: str
    first_answer: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which system answered. `settings` holds engine settings that may move an answer.

    `capabilities` is a subset of {"generate", "logprob", "letters"}; `interface` is "chat" or
    "completion"; `parameters` counts weights; `context` is tokens per request.
    """

    name: str
    backend: str
    interface: str
    capabilities: tuple[str, ...]
    sha256: str | None = None
    snapshot: str | None = None
    source: str | None = None
    family: str | None = None
    quantization: str | None = None
    parameters: int | None = None
    file_bytes: int | None = None
    context: int | None = None
    trained_context: int | None = None
    chat_template_sha256: str | None = None
    engine: str | None = None
    engine_version: str | None = None
    licence: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Hash of what decides an answer: weights or snapshot, engine, template, settings.

        Name, licence, hardware and the room for tokens are recorded but not part of it.
        """
        facts = asdict(self)
        for recorded_only in ("name", "licence", "hardware", "family", "source", "context"):
            del facts[recorded_only]
        if self.sha256 is None:
            facts["source"] = self.source
        return content_hash(facts)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number that never travels alone: value with its interval, n answered, n in error."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_error: int = 0
