"""Model addresses: what `--model` may say, and which system it means. Pure: nothing is opened.

phi-mini-q4                                 a name or alias of the registry
path/to/model.gguf                          a local file
hf://org/repo[@revision]/path/model.gguf    a file on the Hub
http://host:port[/v1][#name]                a server that speaks the OpenAI protocol
openai/<id>  anthropic/<id>  gemini/<id>    a hosted model
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from harness.errors import ModelError, nearest
from harness.models.registry import API_KINDS, Entry, Registry

SpecKind = Literal["gguf-file", "gguf-hub", "url", "openai", "anthropic", "gemini", "hf"]

_HUB = "hf://"
_HUB_FORM = "hf://org/repo/path/file.gguf or hf://org/repo@revision/path/file.gguf"
_SEGMENT = re.compile(r"[A-Za-z0-9][\w.-]*")
_PART_OF_MANY = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


@dataclass(frozen=True)
class ModelSpec:
    """Which system an address means and where it is.

    `path` is a local file as it was given; `repo`, `file` and `revision` are the Hub's;
    `url` is the base of the endpoints (ends in /v1 unless another path was given); `api_id` is
    the model's name at the server; `interface` is "chat", "completion" or None where unknown.
    """

    address: str
    name: str
    kind: SpecKind
    path: str | None = None
    repo: str | None = None
    file: str | None = None
    revision: str | None = None
    sha256: str | None = None
    url: str | None = None
    api_id: str | None = None
    entry: Entry | None = None
    interface: str | None = None


def resolve(address: str, registry: Registry) -> ModelSpec:
    """Return the system that `address` means.

    Raises:
        ModelError: unknown name, malformed address, or a system that cannot be obtained.
    """
    address = address.strip()
    scheme, has_scheme, _ = address.partition("://")
    if has_scheme:
        return _with_scheme(scheme.lower(), address)
    entry = registry.find(address)
    if entry is not None:
        return _from_entry(address, entry)
    if address.lower().endswith(".gguf"):
        return _local(address)
    provider, slash, api_id = address.partition("/")
    if slash and provider in API_KINDS:
        return _hosted(address, provider, api_id, registry)
    if "/" in address or "\\" in address:
        return _local(address)
    raise _unknown(address, registry)


def _with_scheme(scheme: str, address: str) -> ModelSpec:
    if scheme == "hf":
        return _hub(address)
    if scheme in {"http", "https"}:
        return _server(address)
    raise ModelError(
        f"unknown scheme {scheme!r} in {_redacted(address)!r}; expected hf://, http:// or https://"
    )


def _from_entry(address: str, entry: Entry) -> ModelSpec:
    if not entry.obtainable or entry.kind == "none":
        raise _unobtainable(entry)
    gguf: SpecKind = "gguf-file" if entry.path else "gguf-hub"
    kind: SpecKind = gguf if entry.kind == "gguf" else entry.kind
    return ModelSpec(
        address=address,
        name=entry.name,
        kind=kind,
        path=entry.path,
        repo=entry.repo,
        file=entry.file,
        revision=entry.revision,
        sha256=entry.sha256,
        url=entry.url,
        api_id=entry.api_id,
        entry=entry,
        interface=entry.interface,
    )


def _local(address: str) -> ModelSpec:
    return ModelSpec(address, name=PurePath(address).stem, kind="gguf-file", path=address)


def _hub(address: str) -> ModelSpec:
    """Split `hf://org/repo@revision/path/file.gguf`; a revision writes its own / as %2F."""
    org, _, rest = address[len(_HUB) :].partition("/")
    repo_and_revision, _, file = rest.partition("/")
    repo, at, revision = repo_and_revision.partition("@")
    segments = file.split("/")
    names_are_sound = all(_SEGMENT.fullmatch(part) for part in (org, repo))
    if not names_are_sound or any(part in {"", ".", ".."} for part in segments):
        raise ModelError(f"{address!r} names no file on the Hub; expected {_HUB_FORM}")
    if at and not revision:
        raise ModelError(f"{address!r} has an empty revision; expected {_HUB_FORM}")
    if not file.lower().endswith(".gguf"):
        raise ModelError(f"{address!r} names no GGUF file; expected {_HUB_FORM}")
    if _PART_OF_MANY.search(file):
        raise ModelError(
            f"{address!r} is one part of several; download all parts into one folder and pass "
            "the path of the first"
        )
    return ModelSpec(
        address=address,
        name=PurePath(file).stem,
        kind="gguf-hub",
        repo=f"{org}/{repo}",
        file=file,
        revision=unquote(revision) or None,
    )


def _server(address: str) -> ModelSpec:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise ModelError(
            f"{_redacted(address)!r} is no address of a server ({error}); "
            "expected http://host:port[/v1][#name]"
        ) from None
    if not parts.hostname:
        raise ModelError(f"{address!r} names no host; expected http://host:port[/v1][#name]")
    # Addresses are stored with every run, so a secret in one would be published.
    if parts.username is not None or parts.password is not None or parts.query:
        raise ModelError(
            f"{_redacted(address)!r} carries credentials or a query; addresses are stored with "
            "the run: give the key through the environment"
        )
    return ModelSpec(
        address=address,
        name=unquote(parts.fragment) or _host(parts.hostname, port),
        kind="url",
        url=_base(parts),
        api_id=unquote(parts.fragment) or None,
    )


def _base(parts: SplitResult) -> str:
    path = parts.path.rstrip("/") or "/v1"
    return f"{parts.scheme.lower()}://{parts.netloc}{path}"


def _host(hostname: str, port: int | None) -> str:
    return hostname if port is None else f"{hostname}:{port}"


def _redacted(address: str) -> str:
    """Return the address without what could be a secret."""
    return re.sub(r"//[^/@]*@", "//***@", address.partition("?")[0])


def _hosted(address: str, provider: str, api_id: str, registry: Registry) -> ModelSpec:
    if not api_id.strip():
        raise ModelError(f"{address!r} names no model; expected {provider}/<id of the provider>")
    entry = registry.find_api(provider, api_id)
    if entry is not None:
        return _from_entry(address, entry)
    kinds: dict[str, SpecKind] = {"openai": "openai", "anthropic": "anthropic", "gemini": "gemini"}
    return ModelSpec(
        address=address, name=api_id, kind=kinds[provider], api_id=api_id, interface="chat"
    )


def _unobtainable(entry: Entry) -> ModelError:
    if entry.instead:
        advice = "use " + " or ".join(entry.instead) + " instead"
    else:
        advice = "harness models lists what can be run"
    return ModelError(
        f"{entry.name} cannot be run: {entry.reason}; {advice} "
        "(an own registry row of the same name overrides this)"
    )


def _unknown(address: str, registry: Registry) -> ModelError:
    hint = nearest(address.lower(), registry.known_names())
    hint = f"; {hint}" if hint else ""
    return ModelError(
        f"unknown model {address!r}{hint}; harness models lists the names, and a path to a .gguf, "
        "hf://org/repo/file.gguf, openai/<id> or http://host:port#name can be given too"
    )
