"""What runs of several models would take, after a pilot where that is wished."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness.errors import UsageError
from harness.models.base import Payable
from harness.models.hub import is_here
from harness.models.open import OpenOptions, open_model
from harness.models.prices import FREE
from harness.models.registry import load_registry
from harness.models.spec import resolve
from harness.pipeline.account import check_budget
from harness.pipeline.forecast import Forecast, Subject, forecast
from harness.pipeline.options import Asking, Progress, RunOptions
from harness.pipeline.plan import Plan, check_capabilities, chosen, make_plan
from harness.pipeline.run import execute
from harness.records import ModelInfo
from harness.tasks.catalog import TaskChoice

_SMALLEST_PILOT = 2


@dataclass(frozen=True, slots=True)
class ModelForecast:
    """What a run of one model takes; `at_once` is how many requests are in flight together.

    `source` is where the price is from and `rates` the price in words, None where there is none.
    """

    model: str
    tasks: tuple[Forecast, ...]
    at_once: int
    source: str | None
    rates: str | None
    notes: tuple[str, ...] = ()


def plan_models(
    addresses: Sequence[str],
    asking: Asking,
    opening: OpenOptions,
    running: RunOptions,
    pilot: int,
    progress: Progress,
) -> list[ModelForecast]:
    """Predict what the tasks take with each model; `pilot` samples of each task are asked first.

    Raises:
        UsageError: a model or task is unknown, or the pilot too small to predict from.
    """
    if 0 < pilot < _SMALLEST_PILOT:
        raise UsageError(
            f"--pilot {pilot} predicts nothing: one answer has no spread; ask 2 or more"
        )
    choices = chosen(asking)
    planner = _Planner(choices, make_plan(choices, asking), asking, running)
    return [planner.one(address, opening, pilot, progress) for address in addresses]


@dataclass(frozen=True, slots=True)
class _Planner:
    choices: list[TaskChoice]
    plan: Plan
    asking: Asking
    running: RunOptions

    def one(
        self, address: str, opening: OpenOptions, pilot: int, progress: Progress
    ) -> ModelForecast:
        spec = resolve(address, load_registry(opening.registry))
        far = spec.kind == "hf" or (spec.kind == "gguf-hub" and not is_here(spec))
        if far and not pilot:
            info = ModelInfo(spec.name, "far", "chat", ())
            note = f"the weights of {spec.name} are not loaded for a plan; --pilot asks it"
            return self._forecast(Subject(info, FREE), 1, (note,))
        if pilot:
            self._ask(address, opening, pilot, progress)
        model = open_model(address, opening)
        try:
            check_capabilities(self.choices, model.info)
            hosted = isinstance(model, Payable)
            at_once = opening.api.concurrency if hosted else opening.engine.slots
            return self._forecast(Subject.of(model), at_once, tuple(model.warnings))
        finally:
            model.close()

    def _ask(self, address: str, opening: OpenOptions, pilot: int, progress: Progress) -> None:
        """Ask a few samples of each task, at once even where the run is to be a batch."""
        model = open_model(address, replace(opening, api=replace(opening.api, batch=False)))
        try:
            check_capabilities(self.choices, model.info)
            check_budget(model, self.running.max_usd)
            few = min(pilot, self.asking.limit or pilot)
            progress.note(f"asking {few} samples a task of {model.info.name}")
            asked = make_plan(self.choices, replace(self.asking, limit=few))
            execute(model, asked, self.running, progress)
        finally:
            model.close()

    def _forecast(self, subject: Subject, at_once: int, notes: tuple[str, ...]) -> ModelForecast:
        price = subject.price
        return ModelForecast(
            model=subject.info.name,
            tasks=tuple(forecast(subject, self.plan, self.running.results)),
            at_once=at_once,
            source=price.source if price else None,
            rates=price.rates(datetime.now(UTC)) if price else None,
            notes=notes,
        )
