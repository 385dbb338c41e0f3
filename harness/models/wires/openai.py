"""Chat completions as OpenAI defined them, and as many others speak them (vLLM, Ollama, ...)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.models.wires.base import (
    Call,
    Reply,
    decoding_of,
    finish,
    malformed,
    refuse_error,
    sampling,
)
from harness.models.wires.rules import Rules
from harness.records import Request

MOST_STOPS = 4
"""OpenAI takes no more; the reply is cut at the others when it is here."""

FINISHES = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
    "content_filter": "content_filter",
    "refusal": "refusal",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_SAMPLING = {"temperature": "temperature", "top_p": "top_p", "seed": "seed"}


def headers(key: str) -> dict[str, str]:
    """Return the headers that carry the key."""
    return {"Authorization": f"Bearer {key}"}


def call(request: Request, rules: Rules, *, letters: bool, stream: bool) -> Call:
    """Return the chat completion that asks `request`."""
    body = common(request, rules, stream=stream)
    body["messages"] = [{"role": m.role, "content": m.content} for m in request.messages]
    if letters:
        body |= {"logprobs": True, "top_logprobs": rules.top}
    return Call("/chat/completions", body)


def common(request: Request, rules: Rules, *, stream: bool) -> dict[str, Any]:
    """Return the fields that chat and plain completions share."""
    decoding = decoding_of(request)
    body: dict[str, Any] = {
        "model": rules.model,
        rules.length_field: decoding.max_tokens + rules.room,
        **sampling(decoding, rules, _SAMPLING),
    }
    if decoding.stop and "stop" not in rules.omit:
        body["stop"] = list(decoding.stop[:MOST_STOPS])
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def read(answer: Any) -> Reply:
    """Return what a chat completion says."""
    refuse_error(answer)
    choice = answer["choices"][0]
    reason = finish(choice["finish_reason"], FINISHES)
    message = choice["message"]
    text = message.get("content")
    if message.get("refusal"):
        text, reason = message["refusal"], "refusal"
    if text is None and reason == "stop":
        raise malformed("the answer stops without any content")
    return Reply(
        text or "",
        reason,
        **usage(answer),
        first=_first(choice.get("logprobs")),
        model_version=answer.get("model"),
        system_fingerprint=answer.get("system_fingerprint"),
    )


def usage(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the token counts of a completion, None where not told."""
    told = answer.get("usage") or {}
    cache = told.get("prompt_tokens_details") or {}
    return {
        "prompt_tokens": told.get("prompt_tokens"),
        "reused_tokens": cache.get("cached_tokens"),
        "written_tokens": cache.get("cache_write_tokens"),
        "output_tokens": told.get("completion_tokens"),
        "reasoning_tokens": (told.get("completion_tokens_details") or {}).get("reasoning_tokens"),
    }


def _first(logprobs: Mapping[str, Any] | None) -> tuple[tuple[str, float], ...] | None:
    positions = (logprobs or {}).get("content")
    return first_position(positions[0]) if positions else None


def first_position(position: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Return the most probable tokens of a position, and the one that was said."""
    top = [(surface(token), float(token["logprob"])) for token in position["top_logprobs"]]
    said = (surface(position), float(position["logprob"]))
    return tuple(top if said in top else [said, *top])


def surface(token: Mapping[str, Any]) -> str:
    """Return the text of a token; its bytes are exact where the text is not."""
    given = token.get("bytes")
    return bytes(given).decode("utf-8", "replace") if given else str(token["token"])


def whole(events: Sequence[Any]) -> dict[str, Any]:
    """Return the completion that the chunks of a stream amount to."""
    text: list[str] = []
    refusal: list[str] = []
    choice: dict[str, Any] = {"finish_reason": None}
    answer: dict[str, Any] = {"choices": [choice]}
    for event in events:
        answer |= {name: event[name] for name in _OUTER if event.get(name) is not None}
        for part in event.get("choices") or ():
            delta = part.get("delta") or {}
            text.append(delta.get("content") or "")
            refusal.append(delta.get("refusal") or "")
            choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
            if part.get("logprobs"):
                choice.setdefault("logprobs", part["logprobs"])
    choice["message"] = {"content": "".join(text), "refusal": "".join(refusal)}
    return answer


_OUTER = ("model", "system_fingerprint", "usage", "error")


def says(event: Any) -> bool:
    """Say whether a chunk brings visible text."""
    choices = event.get("choices")
    return bool(choices and (choices[0].get("delta") or {}).get("content"))
