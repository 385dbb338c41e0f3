"""How many are in flight; the event loop's clock is driven by hand."""

import asyncio

import pytest

from harness.models.api.halt import HaltedError
from harness.models.api.pace import Pace


class HandClock(asyncio.SelectorEventLoop):
    """A loop whose time moves only when nothing is left to do: waits cost nothing."""

    def __init__(self):
        super().__init__()
        self.now = 0.0

    def time(self):
        return self.now

    def _run_once(self):
        if not self._ready and self._scheduled:
            self.now = max(self.now, self._scheduled[0]._when)
        super()._run_once()


def by_hand(work):
    with asyncio.Runner(loop_factory=HandClock) as runner:
        return runner.run(work())


async def enter(pace, count):
    return [await pace.enter() for _ in range(count)]


def answered(pace, count):
    for _ in range(count):
        pace.leave()
        pace.succeeded()


def test_it_starts_small_and_doubles_up_to_the_most():
    async def work():
        pace, seen = Pace(64), []
        while pace.limit < 64:
            count = pace.limit
            seen.append(count)
            await enter(pace, count)
            answered(pace, count)
        await enter(pace, 64)
        answered(pace, 64)
        return [*seen, pace.limit]

    assert by_hand(work) == [4, 8, 16, 32, 64]


def test_no_more_are_out_than_the_limit():
    async def work():
        pace, out, most = Pace(3), 0, 0

        async def one():
            nonlocal out, most
            await pace.enter()
            out += 1
            most = max(most, out)
            await asyncio.sleep(1)
            out -= 1
            pace.leave()
            pace.succeeded()

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    assert by_hand(work) == 3


def test_a_refusal_halves_and_pauses_everybody_and_growth_is_slow_afterwards():
    async def work():
        loop, pace = asyncio.get_running_loop(), Pace(16)
        for _ in range(2):
            count = pace.limit
            await enter(pace, count)
            answered(pace, count)
        entered = await enter(pace, 16)
        pace.refused(entered[0], 5.0)
        pace.leave()
        halved = pace.limit
        # The others went out before: one congestion is cut once, but may last longer.
        pace.refused(entered[1], 7.0)
        pace.leave()
        again = pace.limit
        answered(pace, 14)
        began = loop.time()
        await pace.enter()
        waited = loop.time() - began
        pace.leave()
        await enter(pace, 8)
        answered(pace, 8)
        return halved, again, waited, pace.limit

    halved, again, waited, later = by_hand(work)
    assert halved == again == 8
    assert waited == pytest.approx(7.0)
    assert later == 10  # 14 answers of the old round and 8 of the new: by about one a round


def test_refusals_one_after_the_other_come_down_to_one_at_a_time():
    async def work():
        pace = Pace(16)
        for _ in range(8):
            pace.refused(await pace.enter(), 1.0)
            pace.leave()
        pauses = pace.pauses
        await pace.enter()
        answered(pace, 1)
        return pace.limit, pauses, pace.pauses

    assert by_hand(work) == (2, 8, 0)


def test_whoever_waits_is_told_of_the_end():
    async def work():
        pace = Pace(1)
        pace.refused(await pace.enter(), 1000.0)
        waiting = [asyncio.create_task(pace.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        pace.end()
        found = await asyncio.gather(*waiting, return_exceptions=True)
        late = await asyncio.gather(pace.enter(), return_exceptions=True)
        return [type(error) for error in (*found, *late)], asyncio.get_running_loop().time()

    assert by_hand(work) == ([HaltedError] * 4, 0.0)


def test_a_waiter_that_was_cancelled_takes_no_place():
    async def work():
        pace = Pace(1)
        await pace.enter()
        first, second = (asyncio.create_task(pace.enter()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        pace.leave()
        await asyncio.wait_for(second, 1)
        return first.cancelled()

    assert by_hand(work)
