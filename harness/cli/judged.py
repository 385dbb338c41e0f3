"""Judged scores on the terminal: a table for people, JSON for scripts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.output import result, say, table
from harness.records import Estimate

if TYPE_CHECKING:
    from harness.analysis.judge_card import JudgeCard
    from harness.analysis.judged import Compared, Rated
    from harness.analysis.judges import Judge

_MEANS = {
    "unparsed": "many of its replies hold no verdict that can be read",
    "refused": "it often refuses to judge",
    "truncated": "many of its replies were cut by --max-tokens",
    "error": "many requests came back without a reply",
    "position": "it favours one place, whatever stands there",
    "length": "it prefers a padded copy to its original",
    "noise": "asked the same again, it often says something else",
    "injection": "an answer can order its verdict",
    "drift": "it rates the same answers otherwise than before",
    "ceiling": "most ratings are 9 or more, which leaves no room to tell good from better",
    "weak": "it does not see which of two answers was made worse",
}


def show(results: Path, identities: Collection[str]) -> None:
    """Print what judges said, and whether that can be believed."""
    from harness.analysis.judge_card import judge_card
    from harness.analysis.judged import comparisons, ratings

    for judge in _chosen(results, identities):
        title = f"{judge.info.name} ({judge.prompts}, {judge.parsing})"
        if rated := ratings(judge):
            columns = ["model", "task", "rating", "95 % interval", "questions", "by turn",
                       "not parsed", "no answer", "right by rule", "rated if right",
                       "if not"]  # fmt: skip
            rows = [_rated(each) + _by_rule(judge, each, results) for each in rated]
            table(columns, rows, title=f"Rated by {title}")
        if compared := comparisons(judge):
            columns = ["first", "second", "task", "won", "tied", "lost", "not parsed",
                       "adjusted win rate", "if equally long"]  # fmt: skip
            table(columns, [_compared(each) for each in compared], title=f"Compared by {title}")
        for line in _card_lines(judge, judge_card(judge)):
            result(line)
    result("`harness report` renders the judge cards into reports/index.html")


def facts(results: Path, identities: Collection[str], folders: list[Path]) -> dict[str, Any]:
    """Return everything that `show` prints, and more, for a script."""
    from harness.analysis.judge_agreement import agreements
    from harness.analysis.judge_card import judge_card
    from harness.analysis.judged import comparisons, rated_differences, ratings, strengths

    chosen = _chosen(results, identities)
    return {
        "folders": folders,
        "judges": [
            {
                "judge": asdict(judge.info) | {"identity": judge.info.identity},
                "prompts": judge.prompts,
                "prompts_sha256": judge.prompts_sha256,
                "parsing": judge.parsing,
                "ratings": [asdict(each) for each in ratings(judge)],
                "comparisons": [asdict(each) for each in comparisons(judge)],
                "differences": [asdict(each) for each in rated_differences(judge)],
                "strengths": [asdict(each) for each in strengths(judge)],
                "card": asdict(judge_card(judge)),
            }
            for judge in chosen
        ],
        "agreement": [asdict(each) for each in agreements(chosen)],
    }


def _chosen(results: Path, identities: Collection[str]) -> list[Judge]:
    from harness.analysis.judges import find_judges

    judges, left_out = find_judges(results)
    for reason in left_out:
        say(f"left out: {reason}")
    return [judge for judge in judges if judge.info.identity in identities]


def _rated(rated: Rated) -> list[str]:
    turns = ", ".join(f"{each.value:.2f}" for each in rated.turns.values() if each.value)
    counts = [str(rated.overall.n), turns, str(rated.n_failed), str(rated.n_unanswered)]
    return [rated.model, rated.task, *_shown(rated.overall), *counts]


def _by_rule(judge: Judge, rated: Rated, results: Path) -> list[str]:
    """What a rule says of the same replies, where one does and the run is still here."""
    from harness.analysis.judge_beside import rule_check
    from harness.store.read import find_runs

    runs = {run.folder.name: run for run in find_runs(results)[0]}
    run = runs.get(rated.run_id)
    check = rule_check(judge, run, rated.task) if run else None
    if check is None:
        return ["", "", ""]
    right = " ".join(_shown(check.accuracy, percent=True))
    return [right, *(" ".join(_shown(each)) for each in (check.when_right, check.when_wrong))]


def _compared(found: Compared) -> list[str]:
    counts = (found.wins, found.ties, found.losses, found.n_failed)
    rates = [" ".join(_shown(each, percent=True)) for each in (found.rate, found.controlled)]
    return [found.first, found.second, found.task, *map(str, counts), *rates]


def _card_lines(judge: Judge, card: JudgeCard) -> Iterator[str]:
    if judge.is_file:
        return
    name = judge.info.name
    for flag in card.flags:
        yield f"WARNING, {name}: {flag.value}: {_MEANS[flag.value]}"
    if not card.calibrated:
        yield f"{name} was not calibrated: --calibrate asks it about pairs whose verdict is known"
    elif card.accuracy.value is not None:
        value, span = _shown(card.accuracy, percent=True)
        yield f"{name} knows the better answer in {value} {span} of {card.accuracy.n} bundled pairs"


def _shown(estimate: Estimate, *, percent: bool = False) -> tuple[str, str]:
    if estimate.value is None:
        return "-", "cannot say"
    form = "{:.1%}" if percent else "{:.2f}"
    value = form.format(estimate.value)
    if estimate.low is None or estimate.high is None:
        return value, "(no interval)"
    return value, f"({form.format(estimate.low)} … {form.format(estimate.high)})"
