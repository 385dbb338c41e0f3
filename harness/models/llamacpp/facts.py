"""What is recorded about a local model: the answers of the file and of the running server."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from harness.errors import ModelError
from harness.models.llamacpp.gguf_file import GgufFacts
from harness.models.llamacpp.options import EngineOptions
from harness.models.llamacpp.server import Server
from harness.records import ModelInfo

CAPABILITIES = ("generate", "letters", "logprob")

_MADE_UP_TEMPLATE = (
    "{%- for message in messages -%}\n  {{- '<|im_start|>' + message.role + '\n' + "
    "message.content + '<|im_end|>\n' -}}\n{%- endfor -%}\n{%- if add_generation_prompt -%}\n"
    "  {{- '<|im_start|>assistant\n' -}}\n{%- endif -%}"
)
"""What llama-server shows as chat template of a file that has none."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What the running server says: /props, its model's meta, and how its template behaves."""

    props: Mapping[str, Any]
    meta: Mapping[str, Any]
    template_drops: Sequence[str]

    @property
    def context(self) -> int:
        """Tokens that one slot really holds."""
        return int(self.props["default_generation_settings"]["n_ctx"])

    @property
    def system_role(self) -> bool:
        """Whether the template knows system messages (else llama.cpp moves their text)."""
        caps = self.props.get("chat_template_caps") or {}
        return bool(caps.get("supports_system_role", True))

    @property
    def trained_context(self) -> int | None:
        """Tokens the model was trained on, as far as the server tells."""
        value = self.meta.get("n_ctx_train")
        return int(value) if value else None


def template_of(file: GgufFacts | None, props: Mapping[str, Any]) -> str | None:
    """Return the model's own chat template, None where it has none.

    A server shows a made-up one in that case, so the file decides; of a server whose file is
    not at hand, exactly the made-up one counts as none.
    """
    if file is not None:
        return file.chat_template
    shown = props.get("chat_template")
    if not shown or shown.replace("\\n", "\n") == _MADE_UP_TEMPLATE:
        return None
    return str(shown)


def choose_interface(wanted: str | None, template: str | None, subject: str) -> str:
    """Return "chat" or "completion"; raise ModelError for a wish that cannot be met."""
    if wanted not in {None, "chat", "completion"}:
        raise ModelError(f"interface {wanted!r} is unknown, expected 'chat' or 'completion'")
    if wanted == "chat" and template is None:
        raise ModelError(
            f"{subject} has no chat template, so it cannot be asked through the chat interface; "
            "use 'completion' or a file with a template"
        )
    return wanted or ("completion" if template is None else "chat")


def model_info(
    options: EngineOptions,
    file: GgufFacts | None,
    server: Server,
    observed: Observed,
    *,
    interface: str,
    threads: int | None,
) -> ModelInfo:
    """Return everything that identifies the system that answers."""
    engine, version = _engine(options, server, observed)
    template = template_of(file, observed.props)
    return ModelInfo(
        name=options.name or _default_name(options, file),
        backend="llamacpp",
        interface=interface,
        capabilities=CAPABILITIES,
        sha256=options.sha256,
        source=options.source or options.path or options.url,
        family=options.family,
        quantization=file.quantization if file else _ftype(observed.meta),
        parameters=file.parameters if file else observed.meta.get("n_params"),
        file_bytes=file.file_bytes if file else observed.meta.get("size"),
        context=observed.context,
        trained_context=(file.trained_context if file else None) or observed.trained_context,
        chat_template_sha256=_sha256(template),
        engine=engine,
        engine_version=version,
        licence=options.licence,
        settings=_settings(options, file, server, observed),
        hardware=_hardware(threads),
    )


def _engine(options: EngineOptions, server: Server, observed: Observed) -> tuple[str, str]:
    if options.url or options.binary:
        return "llama-server", str(observed.props.get("build_info", "unknown"))
    build = server.build or {}
    llama = f"llama.cpp {build.get('build_number')}-{build.get('commit')} {build.get('compiler')}"
    return "xllamacpp", f"{metadata.version('xllamacpp')} ({llama})"


def _settings(
    options: EngineOptions, file: GgufFacts | None, server: Server, observed: Observed
) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "slots": options.slots,
        "prompt_cache": True,
        "template_drops": list(observed.template_drops),
        "system_role": observed.system_role,
    }
    if options.url is None:
        settings |= {
            "kv_type_k": options.kv_type_k,
            "kv_type_v": options.kv_type_v,
            "flash_attention": options.flash_attention,
            "cpu_features": server.system_info,
            "architecture": file.architecture if file else None,
        }
    return settings


def _hardware(threads: int | None) -> dict[str, Any]:
    if threads is None:
        return {}
    return {
        "threads": threads,
        "cpu": _cpu_name(),
        "cores": psutil.cpu_count(logical=False),
        "memory_bytes": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _default_name(options: EngineOptions, file: GgufFacts | None) -> str:
    return file.path.stem if file else str(options.url)


def _ftype(meta: Mapping[str, Any]) -> str | None:
    text = meta.get("ftype")
    return str(text).removeprefix("all ").split(" - ")[0] if text else None


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode("utf-8")).hexdigest()
