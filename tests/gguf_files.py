"""Makes GGUF files for tests: the shape of phi-3, random weights, a small vocabulary.

What such a model says means nothing; that it says the same thing twice, how fast, and what
happens to a damaged one is what tests ask.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

PHI_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>\n' + message['content'] + '<|end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
BOS_TEMPLATE = "{{ bos_token }}" + PHI_TEMPLATE
DROPS_SYSTEM_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}"
    "{{ '<|user|>\n' + message['content'] + '<|end|>\n' }}"
    "{% elif message['role'] == 'assistant' %}"
    "{{ '<|assistant|>\n' + message['content'] + '<|end|>\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)
_FOREVER = "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}"
BOMB_TEMPLATE = _FOREVER + PHI_TEMPLATE
FUSED_BOMB_TEMPLATE = (
    "{% if messages[-1]['content'] == 'BOOM' %}" + _FOREVER + "{% endif %}" + PHI_TEMPLATE
)
REFUSING_TEMPLATE = (
    "{% if messages[-1]['content'] == 'REFUSE' %}{{ raise_exception('not this one') }}{% endif %}"
    + PHI_TEMPLATE
)

CONTROL_TOKENS = (
    *("<|endoftext|>", "<|assistant|>", "<|system|>", "<|user|>", "<|end|>"),
    *("<|im_start|>", "<|im_end|>"),
)

_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_WORDS = (
    "the of and to in is that it was for on with as at by an be this are from or one two not "
    "question answer choices Question Answer little girl named once upon time there"
)
_Q4_0_BLOCK = 32


@dataclass(frozen=True)
class Shape:
    """The size of a model; `vocabulary` is the least number of tokens."""

    layers: int = 2
    embedding: int = 64
    feed_forward: int = 128
    heads: int = 4
    context: int = 2048
    vocabulary: int = 0


TINY = Shape()
SHAPE_06B = Shape(18, 1536, 4096, 16, 4096, 32064)
"""608 million parameters."""


def write_phi3(
    path: Path,
    *,
    shape: Shape = TINY,
    quantization: str = "F32",
    template: str | None = PHI_TEMPLATE,
    words: Iterable[str] = (),
) -> Path:
    """Write a phi-3-shaped model with random weights ("F32", "F16" or "Q4_0") to `path`."""
    tokens, scores, types = vocabulary([*_WORDS.split(), *words], shape.vocabulary)
    writer = gguf.GGUFWriter(path, "phi3")
    writer.add_name("Phi-3-random")  # by this name llama.cpp knows phi-3's white-space rules
    _add_shape(writer, shape)
    _add_vocabulary(writer, tokens, scores, types)
    if template is not None:
        writer.add_chat_template(template)
    kind = gguf.GGMLQuantizationType[quantization]
    writer.add_file_type(gguf.LlamaFileType[_file_type(quantization)])
    rng = np.random.default_rng(7)
    for name, (rows, columns) in _matrices(shape, len(tokens)).items():
        data = _weights(rng, rows, columns, kind)
        writer.add_tensor(name, data, raw_dtype=kind)
    for name in _norms(shape):
        writer.add_tensor(name, np.ones(shape.embedding, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def vocabulary(words: Iterable[str], least: int) -> tuple[list[str], list[float], list[int]]:
    """Return tokens, scores and types of a SentencePiece vocabulary that spells every text.

    Every prefix of a word is an entry, because SentencePiece builds a word by joining pairs.
    """
    pieces: dict[str, None] = dict.fromkeys("\u2581" + string.printable.strip())
    for word in words:
        spaced = "\u2581" + word
        pieces |= dict.fromkeys(spaced[:end] for end in range(2, len(spaced) + 1))
    filler = (f"\u2581\u2581filler{i}" for i in range(least))
    room = max(0, least - 3 - 256 - len(pieces) - len(CONTROL_TOKENS))
    normal = [*pieces, *(next(filler) for _ in range(room))]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    types = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(normal)]
    scores = [0.0] * 259 + [-float(i) for i in range(len(normal))]
    n_control = len(CONTROL_TOKENS)
    return (
        [*tokens, *normal, *CONTROL_TOKENS],
        [*scores, *[0.0] * n_control],
        [*types, *[_CONTROL] * n_control],
    )


def with_metadata(source: Path, target: Path, old: bytes, new: bytes) -> Path:
    """Write a copy of `source` in which the first `old` is `new`, of the same length."""
    data = source.read_bytes()
    assert len(old) == len(new)
    assert old in data
    target.write_bytes(data.replace(old, new, 1))
    return target


def _file_type(quantization: str) -> str:
    return "ALL_F32" if quantization == "F32" else f"MOSTLY_{quantization}"


def _add_shape(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(shape.context)
    writer.add_rope_scaling_orig_ctx_len(shape.context)
    writer.add_embedding_length(shape.embedding)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_block_count(shape.layers)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(shape.embedding // shape.heads)
    writer.add_rope_freq_base(10000.0)
    writer.add_sliding_window(shape.context)


def _add_vocabulary(
    writer: gguf.GGUFWriter, tokens: list[str], scores: list[float], types: list[int]
) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(tokens.index("<|endoftext|>"))
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)  # noqa: FBT003 - the library's signature
    writer.add_add_eos_token(False)  # noqa: FBT003


def _matrices(shape: Shape, n_tokens: int) -> dict[str, tuple[int, int]]:
    wide, hidden = shape.embedding, shape.feed_forward
    matrices = {"token_embd.weight": (n_tokens, wide), "output.weight": (n_tokens, wide)}
    for i in range(shape.layers):
        matrices |= {
            f"blk.{i}.attn_qkv.weight": (3 * wide, wide),
            f"blk.{i}.attn_output.weight": (wide, wide),
            f"blk.{i}.ffn_up.weight": (2 * hidden, wide),
            f"blk.{i}.ffn_down.weight": (wide, hidden),
        }
    return matrices


def _norms(shape: Shape) -> list[str]:
    layers = range(shape.layers)
    names = [f"blk.{i}.{part}_norm.weight" for i in layers for part in ("attn", "ffn")]
    return [*names, "output_norm.weight"]


def _weights(
    rng: np.random.Generator, rows: int, columns: int, kind: gguf.GGMLQuantizationType
) -> np.ndarray:
    deviation = 1.5 / columns**0.5
    if kind is not gguf.GGMLQuantizationType.Q4_0:
        weights = rng.normal(0, deviation, (rows, columns)).astype(np.float32)
        return weights.astype(np.float16) if kind is gguf.GGMLQuantizationType.F16 else weights
    # Random blocks: a scale that gives uniform 4-bit numbers the wanted deviation.
    blocks = rng.integers(0, 256, (rows, columns // _Q4_0_BLOCK, 18), dtype=np.uint8)
    scale = np.array([deviation / 4.6], dtype=np.float16).view(np.uint8)
    blocks[:, :, :2] = scale
    return blocks.reshape(rows, -1)
