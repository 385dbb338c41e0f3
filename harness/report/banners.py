"""What a reader must know before trusting a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.analysis.leaderboard import Entry
from harness.analysis.summary import TaskSummary
from harness.records import Outcome
from harness.report import words
from harness.report.data import Banner
from harness.report.links import task_href

WORTH_A_BANNER = 0.01
"""Share of replies without a judgement above which a row carries a warning."""


def banners(entry: Entry, root: str = "") -> tuple[Banner, ...]:
    """Say what a reader must know before trusting a row; nothing where all is well.

    `root` leads from the page to the site's folder.
    """
    summary = entry.summary
    texts = (
        *_quality_warnings(summary),
        *_outcome_warnings(summary),
        *_verification_warnings(entry.run.manifest.verification),
        *_version_warnings(entry.run.manifest.versions),
    )
    who, href = words.label(entry.run.manifest.model.name), task_href(entry, root)
    return (Banner(who, href, texts),) if texts else ()


def _quality_warnings(summary: TaskSummary) -> Iterator[str]:
    if summary.below_chance:
        yield (
            f"Below blind guessing ({words.percent(summary.chance)}): strict accuracy "
            f"{words.estimate(summary.strict)}. That is rarely ignorance; look at the replies."
        )
    if summary.one_letter is not None:
        yield (
            f"Answers {words.label(summary.one_letter)} more than 90 % of the time "
            f"(n = {words.count(summary.parsed.n)} readable answers)."
        )


def _outcome_warnings(summary: TaskSummary) -> Iterator[str]:
    for outcome in (Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED):
        n = summary.counts[outcome]
        if n > WORTH_A_BANNER * summary.n_answered:
            share = words.percent(n / summary.n_answered)
            of = words.count(summary.n_answered)
            yield f"{words.count(n)} of {of} replies ({share}) {outcome.value}."
    if summary.bounds is not None:
        limits = words.percent_range(summary.bounds.worst, summary.bounds.best)
        yield (
            f"Incomplete: {words.count(summary.n_missing)} of {words.count(summary.n_planned)} "
            f"samples have no answer; wrong or right, they put strict accuracy at {limits}."
        )


def _verification_warnings(verification: Mapping[str, object] | None) -> Iterator[str]:
    for name, found in (verification or {}).items():
        number = found if isinstance(found, int) else 0
        number = len(found) if isinstance(found, list | tuple) else number
        if "differ" in name and number > 0:
            answers = words.counted(number, "different answer")
            yield f"Asked one by one, it gave {answers}: its speed-ups change replies."


def _version_warnings(versions: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    models, fingerprints = (versions.get(n, {}) for n in ("model_version", "system_fingerprint"))
    if len(models) > 1:
        yield (
            f"Not one model: answers came from {words.count(len(models))} versions "
            f"({words.label(', '.join(models), 200)})."
        )
    if len(fingerprints) > 1:
        yield f"Answers came from {words.count(len(fingerprints))} set-ups of the server."
