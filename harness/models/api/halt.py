"""The end of asking, whoever wants it: the user, a provider that is down, a key that is refused."""

from __future__ import annotations

import asyncio
import contextlib

from harness.errors import HarnessError


class HaltedError(Exception):
    """Nothing more is to be sent; what was about to be is left for another run."""


class Halt:
    """A wish to stop that everybody who waits hears at once. For good, and for one event loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.error: HarnessError | None = None

    @property
    def wanted(self) -> bool:
        """Whether to stop."""
        return self._event.is_set()

    def stop(self, error: HarnessError | None = None) -> None:
        """Wish to stop; the first `error` given is why."""
        self.error = self.error or error
        self._event.set()

    def check(self) -> None:
        """Raise HaltedError where a stop is wanted."""
        if self.wanted:
            raise HaltedError

    async def wait(self) -> None:
        """Return when a stop is wanted."""
        await self._event.wait()

    async def sleep(self, seconds: float) -> None:
        """Wait, but raise HaltedError as soon as a stop is wanted."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()
        self.check()
