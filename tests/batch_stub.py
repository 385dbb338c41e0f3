"""The batch endpoints of OpenAI and Anthropic on the loopback, beside the usual ones.

    with BatchStub(lambda asked: "B") as stub:
        stub.batches        # what was created: Created(token, rows, ...)

A handler answers a row as it would answer a call (see api_stub): a text, Reply or Status. Batches
end after `polls` looks at them; rows in `expire` (by their number) were not processed in time and
those in `absent` have no result at all.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from api_stub import ApiStub, Asked, Status, whole


@dataclass
class Created:
    """A batch that was created."""

    id: str
    rows: list[dict[str, Any]]
    metadata: dict[str, str]
    looks: int = 0


@dataclass
class BatchStub:
    handler: Callable[[Asked], Any] = lambda _: "B"
    polls: int = 1
    expire: frozenset[int] = frozenset()
    absent: frozenset[int] = frozenset()
    fail: str | None = None
    doubts: list[str] = field(default_factory=list)
    """What the next creations end with: "lost" creates and breaks off, "never" only breaks off."""

    port: int = 0
    batches: list[Created] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    live: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    environment = ApiStub.environment

    @property
    def rows(self) -> int:
        """How many requests are paid for."""
        return sum(len(batch.rows) for batch in self.batches)

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(10)

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=2**30)
        app.add_routes([
            web.post("/v1/files", self._upload),
            web.get("/v1/files/{id}/content", self._content),
            web.post("/v1/batches", self._create_openai),
            web.get("/v1/batches", self._list),
            web.get("/v1/batches/{id}", self._look),
            web.post("/v1/messages/batches", self._create_anthropic),
            web.get("/v1/messages/batches", self._list),
            web.get("/v1/messages/batches/{id}", self._look),
            web.get("/v1/messages/batches/{id}/results", self._content),
            web.post("/v1/{path:.*}", self._answer_live),
        ])  # fmt: skip
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        ready.set()
        await self._ended.wait()
        await runner.cleanup()

    async def _answer_live(self, request: web.Request) -> web.Response:
        self.live += 1
        asked = Asked(request.path, request.headers, await request.json())
        return web.json_response(whole(asked, self.handler(asked)))

    async def _upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        name = f"file-{len(self.files)}"
        self.files[name] = form["file"].file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def _create_openai(self, request: web.Request) -> web.Response:
        body = await request.json()
        rows = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        assert {row["url"] for row in rows} == {body["endpoint"]}
        assert body["completion_window"] == "24h"
        return self._create(request, rows, body["metadata"])

    async def _create_anthropic(self, request: web.Request) -> web.Response:
        rows = (await request.json())["requests"]
        return self._create(request, rows, {})

    def _create(self, request: web.Request, rows: list[Any], metadata: Any) -> web.Response:
        assert len({row["custom_id"] for row in rows}) == len(rows)
        assert all(len(row["custom_id"]) <= 64 for row in rows)
        doubt = self.doubts.pop(0) if self.doubts else None
        if doubt != "never":
            self.batches.append(Created(f"batch_{len(self.batches)}", rows, metadata))
        if doubt:
            request.transport.abort()
            return web.Response(status=500)
        return web.json_response(self._told(self.batches[-1], request.path))

    async def _list(self, request: web.Request) -> web.Response:
        told = [self._told(batch, request.path) for batch in reversed(self.batches)]
        return web.json_response({"data": told, "has_more": False})

    async def _look(self, request: web.Request) -> web.Response:
        batch = self._named(request.match_info["id"])
        batch.looks += 1
        return web.json_response(self._told(batch, request.path))

    def _named(self, name: str) -> Created:
        return next(batch for batch in self.batches if name.startswith(batch.id))

    def _told(self, batch: Created, path: str) -> dict[str, Any]:
        ended = batch.looks > self.polls
        n = len(batch.rows)
        if "messages" in path:
            return {
                "id": batch.id,
                "type": "message_batch",
                "processing_status": "ended" if ended else "in_progress",
                "request_counts": {"processing": 0 if ended else n, "succeeded": n if ended else 0,
                                   "errored": 0, "canceled": 0, "expired": 0},
                "results_url": f"{self.url}/v1/messages/batches/{batch.id}/results",
            }  # fmt: skip
        status = "completed" if ended else "in_progress"
        status = "expired" if ended and self.expire else "failed" if self.fail else status
        done = ended and not self.fail
        return {
            "id": batch.id,
            "object": "batch",
            "status": status,
            "errors": {"data": [{"code": "x", "message": self.fail}]} if self.fail else None,
            "output_file_id": f"{batch.id}-out" if done else None,
            "error_file_id": f"{batch.id}-err" if done else None,
            "request_counts": {"total": n, "completed": 0, "failed": 0},
            "metadata": batch.metadata,
        }

    async def _content(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        batch = self._named(name)
        told = [
            self._result(number, row, anthropic="messages" in request.path)
            for number, row in enumerate(batch.rows)
            if number not in self.absent
        ]
        if name.endswith(("-out", "-err")):
            good = name.endswith("-out")
            told = [row for row in told if (_is_answer(row)) == good]
        lines = [json.dumps(row) for row in reversed(told)]  # in no particular order
        return web.Response(text="\n".join(lines) + "\n")

    def _result(self, number: int, row: dict[str, Any], *, anthropic: bool) -> dict[str, Any]:
        path = "/v1/messages" if anthropic else row["url"]
        asked = Asked(path, {}, row["params"] if anthropic else row["body"])
        expired = number in self.expire
        answer = None if expired else self.handler(asked)
        named = {"custom_id": row["custom_id"]}
        if anthropic:
            if expired:
                return {**named, "result": {"type": "expired"}}
            if isinstance(answer, Status):
                error = {"type": "error", "error": answer.body["error"]}
                return {**named, "result": {"type": "errored", "error": error}}
            return {**named, "result": {"type": "succeeded", "message": whole(asked, answer)}}
        if expired:
            error = {"code": "batch_expired", "message": "This request could not be executed."}
            return {**named, "response": None, "error": error}
        status = answer.status if isinstance(answer, Status) else 200
        body = answer.body if isinstance(answer, Status) else whole(asked, answer)
        return {**named, "response": {"status_code": status, "body": body}, "error": None}


def _is_answer(row: dict[str, Any]) -> bool:
    return row["error"] is None and row["response"]["status_code"] == 200
