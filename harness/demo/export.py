"""Write trained weights as GGUF files: F16, Q8_0 and Q4_0.

Matrices of the layers are quantized; the token matrix, which also writes the logits, is Q8_0
where the layers are Q4_0, as llama.cpp's own quantizer keeps a matrix of that double use finer.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Kind
from gguf import LlamaFileType, TokenType

from harness.demo.shape import EPSILON, ROPE_BASE, Shape
from harness.demo.tokens import BEGIN, CHAT_TEMPLATE, END, SPECIAL, texts

_FILE_TYPES = {
    Kind.F16: LlamaFileType.MOSTLY_F16,
    Kind.Q8_0: LlamaFileType.MOSTLY_Q8_0,
    Kind.Q4_0: LlamaFileType.MOSTLY_Q4_0,
}
_TOKENS = "token_embd.weight"


def export_all(weights: Mapping[str, np.ndarray], shape: Shape, folder: Path, name: str) -> None:
    """Write `name`-f16.gguf, `name`-q8_0.gguf and `name`-q4_0.gguf."""
    for kind in _FILE_TYPES:
        export(weights, shape, folder / f"{name}-{kind.name.lower()}.gguf", kind)


def export(weights: Mapping[str, np.ndarray], shape: Shape, path: Path, kind: Kind) -> None:
    """Write one GGUF file, whole or not at all; the file's stem is the model's name."""
    part = path.with_suffix(".part")
    writer = gguf.GGUFWriter(part, "llama")
    _describe(writer, shape, path.stem, kind)
    _add_tokens(writer)
    for tensor, values in weights.items():
        _add_tensor(writer, tensor, values.astype(np.float32), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    part.replace(path)


def _describe(writer: gguf.GGUFWriter, shape: Shape, name: str, kind: Kind) -> None:
    writer.add_name(name)
    writer.add_license("apache-2.0")
    writer.add_file_type(_FILE_TYPES[kind])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(len(texts()))
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.head)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(EPSILON)


def _add_tokens(writer: gguf.GGUFWriter) -> None:
    special = len(SPECIAL)
    ordinary = [_escaped(text) for text in texts()[special:]]
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list([*SPECIAL, *ordinary])
    writer.add_token_types([TokenType.CONTROL] * special + [TokenType.NORMAL] * len(ordinary))
    writer.add_bos_token_id(SPECIAL.index(BEGIN))
    writer.add_eos_token_id(SPECIAL.index(END))
    writer.add_add_bos_token(value=False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _escaped(text: bytes) -> str:
    """Spell a token as the tokenizer reads it: all but letters, digits and spaces in hex."""
    plain = string.ascii_letters + string.digits + " "
    return "".join(c if c in plain else f"\\x{ord(c):02x}" for c in text.decode("latin-1"))


def _add_tensor(writer: gguf.GGUFWriter, name: str, values: np.ndarray, kind: Kind) -> None:
    if values.ndim == 1:
        writer.add_tensor(name, values)
        return
    if name == _TOKENS and kind is Kind.Q4_0:
        kind = Kind.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
