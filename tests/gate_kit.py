"""Scored systems with planted outcomes, for tests of the gate."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import run_files
from harness.gating.decide import decide
from harness.gating.policy import Policy
from harness.records import Outcome, content_hash
from harness.store.baseline import ITEM_COLUMNS, Scored
from harness.store.manifest import Manifest, TaskRecord

CORRECT, WRONG = Outcome.CORRECT, Outcome.WRONG


def outcomes(**counts):
    """outcomes(correct=7, wrong=3): as many of each, in this order."""
    return [Outcome(name) for name, count in counts.items() for _ in range(count)]


def sides(both=0, lost=0, gained=0, neither=0):
    """The outcomes of a baseline and a candidate on the same items, from a 2x2 table."""
    baseline = [CORRECT] * (both + lost) + [WRONG] * (gained + neither)
    candidate = [CORRECT] * both + [WRONG] * lost + [CORRECT] * gained + [WRONG] * neither
    return baseline, candidate


def system(tasks, name="system", seconds=None, costs=None, protocol=None, **model):
    """A scored system; `tasks` maps a name to the outcomes of its items."""
    rows = [
        (task, content_hash([task, i]), "subject", outcome.value, _value(outcome))
        for task, found in tasks.items()
        for i, outcome in enumerate(found)
    ]
    items = pd.DataFrame(rows, columns=list(ITEM_COLUMNS[:5]))
    items["seconds"] = np.full(len(items), np.nan) if seconds is None else seconds
    items["cost_usd"] = np.full(len(items), np.nan) if costs is None else costs
    info = replace(run_files.MODEL, **{"name": name, "sha256": content_hash(name), **model})
    return Scored(Path(name), _manifest(tasks, info, protocol or {}), items)


def _value(outcome):
    return {CORRECT: 1.0, WRONG: 0.0}.get(outcome)


def _manifest(tasks, info, protocol):
    records = {
        task: TaskRecord(
            replace(run_files.PROTOCOL, **{"task": task, **protocol}),
            len(found),
            sum(outcome is Outcome.ERROR for outcome in found),
            0.25,
        )
        for task, found in tasks.items()
    }
    return Manifest(
        run_id=f"run-of-{info.name}",
        harness_version="0.1.0",
        status="complete",
        model=info,
        tasks=records,
        files={},
        started_at=run_files.FINISHED_AT,
        finished_at=run_files.FINISHED_AT,
        command=("harness", "run"),
        limit=None,
        seed=0,
    )


def pair(baseline, candidate, **facts):
    """Two systems on one task `mini`, the large and the small one."""
    return system({"mini": baseline}, "large", **facts), system({"mini": candidate}, "small")


def verdict(policy, baseline, candidate):
    """Judge two lists of outcomes on one task; `policy` holds fields of a Policy."""
    return decide(Policy(**policy), *pair(baseline, candidate))


def shuffled(found, seed=0):
    """The same outcomes on other items."""
    return [found[i] for i in np.random.default_rng(seed).permutation(len(found))]
