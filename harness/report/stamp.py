"""A last line that says of a page that harness wrote it, under this name, and nobody touched it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

_FOLDERS = ("runs", "samples")
_BEFORE, _AFTER = b"<!-- written by harness, sha256 ", b" -->\n"
_DIGITS = 64
_LENGTH = len(_BEFORE) + _DIGITS + len(_AFTER)


def stamped(file: str, text: str) -> bytes:
    """Return a page with its stamp; `file` is where it lies below the site's folder."""
    page = text.encode("utf-8")
    page = page if page.endswith(b"\n") else page + b"\n"
    return page + _stamp(file, page)


def is_untouched(path: Path, file: str) -> bool:
    """Whether a file is a page as harness wrote it under this name: no copy, no other's work."""
    if path.is_symlink() or not path.is_file():
        return False
    content = path.read_bytes()
    return content[-_LENGTH:] == _stamp(file, content[:-_LENGTH])


def stale(reports: Path, written: Collection[str]) -> Iterator[Path]:
    """Yield the untouched pages of runs and samples that are not among those just `written`."""
    for folder in _FOLDERS:
        for path in sorted((reports / folder).glob("*.html")):
            file = f"{folder}/{path.name}"
            if file not in written and is_untouched(path, file):
                yield path


def _stamp(file: str, page: bytes) -> bytes:
    digest = hashlib.sha256(file.encode("utf-8", "surrogateescape") + b"\n" + page).hexdigest()
    return _BEFORE + digest.encode("ascii") + _AFTER
