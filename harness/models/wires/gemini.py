"""Google's generateContent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.models.wires.base import (
    NOTHING_SAID,
    Call,
    Reply,
    decoding_of,
    finish,
    malformed,
    refuse_error,
    sampling,
    total,
)
from harness.models.wires.rules import Rules
from harness.records import Message, Request

MOST_STOPS = 5
"""Google takes no more; the reply is cut at the others when it is here."""

_BLOCKED = (
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
)
_FINISHES = {"STOP": "stop", "MAX_TOKENS": "length", **dict.fromkeys(_BLOCKED, "content_filter")}
_SAMPLING = {"temperature": "temperature", "top_p": "topP", "seed": "seed"}


def headers(key: str) -> dict[str, str]:
    """Return the headers that carry the key."""
    return {"x-goog-api-key": key}


def call(request: Request, rules: Rules, *, letters: bool, stream: bool) -> Call:
    """Return the call that asks `request`; system messages go into a field of their own."""
    decoding = decoding_of(request)
    config: dict[str, Any] = {
        "maxOutputTokens": decoding.max_tokens + rules.room,
        **sampling(decoding, rules, _SAMPLING),
    }
    if decoding.stop and "stop" not in rules.omit:
        config["stopSequences"] = list(decoding.stop[:MOST_STOPS])
    if letters:
        config |= {"responseLogprobs": True, "logprobs": rules.top}
    turns = [_content(m) for m in request.messages if m.role != "system"]
    body: dict[str, Any] = {"contents": turns, "generationConfig": config}
    system = [{"text": m.content} for m in request.messages if m.role == "system"]
    if system:
        body["systemInstruction"] = {"parts": system}
    model = rules.model if "/" in rules.model else f"models/{rules.model}"
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return Call(f"/v1beta/{model}:{verb}", body)


def _content(message: Message) -> dict[str, Any]:
    role = "model" if message.role == "assistant" else "user"
    return {"role": role, "parts": [{"text": message.content or NOTHING_SAID}]}


def read(answer: Any) -> Reply:
    """Return what an answer says; thoughts are not part of it."""
    refuse_error(answer)
    candidates = answer.get("candidates") or [_blocked(answer)]
    candidate = candidates[0]
    reason = finish(candidate.get("finishReason"), _FINISHES)
    parts = list(_spoken(candidate))
    if not parts and reason == "stop":
        raise malformed("the answer stops without any content")
    return Reply(
        "".join(parts),
        reason,
        **_usage(answer.get("usageMetadata") or {}),
        first=_first(candidate.get("logprobsResult")),
        model_version=answer.get("modelVersion"),
    )


def _blocked(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the candidate that stands for a prompt which was refused unread."""
    if not (answer.get("promptFeedback") or {}).get("blockReason"):
        raise malformed("the answer has no candidates")
    return {"finishReason": "SAFETY"}


def _spoken(candidate: Mapping[str, Any]) -> Iterator[str]:
    for part in (candidate.get("content") or {}).get("parts") or ():
        if "text" in part and not part.get("thought"):
            yield part["text"]


def _usage(told: Mapping[str, Any]) -> dict[str, Any]:
    thoughts = told.get("thoughtsTokenCount")
    return {
        "prompt_tokens": told.get("promptTokenCount"),
        "reused_tokens": told.get("cachedContentTokenCount"),
        # Thoughts are billed as output but not counted among the candidates' tokens.
        "output_tokens": total(told.get("candidatesTokenCount"), thoughts),
        "reasoning_tokens": thoughts,
    }


def _first(result: Mapping[str, Any] | None) -> tuple[tuple[str, float], ...] | None:
    if not result or not result.get("topCandidates"):
        return None
    said = result.get("chosenCandidates") or [{"candidates": []}]
    tokens = [*said[:1], *result["topCandidates"][0]["candidates"]]
    pairs = ((t["token"], float(t["logProbability"])) for t in tokens if "token" in t)
    return tuple(dict.fromkeys(pairs))


def whole(events: Sequence[Any]) -> dict[str, Any]:
    """Return the answer that the chunks of a stream amount to."""
    parts: list[dict[str, str]] = []
    candidate: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    for event in events:
        answer |= {name: event[name] for name in _OUTER if event.get(name) is not None}
        for piece in (event.get("candidates") or ())[:1]:
            parts += [{"text": text} for text in _spoken(piece)]
            candidate["finishReason"] = piece.get("finishReason") or candidate.get("finishReason")
            if piece.get("logprobsResult"):
                candidate.setdefault("logprobsResult", piece["logprobsResult"])
    if candidate:
        answer["candidates"] = [candidate | {"content": {"parts": parts}}]
    return answer


_OUTER = ("modelVersion", "usageMetadata", "promptFeedback", "error")


def says(event: Any) -> bool:
    """Say whether a chunk brings visible text."""
    candidates = event.get("candidates") or ()
    return any(text for piece in candidates[:1] for text in _spoken(piece))
