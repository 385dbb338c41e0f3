"""The seam between the pipeline and every kind of model: one verb, stream in, stream out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from harness.models.prices import Price
from harness.records import ModelInfo, Request, Response


class Model(Protocol):
    """Something that answers requests.

    A request that fails yields a Response with `error_kind` set; only a failure of the whole
    model raises. Responses come in any order, each carrying its `request_key`.
    """

    @property
    def info(self) -> ModelInfo:
        """Which system this is."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """What the user should know about this model; may grow while it answers."""
        ...

    def respond(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield one response for each request, as they become available."""
        ...

    def drain(self) -> None:
        """Send nothing more; `respond` ends once what is in flight came back. Signal-safe."""
        ...

    def close(self) -> None:
        """Release what the model holds (child process, connections); safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class Misfit:
    """A request that is larger than the context; all figures in tokens."""

    request_key: str
    tokens: int
    limit: int


@runtime_checkable
class Measurable(Protocol):
    """A model that can tell in advance which requests are too large for it."""

    def preflight(self, requests: Sequence[Request]) -> list[Misfit]:
        """Return the requests that do not fit; nothing is asked."""
        ...


@dataclass(frozen=True, slots=True)
class Spent:
    """What calls cost, in USD.

    `usd` is the price of all answers that told what they used, `unsure_usd` the most that the
    other calls can have cost: those that broke off after they were sent.
    """

    usd: float = 0.0
    unsure_usd: float = 0.0

    @property
    def most(self) -> float:
        """What everything cost at most."""
        return self.usd + self.unsure_usd


@runtime_checkable
class Payable(Protocol):
    """A model whose calls cost money."""

    @property
    def price(self) -> Price | None:
        """What it charges, None where nobody knows."""
        ...

    @property
    def spent(self) -> Spent:
        """What was spent since the model was opened."""
        ...

    def allow(self, usd: float) -> None:
        """Let calls cost so much from now on; when that is used up, `respond` raises BudgetError.

        What is in flight counts with the most it can cost, so the limit is never passed.
        """
        ...

    def at_risk(self, requests: Sequence[Request]) -> float:
        """Return the most that is paid for and would be lost with the process, in USD."""
        ...


class Notebook(Protocol):
    """Facts that outlive the process, as a run's journal keeps them; values are JSON."""

    def meta(self, name: str) -> Any:
        """Return a fact, or None."""
        ...

    def set_meta(self, name: str, value: Any) -> None:
        """Keep a fact; it is safe when this returns."""
        ...


@runtime_checkable
class Resumable(Protocol):
    """A model that is asked now and answers another day."""

    def remember(self, notebook: Notebook, say: Callable[[str], None]) -> None:
        """Keep in `notebook` what was handed in, and go on with what was; `say` tells the user."""
        ...


@runtime_checkable
class Countable(Protocol):
    """A model whose tokenizer is at hand."""

    def count_tokens(self, requests: Sequence[Request]) -> list[int]:
        """Return the tokens of each request's prompt; nothing is asked."""
        ...


@runtime_checkable
class Verifiable(Protocol):
    """A model that can also answer without any of its speed-ups, to check them."""

    def respond_cold(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Answer one by one, reusing nothing of earlier requests."""
        ...
