"""The rows of the leaderboard: one system each, in columns that a reader may switch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.analysis.leaderboard import Entry
from harness.analysis.speed import Speed
from harness.analysis.summary import TaskSummary
from harness.analysis.takes import Takes
from harness.records import Estimate, ModelInfo, Outcome
from harness.report import words
from harness.report.banners import WORTH_A_BANNER
from harness.report.data import Cell, Column, ColumnGroup
from harness.report.estimate_cells import accuracy_cell, interval_cell
from harness.report.links import task_href

_GROUPS = (
    ColumnGroup(
        "",
        (
            Column(
                "#", "One more than the models that are better beyond doubt", "rank", "ascending"
            ),
            Column("Model", "Name, family and interface", "text"),
        ),
    ),
    ColumnGroup(
        "Accuracy, with 95 % interval",
        (
            Column("Strict", "Correct of all answered; no readable answer is wrong", "accuracy"),
            Column("Given parsed", "Correct of those replies that gave a readable answer"),
            Column("Macro", "Mean of the subjects' strict accuracies, each equal", shown=False),
        ),
    ),
    ColumnGroup(
        "Model",
        (
            Column("Weights", "Number of parameters; B is thousand million"),
            Column("File", "Size of the weights file; 1 GB is 10^9 bytes", shown=False),
            Column("Bits a weight", "8 times the bytes of the file, by the number of parameters"),
            Column("Quantization", "Number format of the weights", "text"),
            Column("Context", "Tokens a request and its answer may have", shown=False),
        ),
    ),
    ColumnGroup(
        "Not judged",
        (
            Column("Unparsed", "Replies without a readable answer; % of answered"),
            Column("Truncated", "Replies cut off at the token limit; % of answered", shown=False),
            Column("Refused", "Refusals; % of answered", shown=False),
            Column("No answer", "Errors and samples never recorded; % of planned"),
        ),
    ),
    ColumnGroup(
        "Speed",
        (
            Column("Prefill t/s", "Prompt tokens evaluated a second, without reused", shown=False),
            Column("Decode t/s", "Tokens generated a second after the first"),
            Column("First token", "Median time from request to first token"),
            Column("Latency p50", "Median time from request to complete answer, with interval"),
            Column("Latency p95", "95th percentile of that; needs 20 timed", shown=False),
        ),
    ),
    ColumnGroup(
        "Needs",
        (
            Column("Peak memory", "Largest memory of the engine; 1 GB is 10^9 bytes"),
            Column("$ per 1k", "US dollars for 1,000 questions, with interval"),
            Column("$ per correct", "US dollars for each right answer, with interval", shown=False),
            Column("Cost", "US dollars for all responses of this task", shown=False),
        ),
    ),
)


_JUDGED = ColumnGroup(
    "Judged", (Column("Rating", "Mean rating by a judge, with its interval; see the judge's card"),)
)
_SIZES = {1e9: "below 1 B", 4e9: "1 to 4 B", 10e9: "4 to 10 B", 40e9: "10 to 40 B"}
_LARGEST = "40 B or more"
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known of runs besides their scores.

    `takes` by the folder of the run and the task, `series` is the colour of each model by its
    identity, `ratings` are those of every judge by the run's id and the task.
    """

    takes: Mapping[tuple[Path, str], Takes]
    series: Mapping[str, int]
    ratings: Mapping[tuple[str, str], Sequence[tuple[str, Estimate]]] = field(default_factory=dict)

    def judged(self, entry: Entry) -> Sequence[tuple[str, Estimate]]:
        """Return who judged a row, and how."""
        return self.ratings.get((entry.run.manifest.run_id, entry.summary.task), ())


def board_columns(*, is_judged: bool) -> tuple[ColumnGroup, ...]:
    """Return the columns of a table; that of ratings only where somebody rated."""
    return (*_GROUPS[:2], *([_JUDGED] if is_judged else []), *_GROUPS[2:])


def traits(entry: Entry) -> dict[str, str]:
    """Return what a reader may filter rows by."""
    model = entry.run.manifest.model
    return {
        "size": _size_class(model.parameters),
        "quantization": words.label(model.quantization or _UNKNOWN, 20),
        "place": _place(entry),
    }


def _size_class(parameters: int | None) -> str:
    if parameters is None:
        return _UNKNOWN
    return next((name for limit, name in _SIZES.items() if parameters < limit), _LARGEST)


def _place(entry: Entry) -> str:
    if entry.run.manifest.is_imported:
        return "imported"
    model = entry.run.manifest.model
    return "local" if model.sha256 or model.backend in ("llamacpp", "hf") else "hosted"


def board_row(entry: Entry, beside: Beside, *, is_judged: bool) -> tuple[Cell, ...]:
    """Prepare one row for print, in the order of the columns."""
    model, summary = entry.run.manifest.model, entry.summary
    takes = beside.takes[entry.run.folder, summary.task]
    return (
        _rank_cell(entry),
        _model_cell(entry, beside.series[model.identity]),
        accuracy_cell(summary.strict, summary.chance),
        interval_cell(summary.parsed),
        interval_cell(summary.macro),
        *([_rating_cell(beside.judged(entry))] if is_judged else []),
        *_model_cells(model),
        *_outcome_cells(summary),
        *_speed_cells(summary.speed, takes.latency),
        *_need_cells(summary.speed, takes),
    )


def _rank_cell(entry: Entry) -> Cell:
    if entry.rank is None:
        why = "too many answers are missing to rank"
        if entry.protocol.needs_judge:
            why = "no rule can score this task"
        return Cell(words.MISSING, hint=why, style="rank")
    text = f"{entry.rank}{'=' if entry.tied else ''}"
    return Cell(text, sort=str(entry.rank), style="rank")


def _model_cell(entry: Entry, series: int) -> Cell:
    model = entry.run.manifest.model
    imported = model.backend if entry.run.manifest.is_imported else model.interface
    kind = [words.label(part, 30) for part in (model.family, imported) if part]
    return Cell(
        words.label(model.name, 60),
        sort=words.label(model.name, 60),
        small=", ".join(kind),
        href=task_href(entry, ""),
        style="model",
        series=series,
    )


def _rating_cell(ratings: Sequence[tuple[str, Estimate]]) -> Cell:
    known = [(judge, rating) for judge, rating in ratings if rating.value is not None]
    if not known:
        return Cell(words.MISSING)
    lines = [f"{rating.value:.2f} {_rated_by(judge, rating)}" for judge, rating in known[1:]]
    judge, first = known[0]
    small = "\n".join([_rated_by(judge, first), *lines])
    return Cell(f"{first.value:.2f}", sort=repr(first.value), small=small)


def _rated_by(judge: str, rating: Estimate) -> str:
    limits = "no interval"
    if rating.low is not None and rating.high is not None:
        limits = f"{rating.low:.2f} to {rating.high:.2f}"
    return f"by {words.label(judge, 30)}\n{limits}, n = {words.count(rating.n)}"


def _model_cells(model: ModelInfo) -> Iterator[Cell]:
    yield Cell(words.parameters(model.parameters), _sort(model.parameters))
    yield Cell(words.size(model.file_bytes), _sort(model.file_bytes))
    bits = None
    if model.file_bytes is not None and model.parameters:
        bits = 8 * model.file_bytes / model.parameters
    yield Cell(words.MISSING if bits is None else f"{bits:.1f}", _sort(bits))
    quantization = words.label(model.quantization or words.MISSING, 20)
    yield Cell(quantization, words.label(model.quantization or "", 20), style="text")
    yield Cell(words.count(model.context), _sort(model.context))


def _outcome_cells(summary: TaskSummary) -> Iterator[Cell]:
    for outcome in (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED):
        yield _share_cell(summary.counts[outcome], summary.n_answered, "answered")
    yield _share_cell(summary.n_missing, summary.n_planned, "planned")


def _share_cell(n: int, total: int, of: str) -> Cell:
    share = words.percent(n / total) if n and total else ""
    style = "number beware" if n > WORTH_A_BANNER * total else "number"
    return Cell(
        words.count(n),
        sort=str(n),
        small=share,
        hint=f"{words.count(n)} of {words.count(total)} {of}",
        style=style if n else "number nothing",
    )


def _speed_cells(speed: Speed, latency: Estimate) -> Iterator[Cell]:
    timed = f"{words.count(speed.n_timed)} timed answers"
    decoded = f"{words.count(speed.decoded_tokens)} tokens after the first"
    yield Cell(words.rate(speed.prefill_rate), _sort(speed.prefill_rate), hint=timed)
    yield Cell(words.rate(speed.decode_rate), _sort(speed.decode_rate), hint=decoded)
    limits = _between(latency, words.seconds)
    for duration, small in (
        (speed.first_token, ""), (speed.latency_p50, limits), (speed.latency_p95, ""),
    ):  # fmt: skip
        yield Cell(words.seconds(duration), _sort(duration), small, hint=timed)


def _need_cells(speed: Speed, takes: Takes) -> Iterator[Cell]:
    yield Cell(words.size(speed.peak_memory_bytes), _sort(speed.peak_memory_bytes))
    for price in (takes.cost, takes.per_correct):
        known = words.dollars(price.value)
        yield Cell(known, _sort(price.value), _between(price, words.dollars), _priced(price))
    partly = speed.cost_usd is not None and speed.n_priced < speed.n_responses
    yield Cell(
        f"{'≥ ' if partly else ''}{words.dollars(speed.cost_usd)}",
        _sort(speed.cost_usd),
        hint=f"{words.count(speed.n_priced)} of {words.count(speed.n_responses)} have a price",
    )


def _priced(price: Estimate) -> str:
    return f"{words.count(price.n)} samples have a price"


def _between(estimate: Estimate, printed: Callable[[float], str]) -> str:
    """Print the limits of an interval that says something."""
    low, high = estimate.low, estimate.high
    return (
        "" if low is None or high is None or low == high else f"{printed(low)} to {printed(high)}"
    )


def _sort(value: float | None) -> str:
    return "" if value is None else repr(value)
