"""From two runs to the decision report: can the one replace the other?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness import __version__
from harness.analysis.comparison import Comparison
from harness.analysis.flipped import Flip, read_flips
from harness.errors import NotComparableError
from harness.report import words
from harness.report.answer import Answer, find_answer, refusal
from harness.report.build import make_folder
from harness.report.decision_data import Decision, Said, Section
from harness.report.links import decision_name
from harness.report.parts.differences import difference_part, outcome_part
from harness.report.parts.failures import failure_part, flip_part, subject_part
from harness.report.parts.judges import judge_part
from harness.report.parts.robust import robustness_part
from harness.report.parts.together import cascade_part, gauges, tradeoff_part
from harness.report.parts.trust import (
    calibration_part,
    limit_part,
    reproduce_part,
)
from harness.report.render import render_decision
from harness.store.files import replace_file
from harness.store.read import Run


def write_decision(found: Comparison, runs: tuple[Run, Run], target: Path) -> Path:
    """Write the page of a comparison of these runs (candidate, baseline); return where it is.

    `target` is the page where it ends in .html, else a folder that gets it. The same runs give
    the same bytes.

    Raises:
        UsageError: a file stands where the folder should be.
        StoreError: a table is damaged, or the page cannot be written.
    """
    return _write(build_decision(found, read_flips(*runs)), runs, target)


def write_refusal(error: NotComparableError, runs: tuple[Run, Run], target: Path) -> Path:
    """Write a page that says why two runs (candidate, baseline) cannot be compared.

    Raises:
        UsageError: a file stands where the folder should be.
        StoreError: the page cannot be written.
    """
    names = [run.manifest.model.name for run in runs]
    about = tuple(_run_said(run.manifest.run_id, run.manifest.finished_at) for run in runs)
    page = _page(names, refusal(names[0], names[1], str(error)), about)
    return _write(page, runs, target)


def build_decision(found: Comparison, flips: Sequence[Flip]) -> Decision:
    """Prepare the page for print; it holds no date but those of the runs."""
    names = [found.candidate.model.name, found.baseline.model.name]
    page = _page(names, find_answer(found), tuple(_about(found)))
    by_rule = _by_rule(found, flips) if found.tasks else [judge_part(found), robustness_part(found)]
    sections = (*by_rule, limit_part(found), reproduce_part(found))
    return replace(page, gauges=tuple(gauges(found)), sections=sections)


def _by_rule(found: Comparison, flips: Sequence[Flip]) -> list[Section]:
    return [
        difference_part(found),
        outcome_part(found),
        cascade_part(found),
        tradeoff_part(found),
        subject_part(found),
        failure_part(found),
        flip_part(found, flips),
        robustness_part(found),
        calibration_part(found),
        judge_part(found),
    ]


def _page(names: Sequence[str], answer: Answer, about: tuple[Said, ...]) -> Decision:
    candidate, baseline = (words.label(name, 60) for name in names)
    return Decision(
        question=f"Can {candidate} replace {baseline}?",
        candidate=candidate,
        baseline=baseline,
        light=answer.light,
        word=answer.word,
        sentence=answer.sentence,
        cautions=answer.cautions,
        gauges=(),
        about=about,
        sections=(),
        version=__version__,
    )


def _about(found: Comparison) -> Iterator[Said]:
    for side in (found.candidate, found.baseline):
        yield _run_said(side.run_id, side.finished_at)
    options = found.options
    yield Said(
        f"margin {words.counted_points(options.margin)}, {words.percent(options.alpha)} error to "
        f"one side, verdicts from {words.percent(options.min_coverage)} answered by both",
        "/options",
    )


def _run_said(run_id: str, finished_at: str) -> Said:
    return Said(f"{words.label(run_id, 100)}, finished {words.moment(finished_at)}")


def _write(page: Decision, runs: tuple[Run, Run], target: Path) -> Path:
    path = target if target.suffix == ".html" else target / decision_name(*runs)
    make_folder(path.parent)
    replace_file(path, render_decision(page).encode("utf-8"))
    return path
