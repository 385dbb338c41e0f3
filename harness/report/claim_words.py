"""Published numbers and what became of them, as the page and the terminal print them."""

from __future__ import annotations

from collections.abc import Iterable

from harness.analysis.claims import (
    ClaimCheck,
    HeadlineCheck,
    Standing,
    Verdict,
    claim_interval,
)
from harness.analysis.claims_file import SCALES, Claim
from harness.analysis.measurements import Measurement
from harness.protocol import Difference
from harness.records import Estimate
from harness.report import words

_STANDINGS = {
    Standing.AHEAD: "ahead",
    Standing.BEHIND: "behind",
    Standing.CANNOT_TELL: "cannot tell: the difference may be chance",
    Standing.UNTESTABLE: "cannot be tested: how many items is not published",
}


def published(claim: Claim) -> str:
    """Print a published number in its unit: 68.8 %, 8.38 of 10, at most 1.8 GB."""
    bound = "" if claim.relation == "equal" else f"{claim.relation} "
    return bound + _value(claim, claim.value, decimals=_decimals(claim))


def published_limits(claim: Claim) -> str:
    """Print the sampling error of a published score and its number of questions."""
    interval = claim_interval(claim)
    if interval is None:
        return "n not published" if claim.is_share else ""
    limits = _range(claim, interval.low, interval.high)
    return f"{limits}, n = {words.count(claim.spec.items)}"


def asked(found: Measurement) -> str:
    """Name the task of a measurement, and who rated it if a judge did."""
    task = words.label(found.task, 60)
    return f"{task}\nrated by {words.label(found.judge, 40)}" if found.judge else task


def measured(check: ClaimCheck) -> str:
    """Print what a run measured, in the unit of the claim."""
    value = check.measured.value
    return words.MISSING if value is None else _value(check.claim, value)


def measured_limits(check: ClaimCheck) -> str:
    """Print the interval of what a run measured, and n."""
    found = check.measured
    if found.low is None or found.high is None:
        return f"n = {words.count(found.n)}"
    return f"{_range(check.claim, found.low, found.high)}, n = {words.count(found.n)}"


def difference(claim: Claim, found: Estimate) -> str:
    """Print a difference of two scores in points with its interval: +2.3 (+1.2 to +3.4)."""
    if found.value is None:
        return words.MISSING
    scale = SCALES.get(claim.spec.unit, 1.0)
    shown = _signed(claim, found.value * scale)
    if found.low is None or found.high is None:
        return shown
    low, high = (_signed(claim, end * scale) for end in (found.low, found.high))
    return f"{shown} ({low} to {high})"


def reason(check: ClaimCheck) -> str:
    """Say in one sentence why a check has its verdict."""
    why = {
        Verdict.NOT_COMPARABLE: _differs,
        Verdict.REPRODUCED: _agrees,
        Verdict.NOT_REPRODUCED: _disagrees,
        Verdict.TOO_FEW: _lacks,
    }[check.verdict](check)
    if not check.unknown:
        return why
    return f"{why}. The publication leaves open: {', '.join(check.unknown)}"


def standing(check: HeadlineCheck) -> str:
    """Say what two published numbers say about each other."""
    return _STANDINGS[check.standing]


def pipelines(check: HeadlineCheck) -> str:
    """Say whether one pipeline gave both numbers."""
    first, second = check.headline.first, check.headline.second
    if check.same_pipeline:
        return f"same: {first.pipeline_title}"
    return f"mixed: {first.pipeline_title} against {second.pipeline_title}"


def _differs(check: ClaimCheck) -> str:
    return f"differs in {differing(check.differing)}"


def differing(fields: Iterable[Difference]) -> str:
    """List fields as: shots (5 published, 0 here)."""
    return ", ".join(
        f"{field.field} ({_plain(field.first)} published, {_plain(field.second)} here)"
        for field in fields
    )


def _agrees(check: ClaimCheck) -> str:
    if check.claim.is_share:
        return f"the same within ±{_margin(check)} points"
    if check.claim.relation == "equal":
        return "agrees to the last published digit"
    return "keeps the published bound"


def _disagrees(check: ClaimCheck) -> str:
    found, scale = check.difference, SCALES.get(check.claim.spec.unit, 1.0)
    if not check.claim.is_share or found.low is None or found.high is None:
        return f"off by {difference(check.claim, found)}"
    ends = sorted(abs(end) * scale for end in (found.low, found.high))
    low, high = (f"{end:.{_places(check.claim)}f}" for end in ends)
    return f"measured {'higher' if found.low > 0 else 'lower'} by {low} to {high} points"


def _lacks(check: ClaimCheck) -> str:
    found = check.difference
    total = words.count(found.n + found.n_error)
    if found.n_error and (found.n == 0 or found.n_error > 0.01 * (found.n + found.n_error)):
        return f"{words.count(found.n_error)} of {total} samples have no answer"
    if found.low is None or found.high is None:
        return f"n = {words.count(found.n)} gives no interval"
    scale = SCALES.get(check.claim.spec.unit, 1.0)
    low, high = (_signed(check.claim, end * scale) for end in (found.low, found.high))
    return (
        f"n = {words.count(found.n)} leaves the difference between {low} and {high} points, "
        f"too wide for a margin of ±{_margin(check)}"
    )


def _margin(check: ClaimCheck) -> str:
    return f"{check.margin * SCALES.get(check.claim.spec.unit, 1.0):g}"


def _value(claim: Claim, value: float, decimals: int | None = None) -> str:
    unit = claim.spec.unit
    if unit == "percent":
        return words.percent(value)
    if unit not in SCALES:
        return f"{value:.{2 if decimals is None else decimals}f} {unit}"
    return f"{value * SCALES[unit]:.{_places(claim)}f} of {SCALES[unit]:g}"


def _range(claim: Claim, low: float, high: float) -> str:
    if claim.spec.unit == "percent":
        return words.percent_range(low, high)
    scale = SCALES[claim.spec.unit]
    return f"{low * scale:.{_places(claim)}f} to {high * scale:.{_places(claim)}f}"


def _signed(claim: Claim, value: float) -> str:
    text = f"{round(value, _places(claim)) + 0.0:+.{_places(claim)}f}"
    return text if claim.is_share else f"{text} {claim.spec.unit}"


def _places(claim: Claim) -> int:
    return 1 if claim.spec.unit in ("percent", "points of 150") else 2


def _decimals(claim: Claim) -> int:
    return max(0, len(f"{claim.precision * 2:.9f}".rstrip("0").partition(".")[2]))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return words.label(str(value), 60)
