"""Many requests at once, and how all of them end when one tells that asking has to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from harness.models.api.halt import Halt, HaltedError
from harness.models.api.pace import Pace
from harness.records import Request, Response


class Flow:
    """One pass over requests.

    A worker asks its next request only after `deliver` returned for the last: no more answers
    are ever paid for and not yet stored than there are workers.
    """

    def __init__(
        self,
        answer: Callable[[Request], Awaitable[Response]],
        deliver: Callable[[Response], Awaitable[None]],
        pace: Pace,
        halt: Halt,
    ) -> None:
        self._answer = answer
        self._deliver = deliver
        self._pace = pace
        self._halt = halt

    async def run(self, requests: Sequence[Request], workers: int, drain: float) -> None:
        """Answer all `requests`; where a stop is wished, what is in flight has `drain` seconds.

        Raises:
            HarnessError: why asking was stopped, where that was no wish of the user.
        """
        waiting = iter(requests)
        tasks = [
            asyncio.create_task(self._work(waiting)) for _ in range(min(workers, len(requests)))
        ]
        everybody = asyncio.gather(*tasks)
        halted = asyncio.create_task(self._halt.wait())
        either: set[asyncio.Future[Any]] = {everybody, halted}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._halt.wanted:
                self._pace.end()
                await asyncio.wait({everybody}, timeout=drain)
        finally:
            for task in (*tasks, halted):
                task.cancel()
            ends = await asyncio.gather(*tasks, halted, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        if self._halt.error is not None:
            raise self._halt.error

    async def _work(self, waiting: Iterator[Request]) -> None:
        for request in waiting:
            if self._halt.wanted:
                return
            try:
                response = await self._answer(request)
            except HaltedError:
                return
            await self._deliver(response)
