"""How a run is made, and who is told how it goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.models.base import Model
from harness.records import Response


class Progress(Protocol):
    """Is told how a run goes; the command line draws it."""

    def start(self, total: int, done: int) -> None:
        """`done` of `total` requests are answered already."""

    def advance(self, response: Response) -> None:
        """One more request was answered and is safely stored."""

    def note(self, text: str) -> None:
        """Something the user should read."""


class Stop:
    """A wish to stop, which a signal handler may express at any moment."""

    def __init__(self) -> None:
        self.requested = False
        self._model: Model | None = None

    def attach(self, model: Model) -> None:
        """Name the model that is to finish what is in flight."""
        self._model = model
        if self.requested:
            model.drain()

    def request(self) -> None:
        """Ask for nothing more; what is in flight still counts."""
        self.requested = True
        if self._model is not None:
            self._model.drain()


@dataclass(frozen=True, slots=True)
class Asking:
    """What is asked: task expressions, folders whose task code is trusted, and how many samples.

    `limit` holds for each task; `shots` and `max_tokens` state what a stock task leaves open;
    `temperature` replaces the tasks' own, which makes them variants under protocols of their own.
    """

    tasks: tuple[str, ...]
    trusted: tuple[Path, ...] = ()
    limit: int | None = None
    seed: int = 0
    shots: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is made; nothing here changes what is asked.

    `max_usd` is what the whole run may cost, however often it is continued.
    """

    results: Path = Path("results")
    fresh: bool = False
    verify: int = 0
    command: tuple[str, ...] = ()
    max_usd: float | None = None
    stop: Stop = field(default_factory=Stop)


class Quiet:
    """Progress that nobody watches; notes are dropped."""

    def start(self, total: int, done: int) -> None:
        """Do nothing."""

    def advance(self, response: Response) -> None:
        """Do nothing."""

    def note(self, text: str) -> None:
        """Do nothing."""
