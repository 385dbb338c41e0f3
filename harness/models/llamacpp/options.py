"""What the user may choose about the local engine."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

KV_BYTES = {
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "q8_0": 34 / 32,
    "q5_1": 24 / 32,
    "q5_0": 22 / 32,
    "q4_1": 20 / 32,
    "q4_0": 18 / 32,
    "iq4_nl": 18 / 32,
}
"""Bytes of one KV cache element by its type."""

BINARY_VARIABLE = "HARNESS_LLAMA_SERVER"

LARGEST_CONTEXT = 16_384
"""Tokens per request that are enough for five long examples and a long answer."""

SMALLEST_CONTEXT = 2_048
"""Tokens per request below which hardly any benchmark fits."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to reach and run one local model: either a file (`path`) or a running server (`url`).

    `llama_server` is a llama-server binary to run instead of the embedded engine; the environment
    variable HARNESS_LLAMA_SERVER stands in where it is None.
    `context` is tokens per slot; it, the cache types and attention are settled from the file
    where they are None (settle.py).
    `threads` is at most the cores that may really be used, which is also the default.
    `slots` is how many requests run at once; it may change greedy text, so it is a fixed,
    recorded setting. `interface` overrides the choice between "chat" and "completion".
    `request_seconds` is the longest one answer may take, `template_seconds` the longest a chat
    template may render, `start_seconds` the longest a start may take (default: by file size).
    """

    path: str | None = None
    url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    llama_server: str | None = None
    name: str | None = None
    sha256: str | None = None
    family: str | None = None
    licence: str | None = None
    source: str | None = None
    interface: str | None = None
    context: int | None = None
    slots: int = 1
    threads: int | None = None
    kv_type_k: str | None = None
    kv_type_v: str | None = None
    flash_attention: str | None = None
    request_seconds: float = 3600.0
    template_seconds: float = 10.0
    start_seconds: float | None = None

    @property
    def binary(self) -> str | None:
        """The llama-server binary to run, None for the embedded engine or a running server."""
        if self.url is not None:
            return None
        return self.llama_server or os.environ.get(BINARY_VARIABLE) or None
