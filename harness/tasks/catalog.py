"""Which tasks there are: read from YAML alone, so that listing them is quick.

Nothing here imports lm-eval or runs a task's code; `!function` tags stay text.
"""

from __future__ import annotations

import fnmatch
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from harness.errors import TaskError, nearest
from harness.records import RequestKind
from harness.resources import tasks_folder
from harness.tasks.suites import Member, Suite, read_suite

STOCK = "lm_eval/"
_KINDS = {"generate_until": RequestKind.GENERATE}


@dataclass(frozen=True, slots=True)
class TaskEntry:
    """One task as its YAML describes it. `shots` and `max_tokens` are None where unstated."""

    name: str
    path: Path
    title: str
    version: str
    kind: RequestKind
    dataset: str
    shots: int | None
    max_tokens: int | None
    stop_stated: bool
    scorer: str
    subjects: tuple[str, ...]
    stock: bool
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """A task with the subjects that were asked for; empty means all of them.

    `shots` and `max_tokens` state what a stock task leaves open; `temperature`, in place of the
    task's own, makes a variant of it under another protocol.
    """

    entry: TaskEntry
    subjects: tuple[str, ...] = ()
    shots: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None


class _Loader(yaml.SafeLoader):
    """Safe YAML that keeps lm-eval's `!function` as text instead of importing it."""


def _function_as_text(_: yaml.SafeLoader, node: yaml.Node) -> str:
    return f"!function {node.value}"


_Loader.add_constructor("!function", _function_as_text)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a task's YAML with its includes, running nothing.

    Raises:
        TaskError: the file is missing or not a YAML mapping; says the line.
    """
    try:
        loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 -- a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise TaskError(f"cannot read the task file {path}: {reason}") from error
    if not isinstance(loaded, dict):
        raise TaskError(f"{path} holds {type(loaded).__name__}, expected a mapping of task fields")
    includes = loaded.pop("include", [])
    merged: dict[str, Any] = {}
    for include in includes if isinstance(includes, list) else [includes]:
        merged |= read_yaml((path.parent / include).resolve())
    return merged | loaded


def read_entry(path: Path, *, stock: bool = False) -> TaskEntry:
    """Describe the task that a YAML file defines.

    Raises:
        TaskError: the file is unreadable or lacks a field.
    """
    config = read_yaml(path)
    metadata = config.get("metadata") or {}
    decoding = config.get("generation_kwargs") or {}
    if not isinstance(metadata, dict) or not isinstance(decoding, dict):
        raise TaskError(f"{path}: metadata and generation_kwargs must be mappings")
    name = str(config.get("group") or config.get("task") or "")
    if not name:
        raise TaskError(f"{path} names no task: it needs a line such as `task: {path.stem}`")
    kind = _KINDS.get(str(config.get("output_type", "generate_until")), RequestKind.LOGPROB)
    return TaskEntry(
        name=STOCK + name if stock else name,
        path=path,
        title=str(metadata.get("title", name)),
        version=str(metadata.get("version", "")),
        kind=kind,
        dataset=str(config.get("dataset_path", "")),
        shots=config.get("num_fewshot"),
        max_tokens=decoding.get("max_gen_toks", decoding.get("max_tokens")),
        stop_stated="until" in decoding,
        scorer=str(metadata.get("scorer", "lm_eval")),
        subjects=_subjects(path, metadata.get("subjects")),
        stock=stock,
        config=config,
    )


def _subjects(path: Path, stated: object) -> tuple[str, ...]:
    """The `subjects` of a task: a list, or the path of a YAML file that holds one."""
    if isinstance(stated, str):
        source = (path.parent / stated).resolve()
        try:
            stated = yaml.safe_load(source.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise TaskError(f"{path}: cannot read its subjects from {source}: {error}") from error
    if stated is None:
        return ()
    if not isinstance(stated, list) or not all(isinstance(subject, str) for subject in stated):
        raise TaskError(f"{path}: subjects must be a list of names, got {stated!r}")
    return tuple(stated)


@functools.lru_cache(maxsize=8)
def catalog(trusted: tuple[Path, ...] = ()) -> dict[str, TaskEntry]:
    """Return every task that ships with harness, and those in folders the user trusts.

    Raises:
        TaskError: a definition is broken, or two have the same name.
    """
    entries: dict[str, TaskEntry] = {}
    for folder in (tasks_folder(), *trusted):
        if not folder.is_dir():
            raise TaskError(f"the trusted task folder {folder} does not exist")
        for path in sorted(folder.glob("*/*.yaml")):
            if path.stem != path.parent.name:
                continue
            entry = read_entry(path)
            if entry.name in entries:
                raise TaskError(
                    f"{path} defines the task {entry.name!r} again, "
                    f"after {entries[entry.name].path}; rename one"
                )
            entries[entry.name] = entry
    return entries


@functools.lru_cache(maxsize=8)
def suites(trusted: tuple[Path, ...] = ()) -> dict[str, Suite]:
    """Return every suite that ships with harness, and those in folders the user trusts.

    Raises:
        TaskError: a suite is broken, or does not fit the tasks it names.
    """
    entries = catalog(trusted)
    found: dict[str, Suite] = {}
    for folder in (tasks_folder(), *trusted):
        for path in sorted(folder.glob("suites/*.yaml")):
            suite = _read_suite(path, entries)
            if suite.name in found or suite.name in entries:
                raise TaskError(f"{path} takes the name {suite.name!r}, which is taken; rename it")
            found[suite.name] = suite
    return found


def _read_suite(path: Path, entries: Mapping[str, TaskEntry]) -> Suite:
    suite = read_suite(path, read_yaml(path))
    for name, count in suite.shots.items():
        if name.startswith(STOCK):  # found only when asked for: there are 15,000
            continue
        own = _single(name, entries)
        if entries[own].shots != count:
            raise TaskError(
                f"{path} states {count} shots for {name}, the task itself {entries[own].shots}; "
                "a task has one protocol, so make them agree"
            )
    return suite


def choose(expressions: Sequence[str], trusted: tuple[Path, ...] = ()) -> list[TaskChoice]:
    """Turn `--tasks` texts into tasks: "mmlu", "mmlu:anatomy,virology", "mmlu*", "lm_eval/piqa".

    The name of a suite stands for its tasks. A name after a comma is a task where one has that
    name, else a subject of the task before it.

    Raises:
        TaskError: a name matches nothing; the nearest names are suggested.
    """
    entries = catalog(trusted)
    chosen: dict[str, list[str] | None] = {}
    current: str | None = None
    known = suites(trusted)
    words = _words(expressions)
    for word in (name for given in words for name in _members(given, known)):
        head, colon, subject = word.partition(":")
        if colon:
            current = _single(head, entries)
            chosen[current] = [*(chosen.get(current) or ()), subject]
        elif current is not None and not _matching(word, entries):
            chosen[current] = [*(chosen[current] or ()), word]
        else:
            chosen |= dict.fromkeys(_named(word, entries, known))
            current = None
    stated = {task: m for word in words if word in known for task, m in known[word].asked.items()}
    choices = [_choice(name, subjects, entries) for name, subjects in chosen.items()]
    return [_as_stated(choice, stated) for choice in choices]


def _as_stated(choice: TaskChoice, stated: Mapping[str, Member]) -> TaskChoice:
    """Let a suite state the shots and the length that a task of lm-eval leaves open."""
    member = stated.get(choice.entry.name)
    if member is None or not choice.entry.stock:
        return choice
    return replace(choice, shots=member.shots, max_tokens=member.max_tokens)


def _words(expressions: Iterable[str]) -> list[str]:
    return [word.strip() for text in expressions for word in text.split(",") if word.strip()]


def _members(word: str, known: Mapping[str, Suite]) -> tuple[str, ...]:
    if (head := word.partition(":")[0]) in known and head != word:
        raise TaskError(
            f"{head} is a suite of {', '.join(known[head].shots)}: give subjects to one of them"
        )
    return tuple(known[word].shots) if word in known else (word,)


def _matching(pattern: str, entries: Mapping[str, TaskEntry]) -> list[str]:
    if pattern.startswith(STOCK):
        return [pattern]
    return fnmatch.filter(entries, pattern)


def _named(word: str, entries: Mapping[str, TaskEntry], more: Iterable[str] = ()) -> list[str]:
    if found := _matching(word, entries):
        return found
    hint = nearest(word, [*entries, *more]) or "`harness tasks` lists them all."
    raise TaskError(
        f"unknown task {word!r}; {hint} Tasks that ship with lm-eval are named lm_eval/<name>."
    )


def _single(word: str, entries: Mapping[str, TaskEntry]) -> str:
    found = _named(word, entries)
    if len(found) > 1:
        raise TaskError(f"{word!r} matches {', '.join(found)}: give subjects to one task at a time")
    return found[0]


def _choice(name: str, patterns: list[str] | None, entries: Mapping[str, TaskEntry]) -> TaskChoice:
    entry = stock_entry(name) if name.startswith(STOCK) else entries[name]
    if patterns is None:
        return TaskChoice(entry)
    if not entry.subjects:
        raise TaskError(f"the task {name} has no subjects; leave out {':' + ','.join(patterns)!r}")
    found: dict[str, None] = {}
    for pattern in patterns:
        matches = fnmatch.filter(entry.subjects, pattern)
        if not matches:
            hint = nearest(pattern, entry.subjects)
            raise TaskError(
                f"{name} has no subject {pattern!r}; {hint} `harness tasks {name}` lists them"
            )
        found |= dict.fromkeys(matches)
    return TaskChoice(entry, tuple(subject for subject in entry.subjects if subject in found))


def stock_entry(name: str) -> TaskEntry:
    """Find the YAML of a task that ships inside lm-eval, without lm-eval's 8-second index.

    Raises:
        TaskError: there is no such task; the nearest names are suggested.
    """
    wanted = name.removeprefix(STOCK)
    names = _stock_names()
    if wanted in names:
        return read_entry(names[wanted], stock=True)
    raise TaskError(f"lm-eval has no task {wanted!r}; {nearest(wanted, names)}")


@functools.lru_cache(maxsize=1)
def _stock_names() -> dict[str, Path]:
    from importlib.util import find_spec

    spec = find_spec("lm_eval")
    if spec is None or spec.origin is None:
        raise TaskError("lm-eval is not installed; reinstall harness")
    pattern = re.compile(
        rb"""^["']?(?:task|group)["']?:[ \t]+["']?([\w.+-]+)["']?[ \t]*$""", re.MULTILINE
    )
    found: dict[str, Path] = {}
    for path in sorted((Path(spec.origin).parent / "tasks").rglob("*.yaml")):
        if match := pattern.search(path.read_bytes()):
            found.setdefault(match[1].decode(), path)
    return found
