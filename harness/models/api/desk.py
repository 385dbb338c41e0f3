"""Where batches are handed in and fetched: every call is repeated where that costs nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from harness.errors import ProviderError
from harness.models.api.caller import Caller, GivenUpError
from harness.models.api.halt import Halt
from harness.models.api.policy import Policy
from harness.models.transport import HttpClient, HttpFailure
from harness.models.wires.base import shape_checked
from harness.models.wires.batches import BatchWire, Job, row_id

_LISTED = 100
_GROWTH = 1.5
_SURELY_NOT = set(range(400, 500)) - {408}
"""Statuses that say that nothing was created."""

T = TypeVar("T")


class DoubtError(Exception):
    """Nobody knows whether a batch was created."""


class Desk:
    """One provider's batches; for one event loop. Every method may raise HaltedError."""

    def __init__(
        self, wire: BatchWire, client: HttpClient, caller: Caller, policy: Policy, halt: Halt
    ) -> None:
        self._wire = wire
        self._client = client
        self._caller = caller
        self._policy = policy
        self._halt = halt

    async def submit(self, rows: Sequence[dict[str, Any]], token: str) -> Job:
        """Create a batch, exactly once: after a doubtful end it is looked for before a repeat.

        Raises:
            ProviderError: it is not accepted.
        """
        body = self._wire.creation(rows, await self._uploaded(rows), token)
        doubts: list[DoubtError] = []
        while len(doubts) < self._policy.attempts:
            try:
                return await self._call(lambda: self._create(body), self._wire.job)
            except DoubtError as doubt:
                doubts.append(doubt)
            found = await self.find(token, len(rows))
            if found is not None:
                return found
        raise ProviderError(f"the batch is not accepted: {doubts[-1]}")

    async def find(self, token: str, n: int) -> Job | None:
        """Return the batch with this token, None where there is none."""
        await self._halt.sleep(self._policy.first_poll)  # one just sent may still be on its way
        path = f"{self._wire.path}?limit={_LISTED}"
        jobs = await self._get(path, lambda answer: [self._wire.job(row) for row in answer["data"]])
        for job in jobs:
            if job.token == token:
                return job
        # Where no token is kept, the rows tell whose they are once they are there.
        for job in jobs:
            if job.token is None and job.n == n and await self._holds(job, token):
                return job
        return None

    async def wait(self, job_id: str) -> Job:
        """Return a batch once it has ended."""
        pause, path = self._policy.first_poll, f"{self._wire.path}/{job_id}"
        while not (job := await self._get(path, self._wire.job)).ended:
            await self._halt.sleep(pause)
            pause = min(pause * _GROWTH, self._policy.longest_poll)
        return job

    async def results(self, job: Job) -> list[Any]:
        """Return the rows that came back, in any order."""
        rows: list[Any] = []
        for path in job.results:
            fetch = partial(self._client.get_lines, path, deadline=self._policy.deadline)
            rows += await self._call(fetch, list)
        return rows

    async def _uploaded(self, rows: Sequence[dict[str, Any]]) -> str:
        """Upload what has to be, and return its id; a file that nobody uses costs nothing."""
        upload = self._wire.upload(rows)
        if upload is None:
            return ""
        send = partial(self._client.post_file, *upload, deadline=self._policy.deadline)
        return await self._call(send, lambda answer: str(answer["id"]))

    async def _create(self, body: dict[str, Any]) -> Any:
        try:
            return await self._client.post_json(
                self._wire.path, body, deadline=self._policy.deadline
            )
        except HttpFailure as failure:
            if failure.sent and failure.status not in _SURELY_NOT:
                raise DoubtError(str(failure)) from failure
            raise

    async def _holds(self, job: Job, token: str) -> bool:
        ended = await self.wait(job.id)
        try:
            rows = await self.results(ended)
        except ProviderError:  # an old one, whose results are gone
            return False
        return any(row_id(row).startswith(token) for row in rows[:1])

    async def _get(self, path: str, read: Callable[[Any], T]) -> T:
        fetch = partial(self._client.get_json, path, deadline=self._policy.deadline)
        return await self._call(fetch, read)

    async def _call(self, fetch: Callable[[], Awaitable[Any]], read: Callable[[Any], T]) -> T:
        async def attempt() -> T:
            answer = await fetch()
            with shape_checked():
                return read(answer)

        try:
            return await self._caller.call(attempt)
        except GivenUpError as error:
            raise ProviderError(
                f"the provider's batches cannot be used: {error}; what was handed in is kept, and "
                "the same command goes on with it"
            ) from error
