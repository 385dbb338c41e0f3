"""How patiently a provider is asked: deadlines, repeats, waits and when to give up."""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from harness.models.transport import HttpFailure

_GOOGLE_DELAY = re.compile(r'"retryDelay":\s*"([0-9.]+)s"')


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations are seconds. None of this is part of a model's identity.

    `deadline` is the longest one attempt may take, body included. A request is given up after
    `attempts` failed ones, of which `timeouts` may have met the deadline; refusals for the rate
    limit cost nothing and count apart, up to `refusals`. Waits double from `first_wait` to
    `longest_wait`, with full jitter; a wait that the provider asks for is cut to `longest_wait`.

    After `stop_after` requests in a row that were given up, or `pauses` pauses for the rate
    limit without a success in between, the provider counts as down and nothing more is asked.
    What is in flight when a run is to stop may go on for `drain`. A batch is looked at after
    `first_poll`, then ever more rarely, up to every `longest_poll`.
    """

    deadline: float = 600.0
    attempts: int = 8
    timeouts: int = 2
    refusals: int = 30
    first_wait: float = 0.5
    longest_wait: float = 60.0
    stop_after: int = 10
    pauses: int = 12
    drain: float = 5.0
    first_poll: float = 5.0
    longest_poll: float = 120.0

    def wait(self, failures: int, rng: random.Random, failure: HttpFailure | None = None) -> float:
        """Return how long to wait after so many failures in a row, the last being `failure`."""
        longest = min(self.longest_wait, self.first_wait * 2 ** min(failures - 1, 30))
        told = None if failure is None else told_wait(failure)
        if told is None:
            return rng.uniform(0.0, longest)
        # The jitter on top keeps everybody who was told the same from coming back at once.
        return min(told, self.longest_wait) + rng.uniform(0.0, min(longest, 1.0))


def told_wait(failure: HttpFailure, now: datetime | None = None) -> float | None:
    """Return the seconds that a provider asks to wait, None where it asks for nothing sensible.

    `retry-after-ms`, `Retry-After` in seconds or as an HTTP date, or Google's retryDelay.
    """
    milliseconds = _number(failure.headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    told = failure.headers.get("Retry-After")
    seconds = _number(told)
    if seconds is None:
        seconds = _until(told, now or datetime.now(UTC))
    if seconds is None:
        google = _GOOGLE_DELAY.search(failure.text)
        seconds = _number(google[1]) if google else None
    return seconds


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _until(text: str | None, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
