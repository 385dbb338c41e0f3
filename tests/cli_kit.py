"""The command line, run as a user runs it: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOYS = ROOT / "tests" / "toy_tasks"
STORIES = "hf://local/stories260K-gguf/stories260K-f32-ctx16k.gguf"


def command(*arguments):
    return [sys.executable, "-m", "harness", *map(str, arguments)]


def environment(**changes):
    settings = {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}
    return {**os.environ, **settings, **changes}


def harness(*arguments, cwd, timeout=120, **changes):
    """Run a command to its end; stdout is what a script reads, stderr what a person watches."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout,
    )


def run_toy(model, cwd, *more, **changes):
    """Ask a model the toy task."""
    return harness(
        "run", "--model", model, "--tasks", "toy_mc", "--trust-tasks", TOYS, *more,
        cwd=cwd, **changes,
    )  # fmt: skip
