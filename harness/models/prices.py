"""What calls cost, in USD: list prices of a pinned package, or what the user states.

The version of `genai-prices` is the price table: it is read offline and never updated from the
network. Prices are dated, so a call is priced by the moment it was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from harness.errors import UsageError

if TYPE_CHECKING:
    from genai_prices import types

_MILLION = 1_000_000
_PROVIDERS = {"gemini": "google"}  # theirs for ours, where the names differ
_BATCH = {"processing": "batch"}
_BATCH_SHARE = 0.5
"""What OpenAI and Anthropic charge for a batch, where the table has no row of its own for it."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a call uses: `prompt` includes what was read from a cache or written to it.

    `output` includes what was thought and not said.
    """

    prompt: int
    output: int
    reused: int = 0
    written: int = 0


class Price(Protocol):
    """What a model charges."""

    @property
    def source(self) -> str:
        """Where the price is from, such as genai-prices==0.2.3."""
        ...

    def rates(self, at: datetime) -> str:
        """Return the price in words."""
        ...

    def usd(self, used: Tokens, at: datetime) -> float | None:
        """Return the price of a call, None where the counts contradict each other."""
        ...


@dataclass(frozen=True, slots=True)
class FlatPrice:
    """USD per million tokens, cached or not."""

    input: float
    output: float
    source: str

    def rates(self, at: datetime) -> str:  # noqa: ARG002 - it holds at any time
        """Return the price in words."""
        return f"${self.input:g}/input MTok, ${self.output:g}/output MTok"

    def usd(self, used: Tokens, at: datetime) -> float:  # noqa: ARG002 - as for `rates`
        """Return the price of a call."""
        return (used.prompt * self.input + used.output * self.output) / _MILLION


FREE = FlatPrice(0.0, 0.0, "runs on this machine")


class ListPrice:
    """A row of genai-prices; `batch` asks for what a batch costs."""

    def __init__(self, provider: types.Provider, model: types.ModelInfo, *, batch: bool) -> None:
        self.source = table_version()
        self._provider = provider
        self._model = model
        self._context = _BATCH if batch else None
        has_batch = any(variant.when == _BATCH for variant in model.price_variants or ())
        self._share = _BATCH_SHARE if batch and not has_batch else 1.0

    def rates(self, at: datetime) -> str:
        """Return the price in words."""
        told = str(self._model.get_prices(at, self._context)).split(", ")
        kept = [rate for rate in told if "put" in rate and "audio" not in rate]
        half = "half of " if self._share != 1.0 else ""
        return f"{self._provider.id}/{self._model.id}: {half}{', '.join(kept)}"

    def usd(self, used: Tokens, at: datetime) -> float | None:
        """Return the price of a call, None where the counts contradict each other."""
        # The package's own sum checks and resolves a table of units anew each time: 0.2 ms.
        # A call is priced by the thousand, tokens by the million: it counts like 1000 tokens.
        rates = vars(self._model.get_prices(at, self._context))
        counts = {"input_mtok": used.prompt, "output_mtok": used.output, "requests_kcount": 1000}
        for name, part in (("cache_read_mtok", used.reused), ("cache_write_mtok", used.written)):
            if rates.get(name) is not None:
                counts[name] = part
                counts["input_mtok"] -= part
        if counts["input_mtok"] < 0:
            return None
        total = sum(_rate(rates.get(name), used.prompt) * n for name, n in counts.items())
        return float(total / _MILLION) * self._share


def _rate(price: Decimal | types.TieredPrices | None, prompt: int) -> Decimal:
    """Return USD of a million tokens; where there are tiers, the whole prompt decides which."""
    if price is None or isinstance(price, Decimal):
        return price or Decimal(0)
    reached = [tier.price for tier in price.tiers if prompt > tier.start]
    return reached[-1] if reached else price.base


def list_price(provider: str | None, url: str, model: str, *, batch: bool) -> ListPrice | None:
    """Return the list price of a model, None where there is none.

    The server at `url` decides whose prices hold; `provider` ("openai", ...) is asked where
    nobody known is there, as behind a proxy.
    """
    from genai_prices.data_snapshot import get_snapshot

    table = get_snapshot()
    for name, address in ((None, url), (provider and _PROVIDERS.get(provider, provider), None)):
        if name is None and address is None:
            continue
        try:
            found = table.find_provider_model(model, None, name, address)
        except LookupError:
            continue
        return ListPrice(*found, batch=batch)
    return None


def table_version() -> str:
    """Return which price table is installed, as a requirement."""
    from genai_prices import __version__

    return f"genai-prices=={__version__}"


def stated_price(text: str, source: str = "--price") -> FlatPrice:
    """Read `INPUT,OUTPUT` in USD per million tokens.

    Raises:
        UsageError: these are not two amounts.
    """
    given, _, generated = text.partition(",")
    try:
        price = FlatPrice(float(given), float(generated), source)
    except ValueError:
        price = None
    if price is None or not (0 <= price.input < _MILLION and 0 <= price.output < _MILLION):
        raise UsageError(
            f"{source} is {text!r}, expected what a million tokens of input and of output cost "
            "in USD, such as 0.15,0.60"
        )
    return price


def most(price: Price, tokens: Tokens, at: datetime) -> float:
    """Return the most that a call of at most so many tokens can cost, in USD."""
    # Writing a prompt to the cache costs more than reading it plainly, where it is charged.
    written = Tokens(tokens.prompt, tokens.output, written=tokens.prompt)
    return max(price.usd(tokens, at) or 0.0, price.usd(written, at) or 0.0)
