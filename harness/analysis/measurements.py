"""What a run measured, in the words in which a published number can be held against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.analysis.judge_beside import JudgedRun
from harness.analysis.judged import SCALE, Rated
from harness.analysis.summary import TaskSummary
from harness.protocol import Protocol
from harness.records import Estimate, ModelInfo, RequestKind
from harness.store.manifest import Manifest

_GIGA = 1e9
_UNQUANTIZED = frozenset({"F32", "F16", "BF16"})
_NO_REASONING = 32
_REASONING = 256


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number of one run.

    `quantity` is the dataset that was asked, or memory, file-size or decode-rate. `estimates`
    holds shares by how they are averaged (micro, macro), or one quantity under micro: GB (10^9
    bytes) or tokens a second. `facts` are the protocol and the system by field, None where the run
    does not tell; `n_parts` is how many subjects were asked, `sampled` whether at random.
    """

    run_id: str
    model: str
    snapshot: str | None
    task: str
    quantity: str
    estimates: Mapping[str, Estimate]
    facts: Mapping[str, Any]
    n_planned: int
    n_parts: int
    sampled: bool
    judge: str | None = None


Judged = Mapping[tuple[str, str], Sequence[JudgedRun]]
"""What judges gave to runs, by the run's id and the task."""


def measure(
    manifest: Manifest, summaries: Mapping[str, TaskSummary], judged: Judged | None = None
) -> tuple[Measurement, ...]:
    """Return everything of a run that somebody may have published a number about.

    A task that no rule can score is measured once by each judge who rated it.
    """
    tasks = [
        measured
        for summary in summaries.values()
        for measured in _task(manifest, summary, judged or {})
    ]
    return (*tasks, *_quantities(manifest, summaries))


def _task(manifest: Manifest, summary: TaskSummary, judged: Judged) -> Iterator[Measurement]:
    by_rule = _by_rule(manifest, summary)
    if not manifest.tasks[summary.task].protocol.needs_judge:
        yield by_rule
        return
    said = judged.get((manifest.run_id, summary.task), ())
    for judge, rated in said:
        name = judge.info.snapshot or judge.info.name
        facts = {**by_rule.facts, "judge": name, "judge_prompts": judge.prompts}
        yield replace(by_rule, estimates={"micro": _share(rated)}, facts=facts, judge=name)
    if not said:
        yield replace(by_rule, facts={**by_rule.facts, "judge": "none yet"})


def _share(rated: Rated) -> Estimate:
    """Return a mean rating as a share of the best one; turns without a rating are missing."""
    found = rated.overall
    value, low, high = (
        None if x is None else x / SCALE[1] for x in (found.value, found.low, found.high)
    )
    return Estimate(value, low, high, found.n, rated.n_failed + rated.n_unanswered)


def _by_rule(manifest: Manifest, summary: TaskSummary) -> Measurement:
    protocol = manifest.tasks[summary.task].protocol
    estimates = {"micro": summary.strict}
    if summary.macro is not None:
        estimates["macro"] = summary.macro
    return Measurement(
        run_id=manifest.run_id,
        model=manifest.model.name,
        snapshot=manifest.model.snapshot,
        task=summary.task,
        quantity=protocol.dataset,
        estimates=estimates,
        facts=_protocol_facts(protocol) | _system_facts(manifest.model),
        n_planned=summary.n_planned,
        n_parts=len(summary.subjects),
        sampled=manifest.limit is not None,
    )


def _protocol_facts(protocol: Protocol) -> dict[str, Any]:
    is_logprob = protocol.kind == RequestKind.LOGPROB
    return {
        "dataset": protocol.dataset or None,
        "split": protocol.split or None,
        "shots": protocol.shots,
        "kind": protocol.kind,
        "temperature": 0.0 if is_logprob else protocol.temperature,
        "reasoning": False if is_logprob else _may_reason(protocol),
        "judge": protocol.judge or None,
    }


def _may_reason(protocol: Protocol) -> bool | None:
    """Whether there was room to reason before the answer, None where the length cannot tell."""
    if protocol.max_tokens is None:
        return None
    if protocol.max_tokens <= _NO_REASONING:
        return False
    one_line = any(stop.startswith("\n") for stop in protocol.stop)
    return True if protocol.max_tokens >= _REASONING and not one_line else None


def _system_facts(model: ModelInfo) -> dict[str, Any]:
    type_, cpu = model.quantization, model.hardware.get("cpu")
    facts = {
        "interface": model.interface if model.interface in ("chat", "completion") else None,
        "hardware": str(cpu) if cpu else None,
    }
    is_hosted = model.sha256 is None and model.snapshot is not None
    if not is_hosted:  # whoever hosts a model says nothing of its number format
        facts["quantization"] = "unquantized" if type_ in _UNQUANTIZED else type_
    return facts


def _quantities(manifest: Manifest, summaries: Mapping[str, TaskSummary]) -> Iterator[Measurement]:
    model = manifest.model
    if model.file_bytes is not None:
        yield _quantity(manifest, "file-size", model.file_bytes / _GIGA, "", n=1)
    speeds = [(task, summary.speed) for task, summary in summaries.items()]
    for task, speed in speeds:
        if speed.peak_memory_bytes is not None:
            memory = speed.peak_memory_bytes / _GIGA
            yield _quantity(manifest, "memory", memory, task, n=speed.n_timed)
        if speed.decode_rate is not None:
            yield _quantity(manifest, "decode-rate", speed.decode_rate, task, n=speed.n_timed)


def _quantity(manifest: Manifest, what: str, value: float, task: str, *, n: int) -> Measurement:
    return Measurement(
        run_id=manifest.run_id,
        model=manifest.model.name,
        snapshot=manifest.model.snapshot,
        task=task,
        quantity=what,
        estimates={"micro": Estimate(value, None, None, n)},
        facts={"counted": "the whole engine, cache included"} | _system_facts(manifest.model),
        n_planned=n,
        n_parts=0,
        sampled=False,
    )
