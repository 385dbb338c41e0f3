"""What can go wrong between us and the Hub, each as one sentence with the next step.

No text here quotes a request: its headers carry the token.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import cast

from harness.errors import HubError, nearest

_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_REFUSED = frozenset({401, 403})
_SHOWN_FILES = 5


class UnreachableError(HubError):
    """The Hub did not answer or is in trouble itself: a cached file may stand in."""


@dataclass(frozen=True)
class HubFile:
    """One file on the Hub at a revision (branch, tag or commit)."""

    repo: str
    file: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repo}/{self.file}"

    @property
    def key(self) -> str:
        """What was asked of which Hub, as one text: a mirror may hold other bytes."""
        from huggingface_hub import constants

        return f"{constants.ENDPOINT}/{self.repo}@{self.revision}/{self.file}"


def failures() -> tuple[type[Exception], ...]:
    """Return every exception that a call to huggingface_hub may raise for outside reasons."""
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

    # The base is the root exception of whichever HTTP client this huggingface_hub is built on
    # (requests, httpx, httpx2): refused connections and timeouts are raised as its children.
    transport = cast("type[Exception]", HfHubHTTPError.__bases__[0])
    # RuntimeError is what the native Xet downloader raises.
    return (transport, EntryNotFoundError, HFValidationError, OSError, RuntimeError)


def is_passing(error: Exception) -> bool:
    """Say whether the same request may well succeed in a moment."""
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError

    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in _PASSING
    if isinstance(error, EntryNotFoundError | HFValidationError):
        return False
    # An errno is the operating system's (disk full, no permission); without one it is the network.
    return not isinstance(error, OSError) or error.errno is None


def translate(error: Exception, wanted: HubFile) -> HubError:
    """Return what `error` means to the user."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return translate(error.__cause__, wanted)
    if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        return _no_such_file(wanted)
    if isinstance(error, HfHubHTTPError):
        return _answered(error, error.response.status_code, wanted)
    if isinstance(error, HFValidationError):
        return HubError(f"{wanted.repo!r} is no valid repository name; expected org/name")
    if isinstance(error, OSError) and error.errno is not None:
        return _local_trouble(error)
    return _broken_off(error, wanted)


def _answered(error: Exception, status: int, wanted: HubFile) -> HubError:
    """Translate an answer with an error status."""
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        return _gated(wanted, status)
    if isinstance(error, RevisionNotFoundError):
        page = f"{_page(wanted)}/commits/main"
        return HubError(f"{wanted.repo} has no revision {wanted.revision!r}; look at {page}")
    if isinstance(error, RepositoryNotFoundError):
        return HubError(
            f"no repository {wanted.repo!r} at {endpoint()}; check the spelling, or, if it is "
            "private, set HF_TOKEN to a token that may read it"
        )
    if status in _REFUSED:
        return HubError(
            f"the Hub refuses {wanted} ({status}); set HF_TOKEN to a valid token, or unset it"
        )
    if status in _PASSING:
        return UnreachableError(
            f"the Hub at {endpoint()} answers {status} for {wanted}, repeatedly; try again later "
            "or pass the path of a local file"
        )
    return HubError(f"the Hub at {endpoint()} answers {status} for {wanted}; check HF_ENDPOINT")


def _gated(wanted: HubFile, status: int) -> HubError:
    from huggingface_hub import get_token

    if get_token():
        return HubError(
            f"{wanted.repo} is gated and the token in use has no access ({status}); accept the "
            f"licence on {_page(wanted)} with the account of that token, or set another HF_TOKEN"
        )
    return HubError(
        f"{wanted.repo} is gated ({status}); accept the licence on {_page(wanted)} and set "
        "HF_TOKEN to a token of that account"
    )


def _no_such_file(wanted: HubFile) -> HubError:
    files = _files(wanted)
    hint = nearest(wanted.file, files)
    if not hint and files:
        models = [file for file in files if file.lower().endswith(".gguf")] or files
        more = ", ..." if len(models) > _SHOWN_FILES else ""
        hint = f"it has {', '.join(models[:_SHOWN_FILES])}{more}"
    return HubError(
        f"{wanted.repo} has no file {wanted.file!r} at {wanted.revision}; "
        + (hint or f"look at {_page(wanted)}/tree/main")
    )


def _files(wanted: HubFile) -> list[str]:
    """Return the names in the repository, or none where even that cannot be asked."""
    from huggingface_hub import HfApi

    try:
        return sorted(HfApi().list_repo_files(wanted.repo, revision=wanted.revision))
    except failures():
        return []


def _local_trouble(error: OSError) -> HubError:
    from huggingface_hub import constants

    cache = constants.HF_HUB_CACHE
    if error.errno == errno.ENOSPC:
        return HubError(f"the disk of {cache} is full; free space or set HF_HOME to another disk")
    return HubError(f"cannot write to {cache} ({error.strerror}); set HF_HOME to another folder")


def _broken_off(error: Exception, wanted: HubFile) -> HubError:
    if "consistency check failed" in str(error).lower():
        return HubError(f"the download of {wanted} broke off repeatedly; run the command again")
    return UnreachableError(
        f"the Hub at {endpoint()} cannot be reached ({type(error).__name__}); check the network "
        "and HF_ENDPOINT, or pass the path of a local file"
    )


def _page(wanted: HubFile) -> str:
    return f"{endpoint()}/{wanted.repo}"


def endpoint() -> str:
    """Return the address of the Hub in use, without credentials."""
    from huggingface_hub import constants

    return re.sub(r"//[^/@]*@", "//", constants.ENDPOINT)
