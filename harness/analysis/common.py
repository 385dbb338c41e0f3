"""What of two runs can be compared at all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields

from harness.errors import NotComparableError, UsageError, nearest
from harness.protocol import Protocol
from harness.store.read import Run


def common_tasks(first: Run, second: Run) -> list[str]:
    """Return the names of the tasks that both runs have, in the order of the first.

    Raises:
        NotComparableError: there is none.
    """
    tasks = [name for name in first.manifest.tasks if name in second.manifest.tasks]
    if not tasks:
        raise NotComparableError(
            f"{first.folder.name} and {second.folder.name} have no task in common: run both on "
            "the same --tasks"
        )
    return tasks


def check_fields(names: Collection[str]) -> None:
    """Refuse the name of a protocol field that there is not.

    Raises:
        UsageError: there is no such field; names the nearest.
    """
    known = [field.name for field in fields(Protocol)]
    for name in names:
        if name not in known:
            raise UsageError(
                f"a protocol has no field {name!r}; {nearest(name, known)} "
                f"the fields are {', '.join(known)}"
            )
