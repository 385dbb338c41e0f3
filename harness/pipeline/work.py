"""What of a plan is still to be asked, turn after turn, and how it gets its answers.

A further turn of a conversation is asked with the model's own replies in context. Those are
always read back from the journal: a run that was stopped in between asks the very same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import StoreError
from harness.models.base import Measurable, Model
from harness.pipeline.options import Progress
from harness.pipeline.plan import Plan
from harness.records import ModelInfo, Request, Response, Sample
from harness.store.journal import Journal
from harness.store.read import find_runs
from harness.store.rows import response_from_row

_NAMED_MISFITS = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request without an answer, and what the answer is for: samples with the part's number."""

    request: Request
    parts: list[tuple[Sample, int]] = field(default_factory=list)


Work = dict[str, Waiting]
"""By request key, so that equal requests are asked once and answer several samples."""


def known_requests(sample: Sample, replies: Sequence[str]) -> list[Request]:
    """Return the requests of a sample that the replies so far suffice for, part after part."""
    count = min(sample.parts, max(len(sample.requests), len(replies) + 1))
    return [sample.request(part, replies) for part in range(count)]


def outstanding(journal: Journal, plan: Plan, turn: int) -> Work:
    """Return what can be asked in a turn (from 0) and has no answer yet.

    A further turn can be asked once all turns before it are answered without an error.
    """
    answered, replies = journal.answered(), journal.replies()
    work: Work = {}
    for sample in plan.samples:
        key = sample.task, sample.sample_id
        for part, request in enumerate(known_requests(sample, replies.get(key, ()))):
            if _turn(sample, part) == turn and (*key, part) not in answered:
                work.setdefault(request.key, Waiting(request)).parts.append((sample, part))
    return work


def _turn(sample: Sample, part: int) -> int:
    """All requests of a sample belong to the first turn."""
    return max(0, part - len(sample.requests) + 1)


def reuse(
    journal: Journal, model: ModelInfo, plan: Plan, results: Path, progress: Progress
) -> None:
    """Take over what the same system already answered, in this run or another."""
    found, _ = find_runs(results)
    runs = [run for run in found if run.manifest.model.identity == model.identity]
    for turn in range(plan.turns):
        work = outstanding(journal, plan, turn)
        for run in tuple(runs):
            try:
                for row in run.rows("responses") if work else ():
                    if row["error_kind"] is None and row["request_key"] in work:
                        parts = work.pop(row["request_key"]).parts
                        _store(journal, parts, response_from_row(row), row["origin"])
            except StoreError as error:
                runs.remove(run)
                progress.note(f"note: nothing is reused from a damaged run: {error}")


def ask(journal: Journal, model: Model, work: Work, progress: Progress) -> None:
    """Ask the model everything in `work`, store each answer and take it out of `work`."""
    for response in model.respond([waiting.request for waiting in work.values()]):
        parts = work.pop(response.request_key).parts
        _store(journal, parts, response, journal.folder.name)
        for _ in parts:
            progress.advance(response)


def _store(
    journal: Journal, parts: Iterable[tuple[Sample, int]], response: Response, origin: str
) -> None:
    for sample, part in parts:
        journal.add_response(sample, part, response, origin)


def say_misfits(model: Model, work: Work, progress: Progress) -> None:
    """Name, before anything is asked, what is too large: it will be an error, never cut."""
    if not isinstance(model, Measurable):
        return
    requests = [waiting.request for waiting in work.values()]
    misfits = sorted(model.preflight(requests), key=lambda misfit: -misfit.tokens)
    if not misfits:
        return
    named = []
    for misfit in misfits[:_NAMED_MISFITS]:
        sample, _ = work[misfit.request_key].parts[0]
        named.append(f"{sample.subject or sample.task} {sample.sample_id[:8]}: {misfit.tokens:,}")
    progress.note(
        f"{len(misfits)} of {len(requests)} requests do not fit into "
        f"{misfits[0].limit:,} tokens of context and will be errors, not cut "
        f"({'; '.join(named)}{' tokens; ...' if len(misfits) > len(named) else ' tokens'}); "
        "a larger --context may help"
    )
