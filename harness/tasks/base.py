"""What a task hands to the pipeline: its samples with their requests, and its protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.protocol import Protocol, prompts_hash, sample_ids_hash
from harness.records import Response, Sample, Score

ScoreSample = Callable[[Sample, Sequence[Response]], Score]


@dataclass(frozen=True)
class LoadedTask:
    """A task, loaded: all its samples, not yet limited.

    `outline` is the protocol without the hashes over samples; `chance` is the accuracy of
    blind guessing, None where that has no meaning; `warnings` say what the user should know.
    """

    name: str
    outline: Protocol
    samples: tuple[Sample, ...]
    chance: float | None
    warnings: tuple[str, ...] = ()

    def protocol(self, samples: Sequence[Sample]) -> Protocol:
        """Return the protocol of asking exactly these samples."""
        return replace(
            self.outline, sample_ids=sample_ids_hash(samples), prompts=prompts_hash(samples)
        )
