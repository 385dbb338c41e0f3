"""How many requests are in flight: small at first, more while all goes well, less when refused."""

from __future__ import annotations

import asyncio
from collections import deque

from harness.models.api.halt import HaltedError

_START = 4


class Pace:
    """Lets requests out, at most `most` at once.

    It doubles with every round of answers until the provider refuses for the first time, then
    grows by one a round and is halved by each refusal (as TCP does). A refusal also pauses
    everybody; refusals of what was in flight meanwhile can only prolong the pause.

    `pauses` counts those since the last success.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(min(_START, most))
        self._doubling = True
        self._out = 0
        self._opens_at: float | None = None
        self._epoch = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._ended = False
        self.pauses = 0

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return int(self._limit)

    async def enter(self) -> int:
        """Wait for a place among those in flight; return the epoch of entry, for `refused`.

        Raises:
            HaltedError: asking has ended.
        """
        while not self._ended and not self._room():
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        if self._ended:
            raise HaltedError
        self._out += 1
        return self._epoch

    def leave(self) -> None:
        """Give the place back."""
        self._out -= 1
        self._wake(self._room())

    def succeeded(self) -> None:
        """Grow: a request was answered."""
        self.pauses = 0
        if self._limit < self._most:
            step = 1.0 if self._doubling else 1.0 / self._limit
            self._limit = min(self._limit + step, self._most)
            self._wake(self._room())

    def refused(self, entered: int, wait: float) -> None:
        """Pause for `wait` seconds, and halve the limit once for each congestion.

        Requests that went out before the last cut tell of the same congestion as that cut.
        """
        loop = asyncio.get_running_loop()
        opens_at = loop.time() + wait
        if self._opens_at is None or opens_at > self._opens_at:
            self._opens_at = opens_at
            loop.call_at(opens_at, self._open, opens_at)
        if entered == self._epoch:
            self._epoch += 1
            self._doubling = False
            self._limit = max(1.0, self._limit / 2)
            self.pauses += 1

    def end(self) -> None:
        """Let nobody out any more; who waits is told."""
        self._ended = True
        self._wake(len(self._waiting))

    def _open(self, planned: float) -> None:
        if self._opens_at == planned:  # else the pause was prolonged meanwhile
            self._opens_at = None
            self._wake(self._room())

    def _room(self) -> int:
        return 0 if self._opens_at is not None else max(0, int(self._limit) - self._out)

    def _wake(self, count: int) -> None:
        while self._waiting and count > 0:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                count -= 1
