"""A finished run on the terminal."""

from __future__ import annotations

from harness.store.read import Run


def show_run(run: Run, *, as_script: bool) -> None:
    """Print the result of a run: a table for people, JSON for scripts."""
    raise NotImplementedError
