"""An event loop in a thread of its own, so that a slow consumer never stops a deadline."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class LoopThread:
    """Runs coroutines for synchronous callers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start `work` and return its future."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end; an interrupt cancels it."""
        future = self.submit(work)
        try:
            return future.result()
        finally:
            future.cancel()

    def soon(self, callback: Callable[[], object]) -> None:
        """Run `callback` in the loop when it comes to it; nothing where the loop has ended.

        May be called from a signal handler.
        """
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback)

    def finish(self, last: Coroutine[Any, Any, None]) -> None:
        """Run `last`, then end the loop and its thread; safe to call twice."""
        if self._loop.is_closed():
            last.close()
            return
        self.run(self._end_with(last))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    async def _end_with(self, last: Coroutine[Any, Any, None]) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await last


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end, also where the caller is within an event loop (a notebook)."""
    loop = LoopThread()
    try:
        return loop.run(work)
    finally:
        loop.finish(asyncio.sleep(0))
