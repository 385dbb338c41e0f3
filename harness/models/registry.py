"""The systems known by name: the rows that ship with harness, plus the user's own.

A row says where a model's weights or API are, what is known of them and, where a model cannot
be had, why. Own rows come from the first of: the file given, the file named by
`HARNESS_REGISTRY`, `./harness-models.yaml`, `models.yaml` in the user's configuration folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.errors import ModelError

Kind = Literal["gguf", "hf", "openai", "anthropic", "gemini", "none"]
API_KINDS = ("openai", "anthropic", "gemini")

_BUILT_IN = Path(__file__).with_name("registry.yaml")
_WORKING_FOLDER_FILE = "harness-models.yaml"
_SHOWN_FAULTS = 5
_BILLIONS = 50_000_000  # from here on sizes are said in thousand millions

# A name must never read as an address: no separator, no scheme, no .gguf.
_Name = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$")]


_Usd = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Entry(BaseModel):
    """One row: sizes in bytes, `parameters` in weights, `context` in tokens, days as dates.

    `active_parameters` are those used for one token (mixture of experts), `undated` marks an
    API name behind which the snapshot may change, `instead` names rows to use for this one,
    `path` is a local GGUF (relative to the registry file), `retires` the day an API ends.
    For an API, `url` is its base URL where it is not the provider's own, `key_env` the variable
    that holds its key, `capabilities` what it offers where that is not the usual, `omit` names
    fields of the decoding that it does not take, and `price` is USD per million tokens of input
    and of output where the provider's list price does not hold.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    aliases: tuple[_Name, ...] = ()
    title: str
    family: str
    kind: Kind
    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")] | None = None
    file: str | None = None
    path: str | None = None
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    parameters: Annotated[int, Field(gt=0)] | None = None
    active_parameters: Annotated[int, Field(gt=0)] | None = None
    quantization: str | None = None
    bits_per_weight: Annotated[float, Field(gt=0, le=32)] | None = None
    file_bytes: Annotated[int, Field(gt=0)] | None = None
    context: Annotated[int, Field(gt=0)] | None = None
    interface: Literal["chat", "completion"] | None = None
    licence: str | None = None
    released: date | None = None
    retires: date | None = None
    api_id: str | None = None
    url: Annotated[str, Field(pattern=r"^https?://[^@?#\s]+$")] | None = None
    key_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    capabilities: tuple[Literal["generate", "letters", "logprob"], ...] = ()
    omit: tuple[Literal["temperature", "top_p", "stop", "seed"], ...] = ()
    price: tuple[_Usd, _Usd] | None = None
    undated: bool = False
    needs_token: bool = False
    obtainable: bool = True
    reason: str | None = None
    instead: tuple[_Name, ...] = ()
    notes: str = ""

    @model_validator(mode="after")
    def _is_complete(self) -> Entry:
        """Ask for what the kind of row needs to be usable."""
        if not self.obtainable:
            if not self.reason:
                raise ValueError("a row with obtainable: false needs a reason")
            return self
        if self.kind == "none":
            raise ValueError("a row of kind none has nothing to run: set obtainable: false")
        if self.kind == "gguf" and not (self.path or (self.repo and self.file)):
            raise ValueError("a row of kind gguf needs repo and file, or path")
        if self.kind == "hf" and not self.repo:
            raise ValueError("a row of kind hf needs repo")
        if self.kind in API_KINDS and not self.api_id:
            raise ValueError(f"a row of kind {self.kind} needs api_id")
        if self.kind not in API_KINDS and (self.url or self.key_env or self.omit or self.price):
            raise ValueError(
                "url, key_env, omit and price are for rows of a kind that is asked by HTTP"
            )
        return self


@dataclass(frozen=True)
class Registry:
    """All rows by name; `user_file` is where own rows came from."""

    entries: Mapping[str, Entry]
    by_alias: Mapping[str, str]
    user_file: Path | None = None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def find(self, name: str) -> Entry | None:
        """Return the row of this name or alias (upper case counts as lower), or None."""
        name = name.lower()
        return self.entries.get(self.by_alias.get(name, name))

    def find_api(self, kind: str, api_id: str) -> Entry | None:
        """Return the row of a hosted model by its provider and the provider's own id, or None."""
        rows = (entry for entry in self if entry.kind == kind and entry.api_id == api_id)
        return next(rows, None)

    def known_names(self) -> list[str]:
        """Return every name and alias, for hints."""
        return sorted({*self.entries, *self.by_alias})


@dataclass(frozen=True)
class ModelRow:
    """One line of the table of models, as text; `state` says whether and how it can be run."""

    name: str
    title: str
    size: str
    source: str
    context: str
    licence: str
    obtainable: bool
    state: str


def load_registry(extra: Path | None = None) -> Registry:
    """Return the rows that ship with harness, replaced and extended by the user's.

    `extra` is the user's file; None looks in the usual places (see the module).

    Raises:
        ModelError: a file is missing, unreadable, no YAML or has a row that is not understood.
    """
    built_in = _read(_BUILT_IN)
    user_file = extra if extra is not None else _user_file()
    if user_file is None:
        return Registry({row.name: row for row in built_in}, _aliases(built_in, _BUILT_IN))
    own = _read(user_file)
    own_names = {row.name for row in own} | set(_aliases(own, user_file))
    kept = [_without(row, own_names) for row in built_in if row.name not in own_names]
    rows = {row.name: row for row in (*kept, *own)}
    return Registry(rows, _aliases(rows.values(), user_file), user_file)


def describe(registry: Registry) -> list[ModelRow]:
    """Return what a table of the models shows, in the order of the registry."""
    return [_row(entry) for entry in registry]


def _row(entry: Entry) -> ModelRow:
    return ModelRow(
        name=entry.name,
        title=entry.title,
        size=_size(entry.parameters) if entry.parameters else "",
        source=" ".join(part for part in (entry.kind, entry.quantization) if part),
        context=f"{entry.context:,}" if entry.context else "",
        licence=entry.licence or "",
        obtainable=entry.obtainable,
        state=_state(entry),
    )


def _size(parameters: int) -> str:
    return f"{parameters / 1e9:.3g}B" if parameters >= _BILLIONS else f"{parameters / 1e6:.3g}M"


def _state(entry: Entry) -> str:
    if not entry.obtainable:
        return f"not obtainable: {entry.reason}"
    if entry.kind == "hf":
        return "needs a GGUF, given by its path"
    return "needs a key" if entry.needs_token else "ready"


def _user_file() -> Path | None:
    named = os.environ.get("HARNESS_REGISTRY")
    if named:
        return Path(named).expanduser()
    here = Path(_WORKING_FOLDER_FILE)
    if here.is_file():
        return here
    configured = Path(platformdirs.user_config_dir("harness")) / "models.yaml"
    return configured if configured.is_file() else None


def _without(row: Entry, taken: set[str]) -> Entry:
    """Return the row less the aliases that the user's file took for itself."""
    return row.model_copy(update={"aliases": tuple(a for a in row.aliases if a not in taken)})


def _aliases(rows: Iterable[Entry], file: Path) -> dict[str, str]:
    """Map alias to name, refusing one that already means another row."""
    rows = list(rows)
    names = {row.name for row in rows}
    by_alias: dict[str, str] = {}
    for row in rows:
        for alias in row.aliases:
            other = alias if alias in names else by_alias.get(alias)
            if other is not None:
                raise ModelError(
                    f"{file}: row {row.name!r}, field 'aliases': {alias!r} already means "
                    f"{other!r}; every alias must be unique, choose another"
                )
            by_alias[alias] = row.name
    return by_alias


def _read(file: Path) -> list[Entry]:
    raw = _raw_rows(file)
    rows = [_entry(file, number, item) for number, item in enumerate(raw, start=1)]
    seen: set[str] = set()
    for row in rows:
        if row.name in seen:
            raise ModelError(f"{file}: row {row.name!r} stands there twice; keep one of them")
        seen.add(row.name)
    return rows


def _raw_rows(file: Path) -> list[Any]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ModelError(f"{file}{line}: no valid YAML: {error.problem}; correct it") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelError(f"{file}: no valid YAML in UTF-8: {error}; correct it") from error
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error.strerror}); correct HARNESS_REGISTRY or the path"
        ) from error
    if not isinstance(document, dict) or set(document) != {"models"}:
        raise ModelError(f"{file}: expected one top-level key 'models' with a list of rows")
    rows = document["models"]
    if not isinstance(rows, list):
        raise ModelError(f"{file}: 'models' must be a list of rows, got {type(rows).__name__}")
    return rows


def _entry(file: Path, number: int, item: Any) -> Entry:
    name = item.get("name") if isinstance(item, dict) else None
    try:
        entry = Entry.model_validate(item)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        shown = "; ".join(_fault(fault["loc"], fault) for fault in faults[:_SHOWN_FAULTS])
        more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        label = f"row {number}" if name is None else f"row {name!r} (number {number})"
        raise ModelError(f"{file}: {label}, {shown}{more}") from error
    if entry.path is None:
        return entry
    absolute = (file.resolve().parent / Path(entry.path).expanduser()).as_posix()
    return entry.model_copy(update={"path": absolute})


def _fault(loc: tuple[int | str, ...], fault: Any) -> str:
    """Say which field, what was expected and, for a plain value, what came."""
    message = str(fault["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if fault["type"] == "extra_forbidden":
        known = ", ".join(Entry.model_fields)
        return f"field {loc[0]!r}: unknown; expected one of {known}"
    value = fault.get("input")
    got = f", got {value!r}" if isinstance(value, str | int | float) else ""
    field = ".".join(str(part) for part in loc)
    return f"field {field!r}: {message}{got}" if field else message
