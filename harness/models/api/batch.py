"""`BatchModel`: a hosted model that is asked by batches, at half the price and within a day."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from harness.errors import ProviderError
from harness.models.api.asking import Link
from harness.models.api.caller import Caller
from harness.models.api.desk import Desk
from harness.models.api.facts import (
    error_facts,
    letter_facts,
    read_reply,
    reply_facts,
    used_tokens,
)
from harness.models.api.faults import understand
from harness.models.api.halt import Halt, HaltedError
from harness.models.api.model import client_headers
from harness.models.api.options import ApiOptions
from harness.models.api.pace import Pace
from harness.models.api.purse import most_tokens, too_little
from harness.models.base import Notebook, Spent
from harness.models.loop import LoopThread
from harness.models.prices import Price, most
from harness.models.transport import FailureKind, HttpClient, HttpFailure
from harness.models.wires.base import Reply, shape_checked
from harness.models.wires.batches import BatchWire, missing, row_id
from harness.records import ModelInfo, Request, Response

_MOST_ROWS = 10_000
_MOST_BYTES = 50_000_000
"""Well below what the providers take, so that results fit into memory."""

_MOST_RESULT_BYTES = 1024**3
_TOKEN_BYTES = 8
_KEY_DIGITS = 40
"""A row's id is the token of its batch, '-' and so much of the request's key: 57 characters."""

BATCHES = "batches"
"""The fact of a journal that holds what was handed in and not yet fetched."""


@dataclass(slots=True)
class _Handed:
    """A batch as the journal remembers it: noted before it is sent, with its id afterwards."""

    token: str
    keys: list[str]
    most_usd: float
    id: str | None = None


class BatchModel:
    """A hosted model behind its provider's batches; the answers are those of ApiModel.

    What was handed in is remembered in the run's journal, so that a batch is never handed in
    twice: another process goes on waiting for it. A row that was not answered becomes an error,
    which the same command hands in again.

    `respond` raises ProviderError where a batch is refused, BudgetError where the money allowed
    is spent; a drain leaves the batch with the provider.
    """

    def __init__(
        self,
        info: ModelInfo,
        link: Link,
        options: ApiOptions,
        batches: BatchWire,
        notes: Sequence[str] = (),
    ) -> None:
        self._info = info
        self._link = link
        self._options = options
        self._batches = batches
        self._notes = list(notes)
        self._notebook: Notebook = _Memory()
        self._say: Callable[[str], None] = lambda _: None
        self._open: list[_Handed] = []
        self._usd = self._unsure_usd = 0.0
        self._left: float | None = None
        self._loop = LoopThread()
        self._loop.run(self._connect())

    @property
    def info(self) -> ModelInfo:
        """Which system this is."""
        return self._info

    @property
    def warnings(self) -> list[str]:
        """What the user should know about this model."""
        return list(self._notes)

    @property
    def price(self) -> Price | None:
        """What it charges, None where nobody knows."""
        return self._link.price

    @property
    def spent(self) -> Spent:
        """What was spent for the results that are here."""
        return Spent(self._usd, self._unsure_usd)

    def allow(self, usd: float) -> None:
        """Let batches cost so much, those included whose results are not here yet."""
        self._left = usd - sum(batch.most_usd for batch in self._open)

    def at_risk(self, requests: Sequence[Request]) -> float:  # noqa: ARG002 - see below
        """Return 0: what is paid for and not yet stored stands in the notebook."""
        return 0.0

    def remember(self, notebook: Notebook, say: Callable[[str], None]) -> None:
        """Keep what is handed in in `notebook`, and go on with what was; `say` tells the user."""
        self._notebook, self._say = notebook, say
        self._open = [_Handed(**batch) for batch in notebook.meta(BATCHES) or ()]

    def respond(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield one response for each request, batch after batch."""
        wanted = {request.key: request for request in requests}
        try:
            while wanted:
                self._hand_in(wanted)
                yield from self._collected(self._open[0], wanted)
        except HaltedError:
            if self._halt.error is not None:
                raise self._halt.error from None
            if self._open:
                self._say("the batch goes on without us; the same command fetches its results")

    def drain(self) -> None:
        """Hand in and wait for nothing more; `respond` ends. Signal-safe, and for good."""
        self._loop.soon(self._halt.stop)

    def close(self) -> None:
        """Close the connections; safe to call twice."""
        self._loop.finish(self._client.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    async def _connect(self) -> None:
        link, policy = self._link, self._options.policy
        self._halt = Halt()
        self._client = HttpClient(
            link.place.url,
            headers=client_headers(link.place, link.wire),
            secrets=link.place.secrets,
            max_body_bytes=_MOST_RESULT_BYTES,
        )
        caller = Caller(self._info.name, policy, Pace(1), self._halt)
        self._desk = Desk(self._batches, self._client, caller, policy, self._halt)

    def _hand_in(self, wanted: Mapping[str, Request]) -> None:
        """Hand in as much of what is wanted as batches and the budget hold."""
        for batch in [batch for batch in self._open if batch.id is None]:
            # Somebody was stopped before the provider's answer: is it there or not?
            job = self._loop.run(self._desk.find(batch.token, len(batch.keys)))
            if job is None:
                self._open.remove(batch)
            else:
                batch.id = job.id
            self._note()
        while requests := self._next(wanted):
            token = secrets.token_hex(_TOKEN_BYTES)
            worst = sum(self._most(request) for request in requests)
            batch = _Handed(token, [request.key for request in requests], worst)
            self._open.append(batch)
            self._note()
            rows = [self._row(request, token) for request in requests]
            batch.id = self._loop.run(self._desk.submit(rows, token)).id
            self._note()
            self._say(f"batch {batch.id}: {len(rows):,} requests, to be answered within a day")
            if self._left is not None:
                self._left -= worst

    def _next(self, wanted: Mapping[str, Request]) -> list[Request]:
        """Return what goes into the next batch: as much as fits, and nothing twice.

        Where not even one request can be paid for, the results of what is handed in may turn out
        cheaper than feared; where nothing is, the budget is at its end.
        """
        known = {key for batch in self._open for key in batch.keys}
        found: list[Request] = []
        size, cost = 0, 0.0
        for request in (request for key, request in wanted.items() if key not in known):
            worst = self._most(request)
            size += len(json.dumps(self._row(request, "")))
            if self._left is not None and cost + worst > self._left:
                if not self._open and not found:
                    raise too_little(worst, self._left)
                break
            if found and (len(found) == _MOST_ROWS or size > _MOST_BYTES):
                break
            cost += worst
            found.append(request)
        return found

    def _collected(self, batch: _Handed, wanted: dict[str, Request]) -> Iterator[Response]:
        """Wait for a batch; yield a response for each of its requests that is wanted."""
        job = self._loop.run(self._desk.wait(str(batch.id)))
        if job.failed is not None:
            self._close(batch, 0.0)
            raise ProviderError(
                f"{self._info.name} refuses the batch {job.id}: {job.failed}; nothing was asked, "
                "and the same command hands it in again"
            )
        before = self._usd + self._unsure_usd
        keys = {key[:_KEY_DIGITS]: key for key in batch.keys}
        for row in self._loop.run(self._desk.results(job)):
            key = keys.pop(row_id(row).rpartition("-")[2], "")
            if key in wanted:
                yield self._response(wanted.pop(key), row)
        for key in keys.values():
            if key in wanted:
                yield self._response(wanted.pop(key), None)
        self._close(batch, self._usd + self._unsure_usd - before)

    def _response(self, request: Request, row: Any) -> Response:
        try:
            facts = self._facts(request, row)
        except HttpFailure as failure:
            if failure.kind is FailureKind.MALFORMED and row is not None:
                self._unsure_usd += self._most(request)
            facts = error_facts(understand(failure))
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return Response(request_key=request.key, attempts=1, answered_at=now, **facts)

    def _facts(self, request: Request, row: Any) -> dict[str, Any]:
        if row is None:
            raise missing()
        with shape_checked():
            answer = self._batches.result(row)
        reply = read_reply(self._link.wire, answer)
        usd = self._usd_of(reply)
        if usd is None:
            self._unsure_usd += self._most(request)
        self._usd += usd or 0.0
        facts = reply_facts(request, reply, self._client.redact)
        return {**facts, **letter_facts(request, reply), "cost_usd": usd}

    def _usd_of(self, reply: Reply) -> float | None:
        used = used_tokens(reply)
        if self._link.price is None or used is None:
            return None
        return self._link.price.usd(used, datetime.now(UTC))

    def _most(self, request: Request) -> float:
        price, room = self._link.price, self._link.rules.room
        return 0.0 if price is None else most(price, most_tokens(request, room), datetime.now(UTC))

    def _row(self, request: Request, token: str) -> dict[str, Any]:
        letters = self._link.letters and bool(request.letters)
        call = self._link.wire.call(request, self._link.rules, letters=letters, stream=False)
        return self._batches.row(f"{token}-{request.key[:_KEY_DIGITS]}", call)

    def _close(self, batch: _Handed, cost: float) -> None:
        self._open.remove(batch)
        self._note()
        if self._left is not None:
            self._left += batch.most_usd - cost

    def _note(self) -> None:
        self._notebook.set_meta(BATCHES, [asdict(batch) for batch in self._open])


class _Memory:
    """A notebook for who has none: forgotten with the process."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}

    def meta(self, name: str) -> Any:
        return self._facts.get(name)

    def set_meta(self, name: str, value: Any) -> None:
        self._facts[name] = value
