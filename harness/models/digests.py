"""What harness remembers about weights: sha256 of files it read, and what was first downloaded.

Two small JSON files in the user's cache folder. Both only save work or catch a change: one that
is corrupt or cannot be written is as good as an empty one, so nothing here ever fails a run.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import platformdirs

from harness.store.files import file_sha256

_DIGESTS = "digests.json"
_DOWNLOADS = "downloads.json"


@dataclass(frozen=True)
class Download:
    """What a first download brought: sha256 of the bytes, commit, time (ISO 8601, UTC)."""

    sha256: str
    revision: str
    at: str


def sha256_of(file: Path) -> str:
    """Return the SHA-256 (64 hex digits) of a file, from the cache where the file is unchanged.

    Unchanged means equal size in bytes and equal modification time in nanoseconds.

    Raises:
        OSError: the file cannot be read.
    """
    file = file.resolve()
    state = file.stat()
    stamp = {"size": state.st_size, "mtime_ns": state.st_mtime_ns}
    known = _load(_DIGESTS).get(str(file))
    if isinstance(known, dict) and stamp.items() <= known.items() and _is_sha256(known):
        return str(known["sha256"])
    digest = file_sha256(file)
    _store(_DIGESTS, str(file), {**stamp, "sha256": digest})
    return digest


def first_download(key: str) -> Download | None:
    """Return what was recorded for `key` (repository, requested revision, file), or None."""
    known = _load(_DOWNLOADS).get(key)
    if not isinstance(known, dict) or not _is_sha256(known):
        return None
    return Download(known["sha256"], str(known.get("revision", "")), str(known.get("at", "")))


def record_download(key: str, sha256: str, revision: str) -> None:
    """Remember what `key` means from here on."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    _store(_DOWNLOADS, key, asdict(Download(sha256, revision, at)))


def _is_sha256(known: Mapping[str, Any]) -> bool:
    value = known.get("sha256")
    return isinstance(value, str) and len(value) == hashlib.sha256().digest_size * 2


def _folder() -> Path:
    return Path(platformdirs.user_cache_dir("harness"))


def _load(name: str) -> dict[str, Any]:
    try:
        content = json.loads((_folder() / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _store(name: str, key: str, value: Mapping[str, Any]) -> None:
    # Two processes at once may lose one entry, which costs a second reading; never the file.
    content = {**_load(name), key: dict(value)}
    with suppress(OSError):
        _replace(_folder() / name, json.dumps(content, indent=1, sort_keys=True))


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).replace(file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
