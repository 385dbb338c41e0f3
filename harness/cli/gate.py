"""`harness gate`: may the candidate replace the baseline? And `harness baseline save`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options
from harness.cli.opening import UNSAID, Opening, opens_models
from harness.cli.output import as_json, result, say, table
from harness.cli.progress import shown_progress
from harness.cli.run import stopping
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.gating.selftest import SelfTest
    from harness.gating.verdict import Verdict
    from harness.models.open import OpenOptions
    from harness.pipeline.gate import Gate
    from harness.pipeline.options import RunOptions
    from harness.store.baseline import Scored

BaselineFile = Annotated[
    str, typer.Option("--baseline", help="File of `harness baseline save`, or a run.")
]
Candidate = Annotated[str | None, typer.Option("--run", help="Finished run of the candidate.")]
PolicyFile = Annotated[Path | None, typer.Option("--policy", help="TOML file; see the README.")]
Margin = Annotated[
    str | None, typer.Option(help="How far behind is good enough, such as 2pp or 0.02.")
]
Mode = Annotated[
    str | None, typer.Option(help="fixed: ask everything; sequential: stop when it is clear.")
]
JUnit = Annotated[Path | None, typer.Option("--junit-xml", help="Write JUnit XML here.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", help="Write a Markdown summary here.")]
SelfTestDraws = Annotated[
    int,
    typer.Option(
        "--self-test", min=0, metavar="N",
        help="Instead of a verdict: how often this gate errs on these items, over N draws.",
    ),
]  # fmt: skip


@opens_models("batch")
def gate(
    baseline: BaselineFile,
    run: Candidate = None,
    model: options.Model = None,
    policy: PolicyFile = None,
    margin: Margin = None,
    alpha: Annotated[float | None, typer.Option(help="Error rate of either verdict.")] = None,
    mode: Mode = None,
    junit_xml: JUnit = None,
    markdown: Markdown = None,
    self_test: SelfTestDraws = 0,
    opening: Opening = UNSAID,
    max_usd: options.MaxUsd = None,
    results: options.Results = Path("results"),
    trust_tasks: options.Trusted = None,
    json: options.Json = False,
) -> None:
    """Pass, fail, or say that it cannot be told: may the candidate replace the baseline?"""
    from harness.gating.policy import load_policy
    from harness.gating.stored import scored
    from harness.pipeline.gate import Gate
    from harness.pipeline.options import RunOptions

    _check_candidate(run, model, self_test)
    stated = {"margin": _number(margin), "alpha": alpha, "mode": mode}
    changes = {name: value for name, value in stated.items() if value is not None}
    trusted = options.trusted_folders(trust_tasks)
    terms = Gate(load_policy(policy, changes), scored(baseline, results), trusted)
    if run is not None:
        candidate = scored(run, results)
        if self_test:
            _show_self_test(terms, candidate, self_test, as_script=json)
            return
        verdict = _judged(terms, candidate)
    else:
        running = RunOptions(results, command=("harness", *sys.argv[1:]), max_usd=max_usd)
        verdict = _asked(str(model), terms, opening.options(), running)
    _show(verdict, as_script=json)
    _write(verdict, junit_xml, markdown)
    raise typer.Exit(verdict.exit_code)


def save(
    run: Annotated[str, typer.Argument(help="Run id, or the folder of a run.")],
    file: Annotated[Path, typer.Argument(help="Such as baseline.parquet.")],
    results: options.Results = Path("results"),
) -> None:
    """Freeze the scores of a run in one small file without texts, for later gates."""
    from harness.store.baseline import save_baseline, scored_run
    from harness.store.read import load_run

    scored = scored_run(load_run(run, results))
    save_baseline(scored, file)
    unanswered = sum(task.n_error for task in scored.manifest.tasks.values())
    without = f", {unanswered:,} of them without an answer" if unanswered else ""
    size = file.stat().st_size / 1e3
    result(f"{file}: {len(scored.items):,} items{without}, {size:,.0f} kB")


def _check_candidate(run: str | None, model: str | None, self_test: int) -> None:
    if (run is None) == (model is None):
        raise UsageError("a gate needs a candidate: either --run RUN or --model MODEL")
    if self_test and run is None:
        raise UsageError("--self-test judges stored answers: it needs --run RUN, not --model")


def _number(text: str | None) -> float | str | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _judged(terms: Gate, candidate: Scored) -> Verdict:
    from harness.gating.decide import decide

    return decide(terms.policy, terms.baseline, candidate)


def _asked(model: str, terms: Gate, opening: OpenOptions, running: RunOptions) -> Verdict:
    from harness.pipeline.gate import gate_model

    with shown_progress() as progress, stopping(running.stop):
        return gate_model(model, terms, opening, running, progress)


def _write(verdict: Verdict, junit_xml: Path | None, markdown: Path | None) -> None:
    from harness.gating import outputs
    from harness.store.files import replace_file

    if junit_xml is not None:
        replace_file(junit_xml, outputs.junit_xml(verdict))
    if markdown is not None:
        replace_file(markdown, outputs.markdown(verdict).encode())
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(outputs.markdown(verdict))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in outputs.workflow_commands(verdict):
            say(line)


def _show(verdict: Verdict, *, as_script: bool) -> None:
    from harness.gating import outputs, words

    if as_script:
        as_json(outputs.as_json(verdict))
        return
    table(words.COLUMNS, list(words.rows(verdict)))
    result(words.sentence(verdict))


def _show_self_test(terms: Gate, candidate: Scored, draws: int, *, as_script: bool) -> None:
    from dataclasses import asdict

    from harness.gating.selftest import PLANTED, self_test

    found: SelfTest = self_test(terms.policy, terms.baseline, candidate, draws)
    if as_script:
        as_json(asdict(found))
        return
    lines = {
        "false alarms where neither is better": found.false_alarms,
        "cannot tell where neither is better": found.inconclusive,
        f"misses of a drop of {PLANTED:g} margins": found.misses,
    }
    for name, rate in lines.items():
        low, value, high = (100 * (x or 0.0) for x in (rate.low, rate.value, rate.high))
        result(f"{name}: {value:.1f} % ({low:.1f} … {high:.1f}, n={rate.n})")
