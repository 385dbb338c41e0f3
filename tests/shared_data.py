"""Finds the folder of shared test data, which is too large to be part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_folder() -> Path | None:
    """Return the folder that holds `data/hub`, None where there is none.

    Looked for in the environment variable HARNESS_SHARED, then beside the repository.
    """
    root = Path(__file__).resolve().parents[1]
    named = os.environ.get("HARNESS_SHARED")
    places = [Path(named)] if named else [root.parent / "shared", root.parent.parent / "shared"]
    return next((place for place in places if (place / "data" / "hub").is_dir()), None)


requires_shared = pytest.mark.skipif(
    shared_folder() is None, reason="needs the shared data (set HARNESS_SHARED)"
)
