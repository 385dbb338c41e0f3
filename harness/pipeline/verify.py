"""Speed-ups must change no score: ask some requests again, cold, and keep the differences."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from harness.errors import ModelError
from harness.models.base import Model, Verifiable
from harness.pipeline.plan import Plan
from harness.pipeline.work import known_requests
from harness.records import Request, Response
from harness.store.journal import Journal
from harness.store.rows import response_from_row


def verify(model: Model, plan: Plan, journal: Journal, count: int) -> dict[str, Any]:
    """Re-ask `count` random answered requests cold and describe what differs.

    Returns how many were checked, how many differ in the answer (text, or the likeliest
    continuation), the largest absolute difference of a log-probability in nats, and the ids.

    Raises:
        ModelError: the model has no way of answering cold.
    """
    able = verifiable(model)
    stored = _answers(journal)
    requests = {r.key: r for r in _asked(plan, journal) if r.key in stored}
    chosen = random.Random(plan.seed).sample(  # noqa: S311 -- reproducible, not secret
        sorted(requests), min(count, len(requests))
    )
    checked, differing, largest = 0, [], 0.0
    for cold in able.respond_cold([requests[key] for key in chosen]):
        checked += 1
        warm = stored[cold.request_key]
        largest = max(largest, _largest_difference(warm, cold))
        if _answer(warm) != _answer(cold):
            differing.append(
                {"request_key": cold.request_key, "stored": _answer(warm), "cold": _answer(cold)}
            )
    return {
        "n": checked,
        "n_different": len(differing),
        "largest_logprob_difference": largest,
        "differences": differing,
    }


def verifiable(model: Model) -> Verifiable:
    """Return the model as one that can also be asked cold.

    Raises:
        ModelError: it has no way of answering cold.
    """
    if not isinstance(model, Verifiable):
        raise ModelError(
            f"{model.info.name} cannot be asked without its speed-ups; leave out --verify"
        )
    return model


def _asked(plan: Plan, journal: Journal) -> Iterator[Request]:
    replies = journal.replies()
    for sample in plan.samples:
        yield from known_requests(sample, replies.get((sample.task, sample.sample_id), ()))


def _answers(journal: Journal) -> dict[str, Response]:
    rows = journal.mappings("responses")
    return {r["request_key"]: response_from_row(r) for r in rows if r["error_kind"] is None}


def _answer(response: Response) -> str | int | None:
    if response.logprobs:
        return max(range(len(response.logprobs)), key=response.logprobs.__getitem__)
    return response.text


def _largest_difference(warm: Response, cold: Response) -> float:
    pairs = [
        *zip(warm.logprobs or (), cold.logprobs or (), strict=False),
        *zip(warm.letter_logprobs or (), cold.letter_logprobs or (), strict=False),
    ]
    return max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=0.0)
