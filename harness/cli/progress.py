"""Progress of a run: a bar with time left on a terminal, a plain line now and then without."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from harness.cli.output import say

if TYPE_CHECKING:
    from harness.pipeline.options import Progress
    from harness.records import Response

_EVERY_SECONDS = 10.0


@contextlib.contextmanager
def shown_progress(*, quiet: bool = False) -> Iterator[Progress]:
    """Yield the kind of progress that suits where stderr goes."""
    if quiet:
        yield _Silent()
    elif sys.stderr.isatty():
        with _bar() as bar:
            yield _Bar(bar)
    else:
        yield _Lines()


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("answered · "),
        TimeElapsedColumn(),
        TextColumn("so far, left:"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[errors]}"),
    )
    return Progress(*columns, console=Console(stderr=True))


class _Silent:
    """Says only what the user must know."""

    def start(self, total: int, done: int) -> None:
        """Say nothing."""

    def advance(self, response: Response) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Print the note."""
        say(text)


class _Bar:
    """A bar on a terminal."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._task: Any = None
        self._errors = 0

    def start(self, total: int, done: int) -> None:
        """Show the bar; what was answered before counts as done."""
        self._errors = 0
        self._task = self._bar.add_task("asking", total=total, completed=done, errors="")

    def advance(self, response: Response) -> None:
        """Move the bar by one."""
        self._errors += response.error_kind is not None
        errors = f"· {self._errors} errors" if self._errors else ""
        self._bar.update(self._task, advance=1, errors=errors)

    def note(self, text: str) -> None:
        """Print above the bar."""
        self._bar.console.print(text, markup=False, highlight=False)


class _Lines:
    """A line every ten seconds, for logs."""

    def __init__(self) -> None:
        self._total = self._done = self._fresh = self._errors = 0
        self._began = self._last = time.monotonic()

    def start(self, total: int, done: int) -> None:
        """Say what is ahead."""
        self._total, self._done = total, done
        self._fresh = self._errors = 0
        self._began = self._last = time.monotonic()
        say(f"asking {total - done} of {total} requests" + (f", {done} are answered" * bool(done)))

    def advance(self, response: Response) -> None:
        """Count, and say so when the time has come."""
        self._done += 1
        self._fresh += 1
        self._errors += response.error_kind is not None
        now = time.monotonic()
        if now - self._last >= _EVERY_SECONDS or self._done == self._total:
            self._last = now
            left = (now - self._began) / self._fresh * (self._total - self._done)
            errors = f", {self._errors} errors" if self._errors else ""
            say(f"{self._done}/{self._total} answered{errors}, about {duration(left)} left")

    def note(self, text: str) -> None:
        """Print the note."""
        say(text)


def duration(seconds: float) -> str:
    """Return a length of time as people say it: 45 s, 12 min, 3.5 h."""
    if seconds < 90:  # noqa: PLR2004 -- where minutes read better than seconds
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"  # noqa: PLR2004
