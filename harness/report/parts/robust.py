"""How much of a difference noise or another setting alone would make, as far as that was run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.analysis.comparison import Comparison, System, Variant
from harness.report import words
from harness.report.data import Cell, Column, Grid
from harness.report.decision_data import Said, Section
from harness.report.parts.cells import change_cell, grid, pointer, rate_cell, text_cell

_COLUMNS = (
    Column("Side", "Whose system", "text"),
    Column("Task", "Name of the task", "text"),
    Column("Other run", "In the same store", "text"),
    Column("Differs in", "Of the protocol; nothing: all was asked again", "text"),
    Column("Accuracy", "Of the other run, on the samples that both answered"),
    Column("Change", "Points, the other run minus the compared one"),
    Column("Flips", "Answers that became right or not right"),
)
_WORDING = {"template", "system_prompt", "prompts", "shots", "shot_ids"}
_KINDS = (
    ("other wordings or examples of the prompt", _WORDING),
    ("other orders of the options", {"option_order"}),
    ("other seeds or temperatures (harness run --temperature)", {"seed", "temperature", "top_p"}),
)
_REACH = (
    "The intervals speak of other questions of the same kind, asked in the same way; a variant run "
    "of either system in the same results folder is shown here by itself."
)


def robustness_part(found: Comparison) -> Section:
    """How much of a difference noise alone would make."""
    sides = (("candidate", found.candidate), ("baseline", found.baseline))
    checked = [side for side, system in sides if system.verification is not None]
    again = {variant.side for variant in found.variants if not variant.differs}
    said = [
        _verified(side, system)
        for side, system in sides
        if system.verification is not None or side not in again
    ]
    return Section(
        "robustness",
        "Robustness and noise",
        (*said, *_bands(found.variants), *_not_varied(found.variants)),
        grids=(_grid(found.variants),) if found.variants else (),
        measured=bool(checked or found.variants),
    )


def _verified(side: str, system: System) -> Said:
    checked = system.verification
    if checked is None:
        return Said(
            f"Not measured for the {side}: whether asking again gives the same answers (harness "
            "run --verify asks some again, --fresh all)."
        )
    return Said(
        f"Of {words.counted(checked.n, 'answer')} of the {side} that were asked again without "
        f"speed-ups, {words.count(checked.n_different)} came out otherwise.",
        pointer(side, "verification"),
    )


def _bands(variants: Sequence[Variant]) -> Iterator[Said]:
    """Say for each side and task between what accuracies its other runs lie."""
    for key in dict.fromkeys((variant.side, variant.task) for variant in variants):
        own = [(i, v) for i, v in enumerate(variants) if (v.side, v.task) == key]
        known = [v.accuracy.value for _, v in own if v.accuracy.value is not None]
        if not known:
            continue
        fields = sorted({d.field for _, v in own for d in v.differs})
        varied = f"with other {', '.join(map(_plain, fields))}" if fields else "all asked again"
        band = words.percent(known[0])
        if len(known) > 1:
            band = f"{words.percent_range(min(known), max(known))}, lowest to highest"
        runs = words.counted(len(own), "other run")
        source = " ".join(pointer("variants", i) for i, _ in own)
        yield Said(
            f"{words.label(key[1])}: in {runs} of the {key[0]}, {varied}, accuracy is {band}.",
            f"{source} /variants",
        )


def _not_varied(variants: Sequence[Variant]) -> Iterator[Said]:
    varied = {difference.field for variant in variants for difference in variant.differs}
    missing = [name for name, fields in _KINDS if not fields & varied]
    if missing:
        yield Said(f"Not measured: {'; '.join(missing)}. {_REACH}")


def _grid(variants: Sequence[Variant]) -> Grid:
    rows = [_cells(place, variant) for place, variant in enumerate(variants)]
    return grid("Other runs of the same systems", _COLUMNS, rows)


def _cells(place: int, variant: Variant) -> list[Cell]:
    at = ("variants", place)
    differs = "; ".join(
        f"{_plain(d.field)}: {words.label(str(d.second), 30)} instead of "
        f"{words.label(str(d.first), 30)}"
        for d in variant.differs
    )
    flips = variant.changes.flips if variant.changes else None
    return [
        text_cell(variant.side),
        text_cell(words.label(variant.task)),
        text_cell(words.label(variant.run_id, 60)),
        Cell(differs or "nothing", differs, style="text prose", source=pointer(*at, "differs")),
        rate_cell(variant.accuracy, pointer(*at, "accuracy")),
        change_cell(variant.change, pointer(*at, "change")),
        rate_cell(flips, pointer(*at, "changes", "flips")) if flips else Cell(words.MISSING),
    ]


def _plain(field: str) -> str:
    return field.replace("_", " ")
