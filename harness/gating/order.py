"""The order in which a sequential gate asks: random, and fixed before anything is known.

The seed is a hash of what is compared, so nobody can draw again until the order suits, and the
same command goes on with the same order. Items of a task come in a uniformly random order:
dealing its subjects out in turn would make each item's expectation another one than the task's,
and the error rates would no longer hold. Tasks, each with a test of its own, are interleaved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.protocol import Protocol
from harness.records import content_hash
from harness.store.baseline import Scored


@dataclass(frozen=True, slots=True)
class Orders:
    """Ids of each task's items in the order drawn, and the seed they were drawn from."""

    seed: str
    ids: Mapping[str, tuple[str, ...]]

    def first(self, counts: Mapping[str, int]) -> Orders:
        """The first items of each task."""
        return self.between(dict.fromkeys(self.ids, 0), counts)

    def between(self, start: Mapping[str, int], stop: Mapping[str, int]) -> Orders:
        """The items of each task from one place on up to another."""
        return Orders(self.seed, {t: ids[start[t] : stop[t]] for t, ids in self.ids.items()})


def draw_orders(baseline: Scored, candidate_identity: str, tasks: Sequence[str]) -> Orders:
    """Draw the order of every task's items in the baseline."""
    protocols: list[Protocol] = [baseline.manifest.tasks[task].protocol for task in tasks]
    facts = [baseline.manifest.run_id, baseline.manifest.model.identity, candidate_identity]
    seed = content_hash([*facts, *(protocol.fingerprint for protocol in protocols)])
    drawn = {}
    for task in tasks:
        items = baseline.items
        ids = sorted(items.loc[items["task"] == task, "sample_id"])
        rng = np.random.default_rng(int(content_hash([seed, task]), 16))
        drawn[task] = tuple(ids[i] for i in rng.permutation(len(ids)))
    return Orders(seed, drawn)
