"""Refusing to compare what was asked differently."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.errors import NotComparableError
from harness.protocol import Difference, differences
from harness.store.manifest import Manifest


def check_alike(
    task: str, manifests: Iterable[Manifest], allowed: Collection[str] = (), advice: str = ""
) -> tuple[Difference, ...]:
    """Return the allowed fields in which other runs' protocols of a task differ from the first's.

    Raises:
        NotComparableError: one differs in a field that is not allowed; names every such field,
            then says `advice`.
    """
    first, *others = (manifest.tasks[task].protocol for manifest in manifests)
    unlike = [difference for other in others for difference in differences(first, other)]
    refused = [difference for difference in unlike if difference.field not in allowed]
    if refused:
        raise NotComparableError(
            f"{task} was run under different protocols, so a comparison would mean nothing: "
            f"{'; '.join(map(str, refused))}{advice}"
        )
    return tuple(unlike)
