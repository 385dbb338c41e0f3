"""Does the model fit? Asked before loading, because the answer of the system is a kill."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

from harness.errors import ModelError, UsageError
from harness.models.llamacpp.gguf_file import GgufFacts
from harness.models.llamacpp.options import KV_BYTES, EngineOptions

LIMIT_VARIABLE = "HARNESS_MEMORY_LIMIT_BYTES"
"""Environment variable that replaces the measured free memory, in bytes."""

_OVERHEAD_BYTES = 200_000_000
_GB = 1e9


def needed_bytes(facts: GgufFacts, options: EngineOptions, context: int) -> int:
    """Return the bytes to plan for: 2 x file (CPU repacking keeps a copy) + KV + 0.2 GB."""
    return 2 * facts.file_bytes + kv_bytes(facts, options, context) + _OVERHEAD_BYTES


def kv_bytes(facts: GgufFacts, options: EngineOptions, context: int) -> int:
    """Return the bytes of the KV cache for `context` tokens in each slot."""
    element = facts.key_length * KV_BYTES[options.kv_type_k or "f16"]
    element += facts.value_length * KV_BYTES[options.kv_type_v or "f16"]
    return int(sum(facts.kv_heads) * element * context * options.slots)


def available_bytes() -> int:
    """Return the memory that this process may still take, in bytes, with cgroup limits."""
    override = os.environ.get(LIMIT_VARIABLE)
    if override:
        if not override.isdecimal():
            raise UsageError(f"{LIMIT_VARIABLE} is {override!r}, expected a number of bytes")
        return int(override)
    free = int(psutil.virtual_memory().available)
    limits = [room for room in (_cgroup_room(), _cgroup_v1_room()) if room is not None]
    return min([free, *limits])


def check_memory(facts: GgufFacts, options: EngineOptions, context: int) -> None:
    """Raise ModelError, with figures and ways out, where the model would not fit."""
    need, free = needed_bytes(facts, options, context), available_bytes()
    if need <= free:
        return
    kv = kv_bytes(facts, options, context)
    raise ModelError(
        f"{facts.path.name} needs about {need / _GB:.2f} GB of memory "
        f"(2 x {facts.file_bytes / _GB:.2f} GB weights + {kv / _GB:.2f} GB for "
        f"{options.slots} x {context:,} tokens of context + 0.2 GB), "
        f"{free / _GB:.2f} GB are free; lower --context, use fewer --slots, "
        "choose a smaller quantization or close other programs"
    )


def _cgroup_room() -> int | None:
    folder = Path("/sys/fs/cgroup") / _cgroup_path()
    limit, used = _number(folder / "memory.max"), _number(folder / "memory.current")
    # File cache counts as used but is given back on demand.
    return None if limit is None else limit - (used or 0) + _inactive_file(folder)


def _cgroup_v1_room() -> int | None:
    folder = Path("/sys/fs/cgroup/memory")
    limit = _number(folder / "memory.limit_in_bytes")
    used = _number(folder / "memory.usage_in_bytes")
    return None if limit is None else limit - (used or 0)


def _cgroup_path() -> str:
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    paths = [line[3:].lstrip("/") for line in lines if line.startswith("0::")]
    return paths[0] if paths else ""


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None


def _inactive_file(folder: Path) -> int:
    try:
        lines = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    pairs = (line.split() for line in lines)
    return sum(int(pair[1]) for pair in pairs if pair[0] == "inactive_file")
