"""The size of a bundled model, and the two constants of its architecture."""

from __future__ import annotations

from dataclasses import dataclass

ROPE_BASE = 10_000.0
EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a model; `hidden` is the width of the feed-forward layers."""

    width: int
    layers: int
    heads: int
    hidden: int
    context: int = 512

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads
