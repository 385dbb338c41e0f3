"""A running run: an SQLite journal that acknowledges an answer only after committing it."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock, Timeout

from harness.errors import StoreError
from harness.records import Response, Sample
from harness.store.files import cannot_write
from harness.store.manifest import check_version
from harness.store.rows import Row, response_row, sample_row
from harness.store.schema import RESPONSES, SAMPLES, SCHEMA_VERSION, TABLES, Column

JOURNAL = "journal.sqlite"
LOCK = "run.lock"
_SQL_TYPES = {"text": "TEXT", "json": "TEXT", "integer": "INTEGER", "real": "REAL"}
_KEYS = {"samples": "task, sample_id", "responses": "task, sample_id, part"}
_TABLES = {"samples": SAMPLES, "responses": RESPONSES}
_SELECT = {
    "samples": "SELECT * FROM samples ORDER BY position",
    "responses": (
        "SELECT r.* FROM responses r JOIN samples s USING (task, sample_id) "
        "ORDER BY s.position, r.part"
    ),
}


class Journal:
    """The rows of one running run. One writer at a time, guarded by a lock of the process.

    The lock is the operating system's own: it vanishes with its process, however that ends.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / LOCK)
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Take the lock and open the journal.

        Raises:
            StoreError: another process writes to this run, the journal is damaged or of
                another version, or the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise StoreError(
                f"another harness process is writing to {self.folder}; wait for it to finish, "
                "or choose another folder with --results"
            ) from error
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        try:
            self._open()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the journal and release the lock."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None
        self._lock.release()

    def _open(self) -> None:
        path = self.folder / JOURNAL
        with self._guard():
            # autocommit: each statement is durable against a kill as soon as it returns
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            # All workers wait while the disk does: once for 16 MB of answers, not for each 4.
            self._connection.execute("PRAGMA wal_autocheckpoint=4000")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value)"
            )
            version = self.meta("schema_version")
        if version is None:
            self._create()
        else:
            check_version(version, path)
            self._add_optional()

    def _create(self) -> None:
        with self.transaction() as connection:
            for name, columns in _TABLES.items():
                connection.execute(_table(name, columns))
            self.set_meta("schema_version", SCHEMA_VERSION)

    def _add_optional(self) -> None:
        """Give a journal the optional columns that it was begun without; they stay null."""
        with self.transaction() as connection:
            for table, columns in _TABLES.items():
                found = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
                for column in columns:
                    if column.optional and column.name not in found:
                        connection.execute(f"ALTER TABLE {table} ADD COLUMN {_cell(column)}")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit several statements at once, or none of them."""
        with self._guard():
            connection = self._open_connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        path = self.folder / JOURNAL
        try:
            yield
        except sqlite3.OperationalError as error:
            raise cannot_write(path, error) from error
        except sqlite3.DatabaseError as error:
            raise StoreError(
                f"{path} is damaged ({error}); move the folder away and run again"
            ) from error

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"the journal in {self.folder} is not open")
        return self._connection

    def meta(self, name: str) -> Any:
        """Return a stored fact of the run, or None."""
        query = "SELECT value FROM meta WHERE name = ?"
        with self._guard():
            row = self._open_connection().execute(query, (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def set_meta(self, name: str, value: Any) -> None:
        """Store a fact of the run as JSON."""
        with self._guard():
            self._open_connection().execute(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value))
            )

    def add_samples(self, samples: Iterable[Sample]) -> None:
        """Store what will be asked, all at once."""
        rows = (sample_row(position, sample) for position, sample in enumerate(samples))
        with self.transaction() as connection:
            connection.executemany(_insert("samples", SAMPLES), rows)

    def add_response(self, sample: Sample, part: int, response: Response, origin: str) -> None:
        """Commit one answer; when this returns, no kill can lose it. An error may be replaced.

        Raises:
            StoreError: the disk is full; what was committed before is kept.
        """
        with self._guard():
            row = response_row(sample, part, response, origin)
            self._open_connection().execute(_INSERT_RESPONSE, row)

    def answered(self) -> set[tuple[str, str, int]]:
        """Return (task, sample id, part) of every request that has an answer, not an error."""
        query = "SELECT task, sample_id, part FROM responses WHERE error_kind IS NULL"
        with self._guard():
            return set(self._open_connection().execute(query))

    def replies(self) -> dict[tuple[str, str], list[str]]:
        """Return what was replied so far in conversations of several turns, in their order.

        The keys are (task, sample id). An error ends the list; a reply without text is "".
        """
        query = (
            "SELECT task, sample_id, part, text FROM responses JOIN samples "
            "USING (task, sample_id) WHERE error_kind IS NULL AND turns != '[]' ORDER BY part"
        )
        found: dict[tuple[str, str], list[str]] = {}
        with self._guard():
            for task, sample_id, part, text in self._open_connection().execute(query):
                said = found.setdefault((task, sample_id), [])
                if part == len(said):
                    said.append(text or "")
        return found

    def used(self) -> dict[str, Any]:
        """Add up what this run asked itself, equal requests once: counts, tokens and USD.

        The names are those of LedgerLine; `actual` is None where no answer has a price.
        """
        query = (
            "SELECT count(*), count(cost_usd), sum(cost_usd), total(attempts), "
            "total(prompt_tokens), total(reused_tokens), total(output_tokens), "
            "total(reasoning_tokens) FROM (SELECT * FROM responses WHERE origin = ? "
            "GROUP BY request_key)"
        )
        with self._guard():
            row = self._open_connection().execute(query, (self.folder.name,)).fetchone()
        asked, priced, actual, *counts = row
        names = ("n_calls", "prompt_tokens", "reused_tokens", "output_tokens", "reasoning_tokens")
        sums = {name: int(count) for name, count in zip(names, counts, strict=True)}
        return {"n_asked": asked, "n_priced": priced, "actual": actual, **sums}

    def counts(self, column: str) -> dict[str, int]:
        """Count the answers by what a text column of `responses` says: the 50 most frequent."""
        query = (
            f"SELECT {column}, count(*) FROM responses "  # noqa: S608 -- our own names
            f"WHERE {column} IS NOT NULL AND error_kind IS NULL "
            "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50"
        )
        with self._guard():
            return dict(self._open_connection().execute(query).fetchall())

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of `samples` or `responses` in the order of the samples.

        The order of answering leaves no trace: an interrupted run reads like an undisturbed one.
        """
        with self._guard():
            yield from self._open_connection().execute(_SELECT[table])

    def mappings(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield the same rows as mappings from column to value."""
        names = [column.name for column in TABLES[table]]
        return (dict(zip(names, row, strict=True)) for row in self.rows(table))

    def remove(self) -> None:
        """Delete the journal after its rows were written to parquet."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for suffix in ("", "-wal", "-shm"):
            (self.folder / (JOURNAL + suffix)).unlink(missing_ok=True)


def _table(name: str, columns: Iterable[Column]) -> str:
    cells = ", ".join(map(_cell, columns))
    return f"CREATE TABLE {name} ({cells}, PRIMARY KEY ({_KEYS[name]}))"


def _cell(column: Column) -> str:
    return f"{column.name} {_SQL_TYPES[column.type]}"


def _insert(name: str, columns: tuple[Column, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {name} VALUES ({marks})"  # noqa: S608 -- our own names


_INSERT_RESPONSE = _insert("responses", RESPONSES)
