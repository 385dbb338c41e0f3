"""`harness tasks`: what can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Json, Trusted, trusted_folders
from harness.cli.output import as_json, result, table

if TYPE_CHECKING:
    from harness.tasks.catalog import Suite, TaskEntry


def tasks(
    name: Annotated[str | None, typer.Argument(help="Show this task in detail.")] = None,
    trust_tasks: Trusted = None,
    json: Json = False,
) -> None:
    """List the tasks, or show one with its subjects and protocol."""
    from harness.tasks.catalog import catalog, choose, suites

    trusted = trusted_folders(trust_tasks)
    if name is None:
        entries = list(catalog(trusted).values())
    else:
        entries = [choice.entry for choice in choose([name], trusted)]
    named = suites(trusted)
    if json:
        as_json([_facts(entry, named.values()) for entry in entries])
        return
    rows = [
        [
            e.name,
            e.title,
            str(len(e.subjects) or ""),
            _stated(e.shots),
            e.kind.value,
            _stated(e.max_tokens),
        ]
        for e in entries
    ]
    table(["task", "what it asks", "subjects", "shots", "kind", "max tokens"], rows)
    for entry in entries if name else ():
        if entry.subjects:
            result(f"\nsubjects of {entry.name}: {', '.join(entry.subjects)}")
        result(f"\ndefined in {entry.path}")
    if not name:
        shown = [[suite.name, suite.title, ", ".join(suite.shots)] for suite in named.values()]
        table(["suite", "what it is", "tasks"], shown)
        result("Tasks that ship with lm-eval run as lm_eval/<name>, such as lm_eval/arc_easy.")


def _stated(value: int | None) -> str:
    return "" if value is None else str(value)


def _facts(entry: TaskEntry, known: Iterable[Suite]) -> dict[str, object]:
    facts = asdict(entry)
    facts.pop("config")
    return facts | {"suites": [suite.name for suite in known if entry.name in suite.shots]}
