"""A verdict about answers that are stored already."""

from __future__ import annotations

from pathlib import Path

from harness.gating.decide import decide
from harness.gating.policy import Policy
from harness.gating.verdict import Verdict
from harness.store.baseline import Scored, load_baseline, scored_run
from harness.store.read import Run, load_run


def gate(
    baseline: Run | str | Path,
    candidate: Run | str | Path,
    policy: Policy | None = None,
    results: Path = Path("results"),
) -> Verdict:
    """Say whether a candidate may replace a baseline, by a policy (None: its defaults).

    Either side is a run, the id or folder of one, or a file of `harness baseline save`.

    Raises:
        StoreError: there is no such run or file, or it is damaged.
        NotComparableError: no task in common, or a task was run under another protocol.
        UsageError: a task is scored on another scale than from 0 to 1, or a system is known by
            an undated name only.
    """
    return decide(policy or Policy(), scored(baseline, results), scored(candidate, results))


def scored(side: Run | str | Path, results: Path) -> Scored:
    """Read the scores of a run, or of a baseline file. Raises StoreError as `gate`."""
    if isinstance(side, Run):
        return scored_run(side)
    if Path(side).is_file() or str(side).endswith(".parquet"):
        return load_baseline(Path(side))
    return scored_run(load_run(side, results))
