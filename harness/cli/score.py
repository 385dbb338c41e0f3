"""`harness score`: judge stored answers again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import Json, Results, Trusted, trusted_folders
from harness.cli.output import as_json, result, table

if TYPE_CHECKING:
    from harness.pipeline.explain import Explained

_LONGEST = 2000
Explain = Annotated[
    str | None,
    typer.Option(
        metavar="SAMPLE", help="Show why this sample was right or wrong; nothing is stored."
    ),
]


def score(
    run: Annotated[str, typer.Argument(help="Run id, or the folder of a run.")],
    explain: Explain = None,
    results: Results = Path("results"),
    trust_tasks: Trusted = None,
    json: Json = False,
) -> None:
    """Score the stored answers of a run again, with the present scorers; no model is asked."""
    from harness.cli.summary import show_run
    from harness.pipeline.score import rescore
    from harness.store.read import load_run

    found, trusted = load_run(run, results), trusted_folders(trust_tasks)
    if explain is None:
        show_run(rescore(found, trusted), as_script=json)
        return
    from harness.pipeline.explain import explain as explained

    _show(explained(found, explain, trusted), as_script=json)


def _show(why: Explained, *, as_script: bool) -> None:
    sample, score = why.sample, why.score
    if as_script:
        named = {"task": sample.task, "sample_id": sample.sample_id, "subject": sample.subject}
        facts = {key: value for key, value in asdict(why).items() if key != "sample"}
        as_json(named | {"gold": sample.gold} | facts)
        return
    result(f"{sample.task} {sample.sample_id} {sample.subject}".rstrip())
    result(f"\nasked:\n{_shown(why.question)}")
    result(f"\nreplied ({why.finish_reason or 'no reply'}):\n{_shown(why.reply or '')}")
    result(f"\nright answer: {_shown(sample.gold)}")
    table(["layer", "decided", "why"], [[s.layer, s.decided, _shown(s.why)] for s in why.steps])
    result(f"{score.outcome}, by {score.scorer or 'no scorer'}")


def _shown(text: str) -> str:
    """Shorten a text in its middle; what a model wrote must not steer the terminal."""
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]}\n[...]\n{text[-_LONGEST // 2 :]}"
    return "".join(char if char.isprintable() or char == "\n" else "\ufffd" for char in text)
