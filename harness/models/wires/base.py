"""What every wire format offers, and what all of them share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from harness.models.transport import FailureKind, HttpFailure
from harness.models.wires.rules import Rules
from harness.records import Decoding, Request

NOTHING_SAID = "(no reply)"
"""Stands for an empty turn of a conversation where a provider takes none."""

_ERROR_STATUSES = range(400, 600)
_UNKNOWN_ERROR = 500
_MISSHAPEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass(frozen=True, slots=True)
class Call:
    """What is posted: the path below the base URL, and the JSON body."""

    path: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, in the words of the project.

    `finish_reason` is stop, length, content_filter, refusal or tool_calls. `prompt_tokens`
    include the `reused_tokens` read from a cache and the `written_tokens` put there,
    `output_tokens` the `reasoning_tokens`; None where the provider does not tell. `first` holds
    the most probable tokens of the first position with their log-probabilities (nats), None
    where there are none.
    """

    text: str
    finish_reason: str
    prompt_tokens: int | None = None
    reused_tokens: int | None = None
    written_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    model_version: str | None = None
    system_fingerprint: str | None = None
    first: tuple[tuple[str, float], ...] | None = None


class Wire(Protocol):
    """One wire format. Every function is pure; `read` raises HttpFailure where there is no reply.

    Answers are read without distrust of their shape: who calls `read` takes a KeyError,
    IndexError, TypeError, ValueError or AttributeError for a malformed answer.
    """

    def headers(self, key: str) -> dict[str, str]:
        """Return the headers that carry the key."""

    def call(self, request: Request, rules: Rules, *, letters: bool, stream: bool) -> Call:
        """Return what asks `request`; `letters` asks for the most probable first tokens too."""

    def read(self, answer: Any) -> Reply:
        """Return what an answer says."""

    def whole(self, events: Sequence[Any]) -> dict[str, Any]:
        """Return the answer that the events of a stream amount to, in the form `read` takes."""

    def says(self, event: Any) -> bool:
        """Say whether an event of a stream brings visible text."""


def malformed(message: str) -> HttpFailure:
    """Return the failure of an answer that cannot be one."""
    return HttpFailure(FailureKind.MALFORMED, message, 200)


@contextmanager
def shape_checked() -> Iterator[None]:
    """Turn what reading a misshapen answer raises into the failure of a malformed one."""
    try:
        yield
    except _MISSHAPEN as error:
        raise malformed(f"unexpected answer: {error!r:.200}") from error


def refuse_error(answer: Any) -> None:
    """Raise the failure that an answer with status 200 carries in its body, if it does."""
    error = answer.get("error")
    if error:
        code = error.get("code") if isinstance(error, Mapping) else None
        status = code if code in _ERROR_STATUSES else _UNKNOWN_ERROR
        raise HttpFailure(FailureKind.STATUS, json.dumps(answer)[:4000], status)


def finish(reason: str | None, known: Mapping[str, str]) -> str:
    """Return a finish reason in the project's words.

    An answer without one was cut off; one that nobody knows tells of a fault of the server.
    """
    if reason is None:
        raise malformed("the answer ends without a finish reason")
    if reason not in known:
        raise malformed(f"finish reason {reason!r} tells of no reply")
    return known[reason]


def sampling(decoding: Decoding, rules: Rules, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of `decoding` under the provider's `names`, without those not taken."""
    return {
        theirs: getattr(decoding, ours) for ours, theirs in names.items() if ours not in rules.omit
    }


def decoding_of(request: Request) -> Decoding:
    """Return how the reply is decoded.

    Raises:
        ValueError: a generate request without it.
    """
    if request.decoding is None:
        raise ValueError("a generate request needs its decoding (max_tokens, ...)")
    return request.decoding


def total(*counts: int | None) -> int | None:
    """Add token counts of which some may not be told; None where none is."""
    told = [count for count in counts if count is not None]
    return sum(told) if told else None
