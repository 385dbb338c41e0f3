"""Where the data folders are: inside an installed wheel, or beside a source checkout."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


def tasks_folder() -> Path:
    """Return the folder of the task definitions that ship with harness.

    A source checkout wins over `_data`: an editable install leaves only a stale copy there.

    Raises:
        UsageError: neither place exists, so the installation is broken.
    """
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "tasks").is_dir():
        return checkout / "tasks"
    shipped = _PACKAGE / "_data" / "tasks"
    if shipped.is_dir():
        return shipped
    raise UsageError(
        f"the task definitions are missing: neither {checkout / 'tasks'} nor {shipped} exists; "
        "reinstall harness"
    )
