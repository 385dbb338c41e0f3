"""The one HTTP client of the project: JSON over aiohttp with a deadline and a size limit.

It makes one attempt and says exactly how that attempt failed; whether to try again is for the
caller, who knows what a repeat costs. Whatever a server says is freed of the secrets that the
client was given before anybody sees it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp

from harness.models.redact import Redactor

MAX_BODY_BYTES = 64 * 1024 * 1024
"""More than any answer needs; a server that sends more is cut off."""

_ERROR_TEXT = 4000
_OK = 200

T = TypeVar("T")


class FailureKind(StrEnum):
    """Why an attempt brought no JSON."""

    CONNECTION = "connection"
    TIMEOUT = "timeout"
    STATUS = "status"
    MALFORMED = "malformed"


@dataclass(eq=False)
class HttpFailure(Exception):  # noqa: N818 - it is the outcome of an attempt, caught by its caller
    """One attempt failed. `status` and `headers` are there where the server answered.

    `sent` is False where no connection was made: the server cannot have done anything.
    """

    kind: FailureKind
    text: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: bool = True

    def __str__(self) -> str:
        status = "" if self.status is None else f" {self.status}"
        return f"{self.kind}{status}: {self.text}"


def is_loopback(url: str) -> bool:
    """Say whether `url` points to this machine."""
    host = (urlsplit(url).hostname or "").lower()
    return host in {"localhost", "::1"} or host.startswith("127.")


def _socket_path(url: str) -> str | None:
    return url.removeprefix("unix://") if url.startswith("unix://") else None


def _connector(path: str | None, **options: Any) -> aiohttp.BaseConnector:
    if path is None:
        return aiohttp.TCPConnector(**options)
    return aiohttp.UnixConnector(path, **options)


@dataclass(frozen=True, slots=True)
class _Form:
    """A form with one file in it."""

    fields: Mapping[str, str]
    content: bytes

    def data(self) -> aiohttp.FormData:
        """Return it as aiohttp sends it, once."""
        form = aiohttp.FormData()
        for name, value in self.fields.items():
            form.add_field(name, value)
        form.add_field(
            "file", self.content, filename="batch.jsonl", content_type="application/jsonl"
        )
        return form


class HttpClient:
    """JSON requests to the paths of one server; make and use it inside one event loop.

    `base_url` is the server's address, `unix:///path` for a socket in the file system. `secrets`
    are the keys that `headers` carry: no text that comes from here contains them.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        max_body_bytes: int = MAX_BODY_BYTES,
        connections: int = 64,
        keep_alive: bool = True,
    ) -> None:
        local = _socket_path(base_url)
        self._base = "http://localhost" if local else base_url.rstrip("/")
        self._max_body = max_body_bytes
        self.redact = Redactor(secrets)
        self._session = aiohttp.ClientSession(
            headers=dict(headers or {}),
            connector=_connector(local, limit=connections, force_close=not keep_alive),
            # Deadlines are ours, a whole attempt at a time: a slow drip must not outlive them.
            timeout=aiohttp.ClientTimeout(total=None),
            # A proxy from the environment must never see, or break, traffic within this machine.
            trust_env=not is_loopback(self._base),
        )

    async def get_json(self, path: str, *, deadline: float) -> Any:
        """Return the JSON at `path` within `deadline` seconds, or raise HttpFailure."""
        return await self._timed(self._whole("GET", path, None), deadline)

    async def post_json(self, path: str, body: object, *, deadline: float) -> Any:
        """Send `body` as JSON to `path`; return the JSON answer or raise HttpFailure."""
        return await self._timed(self._whole("POST", path, body), deadline)

    async def post_file(
        self, path: str, fields: Mapping[str, str], content: bytes, *, deadline: float
    ) -> Any:
        """Upload a file of JSON lines as a form with further `fields`; return the JSON answer."""
        return await self._timed(self._whole("POST", path, _Form(fields, content)), deadline)

    async def get_lines(self, path: str, *, deadline: float) -> list[Any]:
        """Return the JSON of every line at `path`, or raise HttpFailure."""
        return await self._timed(self._lines_of(path), deadline)

    async def post_stream(
        self, path: str, body: object, take: Callable[[Any], None], *, deadline: float
    ) -> None:
        """Send `body` and hand each server-sent event to `take` as JSON when it arrives.

        Whether the stream was complete is for the caller to know. Raises HttpFailure.
        """
        await self._timed(self._events(path, body, take), deadline)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def _timed(self, attempt: Awaitable[T], deadline: float) -> T:
        try:
            async with asyncio.timeout(deadline):
                return await attempt
        except TimeoutError as error:
            message = f"no complete answer within {deadline:g} s"
            raise HttpFailure(FailureKind.TIMEOUT, message) from error
        except (aiohttp.ClientError, OSError) as error:
            message = self.redact(f"{type(error).__name__}: {error}")
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            raise HttpFailure(FailureKind.CONNECTION, message, sent=sent) from error

    async def _whole(self, method: str, path: str, body: object) -> Any:
        async with self._reply(method, path, body) as reply:
            return self._parsed(b"".join([chunk async for chunk in self._chunks(reply)]), reply)

    async def _lines_of(self, path: str) -> list[Any]:
        async with self._reply("GET", path, None) as reply:
            lines = [line async for line in _lines(self._chunks(reply)) if line.strip()]
            return [self._parsed(line, reply) for line in lines]

    async def _events(self, path: str, body: object, take: Callable[[Any], None]) -> None:
        async with self._reply("POST", path, body) as reply:
            async for line in _lines(self._chunks(reply)):
                if line.startswith(b"data:") and (data := line[5:].strip()) != b"[DONE]":
                    take(self._parsed(data, reply))

    @asynccontextmanager
    async def _reply(
        self, method: str, path: str, body: object
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        # Redirects are refused: they would carry the key to another host.
        sent = {"data": body.data()} if isinstance(body, _Form) else {"json": body}
        async with self._session.request(
            method, self._base + path, allow_redirects=False, **sent
        ) as reply:
            if reply.status != _OK:
                raw = b"".join([chunk async for chunk in self._chunks(reply)])
                text = self.redact(raw.decode("utf-8", "replace"))[:_ERROR_TEXT]
                raise HttpFailure(FailureKind.STATUS, text, reply.status, reply.headers)
            yield reply

    def _parsed(self, raw: bytes, reply: aiohttp.ClientResponse) -> Any:
        text = self.redact(raw.decode("utf-8", "replace"))
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            message = f"expected JSON, got {text[:200]!r}"
            raise HttpFailure(
                FailureKind.MALFORMED, message, reply.status, reply.headers
            ) from error

    async def _chunks(self, reply: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in reply.content.iter_any():
            size += len(chunk)
            if size > self._max_body:
                message = f"the answer is longer than {self._max_body:,} bytes"
                raise HttpFailure(FailureKind.MALFORMED, message, reply.status)
            yield chunk


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    pending: list[bytes] = []
    async for chunk in chunks:
        first, *others = chunk.split(b"\n")
        pending.append(first)
        if others:
            yield b"".join(pending)
            for line in others[:-1]:
                yield line
            pending = [others[-1]]
    yield b"".join(pending)
