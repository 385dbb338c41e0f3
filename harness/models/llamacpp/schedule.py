"""Which request when, in which slot, and what happens when the server dies under one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.errors import ModelError
from harness.models.llamacpp.answers import Answerer, failed
from harness.models.llamacpp.asking import Asking
from harness.models.llamacpp.client import LlamaClient
from harness.models.llamacpp.prompt import TemplateHangError
from harness.models.llamacpp.server import RemoteServer, Server
from harness.models.transport import HttpFailure
from harness.records import Request, Response

_MOST_DEATHS = 4
"""Deaths in a row without one answer between them: two requests quarantined, then it is us."""

_DEATH_SECONDS = 3.0


class Shares:
    """Requests in the order of their text, one contiguous share for each slot.

    Neighbours have the longest common prefixes, so each slot computes a shared prefix once. A
    slot that runs out takes from the far end of the longest remaining share.
    """

    def __init__(self, requests: Sequence[Request], slots: int) -> None:
        ordered = sorted(requests, key=lambda request: (request.kind, request.prompt))
        size = -(-len(ordered) // slots)
        self._shares = [deque(ordered[i * size : (i + 1) * size]) for i in range(slots)]

    def take(self, slot: int) -> Request | None:
        """Return the next request for `slot`, None where nothing is left."""
        if self._shares[slot]:
            return self._shares[slot].popleft()
        longest = max(self._shares, key=len)
        return longest.pop() if longest else None

    def __bool__(self) -> bool:
        return any(self._shares)


@dataclass(frozen=True, slots=True)
class Engine:
    """A server with what is needed to ask it."""

    server: Server
    client: LlamaClient
    answerer: Answerer

    async def start(self) -> None:
        """Start the server (again) and connect to it; raise ModelError where it will not."""
        await asyncio.to_thread(self.server.start)
        await self.client.connect(self.server.address, self.server.key)

    async def last_words(self) -> str:
        """Return why the server ended."""
        return await asyncio.to_thread(self.server.last_words)


class Schedule:
    """One pass over requests; `emit` gets every response, `draining` ends the pass early."""

    def __init__(
        self, engine: Engine, *, emit: Callable[[Response], None], draining: Callable[[], bool]
    ) -> None:
        self._engine = engine
        self._emit = emit
        self._draining = draining
        self._remote = isinstance(engine.server, RemoteServer)
        self._down = False
        self._deaths = 0
        self._suspects: list[Request] = []

    async def run(self, requests: Sequence[Request], slots: int, *, cache: bool) -> None:
        """Answer `requests`; raise ModelError where the server cannot be kept alive."""
        shares = Shares(requests, slots)
        while shares and not self._draining():
            await self._round(shares, slots, cache=cache)
            await self._restart_if_down()
            suspects, self._suspects = self._suspects, []
            for request in suspects:
                if not self._draining():
                    await self._try_alone(request, cache=cache)

    async def _round(self, shares: Shares, slots: int, *, cache: bool) -> None:
        """Let every slot work until nothing is left or the server is down."""
        work = [self._work(shares, slot, cache=cache) for slot in range(slots)]
        tasks = [asyncio.create_task(worker) for worker in work]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:  # a failure of one is the end of all
                task.cancel()

    async def _work(self, shares: Shares, slot: int, *, cache: bool) -> None:
        while not self._down and not self._draining():
            request = shares.take(slot)
            if request is None:
                return
            if not await self._answered(request, self._asking(slot, cache=cache)):
                self._suspects.append(request)

    def _asking(self, slot: int, *, cache: bool) -> Asking:
        # Somebody else's server may have other slots than ours.
        return Asking(None if self._remote else slot, cache)

    async def _try_alone(self, request: Request, *, cache: bool) -> None:
        """Ask again with nothing beside it: what kills twice is not asked a third time."""
        asking = replace(self._asking(0, cache=cache), stepwise=True)
        if not await self._answered(request, asking):
            words = await self._engine.last_words()
            message = f"the engine died twice on this request: {words}"
            self._emit(failed(request, "crash", message))
        await self._restart_if_down()

    async def _answered(self, request: Request, asking: Asking) -> bool:
        """Emit the response to `request`; return False where the server died under it."""
        try:
            response = await self._engine.answerer.answer(request, asking)
        except TemplateHangError as error:
            # Nothing but the end of its process ends a template.
            await asyncio.to_thread(self._engine.server.stop)
            self._down = not self._remote
            response = failed(request, error.kind, str(error))
        except HttpFailure as failure:
            self._down = self._down or await self._dead()
            if self._down:
                return False
            response = failed(request, failure.kind.value, str(failure))
        if response.error_kind is None:
            self._deaths = 0
        self._emit(response)
        return True

    async def _dead(self) -> bool:
        """Say whether the server is gone; its end may show a moment after the lost connection."""
        if self._remote:
            await self._check_remote()
            return False
        waited = 0.0
        while self._engine.server.alive() and waited < _DEATH_SECONDS:
            await asyncio.sleep(0.05)
            waited += 0.05
        return not self._engine.server.alive()

    async def _check_remote(self) -> None:
        try:
            await self._engine.client.props()
        except HttpFailure as failure:
            raise ModelError(await self._engine.last_words()) from failure

    async def _restart_if_down(self) -> None:
        if not self._down or self._draining():
            return
        self._deaths += 1
        if self._deaths >= _MOST_DEATHS:
            words = await self._engine.last_words()
            raise ModelError(f"the engine keeps dying without an answer: {words}")
        await self._engine.start()
        self._down = False
