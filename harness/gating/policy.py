"""What a gate promises: margins, error rates, limits; read from TOML, checked before any use."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from harness.errors import UsageError

DEFAULT = "default"
BETTING_PASS = 0.5
BETTING_ALARM = 0.8
"""Parts of alpha that a sequential gate spends on the way; an alarm is wanted early."""

_POINTS = re.compile(r"([0-9]*\.?[0-9]+) ?(?:pp|points?)")


def as_fraction(value: object) -> object:
    """Read `"2pp"` or `"2 points"` as 0.02; leave numbers as they are."""
    found = _POINTS.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(found[1]) / 100 if found else value


def _as_margins(value: object) -> object:
    return value if isinstance(value, dict) else {DEFAULT: value}


def _unless_off(value: object) -> object:
    return None if value is False else value


Fraction = Annotated[float, BeforeValidator(as_fraction)]
Share = Annotated[Fraction, Field(ge=0, lt=1)]
Margin = Annotated[Fraction, Field(gt=0, lt=0.5)]
Margins = Annotated[dict[str, Margin], BeforeValidator(_as_margins), Field(min_length=1)]


class Policy(BaseModel):
    """When a candidate passes. Margins and rates are fractions, or text such as "2pp".

    - `margin`: how far behind the baseline is still good enough; one number, or one for each
      task and `default` for the others, which without a default are not judged;
    - `alpha`: chance of passing a candidate that is behind by the margin, and of failing one
      that is behind by no more;
    - `mode`: `fixed` asks everything and decides once, `sequential` decides as early as it may,
      a part of `alpha` being spent on the way and the rest when everything was asked;
    - `min_n`: no verdict with fewer items of a task answered by both;
    - `min_coverage`: no verdict with a smaller share of the items answered by both;
    - `discordance`: share of items on which the two are expected to differ, and `power`: both
      only for saying beforehand whether the items can decide;
    - `max_unparsed_increase`: how many more replies may be unparsed, truncated or refused;
      `false`: not looked at;
    - `max_slowdown`: largest median ratio of the seconds per item; None: not looked at;
    - `max_cost`: most US dollars for the candidate's whole run; None: not looked at;
    - `on_inconclusive`: `fail` ends with exit code 6, `warn` with 0.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    margin: Margins = {DEFAULT: 0.02}
    alpha: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    power: Annotated[float, Field(ge=0.5, lt=1)] = 0.8
    mode: Literal["fixed", "sequential"] = "fixed"
    min_n: Annotated[int, Field(ge=2)] = 30
    min_coverage: Annotated[float, Field(gt=0, le=1)] = 0.98
    discordance: Annotated[Fraction, Field(gt=0, lt=1)] = 0.1
    max_unparsed_increase: Annotated[Share | None, BeforeValidator(_unless_off)] = 0.01
    max_slowdown: Annotated[float, Field(gt=0)] | None = None
    max_cost: Annotated[float, Field(ge=0)] | None = None
    on_inconclusive: Literal["fail", "warn"] = "fail"

    def judges(self, task: str) -> bool:
        """Say whether the policy has a margin for a task."""
        return task in self.margin or DEFAULT in self.margin

    def margin_of(self, task: str) -> float:
        """Return the margin of a task that is judged, a fraction."""
        return self.margin.get(task) or self.margin[DEFAULT]

    @property
    def level(self) -> float:
        """Error rate of a pass that is left for the test once everything was asked."""
        return self.alpha if self.mode == "fixed" else self.alpha * (1 - BETTING_PASS)

    @property
    def named_tasks(self) -> list[str]:
        """Tasks that the policy names: a run without one of them cannot pass."""
        return [task for task in self.margin if task != DEFAULT]


def load_policy(path: Path | None, changes: dict[str, Any]) -> Policy:
    """Read a policy file (None: the defaults) and apply what the command line says instead.

    Raises:
        UsageError: the file cannot be read, or a field is unknown or out of range.
    """
    origin = "the policy" if path is None else str(path)
    stated = {} if path is None else _read(path)
    try:
        return Policy(**{**stated, **changes})
    except ValidationError as error:
        faults = "; ".join(_fault(fault) for fault in error.errors())
        known = ", ".join(Policy.model_fields)
        raise UsageError(f"{origin}: {faults}. Known fields: {known}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the policy {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"the policy {path} is not TOML: {error}") from error


def _fault(fault: Any) -> str:
    place = ".".join(str(part) for part in fault["loc"]) or "the file"
    hint = ""
    if isinstance(fault["input"], int | float) and place.startswith(("margin", "max_unparsed")):
        hint = f' (a fraction such as 0.02, or "{fault["input"]}pp" for points)'
    return f"{place} is {fault['input']!r}: {fault['msg']}{hint}"
