"""Rows to parquet: fixed types, the schema version in every file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from harness.store.files import cannot_write, commit_file, file_sha256
from harness.store.manifest import StoredFile
from harness.store.schema import SCHEMA_VERSION, TABLES, Column

_ROW_GROUP = 2_048
"""Rows; larger groups compress hardly better, and a whole one is in memory while it is written."""

_LONGEST = 2**31 - 1
"""Bytes of text that one chunk of a column can hold."""


def write_table(folder: Path, name: str, rows: Iterable[Sequence[Any]]) -> StoredFile:
    """Write one table of a run as zstd parquet, atomically; rows follow the schema's columns.

    Raises:
        StoreError: the disk is full or the folder cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_memory_pool(pa.system_memory_pool())  # arrow's own keeps what it once had
    path = folder / f"{name}.parquet"
    partial = path.with_name(path.name + ".partial")
    schema = _arrow_schema(TABLES[name])
    written = 0
    try:
        with pq.ParquetWriter(partial, schema, compression="zstd") as writer:
            for batch in _batches(rows):
                writer.write_table(_arrow_table(batch, schema))
                written += len(batch)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        commit_file(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise cannot_write(path, error) from error
    return StoredFile(written, file_sha256(path))


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _ROW_GROUP)):
        yield batch


def arrow_type(column: Column) -> Any:
    """Return the Arrow type of a column."""
    import pyarrow as pa

    types = {"text": pa.string(), "json": pa.string(), "integer": pa.int64(), "real": pa.float64()}
    return types[column.type]


def _arrow_schema(columns: Sequence[Column]) -> Any:
    import pyarrow as pa

    fields = [
        pa.field(c.name, arrow_type(c), metadata={"meaning": c.meaning, "form": c.type})
        for c in columns
    ]
    return pa.schema(fields, metadata={"harness_schema_version": str(SCHEMA_VERSION)})


def _arrow_table(batch: list[Sequence[Any]], schema: Any) -> Any:
    import pyarrow as pa

    columns = [
        _arrow_array(values, field.type)
        for values, field in zip(zip(*batch, strict=True), schema, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _arrow_array(values: Sequence[Any], kind: Any) -> Any:
    """Return the values as Arrow has them, None as null.

    `pyarrow.array` does the same, but imports pandas, which nothing else in a run needs: 45 MB.
    """
    import numpy as np
    import pyarrow as pa

    known = [value is not None for value in values]
    buffers = [None if all(known) else pa.py_buffer(np.packbits(known, bitorder="little"))]
    if pa.types.is_string(kind):
        texts = [b"" if value is None else value.encode() for value in values]
        ends = np.cumsum([0, *map(len, texts)])
        if ends[-1] > _LONGEST:
            return pa.array(values, kind)  # in several chunks
        buffers += [pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(texts))]
    else:
        cells = [0 if value is None else value for value in values]
        buffers.append(pa.py_buffer(np.array(cells, kind.to_pandas_dtype())))
    return pa.Array.from_buffers(kind, len(values), buffers)
