"""Compare small and large language models through one identical pipeline.

    import harness

    run = harness.run("phi-mini-q4", "mmlu", limit=570)
    run.scores          # a DataFrame: one row a sample

Everything named in `__all__` is public; it is imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.analysis.compare import compare
    from harness.analysis.comparison import CompareOptions, Comparison
    from harness.analysis.judge_card import judge_card
    from harness.analysis.judges import find_judges
    from harness.analysis.summary import summarize_run
    from harness.errors import HarnessError
    from harness.gating.policy import Policy
    from harness.gating.stored import gate
    from harness.gating.verdict import Verdict
    from harness.models.base import Model
    from harness.models.mock import MockModel
    from harness.pipeline.judge import Judging, judge_runs
    from harness.pipeline.run import run
    from harness.protocol import Protocol, differences
    from harness.records import Request, Response, Sample, Score
    from harness.report.build import build_report
    from harness.store.read import Run, load_run

__version__ = "0.1.0"

__all__ = [
    "CompareOptions",
    "Comparison",
    "HarnessError",
    "Judging",
    "MockModel",
    "Model",
    "Policy",
    "Protocol",
    "Request",
    "Response",
    "Run",
    "Sample",
    "Score",
    "Verdict",
    "build_report",
    "compare",
    "differences",
    "find_judges",
    "gate",
    "judge_card",
    "judge_runs",
    "load_run",
    "run",
    "summarize_run",
]

_HOMES = {
    "CompareOptions": "analysis.comparison",
    "Comparison": "analysis.comparison",
    "HarnessError": "errors",
    "Judging": "pipeline.judge",
    "MockModel": "models.mock",
    "Model": "models.base",
    "Policy": "gating.policy",
    "Protocol": "protocol",
    "Request": "records",
    "Response": "records",
    "Run": "store.read",
    "Sample": "records",
    "Score": "records",
    "Verdict": "gating.verdict",
    "build_report": "report.build",
    "compare": "analysis.compare",
    "differences": "protocol",
    "find_judges": "analysis.judges",
    "gate": "gating.stored",
    "judge_card": "analysis.judge_card",
    "judge_runs": "pipeline.judge",
    "load_run": "store.read",
    "run": "pipeline.run",
    "summarize_run": "analysis.summary",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    return getattr(importlib.import_module(f"harness.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
