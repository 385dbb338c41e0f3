"""lm-eval's task objects, built from our folder or one stock folder, quickly and quietly."""

from __future__ import annotations

import functools
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, TaskError
from harness.tasks.catalog import STOCK, TaskChoice, TaskEntry
from harness.tasks.data import hub_error

_HUB_LIBRARIES = {"huggingface_hub", "datasets", "httpx", "httpx2", "requests"}


def build(choice: TaskChoice) -> dict[str, Any]:
    """Return lm-eval's task objects by subject; "" stands for a task without subjects.

    Raises:
        TaskError: the definition is broken.
        HubError: the dataset could not be fetched.
    """
    _prepare_lm_eval()
    entry = choice.entry
    try:
        if entry.subjects:
            config = _resolved_config(entry.path)
            wanted = choice.subjects or entry.subjects
            parts = {subject: _subject_task(config, entry, subject) for subject in wanted}
        else:
            parts = _leaves(entry)
    except Exception as error:
        raise _build_error(entry, error) from error
    for task in parts.values():
        _settle_shots(choice, task)
    return parts


def _build_error(entry: TaskEntry, error: Exception) -> HarnessError:
    if isinstance(error, HarnessError):
        return error
    libraries = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    # Without a network, datasets reports a missing cache as a ValueError.
    if isinstance(error, OSError) or libraries & _HUB_LIBRARIES or "cache" in str(error):
        return hub_error(entry.dataset, error)
    return TaskError(f"the task {entry.name} ({entry.path}) cannot be built: {error!r}")


@functools.lru_cache(maxsize=1)
def _prepare_lm_eval() -> None:
    """Make lm-eval quick and quiet: templates compiled once, no progress bars, no INFO lines."""
    os.environ.setdefault("TQDM_DISABLE", "1")
    import datasets
    import lm_eval.utils

    datasets.disable_progress_bars()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    environment = getattr(lm_eval.utils, "env", None)
    if environment is not None:
        # Each field of each item is compiled anew otherwise: 9 ms instead of 0.3 ms an item.
        compiled = functools.partial(_compiled, environment.from_string)
        environment.from_string = functools.lru_cache(4096)(compiled)


def _compiled(from_string: Callable[[str], Any], source: str) -> Any:
    template = from_string(source)
    # Every rendering copies these, and a ChainMap is walked in Python: a third of its time.
    template.globals = dict(template.globals)
    return template


def _resolved_config(path: Path) -> dict[str, Any]:
    """The YAML with its functions imported: this runs the task's code."""
    from lm_eval.tasks._yaml_loader import load_yaml

    return dict(load_yaml(path))


def _subject_task(config: Mapping[str, Any], entry: TaskEntry, subject: str) -> Any:
    from lm_eval.api.task import ConfigurableTask

    metadata = {**config["metadata"], "subject": subject}
    own = {"task": f"{entry.name}_{subject}", "metadata": metadata}
    if "temperatures" in metadata:
        own["generation_kwargs"] = {
            **config["generation_kwargs"],
            "temperature": _temperature(entry, metadata["temperatures"], subject),
        }
    return ConfigurableTask(config=json_copy(config) | own)


def _temperature(entry: TaskEntry, stated: Mapping[str, Any], subject: str) -> float:
    if subject not in stated:
        raise TaskError(
            f"{entry.path} states temperatures by subject, but none for {subject!r}; add one to "
            "metadata.temperatures"
        )
    return float(stated[subject])


def json_copy(config: Mapping[str, Any]) -> dict[str, Any]:
    """Copy plain values, keep functions: lm-eval writes into the configuration it is given."""
    return {
        key: json.loads(json.dumps(value)) if isinstance(value, dict | list) else value
        for key, value in config.items()
    }


def _leaves(entry: TaskEntry) -> dict[str, Any]:
    """Load one task, or all tasks of a stock group, from its own folder alone."""
    from lm_eval.tasks import TaskManager

    name = entry.name.removeprefix(STOCK)
    manager = TaskManager(include_path=str(_family(entry)), include_defaults=False)
    tasks: dict[str, Any] = manager.load([name])["tasks"]
    if len(tasks) == 1:
        return {"": next(iter(tasks.values()))}
    return {leaf.removeprefix(f"{name}_"): task for leaf, task in tasks.items()}


def _family(entry: TaskEntry) -> Path:
    """The folder to index: a group may name members that lie in its neighbours' folders."""
    if not entry.stock or not isinstance(entry.config.get("task"), list):
        return entry.path.parent
    parts = entry.path.parts
    root = len(parts) - 1 - parts[::-1].index("tasks")
    return Path(*parts[: root + 2])


def _settle_shots(choice: TaskChoice, task: Any) -> None:
    """Fix the number of examples, and draw them so that no prompt depends on another."""
    entry, config = choice.entry, task.config
    if choice.shots is not None:
        task.set_config("num_fewshot", choice.shots)
    task.set_config("metadata", {**(config.metadata or {}), "unstated": config.num_fewshot is None})
    if config.num_fewshot is None:
        task.set_config("num_fewshot", 0)
    if not config.num_fewshot or task.fewshot_cfg.sampler == "first_n":
        return
    if not entry.stock:
        raise TaskError(
            f"{entry.path} draws its examples with sampler {task.fewshot_cfg.sampler!r}: "
            "prompts would depend on the order of asking; use `sampler: first_n`"
        )
    _draw_first(task)


def _draw_first(task: Any) -> None:
    """Give a stock task the first examples: lm-eval's random ones depend on what came before."""
    from lm_eval.api.samplers import get_sampler

    task.sampler = get_sampler("first_n")(list(task.fewshot_docs()), rnd=None)


def stock_scorer_id() -> str:
    """Name the scorer of stock tasks: lm-eval's version is part of how they are scored."""
    from importlib.metadata import version

    return f"lm_eval/{version('lm_eval')}"
