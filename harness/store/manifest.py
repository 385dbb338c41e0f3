"""`run.json`: what a run is, written last, so its existence means the run is complete on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.protocol import Protocol
from harness.records import ModelInfo, content_hash
from harness.store.files import replace_file
from harness.store.schema import SCHEMA_VERSION

MANIFEST = "run.json"
IMPORTED = "imported"
"""Backend of a model that was not asked here: its answers come from somebody's log."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One parquet file of a run: its rows and SHA-256."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """One task of a run: its protocol and how many samples were planned and answered.

    `chance` is the accuracy of blind guessing (averaged over samples), None where undefined.
    """

    protocol: Protocol
    n: int
    n_error: int
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class JudgedRuns:
    """What a judge's run is about; a run of a contestant has none of this.

    `purpose` is "answers" (of the runs named), "labels" (the same, but a file's verdicts, such as
    people's) or "calibration" (bundled pairs whose better answer is known). `protocols` are the
    fingerprints under which the runs answered, by task; `n_unanswered` turns had no answer.
    """

    mode: str
    purpose: str
    prompts: str
    runs: tuple[str, ...] = ()
    protocols: dict[str, str] = field(default_factory=dict)
    n_unanswered: int = 0


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """What one model cost a run in one role: "answers", or "judge" for one that judges.

    Money is USD, counts are of this run's own calls; what was reused from another run cost
    nothing. `estimate_low` and `estimate_high` were the bounds before the first call, None where
    there is no price. `actual` adds the prices of `n_priced` of `n_asked` requests, None where
    none has a price; `unsure` is the most that calls can have cost beside those: calls that
    broke off after they were sent, or whose answer a kill has lost. `rates` is the price in
    words, `source` the table it is from, `batch` says that the answers came from batches.
    """

    role: str
    model: str
    source: str | None = None
    rates: str | None = None
    batch: bool = False
    estimate_low: float | None = None
    estimate_high: float | None = None
    actual: float | None = None
    unsure: float = 0.0
    n_asked: int = 0
    n_priced: int = 0
    n_calls: int = 0
    prompt_tokens: int = 0
    reused_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a run that is not a row. Times are UTC, ISO 8601.

    `versions` counts the answers by the `model_version` and the `system_fingerprint` that the
    server reported with them; more than one of either means that the system changed meanwhile.
    `ledger` has one line for each model that cost something, in each of its roles.
    """

    run_id: str
    harness_version: str
    status: str
    model: ModelInfo
    tasks: dict[str, TaskRecord]
    files: dict[str, StoredFile]
    started_at: str
    finished_at: str
    command: tuple[str, ...]
    limit: int | None
    seed: int
    environment: dict[str, Any] = field(default_factory=dict)
    verification: dict[str, Any] | None = None
    versions: dict[str, dict[str, int]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    judged: JudgedRuns | None = None
    ledger: tuple[LedgerLine, ...] = ()

    @property
    def is_imported(self) -> bool:
        """Whether the answers come from a log of another program rather than from a model."""
        return self.model.backend == IMPORTED

    @property
    def fingerprint(self) -> str:
        """Hash over the protocols of all tasks."""
        return content_hash({name: task.protocol.fingerprint for name, task in self.tasks.items()})


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put `run.json` in place atomically."""
    text = manifest_json(manifest) + "\n"
    replace_file(folder / MANIFEST, text.encode("utf-8", "surrogatepass"))


def manifest_json(manifest: Manifest) -> str:
    """Return a manifest as JSON text, with what its parts hash to written out."""
    body = {"schema_version": SCHEMA_VERSION, **asdict(manifest)}
    for name, task in manifest.tasks.items():
        body["tasks"][name]["fingerprint"] = task.protocol.fingerprint
    body["model"]["identity"] = manifest.model.identity
    return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False)


def read_manifest(folder: Path) -> Manifest:
    """Read `run.json` of a run folder.

    Raises:
        StoreError: there is none, it is damaged, or another schema version wrote it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise StoreError(
            f"{folder} is not a finished run: it has no {MANIFEST}; "
            "repeat the command that started it to finish it"
        )
    return parse_manifest(path.read_bytes(), path)


def parse_manifest(text: bytes, path: Path) -> Manifest:
    """Return the manifest that `manifest_json` wrote; `path` is where the text came from.

    Raises:
        StoreError: it is damaged, or another schema version wrote it.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise StoreError(f"{path} is damaged ({error}); run again with --fresh") from error
    check_version(body.get("schema_version") if isinstance(body, dict) else None, path)
    try:
        return _from_json(body)
    except (KeyError, TypeError) as error:
        raise StoreError(f"{path} lacks or misnames a field ({error}); run again") from error


def check_version(found: object, path: Path) -> None:
    """Refuse a file of another schema version, naming both.

    Raises:
        StoreError: `found` is not the version that this harness reads.
    """
    if found != SCHEMA_VERSION:
        raise StoreError(
            f"{path} has schema version {found!r}, this harness reads version {SCHEMA_VERSION}; "
            "use the harness version that wrote it, or run again into another folder"
        )


def _from_json(body: Mapping[str, Any]) -> Manifest:
    model = {k: v for k, v in body["model"].items() if k != "identity"}
    fields = {k: v for k, v in body.items() if k != "schema_version"}
    fields["model"] = ModelInfo(**{**model, "capabilities": tuple(model["capabilities"])})
    fields["tasks"] = {name: _task(task) for name, task in body["tasks"].items()}
    fields["files"] = {name: StoredFile(**stored) for name, stored in body["files"].items()}
    fields["command"] = tuple(body["command"])
    fields["warnings"] = tuple(body["warnings"])
    if judged := body.get("judged"):
        fields["judged"] = JudgedRuns(**{**judged, "runs": tuple(judged["runs"])})
    fields["ledger"] = tuple(LedgerLine(**line) for line in body.get("ledger", ()))
    return Manifest(**fields)


def _task(stored: Mapping[str, Any]) -> TaskRecord:
    fields = {k: v for k, v in stored.items() if k not in ("protocol", "fingerprint")}
    return TaskRecord(protocol=Protocol.from_mapping(stored["protocol"]), **fields)
