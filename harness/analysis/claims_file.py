"""Published numbers as `tasks/claims.yaml` holds them: read, checked, every reference resolved."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harness.errors import UsageError
from harness.resources import tasks_folder

SCALES: Mapping[str, float] = {"percent": 100, "points of 10": 10, "points of 150": 150}
"""What a value in this unit is a share of; quantities in other units are no shares."""

Relation = Literal["equal", "at most", "more than"]
Confidence = Literal["confirmed", "confirmed-secondary", "from-memory"]
_CONDITIONS = (
    "shots", "reasoning", "kind", "interface", "quantization", "counted", "hardware",
)  # fmt: skip
_SHOWN_FAULTS = 5
_Positive = Annotated[int, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Benchmark(_Strict):
    """What a number is a number of.

    `items` independent questions in `parts` subjects, None where unknown; `spread` is the standard
    deviation of one question's grade in `unit`, None where answers are right or wrong. `datasets`
    are the names under which a run may have asked it, `near` those of other versions of it.
    """

    unit: str
    items: _Positive | None = None
    parts: _Positive | None = None
    spread: Annotated[float, Field(gt=0)] | None = None
    datasets: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    split: str | None = None


class Pipeline(_Strict):
    """Who measured, and what they state about how; `prompts` says whether these can be read."""

    title: str
    prompts: bool
    temperature: float | None = None
    interface: Literal["chat", "completion"] | None = None
    judge: str | None = None
    judge_prompts: str | None = None


class _Model(_Strict):
    title: str
    runs: tuple[str, ...]
    uncertain: str = ""


class _Row(_Strict):
    id: str
    model: str
    benchmark: str
    value: float
    relation: Relation = "equal"
    pipeline: str
    shots: Annotated[int, Field(ge=0)] | None = None
    reasoning: bool | None = None
    kind: Literal["generate", "logprob"] | None = None
    averaging: Literal["micro", "macro"] = "micro"
    interface: Literal["chat", "completion"] | None = None
    quantization: str | None = None
    counted: str | None = None
    hardware: str | None = None
    source: str
    confidence: Confidence
    note: str = ""


class _Headline(_Strict):
    says: str
    first: str
    second: str


class _File(_Strict):
    version: Literal[1]
    retrieved: date
    benchmarks: dict[str, Benchmark]
    pipelines: dict[str, Pipeline]
    sources: dict[str, str]
    models: dict[str, _Model]
    claims: tuple[_Row, ...]
    headlines: tuple[_Headline, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """One published number.

    `value` is a share of the unit's scale (0.688 for 68.8 percent, 0.838 for 8.38 points of 10),
    else it is in `spec.unit`; `precision` is half a unit of its last printed digit. `stated` holds
    what the source states about the protocol and the system, by field: what is missing there is
    unknown. `runs` are the names of models that stand for the claim's, `uncertain` what that name
    leaves open.
    """

    id: str
    model: str
    title: str
    runs: tuple[str, ...]
    uncertain: str
    benchmark: str
    spec: Benchmark
    value: float
    precision: float
    relation: Relation
    pipeline: str
    pipeline_title: str
    prompts_published: bool
    stated: Mapping[str, Any]
    averaging: str
    source: str
    confidence: Confidence
    note: str

    @property
    def is_share(self) -> bool:
        """Whether the value is a share of a scale rather than a quantity such as bytes."""
        return self.spec.unit in SCALES


@dataclass(frozen=True, slots=True)
class Headline:
    """A statement that somebody makes by holding one published number against another."""

    says: str
    first: Claim
    second: Claim


@dataclass(frozen=True, slots=True)
class ClaimBook:
    """All published numbers, and the statements made from them."""

    retrieved: date
    claims: tuple[Claim, ...]
    headlines: tuple[Headline, ...]


@functools.lru_cache(maxsize=4)
def load_claims(path: Path | None = None) -> ClaimBook:
    """Read the published numbers that ship with harness, or those of a file of the same form.

    Raises:
        UsageError: the file is missing, no YAML, or has a row that is not understood.
    """
    file = path if path is not None else tasks_folder() / "claims.yaml"
    content = _parse(file)
    rows = _unique(file, content.claims)
    resolve = functools.partial(_claim, file, content)
    claims = {name: resolve(row) for name, row in rows.items()}
    headlines = (_headline(file, headline, claims) for headline in content.headlines)
    return ClaimBook(content.retrieved, tuple(claims.values()), tuple(headlines))


def _parse(file: Path) -> _File:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        return _File.model_validate(document)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}); correct the path") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{file}: no valid YAML in UTF-8 ({reason}); correct it") from error
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        shown = "; ".join(_fault(fault["loc"], fault["msg"]) for fault in faults[:_SHOWN_FAULTS])
        more = f"; and {len(faults) - _SHOWN_FAULTS} more" if len(faults) > _SHOWN_FAULTS else ""
        raise UsageError(f"{file}: {shown}{more}; correct it") from error


def _fault(place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join(map(str, place)) or 'the whole file'}: {message}"


def _unique(file: Path, rows: Iterable[_Row]) -> dict[str, _Row]:
    found: dict[str, _Row] = {}
    for row in rows:
        if row.id in found:
            raise UsageError(f"{file}: claim {row.id!r} stands there twice; rename one of them")
        found[row.id] = row
    return found


def _claim(file: Path, content: _File, row: _Row) -> Claim:
    look = functools.partial(_look_up, file, f"claim {row.id!r}")
    spec = look("benchmark", row.benchmark, content.benchmarks)
    pipeline = look("pipeline", row.pipeline, content.pipelines)
    model = look("model", row.model, content.models)
    scale = SCALES.get(spec.unit, 1.0)
    _check_value(file, row, spec)
    return Claim(
        id=row.id,
        model=row.model,
        title=model.title,
        runs=model.runs,
        uncertain=model.uncertain,
        benchmark=row.benchmark,
        spec=spec,
        value=row.value / scale,
        precision=_half_digit(row.value) / scale,
        relation=row.relation,
        pipeline=row.pipeline,
        pipeline_title=pipeline.title,
        prompts_published=pipeline.prompts,
        stated=MappingProxyType(_stated(row, spec, pipeline)),
        averaging=row.averaging,
        source=look("source", row.source, content.sources),
        confidence=row.confidence,
        note=row.note,
    )


def _look_up(file: Path, who: str, what: str, name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise UsageError(
            f"{file}: {who} names the {what} {name!r}, which the file does not describe; "
            f"it knows {', '.join(sorted(known)) or 'none'}"
        )
    return known[name]


def _check_value(file: Path, row: _Row, spec: Benchmark) -> None:
    top = SCALES.get(spec.unit)
    if row.value < 0 or (top is not None and row.value > top):
        limits = f"0 to {top:g} ({spec.unit})" if top else "a value above 0"
        raise UsageError(f"{file}: claim {row.id!r} has value {row.value:g}, expected {limits}")
    if top is not None and row.relation != "equal":
        raise UsageError(
            f"{file}: claim {row.id!r} says {row.relation!r} of a score; only quantities with a "
            "unit such as GB may be bounds"
        )


def _half_digit(value: float) -> float:
    decimals = len(repr(value).partition(".")[2])
    return 0.5 * 10.0**-decimals


def _stated(row: _Row, spec: Benchmark, pipeline: Pipeline) -> dict[str, Any]:
    """Collect what is stated; a number about a model speaks of its unquantized weights."""
    is_score = spec.unit in SCALES
    found: dict[str, Any] = {
        "dataset": spec.datasets or None,
        "split": spec.split,
        "temperature": pipeline.temperature,
        "judge": pipeline.judge,
        "judge_prompts": pipeline.judge_prompts,
        **{name: getattr(row, name) for name in _CONDITIONS},
    }
    found["interface"] = row.interface or pipeline.interface
    found["quantization"] = row.quantization or ("unquantized" if is_score else None)
    return {name: value for name, value in found.items() if value is not None}


def _headline(file: Path, row: _Headline, claims: Mapping[str, Claim]) -> Headline:
    who = f"headline {row.says!r}"
    first, second = (_look_up(file, who, "claim", name, claims) for name in (row.first, row.second))
    if first.benchmark != second.benchmark:
        raise UsageError(
            f"{file}: headline {row.says!r} holds {first.benchmark} against {second.benchmark}; "
            "both claims must be of one benchmark"
        )
    return Headline(row.says, first, second)
