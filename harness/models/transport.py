"""The one HTTP client of the project: JSON over aiohttp with a deadline and a size limit.

It makes one attempt and says exactly how that attempt failed; whether to try again is for the
caller, who knows what a repeat costs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import aiohttp

MAX_BODY_BYTES = 64 * 1024 * 1024
"""More than any answer needs; a server that sends more is cut off."""

_ERROR_TEXT = 4000


class FailureKind(StrEnum):
    """Why an attempt brought no JSON."""

    CONNECTION = "connection"
    TIMEOUT = "timeout"
    STATUS = "status"
    MALFORMED = "malformed"


@dataclass(eq=False)
class HttpFailure(Exception):  # noqa: N818 - it is the outcome of an attempt, caught by its caller
    """One attempt failed. `status` and `headers` are there where the server answered."""

    kind: FailureKind
    text: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

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


class HttpClient:
    """JSON requests to the paths of one server; make and use it inside one event loop.

    `base_url` is the server's address, `unix:///path` for a socket in the file system.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        connections: int = 64,
        keep_alive: bool = True,
    ) -> None:
        local = _socket_path(base_url)
        self._base = "http://localhost" if local else base_url.rstrip("/")
        self._max_body = max_body_bytes
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
        return await self._json("GET", path, None, deadline)

    async def post_json(self, path: str, body: object, *, deadline: float) -> Any:
        """Send `body` as JSON to `path`; return the JSON answer or raise HttpFailure."""
        return await self._json("POST", path, body, deadline)

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def _json(self, method: str, path: str, body: object, deadline: float) -> Any:
        try:
            async with asyncio.timeout(deadline):
                return await self._attempt(method, path, body)
        except TimeoutError as error:
            message = f"no complete answer within {deadline:g} s"
            raise HttpFailure(FailureKind.TIMEOUT, message) from error
        except (aiohttp.ClientError, OSError) as error:
            message = f"{type(error).__name__}: {error}"
            raise HttpFailure(FailureKind.CONNECTION, message) from error

    async def _attempt(self, method: str, path: str, body: object) -> Any:
        # Redirects are refused: they would carry the key to another host.
        async with self._session.request(
            method, self._base + path, json=body, allow_redirects=False
        ) as reply:
            raw = await self._read(reply)
            text = raw.decode("utf-8", "replace")
            headers = dict(reply.headers)
            if reply.status != 200:  # noqa: PLR2004 - the one status that means an answer
                raise HttpFailure(FailureKind.STATUS, text[:_ERROR_TEXT], reply.status, headers)
            try:
                return json.loads(text)
            except (ValueError, RecursionError) as error:
                message = f"expected JSON, got {text[:200]!r}"
                raise HttpFailure(FailureKind.MALFORMED, message, reply.status, headers) from error

    async def _read(self, reply: aiohttp.ClientResponse) -> bytes:
        chunks: list[bytes] = []
        size = 0
        async for chunk in reply.content.iter_any():
            size += len(chunk)
            if size > self._max_body:
                message = f"the answer is longer than {self._max_body:,} bytes"
                raise HttpFailure(FailureKind.MALFORMED, message, reply.status)
            chunks.append(chunk)
        return b"".join(chunks)
