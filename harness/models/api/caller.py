"""One call and its repeats: waits its turn, tries again where that helps, tells when to stop."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from harness.errors import HarnessError, ModelError, ProviderError
from harness.models.api.faults import Advice, Fault, understand
from harness.models.api.halt import Halt, HaltedError
from harness.models.api.pace import Pace
from harness.models.api.policy import Policy
from harness.models.transport import HttpFailure

T = TypeVar("T")

_KEPT = "everything answered so far is kept, and the same command continues from there"


class GivenUpError(Exception):
    """A request gets no answer."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


class Caller:
    """Makes calls to one provider under one policy; shared by all requests in flight."""

    def __init__(self, provider: str, policy: Policy, pace: Pace, halt: Halt) -> None:
        self._provider = provider
        self._policy = policy
        self._pace = pace
        self._halt = halt
        self._rng = random.Random()  # noqa: S311 - jitter, no secret
        self._answered = False
        self._lost_in_a_row = 0
        self._most = {"timeout": policy.timeouts, "rate_limit": policy.refusals}

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return what an attempt brings, making as many as it takes.

        Raises:
            GivenUpError: no attempt succeeded, or another would not help.
            HaltedError: asking has ended; nothing is known of this request.
        """
        endings: Counter[str] = Counter()
        while True:
            entered = await self._pace.enter()
            try:
                found = await attempt()
            except HttpFailure as failure:
                fault = understand(failure)
                endings[fault.kind] += 1
                wait = self._wait(fault, failure, endings)
                if fault.advice is Advice.ALL_WAIT:
                    self._pace.refused(entered, wait)
            else:
                self._succeeded()
                return found
            finally:
                self._pace.leave()
            self._consider(fault, endings)
            if fault.advice is not Advice.ALL_WAIT:
                await self._halt.sleep(wait)

    def _wait(self, fault: Fault, failure: HttpFailure, endings: Counter[str]) -> float:
        all_wait = fault.advice is Advice.ALL_WAIT
        failures = self._pace.pauses + 1 if all_wait else endings.total()
        return self._policy.wait(failures, self._rng, failure)

    def _succeeded(self) -> None:
        self._answered = True
        self._lost_in_a_row = 0
        self._pace.succeeded()

    def _consider(self, fault: Fault, endings: Counter[str]) -> None:
        """Return where another attempt is to be made."""
        error = self._fatal(fault)
        if error is not None:
            self._halt.stop(error)
            raise HaltedError
        again = fault.advice in {Advice.AGAIN, Advice.ALL_WAIT}
        costly = endings.total() - endings["rate_limit"]
        most = self._most.get(fault.kind, self._policy.attempts)
        if not again or endings[fault.kind] >= most or costly >= self._policy.attempts:
            self._give_up(fault)
        self._halt.check()

    def _give_up(self, fault: Fault) -> NoReturn:
        # What is wrong with one request says nothing about the provider.
        if fault.kind != "context" and fault.advice is not Advice.FILTERED:
            self._lost_in_a_row += 1
        if self._lost_in_a_row >= self._policy.stop_after:
            self._halt.stop(
                ProviderError(
                    f"{self._provider} gave no answer to {self._lost_in_a_row} requests in a row, "
                    f"the last time: {fault.words}; {_KEPT}"
                )
            )
        raise GivenUpError(fault)

    def _fatal(self, fault: Fault) -> HarnessError | None:
        """Return the error of the whole model that a fault amounts to."""
        said = f"{self._provider} says: {fault.words}"
        if fault.advice is Advice.WRONG_KEY:
            return ModelError(f"the key is refused; {said}; {_KEPT}")
        if fault.advice is Advice.NO_QUOTA:
            return ProviderError(f"the quota is used up; {said}; {_KEPT}")
        if fault.advice is Advice.NOT_THERE and not self._answered:
            return ModelError(
                f"there is no such model or address; {said}; check --model and the base URL"
            )
        if self._pace.pauses >= self._policy.pauses:
            return ProviderError(
                f"the rate limit stays reached after {self._pace.pauses} pauses; {said}; {_KEPT}"
            )
        return None
