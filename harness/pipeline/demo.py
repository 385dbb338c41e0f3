"""The bundled comparison: one small and one large model of our own over the bundled suite."""

from __future__ import annotations

from dataclasses import replace

from harness.models.llamacpp.options import EngineOptions
from harness.models.open import OpenOptions, open_model
from harness.pipeline.options import Asking, Progress, RunOptions
from harness.pipeline.plan import chosen, make_plan
from harness.pipeline.run import execute
from harness.store.read import Run

LARGE, SMALL = "nano-f16", "pico-q4_0"
QUANTIZED = ("nano-q8_0", "nano-q4_0")
DEMO_MODELS = (LARGE, *QUANTIZED, SMALL)
DEMO_SUITE = "quick"
_THREADS = 1  # models this small lose more by waiting for each other than they win


def run_demo(limit: int | None, options: RunOptions, progress: Progress) -> dict[str, Run]:
    """Ask every bundled model the bundled suite; return the runs by the model's name.

    Raises:
        InterruptedRunError: stopped by the user; the same command continues.
        StoreError: another process is writing one of the runs, or the disk is full.
    """
    choices = chosen(asking := Asking((DEMO_SUITE,), limit=limit))
    plan = make_plan(choices, asking)
    runs = {}
    for name in DEMO_MODELS:
        progress.note(f"asking {name}")
        model = open_model(name, OpenOptions(EngineOptions(threads=_THREADS)))
        asked = ("--model", name, "--tasks", DEMO_SUITE, "--threads", str(_THREADS))
        command = ("harness", "run", *asked, *(("--limit", str(limit)) if limit else ()))
        try:
            runs[name] = execute(model, plan, replace(options, command=command), progress)
        finally:
            model.close()
    return runs
