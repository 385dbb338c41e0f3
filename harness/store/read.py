"""Finished runs, read back as tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StoreError, nearest
from harness.store.manifest import MANIFEST, Manifest, check_version, read_manifest
from harness.store.parquet import arrow_type
from harness.store.schema import TABLES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: its manifest, and its tables read on demand (columns: store/schema.py)."""

    folder: Path
    manifest: Manifest

    def table(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read `samples`, `responses` or `scores`; JSON columns come as text.

        Raises:
            StoreError: the file is missing, damaged, or of another schema version.
        """
        frame: pd.DataFrame = self._arrow(name, columns).to_pandas()
        return frame

    def tuples(self, name: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        """Yield these columns of a table row after row, with None where a value is missing.

        It needs no pandas, which is as large in memory as a small run.

        Raises:
            StoreError: the file is missing, damaged, lacks a column, or of another version.
        """
        table = self._arrow(name, columns)
        check_columns(self.folder / f"{name}.parquet", columns, table.column_names)
        for batch in table.select(list(columns)).to_batches(max_chunksize=2048):
            yield from zip(*map(_plain, batch.columns), strict=True)

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a table as mappings, with None where a value is missing.

        Raises:
            StoreError: the file is missing, damaged, or of another schema version.
        """
        for batch in self._arrow(name, None).to_batches(max_chunksize=2048):
            yield from batch.to_pylist()

    def _arrow(self, name: str, columns: Sequence[str] | None) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.folder / f"{name}.parquet"
        try:
            file = pq.ParquetFile(path)
            metadata = file.schema_arrow.metadata or {}
            check_version(_version(metadata.get(b"harness_schema_version")), path)
            table = file.read(columns=list(columns) if columns else None)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"{path} cannot be read ({error}); the run is damaged: run it again with --fresh"
            ) from error
        expected = self.manifest.files.get(path.name)
        if expected is not None and expected.rows != table.num_rows:
            raise StoreError(
                f"{path} has {table.num_rows} rows, its manifest says {expected.rows}; "
                "the run is damaged: run it again with --fresh"
            )
        return _with_optional(table, name, columns)

    @property
    def samples(self) -> pd.DataFrame:
        """What was asked."""
        return self.table("samples")

    @property
    def responses(self) -> pd.DataFrame:
        """What came back."""
        return self.table("responses")

    @property
    def scores(self) -> pd.DataFrame:
        """How it was judged."""
        return self.table("scores")


def _plain(column: Any) -> list[Any]:
    values: list[Any] = column.to_pylist()
    return [None if value != value else value for value in values]  # noqa: PLR0124  # NaN


def check_columns(path: Path, wanted: Iterable[str], found: Iterable[str]) -> None:
    """Refuse a table that lacks a column.

    Raises:
        StoreError: names the file and the columns.
    """
    missing = [name for name in wanted if name not in set(found)]
    if missing:
        raise StoreError(
            f"{path} lacks the columns {', '.join(missing)}; "
            "the run is damaged: run it again with --fresh"
        )


def _with_optional(table: Any, name: str, columns: Sequence[str] | None) -> Any:
    """Add the optional columns that a file was written without, as nulls."""
    import pyarrow as pa

    for column in TABLES[name]:
        wanted = columns is None or column.name in columns
        if column.optional and wanted and column.name not in table.column_names:
            nulls = pa.nulls(table.num_rows, arrow_type(column))
            table = table.append_column(column.name, nulls)
    return table


def _version(stored: bytes | None) -> int | None:
    return int(stored) if stored is not None and stored.isdigit() else None


def load_run(name: str | Path, results: Path = Path("results")) -> Run:
    """Open a finished run by its folder or by its id within `results`.

    Raises:
        StoreError: there is no such run, or it is unfinished, damaged or of another version.
    """
    folders = [folder for folder in (Path(name), results / str(name)) if folder.is_dir()]
    if folders:
        # A folder that happens to have the name of a run is not meant.
        folder = next((one for one in folders if (one / MANIFEST).is_file()), folders[0])
        return Run(folder, read_manifest(folder))
    known = [folder.name for folder in _folders(results)]
    raise StoreError(
        f"no run {str(name)!r} in {results}; {nearest(str(name), known)} `harness report` lists all"
    )


def find_runs(results: Path) -> tuple[list[Run], list[str]]:
    """Open every finished run in `results`, oldest first, and say why others were left out."""
    runs, left_out = [], []
    for folder in _folders(results):
        try:
            runs.append(Run(folder, read_manifest(folder)))
        except StoreError as error:
            left_out.append(str(error))
    return sorted(runs, key=lambda run: run.manifest.started_at), left_out


def _folders(results: Path) -> list[Path]:
    if not results.is_dir():
        return []
    marks = (MANIFEST, "journal.sqlite", *(f"{table}.parquet" for table in TABLES))
    folders = (folder for folder in results.iterdir() if folder.is_dir())
    return sorted(f for f in folders if any((f / mark).exists() for mark in marks))
