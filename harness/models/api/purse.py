"""What calls cost so far, and how much they still may, whatever is in flight."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from harness.errors import BudgetError
from harness.models.api.halt import Halt, HaltedError
from harness.models.base import Spent
from harness.models.prices import Price, Tokens, most
from harness.models.transport import FailureKind, HttpFailure
from harness.records import Request

_MESSAGE_TOKENS = 16
_CALL_TOKENS = 64
"""More than any known chat format adds to a message, and to a whole prompt."""

_AFTER_WORK = {408, 504, 524}
"""Said by gateways that would not wait for an answer; other errors are not charged."""


def most_tokens(request: Request, room: int = 0) -> Tokens:
    """Bound the tokens of a call from above, without the tokenizer of the model.

    No token stands for less than a byte in a vocabulary over bytes.
    """
    longest = max((_bytes(text) for text in request.continuations), default=0)
    frame = _CALL_TOKENS + _MESSAGE_TOKENS * len(request.messages)
    prompt = _bytes(request.prompt) + longest + frame
    return Tokens(prompt, request.decoding.max_tokens + room if request.decoding else 1)


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


@dataclass(slots=True)
class Bill:
    """What one call cost; `usd` is None until its answer told, or where that cannot be known."""

    price: Price | None
    at: datetime
    usd: float | None = None
    charged: bool = True

    def pay(self, used: Tokens | None) -> None:
        """Note what the answer says that it used, None where it does not say."""
        if self.price is not None and used is not None:
            self.usd = self.price.usd(used, self.at)


class Purse:
    """Pays for the calls of one model; for one event loop.

    While there is a limit, a call is made only when its worst case fits beside what was spent
    and the worst cases of all calls in flight. Where a call may have been charged without
    telling how much, its worst case counts as spent.
    """

    def __init__(self, price: Price | None, halt: Halt) -> None:
        self._price = price
        self._halt = halt
        self._left: float | None = None
        self._reserved = 0.0
        self._out = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._usd = self._unsure_usd = 0.0

    @property
    def spent(self) -> Spent:
        """What all calls so far cost."""
        return Spent(self._usd, self._unsure_usd)

    def allow(self, usd: float) -> None:
        """Let calls cost so much from now on, and no more."""
        self._left = usd

    @asynccontextmanager
    async def call(self, largest: Tokens) -> AsyncIterator[Bill]:
        """Wait until a call can be paid for, and settle its bill afterwards.

        Raises:
            HaltedError: asking has ended, perhaps because this call cannot be paid for.
        """
        bill = Bill(self._price, datetime.now(UTC))
        reserved = await self._reserve(largest, bill.at)
        try:
            yield bill
        except HttpFailure as failure:
            bill.charged = _may_be_charged(failure)
            raise
        finally:
            self._settle(bill, largest, reserved)

    async def _reserve(self, largest: Tokens, at: datetime) -> float:
        if self._left is None or self._price is None:
            return 0.0
        worst = most(self._price, largest, at)
        while worst > self._left - self._reserved:
            if not self._out:
                self._halt.stop(too_little(worst, self._left))
                raise HaltedError
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
            self._halt.check()
        self._out += 1
        self._reserved += worst
        return worst

    def _settle(self, bill: Bill, largest: Tokens, reserved: float) -> None:
        cost = bill.usd or 0.0
        self._usd += cost
        if bill.usd is None and bill.charged and self._price is not None:
            cost = reserved or most(self._price, largest, bill.at)
            self._unsure_usd += cost
        if self._left is None:
            return
        self._left -= cost
        self._out -= 1
        self._reserved = self._reserved - reserved if self._out else 0.0
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)


def _may_be_charged(failure: HttpFailure) -> bool:
    if failure.kind is FailureKind.STATUS:
        return failure.status in _AFTER_WORK
    return failure.sent


def too_little(worst: float, left: float) -> BudgetError:
    """Return the error of a budget that does not hold one more request."""
    return BudgetError(
        f"the budget is reached: the next request may cost up to ${worst:.6f}, and "
        f"${max(left, 0.0):.6f} of --max-usd are left; everything answered so far is kept, and "
        "the same command with a larger --max-usd continues from there"
    )
