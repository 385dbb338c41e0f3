"""A hosted model on the loopback: all wire formats, and every fault down to single bytes.

    with ApiStub(lambda asked: "B") as stub:
        stub.url            # http://127.0.0.1:port, below it every provider's own paths
        stub.asked          # what came in, one Asked a call

A handler returns a text (a sound reply), Reply (one with other facts), Status (an error) or Wrong
(bytes). As a program it serves the solution of the toy tasks, for benchmarks and kills:

    python tests/api_stub.py --port 4100 --latency 0.05 --limited 0.1 --broken 0.05
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True)
class Asked:
    """One call: `attempt` counts calls with the same body, from 1."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    attempt: int = 1

    @property
    def text(self) -> str:
        """The last thing that was said to the model."""
        if "prompt" in self.body:
            return str(self.body["prompt"])
        if "contents" in self.body:
            return str(self.body["contents"][-1]["parts"][0]["text"])
        return str(self.body["messages"][-1]["content"])


@dataclass(frozen=True)
class Reply:
    """A sound reply; `finish` in the words of OpenAI, `top` are the first position's tokens."""

    text: str | None
    finish: str | None = "stop"
    model: str = "stub-2024-08-06"
    fingerprint: str | None = "fp_1"
    usage: Mapping[str, int] | None = field(
        default_factory=lambda: {"prompt": 20, "cached": 8, "output": 5, "reasoning": 2}
    )
    top: Sequence[tuple[str, float]] | None = None
    refusal: str | None = None


@dataclass(frozen=True)
class Status:
    """An answer with another status than 200."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wrong:
    """Bytes after the head of the answer; `reset` ends them with a reset instead of an end.

    `length` is the Content-Length that is claimed; None sends chunks. `headless` sends no head.
    """

    pieces: Sequence[bytes] = ()
    pause: float = 0.0
    length: int | None = None
    reset: bool = False
    headless: bool = False
    content_type: str = "application/json"


Handler = Callable[[Asked], "str | Reply | Status | Wrong"]


class ApiStub:
    """Serves in a thread of its own."""

    def __init__(self, handler: Handler = lambda _: "B", *, latency: float = 0.0, port: int = 0):
        self._handler = handler
        self._latency = latency
        self._port = port
        self._seen: Counter[str] = Counter()
        self._ready = threading.Event()
        self.asked: list[Asked] = []
        self.at_once = self.most_at_once = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def calls(self) -> int:
        """Calls that asked a model something."""
        return sum(bool(asked.body) for asked in self.asked)

    def environment(self, key: str = "sk-canary-0123456789") -> dict[str, str]:
        """What points every provider's address here."""
        return {
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "ANTHROPIC_BASE_URL": self.url,
            "GEMINI_BASE_URL": self.url,
            "OPENAI_API_KEY": key,
            "ANTHROPIC_API_KEY": key,
            "GEMINI_API_KEY": key,
        }

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self._port, backlog=512)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._ended.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one call; say whether the connection can take another."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        _, path, _ = head[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        self._seen[path + raw.decode()] += 1
        body = json.loads(raw) if raw else {}
        asked = Asked(path, headers, body, self._seen[path + raw.decode()])
        self.asked.append(asked)
        self.at_once += bool(body)
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if body and self._latency:
                await asyncio.sleep(self._latency)
            return await self._write(writer, asked)
        finally:
            self.at_once -= bool(body)

    async def _write(self, writer: asyncio.StreamWriter, asked: Asked) -> bool:
        answer = self._handler(asked) if asked.body else listing(asked)
        if isinstance(answer, Wrong):
            await _write_wrong(writer, answer)
            return False
        if isinstance(answer, Status):
            content = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
            _write_whole(writer, answer.status, content.encode(), answer.headers)
        elif asked.body.get("stream") or "stream" in asked.path:
            content = b"".join(event_bytes(event) for event in streamed(asked, answer))
            _write_whole(writer, 200, content, {"Content-Type": "text/event-stream"})
        else:
            content = json.dumps(whole(asked, answer)).encode()
            _write_whole(writer, 200, content, {"Content-Type": "application/json"})
        await writer.drain()
        return True


def listing(asked: Asked) -> Reply | Status:
    """What a server without any llama in it says to questions about itself."""
    if asked.path.endswith("/models"):
        row = {"id": "stub", "object": "model", "owned_by": "stub", "max_model_len": 4096}
        return Status(200, {"object": "list", "data": [row]})
    return Status(404, {"error": {"message": "not found", "type": "not_found"}})


def _write_whole(
    writer: asyncio.StreamWriter, status: int, content: bytes, headers: Mapping[str, str]
) -> None:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


async def _write_wrong(writer: asyncio.StreamWriter, wrong: Wrong) -> None:
    chunked = wrong.length is None
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {wrong.length}"
    if not wrong.headless:
        writer.write(
            f"HTTP/1.1 200 X\r\nContent-Type: {wrong.content_type}\r\n{framing}\r\n"
            "Connection: close\r\n\r\n".encode()
        )
    for piece in wrong.pieces:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
        await writer.drain()
        await asyncio.sleep(wrong.pause)
    if wrong.reset:
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()
    elif chunked and not wrong.headless:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def event_bytes(data: Any) -> bytes:
    """One server-sent event."""
    kind = f"event: {data['type']}\n" if isinstance(data, dict) and "type" in data else ""
    return f"{kind}data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def as_reply(answer: str | Reply) -> Reply:
    return Reply(answer) if isinstance(answer, str) else answer


def whole(asked: Asked, answer: str | Reply) -> dict[str, Any]:
    """The JSON of a sound reply, in the format of the path."""
    reply = as_reply(answer)
    if "/messages" in asked.path:
        return _anthropic(reply)
    if ":generateContent" in asked.path or ":streamGenerateContent" in asked.path:
        return _gemini(reply)
    return _openai(reply, chat="/chat/" in asked.path)


def _openai(reply: Reply, *, chat: bool) -> dict[str, Any]:
    choice: dict[str, Any] = {"index": 0, "finish_reason": reply.finish, "logprobs": None}
    if chat:
        message = {"role": "assistant", "content": reply.text, "refusal": reply.refusal}
        choice["message"] = message
    else:
        choice["text"] = reply.text
    if reply.top and chat:
        tops = [{"token": t, "logprob": p, "bytes": list(t.encode())} for t, p in reply.top]
        choice["logprobs"] = {"content": [{**tops[0], "top_logprobs": tops}], "refusal": None}
    elif reply.top:
        text, value = reply.top[0]
        choice["logprobs"] = {
            "tokens": [text],
            "token_logprobs": [value],
            "top_logprobs": [dict(reply.top)],
            "text_offset": [0],
        }
    answer = {
        "id": "chatcmpl-1",
        "object": "chat.completion" if chat else "text_completion",
        "created": 1_700_000_000,
        "model": reply.model,
        "system_fingerprint": reply.fingerprint,
        "choices": [choice],
    }
    usage = reply.usage
    if usage:
        answer["usage"] = {
            "prompt_tokens": usage["prompt"],
            "completion_tokens": usage["output"],
            "total_tokens": usage["prompt"] + usage["output"],
            "prompt_tokens_details": {"cached_tokens": usage["cached"]},
            "completion_tokens_details": {"reasoning_tokens": usage["reasoning"]},
        }
    return answer


_ANTHROPIC = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
_GEMINI = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}


def _anthropic(reply: Reply) -> dict[str, Any]:
    usage = reply.usage or {"prompt": 0, "cached": 0, "output": 0, "reasoning": 0}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [] if reply.text is None else [{"type": "text", "text": reply.text}],
        "stop_reason": _ANTHROPIC.get(reply.finish or "", reply.finish),
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage["prompt"] - usage["cached"],
            "cache_read_input_tokens": usage["cached"],
            "cache_creation_input_tokens": 0,
            "output_tokens": usage["output"],
            "output_tokens_details": {"thinking_tokens": usage["reasoning"]},
        },
    }


def _gemini(reply: Reply) -> dict[str, Any]:
    usage = reply.usage or {"prompt": 0, "cached": 0, "output": 0, "reasoning": 0}
    parts = [] if reply.text is None else [{"text": reply.text}]
    candidate: dict[str, Any] = {
        "content": {"role": "model", "parts": parts},
        "finishReason": _GEMINI.get(reply.finish or "", reply.finish),
        "index": 0,
    }
    if reply.top:
        tops = [{"token": t, "logProbability": p} for t, p in reply.top]
        candidate["logprobsResult"] = {
            "topCandidates": [{"candidates": tops}],
            "chosenCandidates": tops[:1],
        }
    return {
        "candidates": [candidate],
        "modelVersion": reply.model,
        "usageMetadata": {
            "promptTokenCount": usage["prompt"],
            "cachedContentTokenCount": usage["cached"],
            "candidatesTokenCount": usage["output"] - usage["reasoning"],
            "thoughtsTokenCount": usage["reasoning"],
            "totalTokenCount": usage["prompt"] + usage["output"],
        },
    }


def streamed(asked: Asked, answer: str | Reply) -> list[Any]:
    """The events of a sound reply, one character a piece, in the format of the path."""
    reply = as_reply(answer)
    letters = list(reply.text or "")
    if "/messages" in asked.path:
        return _anthropic_events(reply, letters)
    if "streamGenerateContent" in asked.path:
        pieces = [_gemini(replace(reply, text=t, finish=None, usage=None)) for t in letters]
        return [*pieces, _gemini(replace(reply, text=None, top=None))]
    return _openai_events(reply, letters, chat="/chat/" in asked.path)


def _openai_events(reply: Reply, letters: list[str], *, chat: bool) -> list[Any]:
    kind = "chat.completion.chunk" if chat else "text_completion"
    bare = _openai(replace(reply, usage=None, top=None), chat=chat) | {"object": kind}
    del bare["choices"]

    def piece(text: str, finish: str | None = None, logprobs: Any = None) -> dict[str, Any]:
        said = {"delta": {"content": text}} if chat else {"text": text}
        choice = {"index": 0, "finish_reason": finish, "logprobs": logprobs, **said}
        return {**bare, "choices": [choice]}

    logprobs = _openai(reply, chat=chat)["choices"][0]["logprobs"]
    pieces = [piece(t, None, logprobs if n == 0 else None) for n, t in enumerate(letters)]
    usage = {**bare, "choices": [], "usage": _openai(reply, chat=chat).get("usage")}
    return [*pieces, piece("", reply.finish), usage, "[DONE]"]


def _anthropic_events(reply: Reply, letters: list[str]) -> list[Any]:
    message = _anthropic(reply)
    start = {**message, "content": [], "stop_reason": None}
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    return [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": letter},
            }
            for letter in letters
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": delta, "usage": message["usage"]},
        {"type": "message_stop"},
    ]


def add(text: str) -> str:
    """Solve an addition of the toy tasks, given with its options."""
    lines = text.strip().splitlines()
    question = next(line for line in reversed(lines) if line.endswith("= ?"))
    total = sum(int(term) for term in question[: -len("= ?")].split("+"))
    options = lines[len(lines) - 1 - lines[::-1].index(question) :]
    return next(line[0] for line in options if line[1:] == f". {total}")


def faulty(handler: Handler, shares: Mapping[str, float], seed: int = 0) -> Handler:
    """Let a share of the calls fail: limited, server, broken, cut; `shares` are probabilities."""
    rng = random.Random(seed)
    faults = {
        "limited": Status(429, {"error": {"message": "slow down", "type": "rate_limit_error"}},
                          {"retry-after-ms": "20"}),
        "server": Status(500, {"error": {"message": "oops", "type": "server_error"}}),
        "broken": Wrong([b'{"choices": [{"mess'], length=19),
        "cut": Wrong([b'{"choices"'], length=500, reset=True),
    }  # fmt: skip

    def answer(asked: Asked) -> str | Reply | Status | Wrong:
        draw = rng.random()
        for name, share in shares.items():
            draw -= share
            if draw < 0:
                return faults[name]
        return handler(asked)

    return answer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    for name in ("limited", "server", "broken", "cut"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    told = vars(parser.parse_args())
    port, latency = told.pop("port"), told.pop("latency")
    handler = faulty(lambda asked: add(asked.text), told)
    with ApiStub(handler, latency=latency, port=port) as stub:
        print(stub.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
