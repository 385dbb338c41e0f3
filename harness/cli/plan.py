"""`harness plan`: what a run would take, before it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.opening import UNSAID, Opening, opens_models
from harness.cli.output import as_json, result, table
from harness.cli.progress import duration, shown_progress
from harness.cli.run import stopping
from harness.errors import UsageError
from harness.records import Estimate
from harness.report.words import dollars

if TYPE_CHECKING:
    from harness.analysis.power import TaskPower
    from harness.pipeline.planning import ModelForecast

Margin = Annotated[str, typer.Option(help="How far behind would be good enough, such as 2pp.")]
Discordance = Annotated[
    str, typer.Option(help="On what share of the items two systems are expected to differ.")
]
Earlier = Annotated[
    tuple[str, str] | None,
    typer.Option("--like", metavar="RUN RUN", help="Two runs that tell how often systems differ."),
]

_COLUMNS = ["model", "task", "samples", "answered", "requests", "input tokens", "output tokens",
            "still to pay", "time"]  # fmt: skip


@opens_models()
def plan(
    model: options.Models = None,
    tasks: options.Tasks = None,
    limit: options.Limit = None,
    pilot: options.Pilot = 0,
    seed: options.Seed = 0,
    shots: options.Shots = None,
    max_tokens: options.MaxTokens = None,
    opening: Opening = UNSAID,
    max_usd: options.MaxUsd = None,
    margin: Margin = "2pp",
    discordance: Discordance = "10pp",
    earlier: Earlier = None,
    results: options.Results = Path("results"),
    trust_tasks: options.Trusted = None,
    json: options.Json = False,
) -> None:
    """Say what a run would take and could decide: requests, tokens, dollars, time, smallest drop.

    Only --pilot asks anything.
    """
    from harness.pipeline.options import Asking, RunOptions
    from harness.pipeline.planning import plan_models
    from harness.pipeline.power import Stake, planned_power
    from harness.store.read import load_run

    models, names = _required(model, tasks)
    stake = Stake(_fraction(margin, "--margin"), _fraction(discordance, "--discordance"))
    pair = [load_run(run, results) for run in earlier or ()]
    trusted = options.trusted_folders(trust_tasks)
    asking = Asking(names, trusted, limit, seed, shots, max_tokens)
    running = RunOptions(results, max_usd=max_usd)
    with shown_progress() as progress, stopping(running.stop):
        found = plan_models(
            models, asking, opening.options(needs_key=pilot > 0), running, pilot, progress
        )
    powers = planned_power({task.task: task.n for task in found[0].tasks}, stake, pair)
    if json:
        told = {task: asdict(power) for task, power in powers.items()}
        as_json([{**asdict(one), "power": told} for one in found])
        return
    table(_COLUMNS, [row for one in found for row in _rows(one)])
    for one in found:
        for line in _remarks(one):
            result(line)
    for task, power in powers.items():
        result(f"{task}: {_seen(power)}")
    if not pilot:
        result("--pilot 20 asks 20 samples of each task, keeps the answers, and narrows this down")


def _required(
    model: list[str] | None, tasks: list[str] | None
) -> tuple[list[str], tuple[str, ...]]:
    if not model or not tasks:
        missing = "--tasks" if model else "--model"
        raise UsageError(
            f"{missing} is missing. A plan needs models and tasks:\n"
            "    harness plan --model openai/gpt-4o-mini-2024-07-18 --tasks mmlu --pilot 20"
        )
    return model, tuple(tasks)


def _fraction(text: str, option: str) -> float:
    from harness.gating.policy import as_fraction

    try:
        value = float(str(as_fraction(text)))
    except ValueError:
        value = 0.0
    if not 0 < value < 1:
        raise UsageError(f"{option} is {text!r}, expected a share such as 2pp or 0.02")
    return value


def _seen(power: TaskPower) -> str:
    """Say what the items could decide, each share in points."""
    drop, margin = power.smallest_drop, 100 * power.margin
    least = "no drop at all" if drop is None else f"drops from {100 * drop:.1f} points on"
    needed = "" if power.decidable else f", for which about {power.n_needed:,} items are needed"
    return (
        f"{power.n:,} items find {least} with power 80 % where two systems differ on "
        f"{100 * power.discordance:.1f} %; an equal one is shown to be less than {margin:g} points "
        f"behind with {power.chance_to_pass:.0%}{needed}"
    )


def _rows(found: ModelForecast) -> Iterator[list[str]]:
    for task in found.tasks:
        counts = [f"{count:,}" for count in (task.n, task.n_answered, task.n_requests)]
        tokens = [
            _range(task.prompt_tokens.total, _tokens),
            _range(task.output_tokens.total, _tokens),
        ]
        seconds = _shared(task.seconds.left, found.at_once)
        costs = [_range(task.usd.left, dollars), _range(seconds, duration)]
        yield [found.model, task.task, *counts, *tokens, *costs]


def _range(estimate: Estimate, shown: Callable[[float], str]) -> str:
    """Write an estimate with its bounds, or as many of them as there are."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if low is None or high is None:
        return "unknown"
    bounds = f"{shown(low)} … {shown(high)}"
    if shown(low) == shown(high):
        return shown(low)
    return bounds if value is None else f"{shown(value)} ({bounds})"


def _tokens(count: float) -> str:
    return f"{count:,.0f}"


def _shared(seconds: Estimate, at_once: int) -> Estimate:
    """Turn the seconds of single requests into those of a run with several in flight."""
    value, low, high = (
        None if bound is None else bound / at_once
        for bound in (seconds.value, seconds.low, seconds.high)
    )
    return Estimate(value, low, high, seconds.n)


def _remarks(found: ModelForecast) -> Iterator[str]:
    yield (
        f"{found.model}: price {found.rates} ({found.source})"
        if found.source
        else f"{found.model}: nobody knows its price; --price INPUT,OUTPUT states it"
    )
    for task in found.tasks:
        yield f"{found.model}, {task.task}: input tokens {task.counted}"
    yield from (f"note: {note}" for note in found.notes)
