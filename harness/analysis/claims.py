"""Published numbers beside measurements, and against each other; nothing here feeds a gate."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

from harness.analysis.claims_file import SCALES, Claim, Headline
from harness.analysis.leaderboard import MAX_MISSING
from harness.analysis.measurements import Measurement
from harness.protocol import Difference
from harness.records import Estimate
from harness.stats.estimate import Interval, wilson_interval
from harness.stats.independent import Located, independent_difference

MARGIN = 0.02
"""How far a measured share may lie from the published one and still be called the same."""

_WORTH_KNOWING = ("shots", "temperature", "reasoning")


class Verdict(StrEnum):
    """What a measurement says about a published number."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    NOT_COMPARABLE = "not comparable"
    TOO_FEW = "too few items"


class Standing(StrEnum):
    """What two published numbers say about each other."""

    AHEAD = "ahead"
    BEHIND = "behind"
    CANNOT_TELL = "cannot tell"
    UNTESTABLE = "items unknown"


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """A published number beside a measurement of it.

    `differing` are the fields in which the two are known to differ (`first` is what was published),
    `unknown` those of which the publication says too little. `difference` is measured minus
    published, a share as the claim's value is, without interval for quantities; it is there even
    where it proves nothing. `margin` is what the verdict was made with.
    """

    claim: Claim
    measurement: Measurement
    measured: Estimate
    verdict: Verdict
    differing: tuple[Difference, ...]
    unknown: tuple[str, ...]
    difference: Estimate
    margin: float


@dataclass(frozen=True, slots=True)
class HeadlineCheck:
    """One published number against another.

    `difference` is first minus second with the interval of independent samples, n being the smaller
    number of questions; it has no interval where the number of questions is unknown.
    """

    headline: Headline
    standing: Standing
    same_pipeline: bool
    difference: Estimate


def check_claims(
    claims: Iterable[Claim],
    measurements: Iterable[Measurement],
    *,
    names: Mapping[str, str] | None = None,
    margin: float = MARGIN,
) -> list[ClaimCheck]:
    """Put every measurement beside the claims about the same model and benchmark.

    `names` says which claimed model a run's model is (claimed model by the run's name), for runs
    whose model has another name than the registry gives it.
    """
    measured = list(measurements)
    return [
        check_claim(claim, measurement, margin)
        for claim in claims
        for measurement in measured
        if _is_about(claim, measurement, names or {})
    ]


def check_claim(claim: Claim, measurement: Measurement, margin: float = MARGIN) -> ClaimCheck:
    """Say whether a measurement reproduces a published number.

    A known difference of protocol or system comes first: not comparable. Else a share counts as
    reproduced if the 95 % interval of the difference, with the published number's own sampling
    error, lies within ± `margin`; as not reproduced if that interval excludes 0; and as too few
    items in between, or where more than 1 % of the answers are missing. A quantity without sampling
    error is reproduced if it agrees to the last printed digit, or keeps the bound.
    """
    measured = measurement.estimates.get(claim.averaging)
    differing = (*_differing(claim, measurement), *_other_items(claim, measurement))
    if measured is None:
        differing += (Difference("averaging", claim.averaging, "micro"),)
        measured = measurement.estimates["micro"]
    difference = _difference(claim, measured)
    return ClaimCheck(
        claim=claim,
        measurement=measurement,
        measured=measured,
        verdict=Verdict.NOT_COMPARABLE
        if differing
        else _verdict(claim, measured, difference, margin),
        differing=differing,
        unknown=tuple(_unknown(claim)),
        difference=difference,
        margin=margin,
    )


def check_headline(headline: Headline) -> HeadlineCheck:
    """Say whether the difference of two published numbers could be chance, and whose they are."""
    first, second = headline.first, headline.second
    intervals = claim_interval(first), claim_interval(second)
    value = first.value - second.value
    n = min(first.spec.items or 0, second.spec.items or 0)
    low, high = None, None
    if intervals[0] is not None and intervals[1] is not None:
        ends = Located(first.value, *intervals[0]), Located(second.value, *intervals[1])
        low, high = independent_difference(*ends)
    return HeadlineCheck(
        headline=headline,
        standing=_standing(low, high),
        same_pipeline=first.pipeline == second.pipeline,
        difference=Estimate(value, low, high, n),
    )


def claim_interval(claim: Claim) -> Interval | None:
    """Return the 95 % interval of a published share over the questions that it rests on.

    Wilson's for right and wrong answers; value ± z·spread/sqrt(n) for grades. None where it is
    unknown how many questions there were.
    """
    n = claim.spec.items
    if n is None or not claim.is_share:
        return None
    if claim.spec.spread is None:
        return wilson_interval(claim.value * n, n)
    spread = claim.spec.spread / SCALES[claim.spec.unit]
    reach = NormalDist().inv_cdf(0.975) * spread / math.sqrt(n)
    return Interval(max(0.0, claim.value - reach), min(1.0, claim.value + reach))


def _is_about(claim: Claim, measurement: Measurement, names: Mapping[str, str]) -> bool:
    quantities = (*claim.spec.datasets, *claim.spec.near, claim.benchmark)
    if measurement.quantity not in quantities:
        return False
    if measurement.model in names:
        return names[measurement.model] == claim.model
    return measurement.model in claim.runs or measurement.snapshot in claim.runs


def _differing(claim: Claim, measurement: Measurement) -> Iterator[Difference]:
    """Name the stated fields that a run has otherwise, or does not tell and may have otherwise."""
    for field, stated in claim.stated.items():
        if field not in measurement.facts:
            continue
        found = measurement.facts[field]
        if not _agree(field, stated, found):
            published = stated[0] if field == "dataset" else stated
            yield Difference(field, published, "unknown" if found is None else found)


def _agree(field: str, stated: object, found: object) -> bool:
    if field == "dataset" and isinstance(stated, Collection):
        return found in stated
    if field == "judge":  # a dated snapshot of the judge, but not another of its family
        return (
            re.search(rf"(^|[/ ]){re.escape(str(stated))}(-\d{{4}})?($|[/ ])", str(found))
            is not None
        )
    return stated == found


def _other_items(claim: Claim, measurement: Measurement) -> Iterator[Difference]:
    """Tell chosen subjects and other versions of a benchmark from a random sample of all of it."""
    spec, n = claim.spec, measurement.n_planned
    if not claim.is_share:
        return
    if spec.parts is not None and measurement.n_parts < min(spec.parts, n):
        yield Difference("subjects", spec.parts, measurement.n_parts)
    elif spec.items is not None and (
        n > spec.items or (n < spec.items and not measurement.sampled)
    ):
        yield Difference("items", spec.items, n)


def _unknown(claim: Claim) -> Iterator[str]:
    if claim.uncertain:
        yield claim.uncertain
    if not claim.is_share:
        return
    if not claim.prompts_published:
        yield "prompts"
    yield from (field for field in _WORTH_KNOWING if field not in claim.stated)
    if claim.spec.items is None:
        yield "how many items"


def _difference(claim: Claim, measured: Estimate) -> Estimate:
    if measured.value is None:
        return Estimate(None, None, None, measured.n, measured.n_error)
    low, high = None, None
    if claim.is_share and measured.low is not None and measured.high is not None:
        published = claim_interval(claim) or Interval(claim.value, claim.value)
        low, high = independent_difference(
            Located(measured.value, measured.low, measured.high), Located(claim.value, *published)
        )
    return Estimate(measured.value - claim.value, low, high, measured.n, measured.n_error)


def _verdict(claim: Claim, measured: Estimate, difference: Estimate, margin: float) -> Verdict:
    if measured.n_error > MAX_MISSING * (measured.n + measured.n_error):
        return Verdict.TOO_FEW
    if not claim.is_share and measured.value is not None:
        return Verdict.REPRODUCED if _keeps(claim, measured.value) else Verdict.NOT_REPRODUCED
    if difference.low is None or difference.high is None:
        return Verdict.TOO_FEW
    if -margin < difference.low and difference.high < margin:
        return Verdict.REPRODUCED
    if difference.low > 0 or difference.high < 0:
        return Verdict.NOT_REPRODUCED
    return Verdict.TOO_FEW


def _keeps(claim: Claim, value: float) -> bool:
    match claim.relation:
        case "equal":
            return abs(value - claim.value) <= claim.precision
        case "at most":
            return value <= claim.value
        case "more than":
            return value > claim.value


def _standing(low: float | None, high: float | None) -> Standing:
    if low is None or high is None:
        return Standing.UNTESTABLE
    if low > 0:
        return Standing.AHEAD
    return Standing.BEHIND if high < 0 else Standing.CANNOT_TELL
