r"""Whether a reply ends with the right answer, where answers are mathematics.

    >>> score(r"So it is $\boxed{\frac{1}{2}}$.", "0.5").outcome
    <Outcome.CORRECT: 'correct'>

The answer is looked for as `harness.scoring.extraction` says and compared in the layers of
`harness.scoring.math.compare`; the id of the deciding layer is the score's `scorer`. Decisions
that a reader may want to dispute:

* Numbers are exact: 0.333 is not 1/3 and 3.14 is not \pi.
* A unit, a percent sign or a name (`x =`) that only one side has is dropped: the question stated
  it. 50% is also 0.5; "0.5%" is not 0.5. Units that both sides have must agree.
* `10_2` is neither `10` nor 2; "9 a.m." is not 9; the ratio 1:2 is no fraction.
* Lists and sets have no order, points and intervals have; a part of a list is not the list.
* Equal formulas are equal whatever their form, unless the question says "factor" or "expand".
* A comparison that took too long is an error of the scorer and counts as no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.records import Outcome, Score
from harness.scoring.extraction import Extracted, extract
from harness.scoring.math.compare import compare
from harness.scoring.math.form import other_form
from harness.scoring.math.prose import concluded, without_gloss
from harness.scoring.math.values import Finding, unequal
from harness.scoring.unanswered import CUT, unanswered

__all__ = ["ID", "Explanation", "Extracted", "Finding", "explain", "score"]

ID = "math/1"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a reply got its score: where its answer was found, and what each layer found out."""

    extracted: Extracted
    findings: tuple[Finding, ...]
    score: Score


def score(
    reply: str | None, gold: str, finish_reason: str | None = "stop", question: str = ""
) -> Score:
    """Judge a reply by the mathematics that it finally states, compared with `gold`.

    `question` is what was asked; it only matters where it demands a form ("Factor ...").

    Raises:
        ValueError: `gold` is empty.
        HarnessError: the process that compares formulas cannot be started.
    """
    return explain(reply, gold, finish_reason, question).score


def explain(
    reply: str | None, gold: str, finish_reason: str | None = "stop", question: str = ""
) -> Explanation:
    """As `score`, with everything that led to it.

    Raises:
        ValueError: `gold` is empty.
        HarnessError: the process that compares formulas cannot be started.
    """
    if not gold.strip():
        raise ValueError(f"gold must be the text of an answer such as '\\frac12', got {gold!r}")
    found = extract(reply, finish_reason, concluded)
    answer = without_gloss(found.answer) if found.answer else None
    if answer is None:
        outcome = unanswered(found.text, finish_reason)
        first = None if finish_reason in CUT else found.first
        return Explanation(found, (), Score(outcome, None, None, ID, first))
    findings = [*compare(gold, answer)]
    if findings[-1].equal and (why := other_form(question, gold, answer)):
        findings.append(unequal("form", why))
    return Explanation(found, tuple(findings), _judged(findings[-1], answer, found.first))


def _judged(last: Finding, answer: str, first: str | None) -> Score:
    scorer = f"{ID}:{last.layer}"
    if last.equal is None:
        return Score(Outcome.ERROR, None, answer, scorer, first, last.why)
    outcome = Outcome.CORRECT if last.equal else Outcome.WRONG
    return Score(outcome, float(last.equal), answer, scorer, first, last.why)
