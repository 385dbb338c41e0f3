"""Getting the weights: a file on the disk or on the Hub becomes a path with its sha256.

huggingface_hub does the transfer and reads HF_ENDPOINT, HF_HOME, HF_TOKEN and HF_HUB_OFFLINE
when it is first imported. Names are no identities, so nothing is handed out before its bytes
were hashed and compared with all that is known of them: the registry row, what the Hub says, and
what the same address brought the first time.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HubError, ModelError, nearest
from harness.models import digests
from harness.models.hub_client import (
    Offer,
    as_sha256,
    ask,
    blob_name,
    commit_of,
    download,
    in_cache,
)
from harness.models.hub_errors import HubFile, UnreachableError
from harness.models.spec import ModelSpec

_GIGABYTE = 1_000_000_000
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class FetchedFile:
    """Weights on the disk: `size` in bytes, `sha256` of the bytes, `revision` the commit.

    The fields after `size` are None for a file that did not come from the Hub; `from_cache`
    says that the Hub was not asked or did not answer.
    """

    path: Path
    sha256: str
    size: int
    repo: str | None = None
    file: str | None = None
    revision: str | None = None
    etag: str | None = None
    from_cache: bool = False


def free_space(folder: Path) -> int:
    """Return the free bytes on the disk of `folder`, which need not exist yet."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def fetch(
    spec: ModelSpec,
    *,
    progress: bool = False,
    accept_changed: bool = False,
    free_bytes: Callable[[Path], int] = free_space,
) -> FetchedFile:
    """Return the weights that `spec` means, downloading them where needed.

    `progress` shows bars on stderr (on a terminal). `accept_changed` lets other bytes than those
    of the first download take their place; it never overrules a sha256 in the registry.
    `free_bytes` tells the free bytes of the disk of a folder.

    Raises:
        ModelError: a local file is missing or unreadable, has another sha256 than its row says,
            or `spec` has no file at all.
        HubError: the Hub does not answer or refuses, the disk is too small, or the bytes are not
            those that were promised.
    """
    if spec.kind == "gguf-file":
        return _local(spec)
    if spec.kind == "gguf-hub" and spec.repo and spec.file:
        wanted = HubFile(spec.repo, spec.file, spec.revision or "main")
        return _from_hub(wanted, spec.sha256, progress, accept_changed, free_bytes)
    if spec.kind == "hf":
        raise ModelError(
            f"{spec.name}: {spec.repo} holds safetensors; convert them with llama.cpp and pass the "
            "path of the GGUF"
        )
    raise ModelError(f"{spec.address} is answered by a server; there is nothing to fetch")


def is_here(spec: ModelSpec) -> bool:
    """Say whether the weights of a model on the Hub were downloaded already; asks nobody."""
    wanted = HubFile(str(spec.repo), str(spec.file), spec.revision or "main")
    return in_cache(wanted) is not None


def _local(spec: ModelSpec) -> FetchedFile:
    path = Path(spec.path or spec.address).expanduser()
    if not path.is_file():
        raise _no_local_file(path)
    sha256 = _sha256(path)
    if spec.sha256 not in {None, sha256}:
        raise ModelError(
            f"{path} has sha256 {sha256}, the registry row {spec.name!r} says {spec.sha256}; "
            "correct the row or restore the file"
        )
    return FetchedFile(path, sha256, path.stat().st_size)


def _sha256(path: Path) -> str:
    try:
        return digests.sha256_of(path)
    except OSError as error:
        raise ModelError(f"cannot read {path} ({error.strerror}); check its permissions") from error


def _no_local_file(path: Path) -> ModelError:
    if path.is_dir():
        names = sorted(file.name for file in path.glob("*.gguf"))
        inside = f"it holds {', '.join(names)}" if names else "it holds no .gguf"
        return ModelError(f"{path} is a folder; pass one file ({inside})")
    beside = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
    elsewhere = "a file on the Hub is hf://org/repo/file.gguf; harness models lists the names"
    return ModelError(f"no file {path}; {nearest(path.name, beside) or elsewhere}")


def _from_hub(
    wanted: HubFile,
    promised: str | None,
    progress: bool,
    accept_changed: bool,
    free_bytes: Callable[[Path], int],
) -> FetchedFile:
    cached = in_cache(wanted)
    offer = _offer(wanted, cached)
    if offer is None:
        if cached is None:
            raise _not_cached(wanted)
        path, etag = cached, blob_name(cached)
    else:
        _compare(wanted, offer.sha256, promised, accept_changed=accept_changed)
        _check_space(wanted, offer, free_bytes)
        path = download(wanted, progress=progress)
        etag = blob_name(path) or offer.etag
    sha256 = _sha256(path)
    if as_sha256(etag) not in {None, sha256}:
        raise HubError(
            f"{wanted} is damaged on the disk: sha256 {sha256}, the Hub says {etag}; "
            f"delete {path.resolve()} and run again"
        )
    _compare(wanted, sha256, promised, accept_changed=accept_changed)
    commit = commit_of(path, wanted)
    known = digests.first_download(wanted.key)
    if known is None or known.sha256 != sha256:
        digests.record_download(wanted.key, sha256, commit)
    size = path.stat().st_size
    return FetchedFile(
        path, sha256, size, wanted.repo, wanted.file, commit, etag, from_cache=offer is None
    )


def _offer(wanted: HubFile, cached: Path | None) -> Offer | None:
    """Ask the Hub, or return None where the cache must do (or is all that is needed)."""
    from huggingface_hub import constants

    # A commit never changes, so its cached file needs no question.
    if constants.HF_HUB_OFFLINE or (cached and _COMMIT.fullmatch(wanted.revision)):
        return None
    try:
        return ask(wanted, patiently=cached is None)
    except UnreachableError:
        if cached is None:
            raise
        return None


def _check_space(wanted: HubFile, offer: Offer, free_bytes: Callable[[Path], int]) -> None:
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    at_commit = HubFile(wanted.repo, wanted.file, offer.commit)
    if offer.size is None or in_cache(at_commit) is not None:
        return
    free = free_bytes(cache)
    if free < offer.size:
        raise HubError(
            f"{wanted} needs {_size(offer.size)}, {cache} has {_size(free)} free; free "
            "space or set HF_HOME to a folder on another disk"
        )


def _compare(
    wanted: HubFile, sha256: str | None, promised: str | None, *, accept_changed: bool
) -> None:
    """Refuse bytes that are not those of the registry row or of the first download."""
    if sha256 is None:
        return
    if promised is not None and sha256 != promised:
        raise HubError(
            f"{wanted} has sha256 {sha256}, the registry says {promised}; name the revision that "
            f"has it (hf://{wanted.repo}@<commit>/{wanted.file}) or correct the registry row"
        )
    first = digests.first_download(wanted.key)
    if promised is None and first is not None and first.sha256 != sha256 and not accept_changed:
        raise HubError(
            f"the weights of {wanted} have changed: first downloaded {first.at} with sha256 "
            f"{first.sha256} (commit {first.revision}), now sha256 {sha256}; accept them with "
            f"--accept-changed-weights, or stay with hf://{wanted.repo}@{first.revision}/{wanted.file}"
        )


def _not_cached(wanted: HubFile) -> HubError:
    return HubError(
        f"{wanted} is not in the cache and HF_HUB_OFFLINE is set; unset it once to download, or "
        "pass the path of a local file"
    )


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= _GIGABYTE else f"{count / 1e6:.2f} MB"
