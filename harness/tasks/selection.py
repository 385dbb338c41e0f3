"""`--limit N`: a seeded sample, stratified by subject, nested in every larger one."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Mapping, Sequence

from harness.records import Sample


def select(samples: Sequence[Sample], limit: int | None, seed: int) -> list[Sample]:
    """Choose `limit` samples, proportionally to the size of each subject.

    Every subject gets at least one where `limit` allows. Within a subject the order is that of
    a hash of seed and sample id, so the choice does not depend on the order of the data, and
    the choice of N is contained in the choice of N + 1.
    """
    if limit is None or limit >= len(samples):
        return list(samples)
    strata: dict[str, list[Sample]] = {}
    for sample in samples:
        strata.setdefault(sample.subject, []).append(sample)
    seats = allocate({name: len(stratum) for name, stratum in strata.items()}, limit)
    chosen = {
        sample.sample_id
        for name, stratum in strata.items()
        for sample in sorted(stratum, key=lambda s: _rank(seed, s.sample_id))[: seats[name]]
    }
    return [sample for sample in samples if sample.sample_id in chosen]


def allocate(sizes: Mapping[str, int], seats: int) -> dict[str, int]:
    """Share `seats` among strata by Sainte-Laguë's divisors (1, 3, 5, ...), first seats first.

    A divisor method is house-monotone: one seat more never takes one away, which largest
    remainders cannot promise (Balinski and Young, Fair Representation, 1982).
    """
    given = dict.fromkeys(sizes, 0)
    queue: list[tuple[int, float, str]] = [(0, -size, name) for name, size in sizes.items() if size]
    heapq.heapify(queue)
    for _ in range(min(seats, sum(sizes.values()))):
        _, _, name = heapq.heappop(queue)
        given[name] += 1
        if given[name] < sizes[name]:
            heapq.heappush(queue, (1, -sizes[name] / (2 * given[name] + 1), name))
    return given


def _rank(seed: int, sample_id: str) -> bytes:
    return hashlib.sha256(f"{seed}:{sample_id}".encode()).digest()
