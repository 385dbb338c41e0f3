"""A whole task: its samples with their requests, and its protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from harness.errors import TaskError
from harness.protocol import Protocol
from harness.records import RequestKind, Sample, canonical_json, content_hash
from harness.scoring import SCORER_IDS
from harness.tasks.base import LoadedTask
from harness.tasks.catalog import TaskChoice, TaskEntry
from harness.tasks.data import dataset_revision
from harness.tasks.lm_eval_adapter.build import build, stock_scorer_id
from harness.tasks.lm_eval_adapter.requests import (
    LETTERS,
    decoding,
    first_turn,
    generate_requests,
    later_turns,
    logprob_requests,
    option_texts,
)

_TEMPLATE_FIELDS = (
    "description",
    "doc_to_text",
    "doc_to_target",
    "doc_to_choice",
    "target_delimiter",
    "fewshot_delimiter",
    "gen_prefix",
    "process_docs",
)


def load_task(choice: TaskChoice) -> LoadedTask:
    """Build every sample of a task, with its requests.

    Raises:
        TaskError: the definition is incomplete, or of a kind that harness does not score.
        HubError: the dataset could not be fetched.
    """
    entry = choice.entry
    _check_stated(entry)
    parts = build(choice)
    samples = tuple(_number_duplicates(choice, parts))
    if not samples:
        raise TaskError(f"the task {entry.name} has no samples")
    return LoadedTask(
        name=entry.name,
        outline=_outline(choice, tuple(parts.values())),
        samples=samples,
        chance=_chance(samples),
        warnings=_warnings(entry, parts.values()),
    )


def _check_stated(entry: TaskEntry) -> None:
    """Refuse a task that leaves what moves scores to a default of some library."""
    if entry.stock:
        return
    missing = []
    if entry.shots is None:
        missing.append("num_fewshot")
    if entry.kind is RequestKind.GENERATE:
        if entry.max_tokens is None:
            missing.append("generation_kwargs.max_gen_toks")
        if not entry.stop_stated:
            missing.append("generation_kwargs.until (may be [])")
    if missing:
        raise TaskError(
            f"the task {entry.name} does not state {', '.join(missing)}; defaults differ between "
            f"tools and move scores, so write them into {entry.path}"
        )


def _number_duplicates(choice: TaskChoice, parts: Mapping[str, Any]) -> Iterator[Sample]:
    """Yield the samples; an item that occurs twice in a subject stays two samples."""
    entry = choice.entry
    seen: dict[str, int] = {}
    for subject, task in parts.items():
        for doc, sample in _samples(choice, subject, task):
            content = content_hash([entry.name, subject, doc])
            occurrence = seen[content] = seen.get(content, 0) + 1
            sample_id = content_hash([content, occurrence])[:32] if occurrence > 1 else content[:32]
            yield Sample(sample_id, *sample)


def _samples(choice: TaskChoice, subject: str, task: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    entry = choice.entry
    build = generate_requests if task.OUTPUT_TYPE == "generate_until" else logprob_requests
    options = (entry.config.get("metadata") or {}).get("options")
    ends: dict[int, tuple[str, ...]] = {}
    for doc in task.eval_docs:
        plain = json.loads(json.dumps(doc, default=str))
        turns = later_turns(entry, task, doc)
        requests = build(choice, task, doc, ends)
        if turns:
            requests = tuple(map(first_turn, requests))
        choices = option_texts(task, doc, options)
        # A judge needs the whole item: what was asked in each turn, and what would be right.
        kept = canonical_json(plain) if entry.scorer == "lm_eval" or turns else ""
        gold = _gold(entry, task, doc)
        yield plain, (entry.name, subject, gold, choices, requests, kept, turns)


def _gold(entry: TaskEntry, task: Any, doc: Any) -> str:
    target = task.doc_to_target(doc)
    if entry.scorer == "choice":
        return LETTERS[int(target)]
    return target if isinstance(target, str) else json.dumps(target, default=str)


def _chance(samples: Sequence[Sample]) -> float | None:
    if not all(sample.choices for sample in samples):
        return None
    return sum(1 / len(sample.choices) for sample in samples) / len(samples)


def _warnings(entry: TaskEntry, parts: Iterable[Any]) -> tuple[str, ...]:
    if any(task.config.metadata["unstated"] for task in parts):
        text = (
            f"{entry.name} does not state its number of examples: lm-eval's own default of 0 "
            "is used and recorded; --shots N sets another"
        )
        return (text,)
    return ()


def _outline(choice: TaskChoice, parts: Sequence[Any]) -> Protocol:
    task = parts[0]
    entry, config = choice.entry, task.config
    dataset = str(config.dataset_path or "")
    generate = task.OUTPUT_TYPE == "generate_until"
    plan = decoding(choice, config.generation_kwargs) if generate else None
    shown = task.fewshot_docs() if config.num_fewshot else []
    shots = [json.loads(json.dumps(shown[i], default=str)) for i in range(config.num_fewshot or 0)]
    return Protocol(
        task=entry.name,
        task_version=entry.version,
        dataset=dataset,
        revision=dataset_revision(dataset) if dataset else "",
        split=str(config.test_split or config.validation_split or config.training_split),
        sample_ids="",
        template=content_hash({f: str(entry.config.get(f)) for f in _TEMPLATE_FIELDS}),
        prompts="",
        shots=int(config.num_fewshot or 0),
        shot_ids=content_hash(shots),
        shot_order="first_n" if config.num_fewshot else "",
        option_order="as given" if config.doc_to_choice or entry.scorer == "letter" else "",
        system_prompt="",
        kind=RequestKind.GENERATE if generate else RequestKind.LOGPROB,
        temperature=_temperature(choice, parts) if plan else None,
        top_p=plan.top_p if plan else None,
        max_tokens=plan.max_tokens if plan else None,
        stop=plan.stop if plan else (),
        seed=plan.seed if plan else None,
        repeats=1,
        scorer=SCORER_IDS.get(entry.scorer) or stock_scorer_id(),
        judge="",
        judge_prompt="",
        averaging="micro",
    )


def _temperature(choice: TaskChoice, parts: Sequence[Any]) -> float | None:
    """The one temperature of all subjects; None where each has its own: the requests say which."""
    found = {decoding(choice, part.config.generation_kwargs).temperature for part in parts}
    return found.pop() if len(found) == 1 else None
