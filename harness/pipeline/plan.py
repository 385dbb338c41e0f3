"""What a run will ask: the samples of its tasks, their protocols, and the run's own name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import ModelError, TaskError
from harness.pipeline.options import Asking
from harness.protocol import Protocol
from harness.records import ModelInfo, RequestKind, Sample, content_hash
from harness.store.manifest import JudgedRuns
from harness.tasks.apart import load_tasks
from harness.tasks.base import LoadedTask
from harness.tasks.catalog import TaskChoice, choose
from harness.tasks.selection import select

_GENERATIVE = {"mmlu_logprob": "mmlu"}


@dataclass(frozen=True)
class PlannedTask:
    """One task of a run: the samples that will be asked, and their protocol.

    `choice` is None where the samples are made of answers, for a judge.
    """

    choice: TaskChoice | None
    protocol: Protocol
    samples: tuple[Sample, ...]
    chance: float | None


@dataclass(frozen=True)
class Plan:
    """Everything a run will ask. `run_id` is a function of what is asked and of whom."""

    tasks: tuple[PlannedTask, ...]
    warnings: tuple[str, ...]
    limit: int | None
    seed: int
    judged: JudgedRuns | None = None

    @property
    def samples(self) -> list[Sample]:
        """All samples, task after task."""
        return [sample for task in self.tasks for sample in task.samples]

    @property
    def parts(self) -> int:
        """How many responses all samples need; equal requests count each time."""
        return sum(sample.parts for sample in self.samples)

    @property
    def turns(self) -> int:
        """How many turns the longest conversation has; 1 where nothing is a conversation."""
        return 1 + max((len(sample.turns) for sample in self.samples), default=0)

    def run_id(self, model: ModelInfo) -> str:
        """Name the run: the same command on the same weights gives the same name."""
        asked = {task.protocol.task: task.protocol.fingerprint for task in self.tasks}
        digest = content_hash([model.identity, asked])[:8]
        names = "+".join(task.protocol.task for task in self.tasks)
        return f"{slug(model.name, 60)}--{slug(names, 60)}--{digest}"


def chosen(asking: Asking) -> list[TaskChoice]:
    """Find the tasks that are asked for, without loading any data.

    Raises:
        TaskError: a name is unknown.
    """
    choices = choose(asking.tasks, asking.trusted)
    for choice in choices:
        own = not choice.entry.stock
        if own and (asking.shots is not None or asking.max_tokens is not None):
            raise TaskError(
                f"{choice.entry.name} states its own shots and max_tokens: --shots and "
                "--max-tokens are for tasks of lm-eval"
            )
        if asking.temperature is not None and choice.entry.kind is RequestKind.LOGPROB:
            raise TaskError(
                f"{choice.entry.name} asks for likelihoods, which have no temperature; leave out "
                "--temperature"
            )
    return [_as_asked(choice, asking) for choice in choices]


def _as_asked(choice: TaskChoice, asking: Asking) -> TaskChoice:
    """What the command states wins over what a suite states."""
    shots = choice.shots if asking.shots is None else asking.shots
    return replace(
        choice,
        shots=shots,
        max_tokens=asking.max_tokens or choice.max_tokens,
        temperature=asking.temperature,
    )


def make_plan(choices: Sequence[TaskChoice], asking: Asking) -> Plan:
    """Load the tasks and choose their samples; the limit applies to each task.

    Raises:
        TaskError: a task is not fully defined.
        HubError: a dataset could not be fetched.
    """
    planned: list[PlannedTask] = []
    warnings: list[str] = []
    for choice, task in zip(choices, load_tasks(choices), strict=True):
        planned.append(_planned(choice, task, asking))
        warnings.extend(task.warnings)
    return Plan(tuple(planned), tuple(warnings), asking.limit, asking.seed)


def _planned(choice: TaskChoice, task: LoadedTask, asking: Asking) -> PlannedTask:
    samples = tuple(select(task.samples, asking.limit, asking.seed))
    return PlannedTask(choice, task.protocol(samples), samples, task.chance)


def check_capabilities(choices: Sequence[TaskChoice], model: ModelInfo) -> None:
    """Refuse, before anything is asked, a task that the model cannot do.

    Raises:
        ModelError: names the task, what is missing, and the variant that would run.
    """
    for choice in choices:
        kind = choice.entry.kind
        if kind.value in model.capabilities:
            continue
        variant = _GENERATIVE.get(choice.entry.name)
        advice = (
            f"run the task {variant}, which every model can do"
            if variant
            else "choose a task whose answer is generated (`harness tasks` says which are)"
        )
        wanted = "log-probabilities of given text" if kind is RequestKind.LOGPROB else "generation"
        raise ModelError(
            f"{choice.entry.name} needs {wanted}, which {model.name} does not offer; {advice}"
        )


def slug(text: str, longest: int) -> str:
    """Return a file name that no path, device or shell trick can hide in."""
    safe = re.sub(r"[^A-Za-z0-9._+-]+", "-", text).strip("-.") or "x"
    return safe[:longest]
