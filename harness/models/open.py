"""From an address to a model that answers: the one place that knows which backend runs what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.errors import ModelError
from harness.models.api.opening import find_server, open_provider, open_server
from harness.models.api.options import ApiOptions
from harness.models.base import Model
from harness.models.hf.model import HfModel, HfOptions
from harness.models.hub import fetch
from harness.models.llamacpp.model import LlamaCppModel
from harness.models.llamacpp.options import EngineOptions
from harness.models.registry import load_registry
from harness.models.spec import ModelSpec, resolve

_LOCAL_OPTIONS = ("context", "slots", "threads", "kv_type_k", "flash_attention", "llama_server")


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """What the user may say about opening a model; `engine` is for local ones, `api` for others.

    `engine.interface` holds for both.
    """

    engine: EngineOptions = field(default_factory=EngineOptions)
    api: ApiOptions = field(default_factory=ApiOptions)
    registry: Path | None = None
    accept_changed: bool = False
    note: Callable[[str], None] = lambda _: None


def open_model(address: str, options: OpenOptions) -> Model:
    """Resolve an address, fetch its weights or find its key, and make it ready to answer.

    Raises:
        ModelError: the name is unknown, the file unusable, or the backend not available.
        HubError: the weights could not be fetched.
    """
    spec = resolve(address, load_registry(options.registry))
    if spec.kind == "hf" or (spec.path and Path(spec.path, "config.json").expanduser().is_file()):
        return _open_folder(spec, options)
    if spec.kind in ("gguf-file", "gguf-hub"):
        return _open_file(spec, options)
    if spec.kind == "url":
        return _open_server(spec, options)
    _refuse_local_options(options.engine)
    return open_provider(spec, options.api, options.engine.interface)


def _open_server(spec: ModelSpec, options: OpenOptions) -> Model:
    """Ask a llama-server through its own endpoints, anything else as an API.

    llama-server's own endpoints tell more (every likelihood, the cache, times), so it is asked as
    an API only where that is insisted on.
    """
    server = find_server(spec, options.api)
    if server.found.llama_server and options.api.wire is None:
        key = server.place.key
        return LlamaCppModel.open(
            replace(
                options.engine,
                url=server.place.url.removesuffix("/v1"),
                api_key=None if key is None else key.get_secret_value(),
                name=spec.name,
                source=spec.url,
            )
        )
    _refuse_local_options(options.engine)
    return open_server(spec, server, options.api, options.engine.interface)


def _refuse_local_options(engine: EngineOptions) -> None:
    """Say so where an option would have no effect: a setting must never be lost silently."""
    usual = EngineOptions()
    for name in _LOCAL_OPTIONS:
        if getattr(engine, name) != getattr(usual, name):
            raise ModelError(
                f"--{name.removesuffix('_k').replace('_', '-')} is for local models; "
                "a hosted one decides that itself"
            )


def _open_folder(spec: ModelSpec, options: OpenOptions) -> HfModel:
    """Run a folder of safetensors with transformers."""
    if spec.path is None:  # such repositories are large and hold the same weights several times
        raise ModelError(
            f"{spec.address} is a repository of unconverted weights: download it with "
            f"`hf download {spec.repo} --local-dir DIR` and pass DIR/, or use a GGUF file of it"
        )
    _refuse_local_options(options.engine)
    folder = Path(spec.path).expanduser()
    interface = options.engine.interface or spec.interface
    return HfModel.open(HfOptions(folder, folder.name, str(folder), interface))


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
