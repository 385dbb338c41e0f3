"""From a Reply to what a Response says: the same for an answer at once and one of a batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from harness.models.api.faults import Advice, Fault
from harness.models.letters import letter_logprobs
from harness.models.prices import Tokens
from harness.models.wires.base import Reply, Wire, malformed, shape_checked
from harness.records import Request

_LARGEST = 2**63


def reply_facts(request: Request, reply: Reply, redact: Callable[[str], str]) -> dict[str, Any]:
    """Return the fields of a Response that a reply decides, letters and times aside."""
    stops = request.decoding.stop if request.decoding else ()
    text, cut = _cut(redact(reply.text), stops)
    return {
        "text": text,
        "finish_reason": "stop" if cut else reply.finish_reason,
        "prompt_tokens": token_count(reply.prompt_tokens),
        "reused_tokens": token_count(reply.reused_tokens),
        "output_tokens": token_count(reply.output_tokens),
        "reasoning_tokens": token_count(reply.reasoning_tokens),
        "model_version": _name(reply.model_version),
        "system_fingerprint": _name(reply.system_fingerprint),
    }


def read_reply(wire: Wire, answer: Any) -> Reply:
    """Return what an answer says; raise HttpFailure where it says nothing."""
    with shape_checked():
        reply = wire.read(answer)
    if not isinstance(reply.text, str):
        raise malformed(f"expected text as content, got {type(reply.text).__name__}")
    return reply


def letter_facts(request: Request, reply: Reply) -> dict[str, Any]:
    """Return what a reply tells of the letters that were wanted, if anything."""
    if not request.letters or reply.first is None:
        return {}
    values, bound = letter_logprobs(request.letters, reply.first)
    return {"letter_logprobs": values, "letter_bound": bound}


def error_facts(fault: Fault) -> dict[str, Any]:
    """Return the fields of a Response without a reply; a filter is an outcome of its own."""
    if fault.advice is Advice.FILTERED:
        return {"text": "", "finish_reason": "content_filter"}
    return {"error_kind": fault.kind, "error_message": fault.words}


def used_tokens(reply: Reply) -> Tokens | None:
    """Return what a reply says that it used, None where that is not enough to price it."""
    prompt, output = token_count(reply.prompt_tokens), token_count(reply.output_tokens)
    if prompt is None or output is None:
        return None
    reused, written = token_count(reply.reused_tokens), token_count(reply.written_tokens)
    return Tokens(prompt, output, reused or 0, written or 0)


def token_count(value: Any) -> int | None:
    """Return a token count, None for what no server should have said."""
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 0 <= value < _LARGEST else None


def _cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """End the text where a stop string begins: not every provider takes all of them."""
    ends = [at for at in (text.find(stop) for stop in stops if stop) if at >= 0]
    return (text[: min(ends)], True) if ends else (text, False)


def _name(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None
