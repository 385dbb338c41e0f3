"""Suites: named lists of tasks with their shots, and of what cannot be asked and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import TaskError


@dataclass(frozen=True, slots=True)
class Member:
    """One benchmark of a suite.

    `task` is what asks it here, None where nothing does and `note` says why; `shots` is the
    number of examples, None where that is unknown. `max_tokens` states what a task of lm-eval
    leaves open.
    """

    benchmark: str
    task: str | None
    shots: int | None
    max_tokens: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """A named list of benchmarks, such as those that a report measured."""

    name: str
    title: str
    members: tuple[Member, ...]

    @property
    def asked(self) -> dict[str, Member]:
        """The members that a task asks, by that task."""
        return {member.task: member for member in self.members if member.task}

    @property
    def shots(self) -> dict[str, int]:
        """How many examples each task shows."""
        return {name: member.shots or 0 for name, member in self.asked.items()}


def read_suite(path: Path, stated: Mapping[str, Any]) -> Suite:
    """Read a suite from its YAML.

    Raises:
        TaskError: a field is missing or of the wrong kind.
    """
    try:
        asked = [_asked(member) for member in stated["tasks"]]
        missing = [_missing(member) for member in stated.get("missing", ())]
        return Suite(str(stated["suite"]), str(stated["title"]), (*asked, *missing))
    except (KeyError, TypeError, ValueError) as error:
        raise TaskError(
            f"{path} is no suite ({error!r}): it needs suite, title, and tasks with their shots; "
            "under missing, a benchmark and a note"
        ) from error


def _asked(member: Mapping[str, Any]) -> Member:
    task, shots, longest = str(member["task"]), int(member["shots"]), member.get("max_tokens")
    benchmark, note = str(member.get("benchmark", task)), str(member.get("note", ""))
    return Member(benchmark, task, shots, None if longest is None else int(longest), note)


def _missing(member: Mapping[str, Any]) -> Member:
    shots = member.get("shots")
    number = None if shots is None else int(shots)
    return Member(str(member["benchmark"]), None, number, note=str(member["note"]))
