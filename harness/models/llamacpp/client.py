"""llama-server's JSON, as typed Python: one method for each endpoint that is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.models.transport import FailureKind, HttpClient, HttpFailure
from harness.records import Message

_SHORT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token; `logprob` is from the raw logits, `top` the most probable tokens.

    `top` maps token ids to (text, log-probability), most probable first.
    """

    id: int
    logprob: float
    top: Mapping[int, tuple[str, float]]

    @property
    def best_id(self) -> int:
        """The most probable token at this position."""
        return next(iter(self.top))


@dataclass(frozen=True, slots=True)
class Completion:
    """What /completion returned. Times are seconds.

    `evaluated` counts the prompt tokens computed, `reused` those taken from the cache.
    `first_id` is the first generated token. `tokens` lacks every token after which the text ends
    within a character, and those of a stop word: llama-server leaves them out.
    """

    text: str
    stop_type: str
    n_tokens: int
    evaluated: int
    reused: int
    prompt_seconds: float
    decode_seconds: float
    first_id: int | None
    tokens: tuple[Token, ...]


class LlamaClient:
    """The endpoints of one llama-server."""

    def __init__(self, *, seconds: float) -> None:
        self._connected: HttpClient | None = None
        self._seconds = seconds

    async def connect(self, address: str, key: str | None) -> None:
        """Talk to the server at `address` from here on."""
        await self.close()
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        # A server that closes an idle connection just as it is used again looks like a dead one.
        secrets = () if key is None else (key,)
        self._connected = HttpClient(address, headers=headers, secrets=secrets, keep_alive=False)

    async def close(self) -> None:
        """Close the connections."""
        if self._connected is not None:
            await self._connected.close()

    @property
    def _http(self) -> HttpClient:
        if self._connected is None:
            raise HttpFailure(FailureKind.CONNECTION, "not connected to a server")
        return self._connected

    async def props(self) -> dict[str, Any]:
        """Return what the server says about itself and its slots."""
        return _mapping(await self._http.get_json("/props", deadline=_SHORT_SECONDS))

    async def model_meta(self) -> dict[str, Any]:
        """Return what the server says about its model; empty where it says nothing."""
        models = _mapping(await self._http.get_json("/v1/models", deadline=_SHORT_SECONDS))
        data = models.get("data") or [{}]
        return _mapping(data[0]).get("meta") or {}

    async def tokenize(self, text: str, *, special: bool = False, bos: bool = False) -> list[int]:
        """Return the token ids of `text`; `special` lets it name control tokens."""
        body = {"content": text, "add_special": bos, "parse_special": special}
        answer = _mapping(await self._http.post_json("/tokenize", body, deadline=_SHORT_SECONDS))
        return [int(token) for token in _field(answer, "tokens")]

    async def pieces(self, text: str) -> list[tuple[int, str]]:
        """Return (id, text) of the tokens of `text`, control tokens included."""
        body = {"content": text, "parse_special": True, "with_pieces": True}
        answer = _mapping(await self._http.post_json("/tokenize", body, deadline=_SHORT_SECONDS))
        return [(int(t["id"]), _piece(t["piece"])) for t in _field(answer, "tokens")]

    async def render(self, messages: Sequence[Message], *, deadline: float) -> str:
        """Return the messages in the model's own chat template."""
        body = {"messages": [{"role": m.role, "content": m.content} for m in messages]}
        answer = await self._http.post_json("/apply-template", body, deadline=deadline)
        return str(_field(_mapping(answer), "prompt"))

    async def complete(self, body: Mapping[str, Any]) -> Completion:
        """Return the completion that `body` asks for; raise HttpFailure where there is none."""
        answer = _mapping(await self._http.post_json("/completion", body, deadline=self._seconds))
        timings = _mapping(_field(answer, "timings"))
        return Completion(
            text=str(_field(answer, "content")),
            stop_type=str(_field(answer, "stop_type")),
            n_tokens=int(timings["predicted_n"]),
            evaluated=int(timings["prompt_n"]),
            reused=int(timings.get("cache_n", 0)),
            prompt_seconds=timings["prompt_ms"] / 1000,
            decode_seconds=timings["predicted_ms"] / 1000,
            first_id=next(iter(answer.get("tokens", ())), None),
            tokens=tuple(_token(entry) for entry in answer.get("completion_probabilities", ())),
        )


def _token(entry: Mapping[str, Any]) -> Token:
    top = {int(t["id"]): (_surface(t), _finite(t["logprob"])) for t in entry["top_logprobs"]}
    return Token(int(entry["id"]), _finite(entry["logprob"]), top)


def _surface(entry: Mapping[str, Any]) -> str:
    return bytes(entry["bytes"]).decode("utf-8", "replace") if "bytes" in entry else entry["token"]


def _finite(value: float | None) -> float:
    # JSON has no -inf: llama.cpp writes the lowest float, older builds null.
    return float("-inf") if value is None or value < -1e30 else float(value)  # noqa: PLR2004


def _piece(piece: str | list[int]) -> str:
    return piece if isinstance(piece, str) else bytes(piece).decode("utf-8", "replace")


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HttpFailure(FailureKind.MALFORMED, f"expected a JSON object, got {value!r:.200}")
    return value


def _field(answer: Mapping[str, Any], name: str) -> Any:
    if name not in answer:
        raise HttpFailure(
            FailureKind.MALFORMED, f"the answer has no {name!r}, only {', '.join(answer)[:200]}"
        )
    return answer[name]
