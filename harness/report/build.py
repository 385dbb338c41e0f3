"""From the runs in `results` to the site in `reports`."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

from harness.analysis.claims_file import load_claims
from harness.analysis.judge_beside import ratings_by_run
from harness.analysis.judges import Judge, find_judges
from harness.analysis.leaderboard import Entry, Leaderboard, Table, build_leaderboard
from harness.analysis.measurements import Judged
from harness.analysis.takes import read_takes
from harness.errors import UsageError
from harness.report import words
from harness.report.board_rows import Beside, board_columns, traits
from harness.report.boards import build_board
from harness.report.claims import build_claims
from harness.report.data import DecisionLink, Filter, Page
from harness.report.details import build_run
from harness.report.judged import build_judges
from harness.report.links import DECISIONS, INDEX, decision_name
from harness.report.palette import assign_series
from harness.report.render import render
from harness.report.samples import build_samples
from harness.report.stamp import stale, stamped
from harness.store.files import cannot_write, replace_file
from harness.store.read import Run, find_runs


@dataclass(frozen=True, slots=True)
class ReportResult:
    """Where the index is, from how many runs it was made, and why others were left out.

    `removed` are pages of runs that are there no more.
    """

    path: Path
    n_runs: int
    left_out: tuple[str, ...]
    removed: tuple[Path, ...]


def build_report(results: Path, reports: Path) -> ReportResult:
    """Write the site over every finished run in `results`: `reports/index.html` and its pages.

    A page for each run and one for the samples of each task; every file is complete in itself,
    and the same runs give the same bytes. Pages that an earlier call wrote of runs that are gone
    are removed, unless somebody has changed or renamed them.

    Raises:
        UsageError: `reports` is a file.
        StoreError: a page cannot be written or removed.
    """
    site = read_site(results, reports)
    written = set()
    for file, text in site_pages(site):
        _write(reports, file, text)
        written.add(file)
    removed = tuple(stale(reports, written))
    for path in removed:
        _remove(path)
    return ReportResult(reports / INDEX, site.n_runs, site.left_out, removed)


@dataclass(frozen=True, slots=True)
class Site:
    """What the pages of a site are made of; `n_runs` are shown, `left_out` says why others not."""

    board: Leaderboard
    beside: Beside
    index: Page
    n_runs: int
    left_out: tuple[str, ...]


def read_site(results: Path, reports: Path | None) -> Site:
    """Read every finished run in `results`; decision reports that lie in `reports` are linked."""
    runs, unfinished = find_runs(results)
    judges, unread = find_judges(results)
    board = build_leaderboard(runs)
    left_out = (*unfinished, *unread, *board.left_out)
    beside = _beside(board, judges)
    shown = [entries[0].run for entries in _by_run(board.tables)]
    index = replace(
        build_page(runs, board, beside, ratings_by_run(judges)),
        judges=build_judges(judges, runs),
        decisions=tuple(_decisions(reports, shown)) if reports else (),
        left_out=tuple(words.cut(_without_folder(text, results), 400) for text in left_out),
    )
    return Site(board, beside, index, len(runs) - len(board.left_out), left_out)


def site_pages(site: Site, *, served: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each page of a site, as its file and its text.

    The pages of a `served` site ask their server for prompts and replies, others hold them.

    Raises:
        StoreError: a table is damaged.
    """
    index, series = site.index, site.beside.series
    yield INDEX, render("index.html", served=served, title=index.title, page=index)
    for entries in _by_run(site.board.tables):
        run = build_run(entries, site.beside)
        yield run.file, render("run.html", root="../", served=served, title=run.model, run=run)
    for table in site.board.tables:
        page = build_samples(table, series, served=served)
        yield (
            page.file,
            render(
                "samples.html",
                root="../",
                scripts=("samples.js",),
                served=served,
                title=f"Samples of {page.task}",
                page=page,
            ),
        )


def build_page(runs: Sequence[Run], board: Leaderboard, beside: Beside, judged: Judged) -> Page:
    """Prepare the index for print; dated by the newest run, not by the clock."""
    shown = _by_run(board.tables)
    newest = max((run.manifest.finished_at for run in runs), default="")
    of = words.counted(len(runs), "finished run")
    return Page(
        title="Leaderboard",
        updated=words.moment(newest),
        shown=f"{words.count(len(shown))} of {of} shown",
        boards=tuple(
            build_board(table, beside, is_first=_is_first(table, board.tables))
            for table in board.tables
        ),
        filters=tuple(_filters(board)),
        columns=board_columns(is_judged=bool(beside.ratings)),
        claims=build_claims(load_claims(), shown, judged) if shown else None,
    )


def _beside(board: Leaderboard, judges: Sequence[Judge]) -> Beside:
    runs = [entries[0].run for entries in _by_run(board.tables)]
    return Beside(
        takes={
            (run.folder, task): takes for run in runs for task, takes in read_takes(run).items()
        },
        series=assign_series(run.manifest.model for run in runs),
        ratings={
            key: [(judge.info.name, rated.overall) for judge, rated in said]
            for key, said in ratings_by_run(judges).items()
        },
    )


def _decisions(reports: Path, runs: Sequence[Run]) -> Iterator[DecisionLink]:
    """Yield the decision reports of two of these runs that have been written."""
    for candidate, baseline in permutations(runs, 2):
        href = f"{DECISIONS}/{decision_name(candidate, baseline)}"
        if (reports / href).is_file():
            word = _answer_of(reports / href)
            yield DecisionLink(_name(candidate), _name(baseline), href, word)


def _answer_of(page: Path) -> str:
    """Read the word of a decision report's answer: letters alone, whatever is in the file."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        found = re.search(r'<p class="word">([A-Z][a-z ]{0,30})</p>', page.read_text("utf-8"))
        return found[1] if found else ""
    return ""


def _name(run: Run) -> str:
    return words.label(run.manifest.model.name, 60)


def _filters(board: Leaderboard) -> Iterator[Filter]:
    """Yield the choices that leave something out."""
    tasks = dict.fromkeys(words.label(table.task) for table in board.tables)
    found = {"task": tasks, "size": {}, "quantization": {}, "place": {}}
    for table in board.tables:
        for entry in table.entries:
            for trait, value in traits(entry).items():
                found[trait][value] = None
    labels = {
        "task": "Task",
        "size": "Size",
        "quantization": "Quantization",
        "place": "Local or API",
    }
    for trait, values in found.items():
        if len(values) > 1:
            yield Filter(trait, labels[trait], tuple(sorted(values)))


def _by_run(tables: Sequence[Table]) -> list[list[Entry]]:
    grouped: dict[Path, list[Entry]] = {}
    for table in tables:
        for entry in table.entries:
            grouped.setdefault(entry.run.folder, []).append(entry)
    return list(grouped.values())


def _is_first(table: Table, tables: Sequence[Table]) -> bool:
    return next(other for other in tables if other.task == table.task) is table


def _without_folder(text: str, results: Path) -> str:
    """Shorten paths, so that a page does not tell where on a disk it was made."""
    return text.replace(f"{results}/", "")


def _write(reports: Path, file: str, text: str) -> None:
    path = reports / file
    make_folder(path.parent)
    replace_file(path, stamped(file, text))


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def make_folder(folder: Path) -> None:
    """Make the folder of a report.

    Raises:
        UsageError: a file stands in its way.
        StoreError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(
            f"{folder} cannot be a folder because a file stands in its way ({error}); "
            "name another folder for the report"
        ) from error
    except OSError as error:
        raise cannot_write(folder, error) from error
