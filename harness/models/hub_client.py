"""The few calls to huggingface_hub, with its failures repeated where that helps and translated."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from harness.errors import HubError
from harness.models.hub_errors import HubFile, endpoint, failures, is_passing, translate

_T = TypeVar("_T")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WAITS_SECONDS = (1.0, 2.0, 4.0)
# A Hub that is down must be known to be down within seconds, whichever way it is down.
_PATIENCE_SECONDS = 8.0


@dataclass(frozen=True)
class Offer:
    """What the Hub says of a file before it is downloaded: size in bytes."""

    commit: str
    etag: str | None
    size: int | None

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the bytes on offer, None for a small file."""
        return as_sha256(self.etag)


def ask(wanted: HubFile, *, patiently: bool) -> Offer:
    """Return what the Hub offers under this name, asking again for some seconds if `patiently`.

    Raises:
        UnreachableError: no answer, or an answer that says "later", known within 15 seconds.
        HubError: any other refusal.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    url = hf_hub_url(wanted.repo, wanted.file, revision=wanted.revision)
    patience = _PATIENCE_SECONDS if patiently else 0
    head = _retrying(wanted, lambda: get_hf_file_metadata(url), patience)
    if head.commit_hash is None:
        raise HubError(f"{endpoint()} does not answer as a Hub does; check HF_ENDPOINT")
    return Offer(head.commit_hash, head.etag, head.size)


def download(wanted: HubFile, *, progress: bool) -> Path:
    """Return the path of the file in the Hub's cache, downloaded if it is not there yet.

    Raises:
        HubError: the download failed, repeatedly where repeating makes sense.
    """
    from huggingface_hub import hf_hub_download

    def transfer() -> str:
        with _bars(progress):
            return str(hf_hub_download(wanted.repo, wanted.file, revision=wanted.revision))

    return Path(_retrying(wanted, transfer, patience=float("inf")))


def _retrying(wanted: HubFile, action: Callable[[], _T], patience: float) -> _T:
    """Repeat `action` while its failure is of the passing kind and `patience` seconds last.

    Raises:
        HubError: what the last failure means.
    """
    start = time.monotonic()
    for wait in (*_WAITS_SECONDS, None):
        try:
            return action()
        except failures() as error:
            spent = time.monotonic() - start
            if wait is None or not is_passing(error) or spent + wait > patience:
                raise translate(error, wanted) from error
            time.sleep(wait)
    raise AssertionError  # the last round returns or raises


@contextmanager
def _bars(progress: bool) -> Iterator[None]:
    """Silence the bars of huggingface_hub unless they are wanted."""
    from huggingface_hub import utils

    disable, enable = utils.disable_progress_bars, utils.enable_progress_bars  # type: ignore[attr-defined]
    disabled_by_user = utils.are_progress_bars_disabled()  # type: ignore[attr-defined]
    if progress or disabled_by_user:
        yield
        return
    disable()
    try:
        yield
    finally:
        enable()


def in_cache(wanted: HubFile) -> Path | None:
    """Return the path of the file in the Hub's cache, or None; asks nobody.

    Raises:
        HubError: the name of the repository breaks the Hub's rules for names.
    """
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(wanted.repo, wanted.file, revision=wanted.revision)
    except HFValidationError as error:
        raise translate(error, wanted) from error
    return Path(found) if isinstance(found, str) else None


def commit_of(path: Path, wanted: HubFile) -> str:
    """Read the commit from the cache's layout: snapshots/<commit>/<file>."""
    return path.parents[wanted.file.count("/")].name


def blob_name(path: Path) -> str | None:
    """Return the etag under which the cache keeps the bytes, where it links to them."""
    return path.resolve().name if path.is_symlink() else None


def as_sha256(etag: str | None) -> str | None:
    """Return the etag if it is a SHA-256: large files (LFS) have one, small ones a git hash."""
    return etag if etag and _SHA256.fullmatch(etag) else None
