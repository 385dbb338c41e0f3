"""What a comparison of two runs found, as plain data that turns into JSON by `asdict`.

The candidate is the system that might be used instead of the baseline. Every difference is the
candidate's minus the baseline's, over samples paired by content id; rates are fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.analysis.calibrated import Calibration
from harness.analysis.demands import Demand
from harness.analysis.judged_pair import JudgedPair
from harness.analysis.letters import LetterShift
from harness.analysis.speed import Speed
from harness.protocol import Difference, Protocol
from harness.records import Estimate, ModelInfo, Outcome

Verdict = Literal["superior", "non-inferior", "inferior", "cannot tell", "incomplete"]
Cause = Literal["unread replies", "wrong answers", "both"]
Side = Literal["candidate", "baseline"]
Signal = Literal["letter probability", "unread reply"]


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """How to compare: fractions but for the seed, which decides folds and resamples.

    `margin` is the drop that would not matter, `alpha` the one-sided error of the verdict,
    `min_coverage` the share of samples that both must have answered before there is a verdict;
    `allow_unlike` names protocol fields that may differ.
    """

    margin: float = 0.02
    alpha: float = 0.05
    min_coverage: float = 0.95
    allow_unlike: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What answering took over all `n_responses`: sums, each None where no response tells it.

    `seconds` adds the durations of the requests, so with several at once it exceeds the wall
    clock; `usd_per_correct` divides by the samples answered correctly.
    """

    n_responses: int
    prompt_tokens: int | None
    output_tokens: int | None
    seconds: float | None
    cost_usd: float | None
    usd_per_correct: float | None
    speed: Speed


@dataclass(frozen=True, slots=True)
class Missing:
    """Samples without an answer: of the candidate alone, of the baseline alone, of both.

    `worst` and `best` bound the difference that all samples would give: every missing answer
    counted for one side and against the other.
    """

    candidate: int
    baseline: int
    both: int
    worst: float
    best: float


@dataclass(frozen=True, slots=True)
class Replies:
    """How many of the paired replies ended so, and the difference of the two shares."""

    outcome: Outcome
    candidate: int
    baseline: int
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Causes:
    """Where the difference comes from; `unread` and `answers` add up to it.

    `unread` counts samples where a side's reply was unparsed, truncated or refused, `answers`
    the others, both over all pairs; `if_parsed` is the difference among the others alone.
    `drop` says what a clear drop comes from, None where no part, or no drop, is clear.
    """

    replies: tuple[Replies, ...]
    unread: Estimate
    answers: Estimate
    if_parsed: Estimate
    drop: Cause | None


@dataclass(frozen=True, slots=True)
class Noninferiority:
    """Whether the candidate may replace the baseline, from the bounds that missing answers leave.

    `p` is against "behind by the margin or more", `lower` and `upper` are the one-sided limits
    of the difference, each with confidence 1 - alpha: `lower` (and p) with every missing answer
    against the candidate, `upper` with every one for it. "non-inferior" is lower > -margin,
    "superior" lower > 0, "inferior" upper < -margin. `n_needed` samples would decide if nothing
    had changed, None where there is a verdict or the margin is zero.
    """

    verdict: Verdict
    margin: float
    alpha: float
    p: float | None
    lower: float | None
    upper: float | None
    n_needed: int | None


@dataclass(frozen=True, slots=True)
class AnswerChanges:
    """Gains and losses (`flips`) and wrong answers that became other wrong answers (`moved`)."""

    n: int
    flips: Estimate
    moved: int
    all_flips: Estimate


@dataclass(frozen=True, slots=True)
class CascadePoint:
    """Accuracy when this share, the least sure replies, goes to the baseline; and at random."""

    escalated: float
    accuracy: float
    random: float


@dataclass(frozen=True, slots=True)
class Cascade:
    """The candidate answers first, the baseline where the candidate seems unsure.

    The threshold of each of five folds is the one that, on the other four, sends the fewest on
    while it stays within the margin of the baseline, so the figures are those of samples that
    did not choose it. `over_random` compares with sending the same share at random; `oracle` is
    the share that either got right, which no routing can exceed. Sums over the `n` pairs.
    """

    signal: Signal
    n: int
    escalated: Estimate
    accuracy: Estimate
    difference: Estimate
    over_random: Estimate
    oracle: Estimate
    cost_usd: float | None
    output_tokens: float | None
    seconds: float | None
    curve: tuple[CascadePoint, ...]


@dataclass(frozen=True, slots=True)
class SubjectDifference:
    """One subject. `p_adjusted` is Benjamini and Hochberg's over the task's: to explore only.

    `shrunken` is the difference drawn towards the mean of the task's subjects.
    """

    subject: str
    difference: Estimate
    shrunken: Estimate
    p: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class TaskComparison:
    """One task. `candidate` and `baseline` are the accuracies on the `n` samples both answered.

    `difference` counts every sample the same (micro), `macro` every subject (None with fewer
    than two). `wins` and `losses` are samples that the candidate, or the baseline, did better,
    `both_right` and `both_wrong` the ties (of graded values: tied above, or at, zero). `p` is
    two-sided against no difference, McNemar's exact or of sign flips; `p_holm` is adjusted for
    all tasks. `smallest_detectable_drop` has power 0.8 at one-sided alpha; None: no drop could
    have been found. `protocol` is the candidate's, `unlike` are the fields allowed to differ.
    """

    task: str
    protocol: Protocol
    n: int
    n_planned: int
    graded: bool
    candidate: Estimate
    baseline: Estimate
    difference: Estimate
    macro: Estimate | None
    standard_error: float | None
    discordance: float | None
    wins: int
    losses: int
    both_right: int
    both_wrong: int
    p: float | None
    p_holm: float | None
    smallest_detectable_drop: float | None
    noninferiority: Noninferiority
    missing: Missing | None
    causes: Causes
    changes: AnswerChanges | None
    letters: LetterShift | None
    cascade: Cascade | None
    candidate_calibration: Calibration | None
    baseline_calibration: Calibration | None
    subjects: tuple[SubjectDifference, ...]
    demands: tuple[Demand, ...]
    candidate_usage: Usage
    baseline_usage: Usage
    unlike: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """Another run of one side's system over the same questions of a task.

    `differs` names what was otherwise (`first` is what the compared run had), empty where all was
    asked again as it was. Over the samples that both answered: `accuracy` is the variant's,
    `change` that minus the compared run's, `changes` the answers that moved (None if graded).
    """

    side: Side
    task: str
    run_id: str
    differs: tuple[Difference, ...]
    accuracy: Estimate
    change: Estimate
    changes: AnswerChanges | None


@dataclass(frozen=True, slots=True)
class Verification:
    """How many answers of a run were asked again, cold, and how many came out otherwise."""

    n: int
    n_different: int


@dataclass(frozen=True, slots=True)
class System:
    """Which run of which system; `files` are the SHA-256 of its tables."""

    run_id: str
    finished_at: str
    model: ModelInfo
    harness_version: str
    command: tuple[str, ...]
    files: Mapping[str, str]
    verification: Verification | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs. `macro` is the mean of the tasks' differences, None with fewer than two tasks.

    `demands` speak of the compared tasks. `unjudged` name tasks that both have and no rule can
    judge, `only_candidate` and `only_baseline` tasks that the other run lacks. `judged` is what
    judges said of both; without `tasks`, where no rule can judge any, it is all there is.
    `variants` are other runs of either system over the same questions.
    """

    candidate: System
    baseline: System
    options: CompareOptions
    tasks: Mapping[str, TaskComparison]
    macro: Estimate | None
    demands: tuple[Demand, ...]
    unjudged: tuple[str, ...]
    only_candidate: tuple[str, ...]
    only_baseline: tuple[str, ...]
    judged: tuple[JudgedPair, ...]
    variants: tuple[Variant, ...]
