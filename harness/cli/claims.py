"""`harness claims`: published numbers, and what became of them here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.options import Json, Results
from harness.cli.output import as_json, result, say, table
from harness.errors import StoreError, UsageError, nearest

if TYPE_CHECKING:
    from harness.analysis.claims import ClaimCheck, HeadlineCheck
    from harness.analysis.claims_file import Claim, ClaimBook
    from harness.analysis.measurements import Measurement
    from harness.store.read import Run


def claims(
    name: Annotated[
        str, typer.Argument(help="Only claims whose model or benchmark has this in its name.")
    ] = "",
    run: Annotated[
        list[str] | None, typer.Option("--run", help="Only this run (default: all finished ones).")
    ] = None,
    stands_for: Annotated[
        str | None,
        typer.Option("--as", help="Claimed model that the model of --run is, whatever its name."),
    ] = None,
    margin: Annotated[
        float, typer.Option(min=0.1, max=50, help="Points within which two scores are the same.")
    ] = 2.0,
    results: Results = Path("results"),
    json: Json = False,
) -> None:
    """List published numbers, and hold against them what the stored runs measured.

    No gate reads them: most come from pipelines whose prompts nobody published.
    """
    from harness.analysis.claims import check_claims, check_headline
    from harness.analysis.claims_file import load_claims

    book = load_claims()
    chosen = _chosen(book, name)
    names = _names(book, run or [], stands_for, results)
    checks = check_claims(chosen, _measurements(run, results), names=names, margin=margin / 100)
    pairs = [check_headline(h) for h in book.headlines if h.first in chosen or h.second in chosen]
    if json:
        as_json(_facts(book, chosen, checks, pairs))
        return
    _show_claims(chosen)
    _show_pairs(pairs)
    _show_checks(checks)


def _chosen(book: ClaimBook, name: str) -> list[Claim]:
    wanted = name.casefold()
    texts = {claim.id: (claim.model, claim.title, claim.benchmark) for claim in book.claims}
    found = [c for c in book.claims if any(wanted in text.casefold() for text in texts[c.id])]
    if not found:
        known = {text for three in texts.values() for text in three}
        raise UsageError(
            f"no claim about {name!r}; {nearest(name, known)} `harness claims` lists them all"
        )
    return found


def _names(
    book: ClaimBook, runs: Sequence[str], stands_for: str | None, results: Path
) -> dict[str, str]:
    if stands_for is None:
        return {}
    if not runs:
        raise UsageError("--as says which published model a run's model is: name it by --run RUN")
    known = {claim.model for claim in book.claims}
    if stands_for not in known:
        hint = nearest(stands_for, known) or f"known are {', '.join(sorted(known))}"
        raise UsageError(f"--as {stands_for!r}: no claim is about such a model; {hint}")
    from harness.store.read import load_run

    return {load_run(run, results).manifest.model.name: stands_for for run in runs}


def _measurements(names: Sequence[str] | None, results: Path) -> list[Measurement]:
    from harness.analysis.judge_beside import ratings_by_run
    from harness.analysis.judges import find_judges
    from harness.analysis.measurements import measure
    from harness.analysis.summary import summarize_run

    judged = ratings_by_run(find_judges(results)[0])
    found: list[Measurement] = []
    for run in _runs(names, results):
        try:
            found.extend(measure(run.manifest, summarize_run(run), judged))
        except StoreError as error:
            if names:
                raise
            say(f"left out: {error}")
    return found


def _runs(names: Sequence[str] | None, results: Path) -> Iterable[Run]:
    from harness.store.read import find_runs, load_run

    if names:
        return [load_run(name, results) for name in names]
    runs, left_out = find_runs(results)
    for reason in left_out:
        say(f"left out: {reason}")
    return runs


def _show_claims(chosen: Sequence[Claim]) -> None:
    from harness.report import claim_words

    rows = [
        [
            claim.title,
            claim.benchmark,
            claim_words.published(claim),
            claim_words.published_limits(claim),
            claim.pipeline_title,
            str(claim.stated.get("shots", "")),
            claim.source,
            claim.confidence,
            claim.note,
        ]
        for claim in chosen
    ]
    columns = ["model", "benchmark", "published", "95 % interval", "pipeline", "shots", "source",
               "confidence", "note"]  # fmt: skip
    table(columns, rows, title="Published numbers")


def _show_pairs(pairs: Sequence[HeadlineCheck]) -> None:
    from harness.report import claim_words

    rows = [
        [
            check.headline.says,
            claim_words.published(check.headline.first),
            claim_words.published(check.headline.second),
            claim_words.difference(check.headline.first, check.difference),
            claim_words.standing(check),
            claim_words.pipelines(check),
        ]
        for check in pairs
    ]
    if rows:
        columns = ["statement", "first", "second", "difference in points", "verdict", "pipelines"]
        table(columns, rows, title="Published against published")


def _show_checks(checks: Sequence[ClaimCheck]) -> None:
    from harness.report import claim_words

    rows = [
        [
            check.measurement.run_id,
            claim_words.asked(check.measurement),
            f"{check.claim.title}, {check.claim.benchmark}",
            f"{claim_words.published(check.claim)} ({check.claim.pipeline_title})",
            f"{claim_words.measured(check)} ({claim_words.measured_limits(check)})",
            claim_words.difference(check.claim, check.difference),
            check.verdict.value,
            claim_words.reason(check),
        ]
        for check in checks
    ]
    if not rows:
        result(
            "No stored run is of a model and a benchmark of these; --as NAME says what a run is."
        )
        return
    columns = ["run", "task", "claim", "published", "measured", "difference", "verdict", "why"]
    table(columns, rows, title="Beside measurements")


def _facts(
    book: ClaimBook,
    chosen: Sequence[Claim],
    checks: Sequence[ClaimCheck],
    pairs: Sequence[HeadlineCheck],
) -> dict[str, Any]:
    return {
        "retrieved": book.retrieved.isoformat(),
        "claims": [_claim_facts(claim) for claim in chosen],
        "headlines": [_pair_facts(check) for check in pairs],
        "checks": [_check_facts(check) for check in checks],
    }


def _claim_facts(claim: Claim) -> dict[str, Any]:
    from harness.analysis.claims import claim_interval

    interval = claim_interval(claim)
    return {
        "id": claim.id,
        "model": claim.model,
        "benchmark": claim.benchmark,
        "unit": f"share of {claim.spec.unit}" if claim.is_share else claim.spec.unit,
        "value": claim.value,
        "relation": claim.relation,
        "interval": interval._asdict() if interval else None,
        "n": claim.spec.items,
        "pipeline": claim.pipeline,
        "stated": dict(claim.stated),
        "averaging": claim.averaging,
        "source": claim.source,
        "confidence": claim.confidence,
        "note": claim.note,
    }


def _pair_facts(check: HeadlineCheck) -> dict[str, Any]:
    return {
        "says": check.headline.says,
        "first": check.headline.first.id,
        "second": check.headline.second.id,
        "difference": asdict(check.difference),
        "standing": check.standing.value,
        "same_pipeline": check.same_pipeline,
    }


def _check_facts(check: ClaimCheck) -> Mapping[str, Any]:
    from harness.report import claim_words

    return {
        "claim": check.claim.id,
        "run_id": check.measurement.run_id,
        "task": check.measurement.task,
        "judge": check.measurement.judge,
        "measured": asdict(check.measured),
        "difference": asdict(check.difference),
        "verdict": check.verdict.value,
        "margin": check.margin,
        "differing": [asdict(field) for field in check.differing],
        "unknown": check.unknown,
        "why": claim_words.reason(check),
    }
