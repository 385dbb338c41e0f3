"""What the user left open about a file, decided once, from the file and the free memory."""

from __future__ import annotations

from dataclasses import replace

from harness.models.llamacpp.gguf_file import GgufFacts
from harness.models.llamacpp.memory import available_bytes, needed_bytes
from harness.models.llamacpp.options import LARGEST_CONTEXT, SMALLEST_CONTEXT, EngineOptions


def settle(options: EngineOptions, file: GgufFacts) -> EngineOptions:
    """Fill in cache types, attention and context.

    An F32 file is a reference: its cache stays F32 and attention exact, which makes reused and
    cold prompts agree to 1e-5 nats where the usual half-precision cache gives 5e-3. Everything
    else gets llama.cpp's own choice.
    """
    exact = file.quantization == "F32"
    cache = "f32" if exact else "f16"
    filled = replace(
        options,
        kv_type_k=options.kv_type_k or cache,
        kv_type_v=options.kv_type_v or cache,
        flash_attention=options.flash_attention or ("off" if exact else "auto"),
    )
    return replace(filled, context=options.context or roomy_context(filled, file))


def roomy_context(options: EngineOptions, file: GgufFacts) -> int:
    """Return the trained context up to 16,384 tokens, halved until it fits the free memory."""
    context = largest_context(file.trained_context)
    free = available_bytes()
    while context > SMALLEST_CONTEXT and needed_bytes(file, options, context) > free:
        context = max(context // 2, SMALLEST_CONTEXT)
    return context


def largest_context(trained: int | None) -> int:
    """Return what is given where memory is no concern, in tokens."""
    return min(trained or SMALLEST_CONTEXT, LARGEST_CONTEXT)
