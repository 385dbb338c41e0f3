"""What a failed attempt means: try again, all wait, give up this request, or stop altogether."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from harness.models.transport import FailureKind, HttpFailure

_WORDS = 400
_QUOTA_CODES = {
    "insufficient_quota",
    "billing_error",
    "billing_hard_limit_reached",
    "billing_not_active",
    "enforced_spend_limit_reached",
    "contract_spend_limit_reached",
    "linked_organization_spend_limit_reached",
}
# Said with other codes than those; a 429 of Google speaks of billing for every rate limit.
_QUOTA_WORDS = re.compile(r"credit balance|insufficient (?:credits|balance)|PerDay", re.IGNORECASE)
_KEY_WORDS = re.compile(r"API_KEY_INVALID|api key not valid|API_KEY_EXPIRED", re.IGNORECASE)
_CONTEXT = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|prompt is too long"
    r"|exceeds the maximum number of tokens|context window|request_too_large",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content_filter|content_policy_violation|ResponsibleAIPolicyViolation|invalid_prompt"
)
_AGAIN = {408, 409}
_OVERLOADED = {429, 503, 529}
_SERVER = 500


class Advice(Enum):
    """What to do about a fault."""

    AGAIN = auto()
    ALL_WAIT = auto()
    GIVE_UP = auto()
    WRONG_KEY = auto()
    NO_QUOTA = auto()
    NOT_THERE = auto()
    FILTERED = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """A failed attempt, understood; `kind` is the error kind of a response, `words` the reason."""

    advice: Advice
    kind: str
    words: str


def understand(failure: HttpFailure) -> Fault:
    """Return what a failure means."""
    if failure.kind is not FailureKind.STATUS or failure.status is None:
        return Fault(Advice.AGAIN, failure.kind.value, str(failure))
    words = f"status {failure.status}: {provider_words(failure.text)}"
    advice, kind = _by_status(failure.status, failure.text)
    return Fault(advice, kind, words)


def refuses_logprobs(failure: HttpFailure) -> bool:
    """Say whether a provider refused a request for its log-probabilities."""
    refused = failure.status in {400, 422, 501} and failure.kind is FailureKind.STATUS
    return refused and "logprob" in failure.text.lower()


def provider_words(text: str) -> str:
    """Return the message within an error body, or the beginning of the body."""
    messages = [found for found in _fields(text, "message") if found]
    said = messages[0] if messages else text
    return " ".join(str(said).split())[:_WORDS] or "(no words)"


def _by_status(status: int, text: str) -> tuple[Advice, str]:
    codes = set(_fields(text, "code", "type", "status", "reason"))
    if status == 402 or codes & _QUOTA_CODES or _QUOTA_WORDS.search(text):  # noqa: PLR2004
        return Advice.NO_QUOTA, "quota"
    if status in {401, 403} or _KEY_WORDS.search(text):
        return Advice.WRONG_KEY, "auth"
    if status in _OVERLOADED:
        return Advice.ALL_WAIT, "rate_limit"
    if status in _AGAIN or status >= _SERVER:
        return Advice.AGAIN, "server"
    return _about_the_request(status, text)


def _about_the_request(status: int, text: str) -> tuple[Advice, str]:
    if status == 404:  # noqa: PLR2004
        return Advice.NOT_THERE, "request"
    if status == 413 or _CONTEXT.search(text):  # noqa: PLR2004
        return Advice.GIVE_UP, "context"
    if _FILTERED.search(text):
        return Advice.FILTERED, "request"
    return Advice.GIVE_UP, "request"


def _fields(text: str, *names: str) -> Iterator[str]:
    """Yield the values of fields anywhere in the error object of a body."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(body, list) and body:  # Google wraps some errors in a list
        body = body[0]
    error = body.get("error", body) if isinstance(body, Mapping) else None
    yield from _walk(error, names)


def _walk(value: Any, names: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name in names:
            if isinstance(value.get(name), str | int):
                yield str(value[name])
        for inner in value.get("details") or ():
            yield from _walk(inner, names)
    elif isinstance(value, str) and "message" in names:
        yield value
