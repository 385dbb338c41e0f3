"""Tasks loaded in a process of their own, which takes lm-eval and datasets away with it.

The two bring more code into memory than a whole run against a hosted model needs. Parent and
child are the same program on the same machine, so the tasks travel as pickles.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence

from harness.errors import HarnessError, TaskError
from harness.tasks.base import LoadedTask
from harness.tasks.catalog import TaskChoice


def load_tasks(choices: Sequence[TaskChoice]) -> Iterator[LoadedTask]:
    """Load tasks one after the other: here where lm-eval is loaded already, else apart.

    Raises:
        TaskError: a definition is incomplete, or of a kind that harness does not score.
        HubError: a dataset could not be fetched.
    """
    if "lm_eval" not in sys.modules:
        yield from _apart(choices)
        return
    from harness.tasks.lm_eval_adapter import load_task

    yield from map(load_task, choices)


def _apart(choices: Sequence[TaskChoice]) -> Iterator[LoadedTask]:
    command = [sys.executable, "-c", "from harness.tasks.apart import serve; serve()"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as child:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018
        with contextlib.suppress(BrokenPipeError):
            pickle.dump(tuple(choices), child.stdin)
            child.stdin.close()
        try:
            for choice in choices:
                yield _received(child, choice)
        finally:
            child.kill()


def _received(child: subprocess.Popen[bytes], choice: TaskChoice) -> LoadedTask:
    assert child.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        found = pickle.load(child.stdout)  # noqa: S301 - our own child wrote it
    except (EOFError, pickle.UnpicklingError) as error:
        raise TaskError(
            f"the process that loads {choice.entry.name} ended early (exit code {child.wait()}); "
            "its last words are above; free some memory, or mend the task's own code"
        ) from error
    if isinstance(found, HarnessError):
        raise found
    task: LoadedTask = found
    return task


def serve() -> None:
    """Load the tasks that stdin names and write each to stdout; anything printed goes to stderr."""
    from harness.tasks.lm_eval_adapter import load_task

    gc.set_threshold(50_000)  # tens of thousands of samples hold no cycles to be looked for
    choices: tuple[TaskChoice, ...] = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our parent
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        for choice in choices:
            try:
                pickle.dump(load_task(choice), out)
            except HarnessError as error:
                pickle.dump(error, out)
                return
            out.flush()
