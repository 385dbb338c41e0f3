"""What a run will take: requests, tokens, USD and time, from its texts and from answers so far.

Answers that the same system gave to samples of the same task (a pilot, an earlier run) are worth
more than any rule: where two or more are stored, everything is predicted from them. Without,
input is counted by the model's own tokenizer where that is here, else estimated from bytes; of
output and money only bounds are known then, and of time nothing.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from harness.errors import StoreError
from harness.models.base import Countable, Model, Payable
from harness.models.prices import FREE, Price, Tokens
from harness.models.transport import is_loopback
from harness.pipeline.plan import Plan, PlannedTask
from harness.records import Estimate, ModelInfo, Request, Response, Sample
from harness.stats.total import rest_of_total
from harness.store.read import find_runs
from harness.store.rows import response_from_row

BYTES = 4.0
"""Bytes of a prompt for one token, as is usual for English."""

BYTES_RANGE = (6.0, 2.5)
"""The same for the tersest and the wordiest of known vocabularies and usual texts."""

_LOCAL = {"llamacpp", "hf"}
_COUNTED = 100
_ENOUGH = 2
_UNKNOWN = Estimate(None, None, None, n=0)

Answers = Mapping[tuple[str, str], Sequence[Response]]


@dataclass(frozen=True, slots=True)
class Amount:
    """A sum over the samples of a task: `so_far` over those answered, `left` over the others.

    Of `left`, `value` is None where only bounds are known, all is None where nothing is; `n` is
    how many samples it rests on.
    """

    so_far: float
    left: Estimate

    @property
    def total(self) -> Estimate:
        """Both together."""
        value, low, high = (
            None if bound is None else bound + self.so_far
            for bound in (self.left.value, self.left.low, self.left.high)
        )
        return Estimate(value, low, high, self.left.n)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one task of a run takes. `seconds` are those of single requests, one after another.

    `n_requests` counts equal requests each time; `counted` says how input was counted.
    """

    task: str
    n: int
    n_answered: int
    n_requests: int
    prompt_tokens: Amount
    output_tokens: Amount
    usd: Amount
    seconds: Amount
    counted: str


@dataclass(frozen=True, slots=True)
class _Item:
    """A sample: its requests, their bytes, its longest output in tokens, its answers if any.

    `most_replayed` bounds the tokens of replies that later turns are asked with, which the
    requests here are without.
    """

    sample: Sample
    requests: tuple[Request, ...]
    bytes: float
    most_output: int
    most_replayed: int
    answers: Sequence[Response] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """Of whom something is predicted; `tokenizer` is None where it is not at hand."""

    info: ModelInfo
    price: Price | None
    tokenizer: Countable | None = None

    @classmethod
    def of(cls, model: Model) -> Subject:
        """Return an opened model as a subject; one that runs here costs nothing."""
        info = model.info
        by_url = info.backend == "llamacpp" and info.sha256 is None
        own = is_loopback(info.source or "") if by_url else info.backend in _LOCAL
        price = model.price if isinstance(model, Payable) else FREE if own else None
        return cls(info, price, model if isinstance(model, Countable) else None)


def forecast(subject: Subject, plan: Plan, results: Path) -> list[Forecast]:
    """Predict every task of a plan; nothing is asked.

    Raises:
        ModelError: the model's own tokenizer failed.
    """
    answers = stored_answers(subject.info, plan, results)
    return [_Task(task, subject, answers).forecast() for task in plan.tasks]


def stored_answers(model: ModelInfo, plan: Plan, results: Path) -> Answers:
    """Return what the same system answered before, by (task, sample id), where complete."""
    wanted = {(s.task, s.sample_id): s for s in plan.samples}
    found: dict[tuple[str, str], Sequence[Response]] = {}
    for run in find_runs(results)[0]:
        if run.manifest.model.identity != model.identity:
            continue
        with suppress(StoreError):  # whoever asks is told of it
            for key, rows in groupby(run.rows("responses"), itemgetter("task", "sample_id")):
                if key in wanted:
                    responses = [response_from_row({**row, "text": None}) for row in rows]
                    found |= {key: responses} if _is_complete(wanted[key], responses) else {}
    return found


def _is_complete(sample: Sample, responses: Sequence[Response]) -> bool:
    complete = len(responses) == sample.parts and all(r.error_kind is None for r in responses)
    known = zip(sample.requests, responses, strict=False)
    return complete and all(request.key == response.request_key for request, response in known)


class _Task:
    """The samples of one task, those with answers and the rest."""

    def __init__(self, task: PlannedTask, subject: Subject, answers: Answers) -> None:
        self._name = task.protocol.task
        self._tokenizer = subject.tokenizer
        self._price = subject.price
        self._now = datetime.now(UTC)
        room = int(subject.info.settings.get("reasoning_room", 0))
        items = [_item(s, room, answers.get((s.task, s.sample_id), ())) for s in task.samples]
        self._items = items
        self._seen = [item for item in items if item.answers]
        self._rest = [item for item in items if not item.answers]

    def forecast(self) -> Forecast:
        """Predict everything."""
        prompt, counted = self._prompt()
        output = self._amount(lambda r: r.output_tokens) or Amount(0.0, self._output_bounds())
        usd = self._usd(prompt, output)
        unknown = Amount(0.0, _UNKNOWN if self._rest else Estimate(0.0, 0.0, 0.0, n=0))
        return Forecast(
            task=self._name,
            n=len(self._items),
            n_answered=len(self._seen),
            n_requests=sum(item.sample.parts for item in self._items),
            prompt_tokens=prompt,
            output_tokens=output,
            usd=usd or unknown,
            seconds=self._amount(lambda r: r.total_seconds) or unknown,
            counted=counted,
        )

    def _amount(
        self, read: Callable[[Response], float | None], per_byte: float = 0.0
    ) -> Amount | None:
        """Predict a sum from the answers, None where they do not suffice."""
        sums = [_sum(item.answers, read) for item in self._seen]
        known = [value for value in sums if value is not None]
        if len(known) < max(_ENOUGH, len(sums)):
            return None
        guesses = [item.bytes * per_byte for item in self._seen]
        left = rest_of_total(known, guesses, [item.bytes * per_byte for item in self._rest])
        return Amount(math.fsum(known), left)

    def _prompt(self) -> tuple[Amount, str]:
        found = self._amount(lambda r: r.prompt_tokens, 1 / BYTES)
        if found is not None:
            shown = sum(item.bytes for item in self._seen)
            found = self._amount(lambda r: r.prompt_tokens, found.so_far / shown)
        if found is not None:
            return found, f"from {len(self._seen)} answered samples"
        if self._tokenizer is not None and len(self._rest) >= _ENOUGH:
            counted = self._with_replies(self._count(self._tokenizer))
            return Amount(0.0, counted), "by the model's own tokenizer"
        shown = sum(item.bytes for item in self._rest)
        low, high = (shown / size for size in BYTES_RANGE)
        guessed = self._with_replies(Estimate(shown / BYTES, low, high, n=0))
        return Amount(0.0, guessed), f"{BYTES:g} bytes a token"

    def _with_replies(self, alone: Estimate) -> Estimate:
        """Add what later turns repeat of the replies: nobody knows yet how long those are."""
        replayed = sum(item.most_replayed for item in self._rest)
        if not replayed or alone.high is None:
            return alone
        return replace(alone, value=None, high=alone.high + replayed)

    def _count(self, tokenizer: Countable) -> Estimate:
        """Count a random part of the prompts, and predict the others."""
        mixed = random.Random(0).sample(self._rest, len(self._rest))  # noqa: S311 - no secret
        part, others = mixed[:_COUNTED], mixed[_COUNTED:]
        counts = iter(tokenizer.count_tokens([r for item in part for r in item.requests]))
        tokens = [float(sum(next(counts) for _ in item.requests)) for item in part]
        guesses = [item.bytes / BYTES for item in part]
        rest = rest_of_total(tokens, guesses, [item.bytes / BYTES for item in others])
        return Amount(math.fsum(tokens), rest).total

    def _output_bounds(self) -> Estimate:
        low = sum(item.sample.parts for item in self._rest)
        return Estimate(None, low, sum(item.most_output for item in self._rest), n=0)

    def _usd(self, prompt: Amount, output: Amount) -> Amount | None:
        price = self._price
        if price is None:
            return None
        shown = sum(item.bytes for item in self._seen)
        dollars_per_token = (price.usd(Tokens(1000, 0), self._now) or 0.0) / 1000
        per_byte = dollars_per_token * prompt.so_far / shown if shown else 0.0
        found = self._amount(self._usd_of, per_byte)
        if found is not None:
            return found
        low = self._usd_of_rest(prompt.left.low, output.left.low)
        high = self._usd_of_rest(prompt.left.high, output.left.high)
        return Amount(0.0, Estimate(None, low, high, n=0))

    def _usd_of(self, response: Response) -> float | None:
        """Price an answer as it would be now, whenever it was given."""
        prompt, output = response.prompt_tokens, response.output_tokens
        if self._price is None or prompt is None or output is None:
            return response.cost_usd
        return self._price.usd(Tokens(prompt, output, response.reused_tokens or 0), self._now)

    def _usd_of_rest(self, prompt: float | None, output: float | None) -> float:
        """Price so many tokens as requests of average size: long ones may cost more a token."""
        requests = sum(item.sample.parts for item in self._rest)
        if self._price is None or not requests:
            return 0.0
        average = Tokens(math.ceil((prompt or 0) / requests), math.ceil((output or 0) / requests))
        return requests * (self._price.usd(average, self._now) or 0.0)


def _item(sample: Sample, room: int, answers: Sequence[Response]) -> _Item:
    """Measure a sample; the replies that a later turn is asked with are not there yet."""
    requests = tuple(sample.request(part, ("",) * part) for part in range(sample.parts))
    shown = most = replayed = 0
    for request in requests:
        times = max(1, len(request.continuations))
        shown += len(request.prompt.encode("utf-8", "replace")) * times
        most += request.decoding.max_tokens + room if request.decoding else times
        replies = sum(
            message.role == "assistant" and not message.content for message in request.messages
        )
        replayed += replies * (request.decoding.max_tokens if request.decoding else 0)
    return _Item(sample, requests, float(shown), most, replayed, answers)


def _sum(answers: Sequence[Response], read: Callable[[Response], float | None]) -> float | None:
    values = [read(response) for response in answers]
    told = [value for value in values if value is not None]
    return math.fsum(told) if len(told) == len(values) else None
