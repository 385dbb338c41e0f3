"""Reading just the columns that an analysis needs, and refusing rows it cannot understand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.store.read import Run, check_columns

if TYPE_CHECKING:
    import pandas as pd


def read_columns(run: Run, table: str, columns: Sequence[str]) -> pd.DataFrame:
    """Read these columns of one table of a run.

    Raises:
        StoreError: the file is missing or damaged, or lacks a column.
    """
    frame = run.table(table, columns)
    check_columns(run.folder / f"{table}.parquet", columns, frame.columns)
    return frame


def text_or_none(value: object) -> str | None:
    """Return a cell of a text column, None where it is null."""
    return value if isinstance(value, str) else None
