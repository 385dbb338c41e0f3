"""Which colour a model has: the same on every page of a site."""

from __future__ import annotations

from collections.abc import Iterable

from harness.records import ModelInfo
from harness.report.figures.canvas import SERIES


def assign_series(models: Iterable[ModelInfo]) -> dict[str, int]:
    """Number models by name, from 0 again after 8; keys are their identities."""
    named = sorted({(model.name, model.identity) for model in models})
    return {identity: i % len(SERIES) for i, (_, identity) in enumerate(named)}
