"""What must be equal for two runs to be comparable, its fingerprint, and the difference of two."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from harness.records import Sample, content_hash

UNKNOWN = "unknown"
"""What a field of the protocol of an imported run holds where nobody wrote it down."""

_FOR_A_JUDGE = "judged/"


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything that must be equal for two runs of a task to be comparable.

    `sample_ids`, `prompts` and `shot_ids` are hashes over lists; `template` is the text that
    turns an item into messages; `shots` is None where that is unknown. What identifies the
    system (weights, engine, chat template, threads) is recorded with the run instead and may
    differ.
    """

    task: str
    task_version: str
    dataset: str
    revision: str
    split: str
    sample_ids: str
    template: str
    prompts: str
    shots: int | None
    shot_ids: str
    shot_order: str
    option_order: str
    system_prompt: str
    kind: str
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    stop: tuple[str, ...]
    seed: int | None
    repeats: int
    scorer: str
    judge: str
    judge_prompt: str
    averaging: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 (64 hex digits) over every field."""
        return content_hash(asdict(self))

    @property
    def needs_judge(self) -> bool:
        """Whether no rule can score the replies: they are for a judge."""
        return self.scorer.startswith(_FOR_A_JUDGE)

    @classmethod
    def from_mapping(cls, stored: Mapping[str, Any]) -> Protocol:
        """Rebuild a protocol from its stored JSON form."""
        return cls(**{**stored, "stop": tuple(stored["stop"])})


@dataclass(frozen=True, slots=True)
class Difference:
    """One protocol field in which two runs differ."""

    field: str
    first: Any
    second: Any

    def __str__(self) -> str:
        return f"{self.field}: {self.first!r} against {self.second!r}"


def differences(first: Protocol, second: Protocol) -> tuple[Difference, ...]:
    """Name every field in which two protocols differ, in the order of the class."""
    pairs = ((f.name, getattr(first, f.name), getattr(second, f.name)) for f in fields(Protocol))
    return tuple(Difference(name, a, b) for name, a, b in pairs if a != b)


def sample_ids_hash(samples: Iterable[Sample]) -> str:
    """Hash which samples were asked, whatever their order."""
    return content_hash(sorted(sample.sample_id for sample in samples))


def prompts_hash(samples: Iterable[Sample]) -> str:
    """Hash what each sample was asked, whatever their order; later turns as after empty replies."""
    keys = (
        (s.sample_id, [s.request(part, [""] * part).key for part in range(s.parts)])
        for s in samples
    )
    return content_hash(sorted(keys))
