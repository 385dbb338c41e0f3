"""Turns the death of the engine into one sentence with a next step."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

_CAUSES: tuple[tuple[str, str], ...] = (
    (
        r"unknown model architecture: '([^']*)'",
        (
            "its architecture {0!r} is not known to this llama.cpp; update xllamacpp, "
            "or give a newer llama-server with --llama-server"
        ),
    ),
    (
        r"unknown pre-tokenizer type: '([^']*)'",
        (
            "its tokenizer {0!r} is not known to this llama.cpp; update xllamacpp, "
            "or give a newer llama-server with --llama-server"
        ),
    ),
    (
        r"chat template",
        (
            "llama.cpp refused its chat template; use the completion interface "
            "(plain text, no template) or a file with a repaired template"
        ),
    ),
    (
        r"allocate|out of memory|bad_alloc|MemoryError|ENOMEM",
        "there was not enough memory; lower --context, use fewer --slots or a smaller quantization",
    ),
    (
        r"(?:has invalid data|missing tensor|wrong number of tensors|wrong shape)",
        "its tensors are damaged or incomplete; download the file again and compare its sha256",
    ),
    (
        r"(?:invalid|unknown) argument:? ?(\S+)",
        "this llama-server does not know {0}; use a release from 2026 or later",
    ),
    (r"No module named '(\w+)'", "the Python package {0} is not installed; pip install {0}"),
    (
        r"(?:PermissionError|FileNotFoundError|OSError|Exec format error).*?'([^']*)'",
        "{0!r} cannot be started; check --llama-server",
    ),
)

_SIGNALS = {
    "SIGILL": (
        "it met an instruction this CPU does not have (or, with gcc 12 on a CPU with AMX, a known "
        "compiler fault: ggml-org/llama.cpp#26954); use the embedded engine, or build llama.cpp "
        "with -DCMAKE_CXX_FLAGS='-mno-amx-tile -mno-amx-int8 -mno-amx-bf16' or a newer gcc"
    ),
    "SIGKILL": (
        "it was killed, most likely by the system for want of memory; lower --context, use fewer "
        "--slots or a smaller quantization"
    ),
    "SIGBUS": "its model file changed or shrank while in use; check the disk and the file",
    "SIGABRT": "llama.cpp stopped on an internal check; please report it with the lines below",
    "SIGSEGV": "llama.cpp crashed; try --slots 1, another release, or --llama-server",
}


def explain_death(code: int | None, stderr: Sequence[str]) -> str:
    """Return why a process ended, from its exit code (-n or 128 + n: signal n) and stderr."""
    name = signal_name(code)
    if name is not None:
        return (
            f"the engine ended by {name}: {_SIGNALS.get(name, 'nobody knows why')}{_tail(stderr)}"
        )
    for pattern, sentence in _CAUSES:
        for line in stderr:
            match = re.search(pattern, line)
            if match:
                return sentence.format(*match.groups())
    return f"the engine ended with exit code {code}{_tail(stderr)}"


def signal_name(code: int | None) -> str | None:
    """Return the name of the signal in an exit code, None where there is none."""
    if code is None:
        return None
    number = -code if code < 0 else code - 128
    try:
        return signal.Signals(number).name
    except ValueError:
        return None


def _tail(stderr: Sequence[str]) -> str:
    errors = [line for line in stderr if " E " in line or "rror" in line] or list(stderr)
    return "" if not errors else "; its last words: " + " | ".join(errors[-3:])[:600]
