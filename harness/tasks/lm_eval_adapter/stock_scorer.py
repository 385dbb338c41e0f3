"""Stock tasks are judged by lm-eval's own filters and metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import TaskError
from harness.records import Outcome, Response, Sample, Score, canonical_json
from harness.tasks.catalog import TaskChoice
from harness.tasks.lm_eval_adapter.build import build, stock_scorer_id


class StockScorer:
    """Scores stored responses of a stock task by lm-eval's own filters and metrics."""

    def __init__(self, choice: TaskChoice) -> None:
        self._parts = build(choice)
        self._id = stock_scorer_id()

    def __call__(self, sample: Sample, responses: Sequence[Response]) -> Score:
        """Judge one sample; the first metric within [0, 1] is the value, all are in `detail`."""
        task = self._parts[sample.subject]
        doc = json.loads(sample.doc)
        metrics = self._metrics(task, doc, responses)
        graded = [v for v in metrics.values() if isinstance(v, float) and 0.0 <= v <= 1.0]
        if not graded:
            raise TaskError(f"{sample.task} has no metric within [0, 1]: {sorted(metrics)}")
        answer = metrics.pop("filtered", None)
        outcome = _outcome(graded[0], answer, responses)
        value = graded[0] if outcome in (Outcome.CORRECT, Outcome.WRONG) else None
        return Score(outcome, value, answer, self._id, detail=canonical_json(metrics))

    @staticmethod
    def _metrics(task: Any, doc: Any, responses: Sequence[Response]) -> dict[str, Any]:
        if task.OUTPUT_TYPE != "generate_until":
            results = [
                pair
                for response in responses
                for pair in zip(response.logprobs or (), response.greedy or (), strict=True)
            ]
            return _floats(task.process_results(doc, results))
        from lm_eval.api.instance import Instance

        instance = Instance("generate_until", doc, ("", {}), 0)
        instance.resps = [responses[0].text or ""]
        metrics: dict[str, Any] = {}
        for ensemble in task._filters:  # noqa: SLF001 -- apply_filters() wants all instances at once
            ensemble.apply([instance])
            reply = instance.filtered_resps[ensemble.name]
            for metric, value in _floats(task.process_results(doc, [reply])).items():
                metrics[f"{metric},{ensemble.name}"] = value
            metrics.setdefault("filtered", str(reply))
        return metrics


def _outcome(value: float, answer: str | None, responses: Sequence[Response]) -> Outcome:
    """What lm-eval calls 0 may be a reply that was cut, or that its filters could not read."""
    if value > 0:
        return Outcome.CORRECT if value >= 1.0 else Outcome.WRONG
    if any(response.finish_reason == "length" for response in responses):
        return Outcome.TRUNCATED
    return Outcome.UNPARSED if answer == "[invalid]" else Outcome.WRONG


def _floats(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """NumPy numbers become floats; tuples, which only an aggregation can read, become text."""
    return {k: float(v) if _is_number(v) else str(v) for k, v in metrics.items()}


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)
