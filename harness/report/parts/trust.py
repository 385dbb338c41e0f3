"""What the comparison rests on: confidence, limits, and how to repeat it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from harness.analysis.calibrated import Calibration
from harness.analysis.comparison import Comparison, System, TaskComparison
from harness.report import judged_words, words
from harness.report.data import Cell, Column, Fact, Grid
from harness.report.decision_data import FactGroup, Picture, Said, Section
from harness.report.figures.curves import draw_answering, draw_calibration
from harness.report.parts.cells import (
    change_cell,
    grid,
    number_cell,
    picture,
    pointer,
    rate_cell,
    text_cell,
)


def calibration_part(found: Comparison) -> Section:
    """Whether each system knows when it is right, where its letters have probabilities."""
    tasks = [(task, _sides(task)) for task in found.tasks.values() if _sides(task)]
    return Section(
        "calibration",
        "Does it know when it is right?",
        (_CALIBRATED,) if tasks else (_NO_LETTERS,),
        tuple(p for place, pair in enumerate(tasks) for p in _pictures(place, *pair)),
        (_calibration_grid([task for task, _ in tasks]),) if tasks else (),
        measured=bool(tasks),
    )


def limit_part(found: Comparison) -> Section:
    """What this comparison could not see."""
    said = [_smallest(found, task) for task in found.tasks.values()]
    others = [
        Said(f"Only the {side} has {', '.join(map(words.label, names))}; it is not compared here.")
        for side, names in (
            ("candidate", found.only_candidate),
            ("baseline", found.only_baseline),
        )
        if names
    ]
    others += map(Said, judged_words.unscored(found))
    return Section("limits", "What this could not see", (*said, *others, *_UNTESTED))


def reproduce_part(found: Comparison) -> Section:
    """Commands, fingerprints and hashes."""
    options = found.options
    again = [
        "harness", "compare", found.candidate.run_id, found.baseline.run_id,
        "--margin", f"{options.margin:g}", "--alpha", f"{options.alpha:g}",
        "--min-coverage", f"{options.min_coverage:g}",
        *(part for name in options.allow_unlike for part in ("--allow-unlike", name)),
        "--html", "reports/compare",
    ]  # fmt: skip
    fingerprints = {pair.task: pair.protocol for pair in found.judged}
    fingerprints |= {task.task: task.protocol.fingerprint for task in found.tasks.values()}
    protocols = tuple(
        Fact(words.label(task), fingerprint, code=True)
        for task, fingerprint in fingerprints.items()
    )
    commands = (found.candidate.command, found.baseline.command, again)
    return Section(
        "reproduce",
        "Reproduce",
        (),
        groups=(
            FactGroup("Candidate", tuple(_system(found.candidate))),
            FactGroup("Baseline", tuple(_system(found.baseline))),
            FactGroup("Fingerprints of the protocols", protocols),
        ),
        commands=tuple(words.cut(shlex.join(command)) for command in commands if command),
    )


_CALIBRATED = Said(
    "Confidence is the probability of the likeliest letter. On the diagonal a system is right as "
    "often as it is sure; below it, it is too sure."
)
_NO_LETTERS = Said("Not measured: no answer of these runs carries probabilities of the letters.")
_UNTESTED = (
    Said("Not tested: whether either system has seen the questions before, in training."),
    Said("Not tested: wrong labels; what is marked as right is taken to be right."),
)


def _sides(task: TaskComparison) -> list[tuple[str, Calibration]]:
    pairs = (("candidate", task.candidate_calibration), ("baseline", task.baseline_calibration))
    return [(side, found) for side, found in pairs if found is not None]


def _pictures(
    place: int, task: TaskComparison, sides: list[tuple[str, Calibration]]
) -> Iterator[Picture]:
    name, at = words.label(task.task), pointer("tasks", task.task)
    errors = "; ".join(f"{side} {words.percent(found.error.value)}" for side, found in sides)
    label = f"{name}, reliability: expected calibration error of {errors}."
    caption = f"{name}: how often answers of each confidence were right; bars: 95 % intervals."
    yield picture(draw_calibration(sides, f"reliable-{place}", label), caption, at)
    surest = "; ".join(
        f"{side} {words.percent(found.surest.value)} of the surest "
        f"{words.percent(found.surest_share)}"
        for side, found in sides
    )
    caption = f"{name}: accuracy when only the surest questions are answered."
    label = f"{name}, accuracy of the surest answers: {surest}."
    yield picture(draw_answering(sides, f"answering-{place}", label), caption, at)


def _calibration_grid(tasks: list[TaskComparison]) -> Grid:
    columns = (
        Column("Task", "Name of the task", "text"),
        Column("Side", "Which system", "text"),
        Column("Calibration error", "Expected, over tenths of the answers; 95 % interval"),
        Column("Too sure by", "Points of confidence over accuracy"),
        Column("Brier score", "From 0, perfect, to 1"),
        Column("AUROC", "Chance that a right answer is surer than a wrong one"),
        Column("Surest", "Accuracy of the surest answers"),
        Column("of", "How many of all those are"),
    )
    rows = [_calibration_cells(task, side, found) for task in tasks for side, found in _sides(task)]
    return grid("Calibration", columns, rows)


def _calibration_cells(task: TaskComparison, side: str, found: Calibration) -> list[Cell]:
    at = pointer("tasks", task.task, f"{side}_calibration")
    auroc = words.MISSING if found.auroc is None else f"{found.auroc:.3f}"
    share = words.percent(found.surest_share)
    return [
        text_cell(words.label(task.task)),
        text_cell(side),
        rate_cell(found.error, f"{at}/error"),
        change_cell(found.overconfidence, f"{at}/overconfidence"),
        number_cell(f"{found.brier:.3f}", found.brier, f"{at}/brier"),
        number_cell(auroc, found.auroc, f"{at}/auroc"),
        rate_cell(found.surest, f"{at}/surest"),
        number_cell(share, found.surest_share, f"{at}/surest_share"),
    ]


def _smallest(found: Comparison, task: TaskComparison) -> Said:
    name, drop = words.label(task.task), task.smallest_detectable_drop
    source = f"{pointer('tasks', task.task)} {pointer('options')}"
    if drop is None:
        return Said(f"{name}: no size of drop could have been found with these answers.", source)
    margin = words.counted_points(found.options.margin)
    enough = "less" if drop <= found.options.margin else "more"
    return Said(
        f"{name}: the smallest drop that this run could see is {words.points(drop)} "
        f"(n = {words.count(task.n)}), {enough} than the margin of {margin}.",
        source,
    )


def _system(system: System) -> Iterator[Fact]:
    model = system.model
    facts = (
        ("model", model.name),
        ("run", system.run_id),
        ("weights sha256", model.sha256),
        ("snapshot", model.snapshot),
        ("identity", model.identity),
        ("source", model.source),
        ("quantization", model.quantization),
        ("engine", " ".join(part for part in (model.engine, model.engine_version) if part)),
        ("chat template sha256", model.chat_template_sha256),
        ("harness", system.harness_version),
        *((f"{name} sha256", digest) for name, digest in system.files.items()),
    )
    for name, value in facts:
        if value:
            yield Fact(words.label(name), words.cut(value, 400), code=True)
    yield Fact("finished", words.moment(system.finished_at), code=True)
