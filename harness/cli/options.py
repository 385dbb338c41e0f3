"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Results = Annotated[
    Path,
    typer.Option("--results", help="Folder of the stored runs.", envvar="HARNESS_RESULTS"),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Trusted = Annotated[
    list[Path] | None,
    typer.Option(
        "--trust-tasks",
        help="Folder of further tasks. Task files run code: name only folders you trust.",
    ),
]
Registry = Annotated[
    Path | None,
    typer.Option("--registry", help="YAML file with further models.", envvar="HARNESS_REGISTRY"),
]


def trusted_folders(folders: list[Path] | None) -> tuple[Path, ...]:
    """Return the folders as a hashable tuple of absolute paths."""
    return tuple(folder.resolve() for folder in folders or ())
