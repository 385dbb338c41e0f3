"""A baseline: one run's scores item by item, small enough to lie in a repository.

It holds what a later comparison needs (ids, outcomes, values, times, costs, the protocols and
the identity of the model) and no text: no question, no answer.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import StoreError
from harness.store.files import replace_file
from harness.store.manifest import Manifest, manifest_json, parse_manifest
from harness.store.read import Run

if TYPE_CHECKING:
    import pandas as pd

_KIND = b"harness_baseline"
_SCORES = ("task", "sample_id", "subject", "outcome", "value")
_TEXTS = ("task", "sample_id", "subject", "outcome")
_RESPONSES = ("task", "sample_id", "total_seconds", "cost_usd")
ITEM_COLUMNS = (*_SCORES, "seconds", "cost_usd")
"""One row a sample: `seconds` and `cost_usd` are sums over its responses, null where unknown."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A system's scores item by item, from a run or from a baseline; `items` has ITEM_COLUMNS."""

    source: Path
    manifest: Manifest
    items: pd.DataFrame


def scored_run(run: Run) -> Scored:
    """Read the scores, times and costs of a finished run.

    Raises:
        StoreError: a table is missing or damaged.
    """
    scores = run.table("scores", _SCORES)
    responses = run.table("responses", _RESPONSES).rename(columns={"total_seconds": "seconds"})
    parts = responses.groupby(["task", "sample_id"], sort=False)[["seconds", "cost_usd"]]
    # A sum without one of its parts would be too small.
    sums = parts.sum().where(parts.count().eq(parts.size(), axis=0))
    items = scores.merge(sums, how="left", left_on=["task", "sample_id"], right_index=True)
    return Scored(run.folder, run.manifest, items[list(ITEM_COLUMNS)])


def save_baseline(scored: Scored, path: Path) -> None:
    """Write a baseline atomically.

    Raises:
        StoreError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(scored.items, schema=_schema(), preserve_index=False)
    table = table.replace_schema_metadata({_KIND: manifest_json(scored.manifest).encode()})
    content = io.BytesIO()
    pq.write_table(table, content, compression="zstd", compression_level=19)
    replace_file(path, content.getvalue())


def load_baseline(path: Path) -> Scored:
    """Read what `save_baseline` wrote.

    Raises:
        StoreError: there is no such file, or it is damaged, no baseline, or of another version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise StoreError(
            f"there is no baseline {path}; `harness baseline save RUN {path}` makes one"
        )
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"{path} cannot be read as a baseline ({error}); save it again from its run"
        ) from error
    text = (table.schema.metadata or {}).get(_KIND)
    if text is None or not table.schema.equals(_schema()):
        raise StoreError(
            f"{path} is a parquet file, but no baseline of this version; "
            "`harness baseline save RUN FILE` makes one"
        )
    items = table.to_pandas().astype({"seconds": "float64", **dict.fromkeys(_TEXTS, object)})
    return Scored(path, _checked(parse_manifest(text, path), items, path), items)


def _checked(manifest: Manifest, items: pd.DataFrame, path: Path) -> Manifest:
    """Compare the items with what the manifest says that there are."""
    counts = items["task"].value_counts().to_dict()
    planned = {name: task.n for name, task in manifest.tasks.items()}
    if counts != planned or items.duplicated(["task", "sample_id"]).any():
        raise StoreError(
            f"{path} is damaged: it should hold {planned}, each once, and holds {counts} items; "
            "save it again from its run"
        )
    return manifest


def _schema() -> Any:
    import pyarrow as pa

    few = pa.dictionary(pa.int32(), pa.string())
    types = {"task": few, "sample_id": pa.string(), "subject": few, "outcome": few}
    numbers = {"value": pa.float64(), "seconds": pa.float32(), "cost_usd": pa.float64()}
    return pa.schema([pa.field(name, kind) for name, kind in {**types, **numbers}.items()])
