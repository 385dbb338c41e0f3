"""`ApiModel`: a model behind an HTTP interface, behind the Model seam."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Self

from harness.models.api.asking import Asker, Link
from harness.models.api.caller import Caller
from harness.models.api.flow import Flow
from harness.models.api.halt import Halt
from harness.models.api.keys import Place
from harness.models.api.options import ApiOptions
from harness.models.api.pace import Pace
from harness.models.api.purse import Purse, most_tokens
from harness.models.base import Spent
from harness.models.loop import LoopThread
from harness.models.prices import Price, Tokens, most
from harness.models.transport import HttpClient
from harness.models.wires.base import Wire
from harness.records import ModelInfo, Request, Response


class ApiModel:
    """A hosted model.

    `respond` raises ModelError where the key or the model's name is refused, ProviderError where
    the provider is down or its quota is used up, BudgetError where the money allowed is spent;
    what was answered until then has been yielded.
    A response counts as stored when the next one is asked for: at most `concurrency` answers are
    in flight or not yet stored.
    """

    def __init__(
        self, info: ModelInfo, link: Link, options: ApiOptions, notes: Sequence[str] = ()
    ) -> None:
        self._info = info
        self._link = link
        self._options = options
        self._notes = list(notes)
        self._loop = LoopThread()
        self._loop.run(self._connect())

    @property
    def info(self) -> ModelInfo:
        """Which system this is."""
        return self._info

    @property
    def warnings(self) -> list[str]:
        """What the user should know about this model, each once; grows while it answers."""
        return [*self._notes, *self._asker.warnings]

    @property
    def price(self) -> Price | None:
        """What it charges, None where nobody knows."""
        return self._link.price

    @property
    def spent(self) -> Spent:
        """What was spent since the model was opened."""
        return self._purse.spent

    def allow(self, usd: float) -> None:
        """Let calls cost so much from now on; then `respond` raises BudgetError."""
        self._purse.allow(usd)

    def at_risk(self, requests: Sequence[Request]) -> float:
        """Return the most that is paid for and not yet stored at any moment, in USD."""
        if self._link.price is None or not requests:
            return 0.0
        bounds = [most_tokens(request, self._link.rules.room) for request in requests]
        largest = Tokens(max(b.prompt for b in bounds), max(b.output for b in bounds))
        calls = min(self._options.concurrency, len(requests))
        return calls * most(self._link.price, largest, datetime.now(UTC))

    def respond(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield one response for each request, as they arrive."""
        arrived: queue.SimpleQueue[tuple[Response, asyncio.Future[None]] | None]
        arrived = queue.SimpleQueue()

        async def deliver(response: Response) -> None:
            stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            arrived.put((response, stored))
            await stored

        flow = Flow(self._asker.answer, deliver, self._pace, self._halt)
        drain = self._options.policy.drain
        work = self._loop.submit(flow.run(requests, self._options.concurrency, drain))
        work.add_done_callback(lambda _: arrived.put(None))
        try:
            while (item := arrived.get()) is not None:
                response, stored = item
                yield response
                self._loop.soon(partial(_release, stored))
            work.result()
        finally:
            work.cancel()

    def drain(self) -> None:
        """Send nothing more; `respond` ends once what is in flight came back. Signal-safe.

        It is for good: a pass that begins later ends at once.
        """
        self._loop.soon(self._halt.stop)

    def close(self) -> None:
        """Close the connections; safe to call twice."""
        self._loop.finish(self._client.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    async def _connect(self) -> None:
        link, options = self._link, self._options
        self._halt = Halt()
        self._pace = Pace(options.concurrency)
        self._purse = Purse(link.price, self._halt)
        self._client = HttpClient(
            link.place.url,
            headers=client_headers(link.place, link.wire),
            secrets=link.place.secrets,
            connections=options.concurrency,
        )
        caller = Caller(self._info.name, options.policy, self._pace, self._halt)
        self._asker = Asker(link, self._client, caller, self._purse, options.policy.deadline)


def _release(stored: asyncio.Future[None]) -> None:
    if not stored.done():
        stored.set_result(None)


def client_headers(place: Place, wire: Wire) -> dict[str, str]:
    """Return the headers that carry a place's key, as its wire wants them."""
    if place.key is None:
        return {}
    key = place.key.get_secret_value()
    return {"api-key": key} if place.is_azure else wire.headers(key)
