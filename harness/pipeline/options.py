"""How a run is made, and who is told how it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.records import Response


class Progress(Protocol):
    """Is told how a run goes; the command line draws it."""

    def start(self, total: int, done: int) -> None:
        """`done` of `total` requests are answered already."""

    def advance(self, response: Response) -> None:
        """One more request was answered and is safely stored."""

    def note(self, text: str) -> None:
        """Something the user should read."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is made; nothing here changes what is asked, but `limit` and `seed`."""

    results: Path = Path("results")
    limit: int | None = None
    seed: int = 0
    fresh: bool = False
    verify: int = 0
    command: tuple[str, ...] = ()
    stopped: Callable[[], bool] = field(default=lambda: False)
