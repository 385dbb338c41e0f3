"""Anthropic's messages.

Version 2023-06-01 is sent because later ones refuse a temperature for every model, and the
protocol of a run states one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.models.wires.base import (
    NOTHING_SAID,
    Call,
    Reply,
    decoding_of,
    finish,
    refuse_error,
    sampling,
    total,
)
from harness.models.wires.rules import Rules
from harness.records import Request

VERSION = "2023-06-01"

_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
    "tool_use": "tool_calls",
}


def headers(key: str) -> dict[str, str]:
    """Return the headers that carry the key."""
    return {"x-api-key": key, "anthropic-version": VERSION}


def call(request: Request, rules: Rules, *, letters: bool, stream: bool) -> Call:  # noqa: ARG001 - there are no log-probabilities to ask for
    """Return the message that asks `request`; system messages go into a field of their own."""
    decoding = decoding_of(request)
    body: dict[str, Any] = {
        "model": rules.model,
        "max_tokens": decoding.max_tokens + rules.room,
        "messages": [
            {"role": m.role, "content": m.content if m.content.strip() else NOTHING_SAID}
            for m in request.messages
            if m.role != "system"
        ],
        **sampling(decoding, rules, {"temperature": "temperature"}),
    }
    # Several models take one of the two only, and a top_p of 1 restricts nothing.
    if decoding.top_p < 1 and decoding.temperature > 0:
        body |= sampling(decoding, rules, {"top_p": "top_p"})
    system = "\n\n".join(m.content for m in request.messages if m.role == "system")
    stops = [stop for stop in decoding.stop if stop.strip()]  # white space alone is refused
    if system:
        body["system"] = system
    if stops and "stop" not in rules.omit:
        body["stop_sequences"] = stops
    return Call("/v1/messages", body | {"stream": True} if stream else body)


def read(answer: Any) -> Reply:
    """Return what a message says; thinking is not part of it."""
    refuse_error(answer)
    text = "".join(block["text"] for block in answer["content"] if block["type"] == "text")
    told = answer.get("usage") or {}
    cached = told.get("cache_read_input_tokens")
    written = told.get("cache_creation_input_tokens")
    return Reply(
        text,
        finish(answer["stop_reason"], _FINISHES),
        # input_tokens leaves out what went through the cache.
        prompt_tokens=total(told.get("input_tokens"), cached, written),
        reused_tokens=cached,
        written_tokens=written,
        output_tokens=told.get("output_tokens"),
        reasoning_tokens=(told.get("output_tokens_details") or {}).get("thinking_tokens"),
        model_version=answer.get("model"),
    )


def whole(events: Sequence[Any]) -> dict[str, Any]:
    """Return the message that the events of a stream amount to."""
    answer: dict[str, Any] = {"stop_reason": None, "usage": {}}
    text: list[str] = []
    for event in events:
        if event["type"] == "error":
            return {"error": event["error"]}
        if event["type"] == "message_start":
            answer["model"] = event["message"].get("model")
            answer["usage"] |= event["message"].get("usage") or {}
        elif event["type"] == "message_delta":
            answer["stop_reason"] = event["delta"].get("stop_reason")
            told = event.get("usage") or {}
            answer["usage"] |= {name: count for name, count in told.items() if count is not None}
        elif says(event):
            text.append(event["delta"]["text"])
    return answer | {"content": [{"type": "text", "text": "".join(text)}]}


def says(event: Any) -> bool:
    """Say whether an event brings visible text."""
    delta = event.get("delta") if event["type"] == "content_block_delta" else None
    return bool(delta and delta["type"] == "text_delta" and delta["text"])
