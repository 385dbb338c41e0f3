"""Everything the page prints, as dataclasses: templates only place it.

Texts are ready for print. Plots are drawn on a scale of 0 to 200 units; `sort` is what the
script sorts a cell by, empty where there is nothing to sort.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.report.figures.canvas import Drawing


@dataclass(frozen=True, slots=True)
class Plot:
    """A dot with its interval on the axis from 0 to 100 %, in drawing units."""

    dot: float
    low: float
    high: float
    chance: float | None
    label: str

    @property
    def width(self) -> float:
        """Length of the interval in drawing units."""
        return round(self.high - self.low, 2)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: main text, a smaller second line, a hint on hover, perhaps a link or a plot.

    `series` is the number of a model's colour, which it has on every page.
    `source` is the JSON pointer of its numbers into what `harness compare --json` prints.
    """

    text: str
    sort: str = ""
    small: str = ""
    hint: str = ""
    href: str = ""
    plot: Plot | None = None
    style: str = "number"
    series: int | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One sortable column; `order` is the aria-sort value that the rows come in.

    What is not `shown` at first a reader may switch on.
    """

    heading: str
    hint: str
    style: str = "number"
    order: str = "none"
    shown: bool = True


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """Columns under one common heading."""

    heading: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A sortable table. The first cell of a row is its heading, or the second after a rank.

    `traits` are names and values for each row, which a reader may filter by.
    """

    label: str
    groups: tuple[ColumnGroup, ...]
    rows: tuple[tuple[Cell, ...], ...]
    traits: tuple[tuple[tuple[str, str], ...], ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in order."""
        return tuple(column for group in self.groups for column in group.columns)


@dataclass(frozen=True, slots=True)
class Illustration:
    """A figure and the table of what it shows."""

    drawing: Drawing
    grid: Grid


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a bar, in drawing units; `style` is an outcome."""

    style: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A whole divided into parts; `label` says it in words."""

    shares: tuple[Share, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value; `code` is for hashes, commands and other text that is no prose."""

    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What a reader must know before trusting the numbers of one model."""

    who: str
    href: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnlikeField:
    """A protocol field in which the tables of a task differ."""

    field: str
    here: str
    in_first: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Subjects by models; marks are against the `reference`, `left_out` models are missing."""

    reference: str
    n_subjects: int
    left_out: int
    has_others: bool
    grid: Grid


@dataclass(frozen=True, slots=True)
class Board:
    """One table of the leaderboard: one task under one protocol.

    Where the task `needs_judge` it has no accuracies, and so no places.
    """

    anchor: str
    task: str
    shots: str
    contents: str
    facts: tuple[str, ...]
    fingerprint: str
    is_first: bool
    samples_href: str
    unlike: tuple[UnlikeField, ...]
    banners: tuple[Banner, ...]
    grid: Grid
    needs_judge: bool = False
    tradeoffs: tuple[Illustration, ...] = ()
    heat: HeatMap | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a request."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """What was asked and what came back."""

    question: str
    reply: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One example: its heading line and what was said; a conversation has several exchanges."""

    outcome: str
    heading: str
    exchanges: tuple[Exchange, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class TaskPart:
    """One task on the page of a run; `samples_href` leads to all samples, beside other models'."""

    anchor: str
    task: str
    banners: tuple[Banner, ...]
    results: tuple[Fact, ...]
    outcomes: Bar
    timings: Illustration | None
    protocol: tuple[Fact, ...]
    messages: tuple[Turn, ...]
    subjects: Grid | None
    samples: tuple[Sample, ...]
    samples_href: str
    note: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """The page of one run; `file` is where it lies below the site's folder."""

    file: str
    model: str
    series: int
    run_id: str
    finished: str
    command: str
    warnings: tuple[str, ...]
    system: tuple[Fact, ...]
    settings: tuple[Fact, ...]
    tasks: tuple[TaskPart, ...]


@dataclass(frozen=True, slots=True)
class SamplesPage:
    """The samples of one task under one protocol; `index`, `shared` and `chunks` are packed.

    `index` has what lists and filters need of every sample, `shared` the messages that several
    samples have, `chunks` prompts and replies. `file` is below the site's folder.
    """

    file: str
    task: str
    shots: str
    protocol: str
    note: str
    index: str
    shared: str
    chunks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JudgePart:
    """One judge: what it said of whom, and its card."""

    anchor: str
    name: str
    facts: tuple[str, ...]
    warnings: tuple[str, ...]
    grids: tuple[Grid, ...]
    categories: Grid | None
    card: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class JudgeSection:
    """All judges, and how far they agree."""

    parts: tuple[JudgePart, ...]
    agreement: Grid | None


@dataclass(frozen=True, slots=True)
class ClaimsPart:
    """Published numbers: beside measurements of this page, and against each other."""

    checks: Grid | None
    headlines: Grid | None
    count: str


@dataclass(frozen=True, slots=True)
class DecisionLink:
    """A decision report that lies beside the index, and the word of its answer."""

    candidate: str
    baseline: str
    href: str
    word: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice between the values of a trait."""

    trait: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The index of the site: the leaderboard."""

    title: str
    updated: str
    shown: str
    boards: tuple[Board, ...] = ()
    filters: tuple[Filter, ...] = ()
    decisions: tuple[DecisionLink, ...] = ()
    columns: tuple[ColumnGroup, ...] = ()
    judges: JudgeSection | None = None
    left_out: tuple[str, ...] = field(default=())
    claims: ClaimsPart | None = None
