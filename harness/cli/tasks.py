"""`harness tasks`: what can be asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Json, Trusted, trusted_folders
from harness.cli.output import as_json, result, table

if TYPE_CHECKING:
    from harness.tasks.catalog import TaskEntry
    from harness.tasks.suites import Suite


def tasks(
    name: Annotated[str | None, typer.Argument(help="Show this task or suite in detail.")] = None,
    trust_tasks: Trusted = None,
    json: Json = False,
) -> None:
    """List the tasks, or show one with its subjects and protocol, or what a suite measures."""
    from harness.tasks.catalog import catalog, choose, suites

    trusted = trusted_folders(trust_tasks)
    named = suites(trusted)
    if name in named:
        _show_suite(named[name], json=json)
        return
    if name is None:
        entries = list(catalog(trusted).values())
    else:
        entries = [choice.entry for choice in choose([name], trusted)]
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
        shown = [[suite.name, suite.title, _members(suite)] for suite in named.values()]
        table(["suite", "what it is", "tasks"], shown)
        result("Tasks that ship with lm-eval run as lm_eval/<name>, such as lm_eval/arc_easy.")


def _members(suite: Suite) -> str:
    asked, missing = list(suite.asked), len(suite.members) - len(suite.asked)
    lacks = f"; {missing} that are not to be had" if missing else ""
    return ", ".join(asked) + lacks


def _show_suite(suite: Suite, *, json: bool) -> None:
    """Show what a suite measures: by a task of harness, by one of lm-eval, or not at all."""
    if json:
        as_json(asdict(suite))
        return
    rows = [
        [m.benchmark, m.task or "not to be had", _stated(m.shots), _stated(m.max_tokens), m.note]
        for m in suite.members
    ]
    result(f"{suite.name}: {suite.title}")
    table(["benchmark", "asked by", "shots", "max tokens", "note"], rows)
    result("What starts with lm_eval/ is lm-eval's own definition, all else that of harness.")


def _stated(value: int | None) -> str:
    return "" if value is None else str(value)


def _facts(entry: TaskEntry, known: Iterable[Suite]) -> dict[str, object]:
    facts = asdict(entry)
    facts.pop("config")
    return facts | {"suites": [suite.name for suite in known if entry.name in suite.shots]}
