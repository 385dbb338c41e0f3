"""From a Request to a Response over one wire: text, letters, likelihoods, times and tokens."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from harness.models.api.caller import Caller, GivenUpError
from harness.models.api.facts import (
    error_facts,
    letter_facts,
    read_reply,
    reply_facts,
    used_tokens,
)
from harness.models.api.faults import refuses_logprobs
from harness.models.api.keys import Place
from harness.models.api.purse import Bill, Purse, most_tokens
from harness.models.prices import Price
from harness.models.transport import HttpClient, HttpFailure
from harness.models.wires import completions, openai
from harness.models.wires.base import Call, Reply, Wire, malformed, shape_checked
from harness.models.wires.rules import Rules
from harness.records import Request, RequestKind, Response


@dataclass(frozen=True, slots=True)
class Link:
    """Where and how one model is asked; `suffix` is appended to every path.

    `letters` says that log-probabilities are worth asking for; `price` is None where unknown.
    """

    place: Place
    wire: Wire
    rules: Rules
    letters: bool
    stream: bool = False
    suffix: str = ""
    price: Price | None = None


@dataclass(slots=True)
class _Tally:
    """What asking for one response took; the seconds are those of the attempt that succeeded.

    `usd` is the price of the answers that came, None where one of them has none.
    """

    calls: int = 0
    usd: float | None = 0.0
    seconds: float = 0.0
    first_seconds: float | None = None


@dataclass(slots=True)
class _Events:
    """The events of a stream as they arrive."""

    wire: Wire
    started: float = field(default_factory=time.monotonic)
    first_seconds: float | None = None
    all: list[Any] = field(default_factory=list)

    def take(self, event: Any) -> None:
        if self.first_seconds is None and self.wire.says(event):
            self.first_seconds = time.monotonic() - self.started
        self.all.append(event)


class Asker:
    """Asks one model; every method returns a Response or raises HaltedError."""

    def __init__(
        self, link: Link, client: HttpClient, caller: Caller, purse: Purse, deadline: float
    ) -> None:
        self._link = link
        self._client = client
        self._caller = caller
        self._purse = purse
        self._deadline = deadline
        self._letters = link.letters
        self.warnings: list[str] = []

    async def answer(self, request: Request) -> Response:
        """Return the response to `request`, after as many attempts as it takes."""
        tally = _Tally()
        try:
            if request.kind is RequestKind.LOGPROB:
                facts = await self._score(request, tally)
            else:
                facts = await self._generate(request, tally)
        except GivenUpError as error:
            facts = error_facts(error.fault)
        return Response(
            request_key=request.key,
            attempts=tally.calls,
            answered_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            **facts,
        )

    async def _generate(self, request: Request, tally: _Tally) -> dict[str, Any]:
        if request.decoding is None:
            return _prompt_error("a generate request needs its decoding (max_tokens, ...)")
        reply = await self._caller.call(lambda: self._reply(request, tally))
        return {
            **reply_facts(request, reply, self._client.redact),
            **self._letter_facts(request, reply),
            **_times(tally),
            "cost_usd": tally.usd,
        }

    async def _reply(self, request: Request, tally: _Tally) -> Reply:
        """Make one attempt; a provider that refuses log-probabilities is asked without them."""
        letters = self._letters and bool(request.letters)
        try:
            return await self._attempt(request, tally, letters=letters)
        except HttpFailure as failure:
            if not letters or not refuses_logprobs(failure):
                raise
            self._no_letters("refuses log-probabilities")
            return await self._attempt(request, tally, letters=False)

    async def _attempt(self, request: Request, tally: _Tally, *, letters: bool) -> Reply:
        link = self._link
        async with self._paid(request, tally) as bill:
            with shape_checked():
                call = link.wire.call(request, link.rules, letters=letters, stream=link.stream)
                answer = await self._send(call, tally)
            reply = read_reply(link.wire, answer)
            bill.pay(used_tokens(reply))
        return reply

    @asynccontextmanager
    async def _paid(self, request: Request, tally: _Tally) -> AsyncIterator[Bill]:
        """Make one call within the budget, and add up what it cost."""
        async with self._purse.call(most_tokens(request, self._link.rules.room)) as bill:
            yield bill
        if tally.usd is not None:
            tally.usd = None if bill.usd is None else tally.usd + bill.usd

    async def _send(self, call: Call, tally: _Tally) -> Any:
        tally.calls += 1
        path, wire = call.path + self._link.suffix, self._link.wire
        started = time.monotonic()
        if call.body.get("stream") or "stream" in call.path:
            events = _Events(wire)
            await self._client.post_stream(path, call.body, events.take, deadline=self._deadline)
            answer: Any = wire.whole(events.all)
            tally.first_seconds = events.first_seconds
        else:
            answer = await self._client.post_json(path, call.body, deadline=self._deadline)
        tally.seconds = time.monotonic() - started
        return answer

    def _letter_facts(self, request: Request, reply: Reply) -> dict[str, Any]:
        if not request.letters or not self._letters:
            return {}
        if reply.first is None:
            if reply.text and not self._link.rules.reasons:
                self._no_letters("does not tell log-probabilities")
            return {}
        return letter_facts(request, reply)

    def _no_letters(self, why: str) -> None:
        if self._letters:
            self._letters = False
            self.warnings.append(f"the server {why}: letters are stored without them")

    async def _score(self, request: Request, tally: _Tally) -> dict[str, Any]:
        if not request.continuations or not all(request.continuations):
            return _prompt_error("a logprob request needs continuations that are not empty")
        # White space at the end of the context belongs to the continuation, as for local models.
        context = request.prompt.rstrip()
        tail = request.prompt[len(context) :]
        found = [
            await self._caller.call(partial(self._echo, request, context, tail + text, tally))
            for text in request.continuations
        ]
        return {
            "logprobs": tuple(total for total, _, _ in found),
            "greedy": tuple(greedy for _, greedy, _ in found),
            "output_tokens": sum(tokens for _, _, tokens in found),
            "cost_usd": tally.usd,
        }

    async def _echo(
        self, request: Request, context: str, text: str, tally: _Tally
    ) -> tuple[float, bool, int]:
        async with self._paid(request, tally) as bill:
            with shape_checked():
                call = completions.echo_call(context + text, self._link.rules)
                answer = await self._send(call, tally)
                found = completions.read_echo(answer, text)
                used = used_tokens(Reply("", "stop", **openai.usage(answer)))
            bill.pay(used)
        if not math.isfinite(found[0]):
            raise malformed(f"a log-likelihood of {found[0]} cannot be")
        return found


def _prompt_error(message: str) -> dict[str, Any]:
    return {"error_kind": "prompt", "error_message": message}


def _times(tally: _Tally) -> dict[str, float | None]:
    first = tally.first_seconds
    return {
        "total_seconds": tally.seconds,
        "first_token_seconds": first,
        "decode_seconds": None if first is None else tally.seconds - first,
    }
