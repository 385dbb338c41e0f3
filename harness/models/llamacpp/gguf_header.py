"""Reads the header of a GGUF file: metadata and tensor list, never the weights.

The `gguf` package's reader makes a numpy view of every vocabulary entry, which takes seconds on
a vocabulary of 128,000; this one takes a fraction of one. A header is hostile input: every
length is checked against the bytes that are there.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

MAGIC = b"GGUF"
VERSIONS = (2, 3)

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_SCALARS[12] = "d"
_STRING, _ARRAY = 8, 9
_MAX_KEYS = 65_536
_MAX_TENSORS = 1_000_000
_MAX_DIMENSIONS = 8
_SKIPPED = ("tokenizer.ggml.merges", "tokenizer.ggml.scores")

TENSOR_TYPES: Mapping[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
}
"""ggml's tensor types: name, elements in a block, bytes of a block."""


class HeaderError(ValueError):
    """The bytes are not a GGUF header; the text says where it broke."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: `offset` bytes from the start of the data section; `size` None if unknown."""

    name: str
    type_name: str
    elements: int
    offset: int
    size: int | None


@dataclass(frozen=True, slots=True)
class Header:
    """Everything before the weights; `data_start` is where they begin, in bytes."""

    version: int
    metadata: Mapping[str, Any]
    tensors: tuple[Tensor, ...]
    data_start: int


class _Cursor:
    """Walks over bytes and refuses to step outside them."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._end = len(data)
        self.position = 0

    def take(self, form: str) -> Any:
        start = self._step(struct.calcsize("<" + form))
        return struct.unpack_from("<" + form, self._data, start)[0]

    def array(self, form: str, count: int) -> tuple[Any, ...]:
        start = self._step(struct.calcsize("<" + form) * count)
        return struct.unpack_from(f"<{count}{form}", self._data, start)

    def raw(self) -> bytes:
        length = self.take("Q")
        start = self._step(length)
        return self._data[start : start + length]

    def text(self) -> str:
        return self.raw().decode("utf-8", "replace")

    def skip_strings(self, count: int) -> None:
        for _ in range(count):
            self._step(self.take("Q"))

    def _step(self, size: int) -> int:
        start = self.position
        if size > self._end - start:
            raise HeaderError(
                f"at byte {start:,} the header asks for {size:,} more bytes, "
                f"the file ends after {self._end - start:,}"
            )
        self.position = start + size
        return start


def read_header(path: Path) -> Header:
    """Return the header of the GGUF file at `path`; raise HeaderError where it is not one."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        cursor = _Cursor(data)
        cursor.position = len(MAGIC)
        version = cursor.take("I")
        if version not in VERSIONS:
            raise HeaderError(f"GGUF version {version}, expected {VERSIONS[0]} or {VERSIONS[1]}")
        n_tensors, n_keys = cursor.take("Q"), cursor.take("Q")
        if n_tensors > _MAX_TENSORS or n_keys > _MAX_KEYS:
            raise HeaderError(
                f"{n_keys:,} metadata keys and {n_tensors:,} tensors are not credible"
            )
        metadata = dict(_pair(cursor) for _ in range(n_keys))
        tensors = tuple(_tensor(cursor) for _ in range(n_tensors))
        return Header(version, metadata, tensors, _aligned(cursor.position, metadata))


def _aligned(position: int, metadata: Mapping[str, Any]) -> int:
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or alignment <= 0:
        raise HeaderError(f"general.alignment is {alignment!r}, expected a positive number")
    return -(-position // alignment) * alignment


def _pair(cursor: _Cursor) -> tuple[str, Any]:
    key = cursor.text()
    return key, _value(cursor, cursor.take("I"), key)


def _value(cursor: _Cursor, kind: int, key: str) -> Any:
    if kind == _STRING:
        return cursor.text()
    if kind == _ARRAY:
        return _array(cursor, key)
    return cursor.take(_form(kind))


def _array(cursor: _Cursor, key: str) -> Any:
    kind, count = cursor.take("I"), cursor.take("Q")
    if kind != _STRING:
        return cursor.array(_form(kind), count)
    if key in _SKIPPED:
        cursor.skip_strings(count)
        return None
    return tuple(cursor.raw() for _ in range(count))


def _form(kind: int) -> str:
    if kind not in _SCALARS:
        raise HeaderError(f"unknown metadata type {kind}")
    return _SCALARS[kind]


def _tensor(cursor: _Cursor) -> Tensor:
    name = cursor.text()
    n_dimensions = cursor.take("I")
    if n_dimensions > _MAX_DIMENSIONS:
        raise HeaderError(f"tensor {name!r} has {n_dimensions} dimensions")
    elements = prod(cursor.array("Q", n_dimensions))
    kind, offset = cursor.take("I"), cursor.take("Q")
    type_name, block, size = TENSOR_TYPES.get(kind, (f"type {kind}", 0, 0))
    return Tensor(name, type_name, elements, offset, elements // block * size if block else None)
