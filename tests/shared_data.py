"""Where the material shared between checkouts lies: real benchmark data and a loopback Hub.

It is not part of the repository. Tests that need it are skipped where it is absent.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

_REPOSITORY = Path(__file__).resolve().parent.parent


def shared_folder() -> Path | None:
    """Return `$HARNESS_SHARED`, or the folder `shared` beside the repository or one above."""
    named = os.environ.get("HARNESS_SHARED")
    above = [_REPOSITORY.parent / "shared", _REPOSITORY.parent.parent / "shared"]
    candidates = [Path(named)] if named else above
    found = (folder for folder in candidates if (folder / "tools" / "hub_server.py").is_file())
    return next(found, None)


requires_shared = pytest.mark.skipif(
    shared_folder() is None,
    reason="the shared test material is not here; set HARNESS_SHARED to its folder",
)


def hub_server() -> ModuleType:
    """Return the module of the loopback Hub; only for tests marked `requires_shared`."""
    folder = shared_folder()
    assert folder is not None
    spec = importlib.util.spec_from_file_location("hub_server", folder / "tools" / "hub_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
