"""From an address to a model that answers: the one place that knows which backend runs what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import ModelError
from harness.models.base import Model
from harness.models.hub import fetch
from harness.models.llamacpp.model import LlamaCppModel
from harness.models.llamacpp.options import EngineOptions
from harness.models.registry import load_registry
from harness.models.spec import ModelSpec, resolve


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """What the user may say about opening a model; `engine` is for local ones."""

    engine: EngineOptions = field(default_factory=EngineOptions)
    registry: Path | None = None
    accept_changed: bool = False
    note: Callable[[str], None] = lambda _: None


def open_model(address: str, options: OpenOptions) -> Model:
    """Resolve an address, fetch its weights where needed, and start it.

    Raises:
        ModelError: the name is unknown, the file unusable, or the backend not available.
        HubError: the weights could not be fetched.
    """
    spec = resolve(address, load_registry(options.registry))
    if spec.kind in ("gguf-file", "gguf-hub"):
        return _open_file(spec, options)
    if spec.kind == "url":
        return LlamaCppModel.open(
            replace(options.engine, url=_server_root(spec), name=spec.name, source=spec.url)
        )
    raise ModelError(
        f"{address} is a hosted model ({spec.kind}); this version runs GGUF files and "
        "llama-server addresses (http://host:port)"
    )


def _open_file(spec: ModelSpec, options: OpenOptions) -> LlamaCppModel:
    if spec.kind == "gguf-hub":
        options.note(f"weights: {spec.repo}/{spec.file} from the Hub, unless they are here already")
    fetched = fetch(spec, progress=True, accept_changed=options.accept_changed)
    entry = spec.entry
    engine = replace(
        options.engine,
        path=str(fetched.path),
        name=spec.name,
        sha256=fetched.sha256,
        source=_source(spec, fetched.revision),
        family=entry.family if entry else None,
        licence=entry.licence if entry else None,
        interface=options.engine.interface or _stated_interface(spec),
    )
    return LlamaCppModel.open(engine)


def _stated_interface(spec: ModelSpec) -> str | None:
    """A registry row may hold a base model whose file carries a chat template all the same."""
    return "completion" if spec.interface == "completion" else None


def _source(spec: ModelSpec, revision: str | None) -> str:
    if spec.repo is None:
        return str(spec.path)
    return f"hf://{spec.repo}@{revision}/{spec.file}"


def _server_root(spec: ModelSpec) -> str:
    """llama-server's own endpoints lie beside /v1, not below it."""
    return str(spec.url).removesuffix("/v1")
