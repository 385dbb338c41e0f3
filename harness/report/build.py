"""From the runs in `results` to the leaderboard page in `reports`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness import __version__
from harness.analysis.claims_file import load_claims
from harness.analysis.judges import find_judges
from harness.analysis.leaderboard import Entry, Leaderboard, Table, build_leaderboard
from harness.errors import UsageError
from harness.report import words
from harness.report.boards import build_board
from harness.report.claims import build_claims
from harness.report.data import Page
from harness.report.details import build_run
from harness.report.judged import build_judges
from harness.report.render import render_page
from harness.store.files import cannot_write, replace_file
from harness.store.read import Run, find_runs


@dataclass(frozen=True, slots=True)
class ReportResult:
    """Where the page is, from how many runs it was made, and why others were left out."""

    path: Path
    n_runs: int
    left_out: tuple[str, ...]


def build_report(results: Path, reports: Path) -> ReportResult:
    """Write `reports/index.html`, one self-contained page over every finished run in `results`.

    The same runs give the same bytes.

    Raises:
        UsageError: `reports` is a file.
        StoreError: the page cannot be written.
    """
    runs, unfinished = find_runs(results)
    judges, unread = find_judges(results)
    board = build_leaderboard(runs)
    left_out = (*unfinished, *unread, *board.left_out)
    page = build_page(runs, board, [_without_folder(text, results) for text in left_out])
    page = replace(page, judges=build_judges(judges, runs))
    make_folder(reports)
    path = reports / "index.html"
    replace_file(path, render_page(page).encode("utf-8"))
    return ReportResult(path, len(runs) - len(board.left_out), left_out)


def build_page(runs: Sequence[Run], board: Leaderboard, left_out: Sequence[str]) -> Page:
    """Prepare the page for print; dated by the newest run, not by the clock."""
    shown = _by_run(board.tables)
    newest = max((run.manifest.finished_at for run in runs), default="")
    of = words.counted(len(runs), "finished run")
    return Page(
        title="Leaderboard",
        version=__version__,
        updated=words.moment(newest),
        shown=f"{words.count(len(shown))} of {of} shown",
        boards=tuple(
            build_board(table, is_first=_is_first(table, board.tables)) for table in board.tables
        ),
        runs=tuple(build_run(entries) for entries in shown),
        left_out=tuple(words.cut(text, 400) for text in left_out),
        claims=build_claims(load_claims(), shown) if shown else None,
    )


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


def make_folder(reports: Path) -> None:
    """Make the folder of a report.

    Raises:
        UsageError: a file stands in its way.
        StoreError: it cannot be made.
    """
    try:
        reports.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(
            f"{reports} cannot be a folder because a file stands in its way ({error}); "
            "name another folder for the report"
        ) from error
    except OSError as error:
        raise cannot_write(reports, error) from error
