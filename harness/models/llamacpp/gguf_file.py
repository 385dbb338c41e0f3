"""Looks at a model file before it is loaded: is it a whole GGUF file, and what does it hold?"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ModelError
from harness.models.llamacpp.gguf_header import (
    MAGIC,
    TENSOR_TYPES,
    Header,
    HeaderError,
    Tensor,
    read_header,
)

_FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1"}
_FILE_TYPES |= {10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S"}
_FILE_TYPES |= {15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS"}
_FILE_TYPES |= {20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S"}
_FILE_TYPES |= {25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS"}
_FILE_TYPES |= {31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4"}

_CONTROL = (2, 3)  # "unknown" tokens are parsed from text just as control tokens are
_DOWNLOAD_AGAIN = "download the file again and compare its size and sha256 with the source"


@dataclass(frozen=True, slots=True)
class GgufFacts:
    """What a GGUF file says about itself. Sizes are bytes, `parameters` counts weights.

    `kv_heads` has one entry per layer. `control_texts` are the texts of its control tokens,
    which must never come about through a user's text.
    """

    path: Path
    file_bytes: int
    architecture: str
    name: str | None
    parameters: int
    quantization: str
    trained_context: int | None
    chat_template: str | None
    kv_heads: tuple[int, ...]
    key_length: int
    value_length: int
    vocabulary: int
    bos_id: int | None
    eos_id: int | None
    adds_bos: bool | None
    control_texts: tuple[str, ...]

    @property
    def layers(self) -> int:
        """How many layers hold a KV cache."""
        return len(self.kv_heads)

    @property
    def chat_template_sha256(self) -> str | None:
        """Hash of the chat template, None where the file has none."""
        if self.chat_template is None:
            return None
        return hashlib.sha256(self.chat_template.encode("utf-8", "surrogatepass")).hexdigest()


def inspect_gguf(path: str | Path) -> GgufFacts:
    """Return the facts of the GGUF file at `path` (with all its shards).

    Raises ModelError naming what is there instead of a whole GGUF file, and the next step.
    """
    path = Path(path)
    headers = {shard: _checked_header(shard) for shard in _shards(path)}
    tensors = [tensor for header in headers.values() for tensor in header.tensors]
    size = sum(shard.stat().st_size for shard in headers)
    return _facts(path, size, headers[path].metadata, tensors)


def _checked_header(path: Path) -> Header:
    _check_is_gguf(path)
    try:
        header = read_header(path)
    except HeaderError as error:
        raise ModelError(f"{path} has a broken GGUF header ({error}); {_DOWNLOAD_AGAIN}") from error
    _check_complete(path, header)
    return header


def _check_is_gguf(path: Path) -> None:
    if path.is_dir():
        found = sorted(child.name for child in path.glob("*.gguf"))
        raise ModelError(
            f"{path} is a directory, expected one .gguf file; "
            + (f"it holds {', '.join(found[:5])}" if found else "it holds none")
        )
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise ModelError(
            f"model file {str(path)!r} cannot be read ({error.strerror}); "
            "check the path, or name a registered model or hf://owner/repo/file.gguf"
        ) from error
    if start[:4] != MAGIC:
        raise ModelError(f"{path} is not a GGUF file: {_what_instead(start)}")


def _what_instead(start: bytes) -> str:
    if not start:
        return f"it is empty; {_DOWNLOAD_AGAIN}"
    if start.startswith(b"version https://git-lfs"):
        return "it is a git-LFS pointer, not the weights; run `git lfs pull` or download the file"
    if re.match(rb"\s*(<!doctype|<html|<\?xml|<head)", start, re.IGNORECASE):
        return (
            "it is a web page (HTML: an error or log-in page saved as the model); "
            "download it from its 'resolve' address, with a token where the model is gated"
        )
    if start[:2] == b"PK" or start[8:9] == b"{":
        return (
            "it looks like PyTorch or safetensors weights; convert them with "
            "llama.cpp's convert_hf_to_gguf.py"
        )
    return f"it starts with {start[:8]!r}, expected {MAGIC!r}; {_DOWNLOAD_AGAIN}"


def _check_complete(path: Path, header: Header) -> None:
    size = path.stat().st_size
    end = max((header.data_start + t.offset + (t.size or 1) for t in header.tensors), default=0)
    if end > size:
        raise ModelError(
            f"{path} is cut short: its tensors end at byte {end:,}, the file at {size:,} "
            f"({(end - size) / 1e9:.2f} GB are missing); {_DOWNLOAD_AGAIN}"
        )


def _shards(path: Path) -> list[Path]:
    """Return all files of a split model, which llama.cpp opens by the name of the first."""
    match = re.fullmatch(r"(.+)-(\d{5})-of-(\d{5})\.gguf", path.name)
    if match is None:
        return [path]
    stem, number, count = match.groups()
    if int(number) != 1:
        raise ModelError(
            f"{path} is part {int(number)} of {int(count)}; give the first part, "
            f"{stem}-00001-of-{count}.gguf"
        )
    return [path.with_name(f"{stem}-{i:05}-of-{count}.gguf") for i in range(1, int(count) + 1)]


def _facts(
    path: Path, size: int, metadata: Mapping[str, Any], tensors: Sequence[Tensor]
) -> GgufFacts:
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str):
        raise ModelError(f"{path} names no architecture (general.architecture); {_DOWNLOAD_AGAIN}")

    def number(key: str) -> int | None:
        value = metadata.get(key)
        return value if isinstance(value, int) else None

    heads = number(f"{architecture}.attention.head_count") or 1
    head_length = (number(f"{architecture}.embedding_length") or 0) // heads
    tokens = metadata.get("tokenizer.ggml.tokens") or ()
    template = metadata.get("tokenizer.chat_template")
    return GgufFacts(
        path=path,
        file_bytes=size,
        architecture=architecture,
        name=_text(metadata.get("general.name")),
        parameters=sum(tensor.elements for tensor in tensors),
        quantization=_quantization(metadata.get("general.file_type"), tensors),
        trained_context=number(f"{architecture}.context_length"),
        chat_template=_text(template) or None,
        kv_heads=_kv_heads(metadata, architecture, heads),
        key_length=number(f"{architecture}.attention.key_length") or head_length,
        value_length=number(f"{architecture}.attention.value_length") or head_length,
        vocabulary=len(tokens),
        bos_id=number("tokenizer.ggml.bos_token_id"),
        eos_id=number("tokenizer.ggml.eos_token_id"),
        adds_bos=metadata.get("tokenizer.ggml.add_bos_token"),
        control_texts=_control_texts(tokens, metadata.get("tokenizer.ggml.token_type") or ()),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _kv_heads(metadata: Mapping[str, Any], architecture: str, heads: int) -> tuple[int, ...]:
    layers = metadata.get(f"{architecture}.block_count")
    value = metadata.get(f"{architecture}.attention.head_count_kv", heads)
    if isinstance(value, tuple):
        return tuple(int(entry) for entry in value)
    return (int(value),) * (layers if isinstance(layers, int) else 0)


def _quantization(file_type: object, tensors: Sequence[Tensor]) -> str:
    if isinstance(file_type, int) and file_type in _FILE_TYPES:
        return _FILE_TYPES[file_type]
    weights: Counter[str] = Counter()
    for tensor in tensors:
        weights[tensor.type_name] += tensor.elements
    return weights.most_common(1)[0][0] if weights else TENSOR_TYPES[0][0]


def _control_texts(tokens: Sequence[bytes], types: Sequence[int]) -> tuple[str, ...]:
    pairs = zip(tokens, types, strict=False)
    return tuple(
        token.decode("utf-8", "replace") for token, kind in pairs if kind in _CONTROL and token
    )
