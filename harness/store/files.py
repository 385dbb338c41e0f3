"""Writing files so that a crash never leaves half of one."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

from harness.errors import StoreError

_CHUNK = 1 << 20


def replace_file(path: Path, content: bytes) -> None:
    """Write `content` beside `path`, flush it to disk, then rename it into place.

    Folders that are missing are made.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        commit_file(partial, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise cannot_write(path, error) from error


def commit_file(partial: Path, path: Path) -> None:
    """Rename a flushed file into place and flush the folder that names it."""
    partial.replace(path)
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def cannot_write(path: Path, error: BaseException) -> StoreError:
    """Say that `path` could not be written and what to do."""
    return StoreError(
        f"cannot write {path}: {error}; free some space or make the folder writable, "
        "then repeat the command: everything acknowledged so far is kept"
    )


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file (64 hex digits), read in 1 MiB pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
