"""`harness tasks`: what can be asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from harness.cli.options import Json, Trusted, trusted_folders
from harness.cli.output import as_json, result, table


def tasks(
    name: Annotated[str | None, typer.Argument(help="Show this task in detail.")] = None,
    trust_tasks: Trusted = None,
    json: Json = False,
) -> None:
    """List the tasks, or show one with its subjects and protocol."""
    from harness.tasks.catalog import catalog, choose

    trusted = trusted_folders(trust_tasks)
    if name is None:
        entries = list(catalog(trusted).values())
    else:
        entries = [choice.entry for choice in choose([name], trusted)]
    if json:
        as_json([_facts(entry) for entry in entries])
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
        result("Tasks that ship with lm-eval run as lm_eval/<name>, such as lm_eval/arc_easy.")


def _stated(value: int | None) -> str:
    return "" if value is None else str(value)


def _facts(entry: object) -> dict[str, object]:
    facts = asdict(entry)  # type: ignore[call-overload]
    facts.pop("config")
    return dict(facts)
