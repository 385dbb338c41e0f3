"""The fixed gate: what it says of planted 2x2 tables."""

from dataclasses import fields, replace

import numpy as np
import pytest

import run_files
from gate_kit import outcomes, pair, shuffled, sides, system, verdict
from harness.errors import NotComparableError, UsageError
from harness.gating.decide import check_systems, decide
from harness.gating.policy import Policy
from harness.gating.verdict import Status
from harness.gating.words import sentence
from harness.protocol import Protocol
from harness.records import Outcome

FIVE = {"margin": 0.05}


def test_an_equal_candidate_passes():
    found = verdict(FIVE, *sides(both=380, lost=10, gained=10, neither=100))

    assert (found.status, found.exit_code) == (Status.PASSED, 0)
    assert "less than 5 points behind (+0.0 points, -1.9 … +1.9, n=500)" in sentence(found)


def test_the_same_answers_pass_and_so_does_a_better_candidate():
    same = shuffled(outcomes(correct=300, wrong=100, unparsed=20))

    assert verdict(FIVE, same, same).status is Status.PASSED
    assert verdict(FIVE, *sides(both=300, gained=60, neither=40)).status is Status.PASSED


def test_a_candidate_behind_by_more_than_the_margin_fails():
    found = verdict(FIVE, *sides(both=350, lost=75, gained=10, neither=65))
    (task,) = found.tasks

    assert (found.status, found.exit_code) == (Status.FAILED, 1)
    assert (task.losses, task.gains, task.n) == (75, 10, 500)
    assert task.accuracy.p_fail <= 0.05
    assert "is more than 5 points behind (-13.0 points" in sentence(found)


def test_what_lies_too_near_the_margin_is_inconclusive():
    found = verdict(FIVE, *sides(both=350, lost=35, gained=10, neither=105))

    assert (found.status, found.exit_code) == (Status.INCONCLUSIVE, 6)
    assert "the difference lies too near the margin" in sentence(found)


def test_too_few_items_are_inconclusive_and_the_number_that_would_decide_is_named():
    found = verdict({"margin": 0.02}, *sides(both=60, lost=5, gained=5, neither=30))
    (task,) = found.tasks

    assert found.status is Status.INCONCLUSIVE
    assert task.smallest_drop > 0.02
    assert task.n_needed == 1544
    assert "about 1,544 items would decide, 100 were answered" in sentence(found)


def test_fewer_items_than_the_policy_wants_are_inconclusive_however_clear():
    lost = sides(lost=29)

    assert verdict(FIVE, *lost).status is Status.INCONCLUSIVE
    assert verdict({**FIVE, "min_n": 20}, *lost).status is Status.FAILED


def test_warn_lets_through_what_cannot_be_told_and_nothing_else():
    warn = {**FIVE, "on_inconclusive": "warn"}

    assert verdict(warn, *sides(both=350, lost=35, gained=10, neither=105)).exit_code == 0
    assert verdict(warn, *sides(both=350, lost=75, gained=10, neither=65)).exit_code == 1
    assert verdict(warn, outcomes(correct=100), outcomes(correct=80, error=20)).exit_code == 3


@pytest.mark.parametrize("failing", [0, 1])
@pytest.mark.parametrize("seed", range(5))
def test_an_outage_of_a_tenth_on_one_side_is_incomplete_and_no_regression(failing, seed):
    answers = shuffled(outcomes(correct=400, wrong=80), seed)
    out = [Outcome.ERROR if i % 10 == seed else outcome for i, outcome in enumerate(answers)]
    both = [answers, answers]
    both[failing] = out

    found = verdict(FIVE, *both)
    assert (found.status, found.exit_code) == (Status.INCOMPLETE, 3)
    assert "only 432 of 480 items" in sentence(found)

    bounded = verdict({**FIVE, "min_coverage": 0.5}, *both)
    # What only the candidate answered bounds more tightly: where it is right nothing is lost.
    assert bounded.status is (Status.INCONCLUSIVE if failing else Status.PASSED)
    assert bounded.tasks[0].accuracy.evidence.estimate.n_error == 48


def test_missing_answers_bound_the_verdict_both_ways():
    policy = {**FIVE, "min_coverage": 0.9}
    few = outcomes(correct=970, wrong=20), outcomes(correct=960, wrong=20, error=10)
    clear = sides(both=500, lost=300)[0], sides(both=500, lost=300)[1][:-20] + outcomes(error=20)

    assert verdict(policy, *few).status is Status.PASSED
    assert verdict(policy, *clear).status is Status.FAILED


def test_nothing_answered_by_both_is_incomplete():
    found = verdict(FIVE, outcomes(error=50), outcomes(correct=50))

    assert found.status is Status.INCOMPLETE
    assert found.tasks[0].accuracy.evidence.estimate.value is None


def test_a_drop_that_is_only_new_unparsed_replies_is_named_so():
    baseline = outcomes(correct=400, wrong=100)
    found = verdict(FIVE, baseline, outcomes(correct=320, unparsed=80, wrong=100))
    (task,) = found.tasks

    assert found.status is Status.FAILED
    assert task.only_unread
    assert task.read_by_both.value == 0.0
    assert "it is only that more replies cannot be read" in sentence(found)
    assert [criterion.status for criterion in task.criteria] == [Status.FAILED] * 2


def test_a_drop_of_wrong_answers_is_not_named_so():
    found = verdict(FIVE, *sides(both=320, lost=80, neither=100))

    assert found.status is Status.FAILED
    assert not found.tasks[0].only_unread


def test_unparsed_replies_fail_on_their_own_where_accuracy_does_not_move():
    baseline = outcomes(correct=300, wrong=200)
    found = verdict(FIVE, baseline, outcomes(correct=300, truncated=50, wrong=150))

    accuracy, unparsed = found.tasks[0].criteria
    assert (accuracy.status, unparsed.status) == (Status.PASSED, Status.FAILED)
    assert unparsed.evidence.estimate.value == pytest.approx(0.1)
    assert "unreadable replies: +10.0 points" in sentence(found)
    off = {**FIVE, "max_unparsed_increase": None}
    assert verdict(off, baseline, outcomes(correct=300, truncated=50, wrong=150)).exit_code == 0


def other(value):
    """A value of the same type that is another one."""
    if value is None:
        return 0.5
    if isinstance(value, tuple):
        return (*value, "stop")
    return value + ("x" if isinstance(value, str) else 1)


@pytest.mark.parametrize("field", [field.name for field in fields(Protocol)])
def test_each_field_of_the_protocol_is_refused_by_name(field):
    changed = other(getattr(replace(run_files.PROTOCOL, task="mini"), field))
    same = outcomes(correct=40, wrong=10)
    baseline = system({"mini": same}, "large")
    candidate = system({"mini": same}, "small", protocol={field: changed})

    with pytest.raises(NotComparableError) as caught:
        decide(Policy(), baseline, candidate)

    assert caught.value.exit_code == 4
    named = [f.name for f in fields(Protocol) if f" {f.name}: " in str(caught.value)]
    assert named == [field]


def test_tasks_that_only_one_side_has():
    same = outcomes(correct=300, wrong=100)
    both = system({"mini": same, "more": same}, "large")
    one = system({"mini": same}, "small")

    with pytest.raises(NotComparableError, match="the candidate was not asked more, only mini"):
        decide(Policy(), both, one)
    assert decide(Policy(margin={"mini": 0.05}), both, one).status is Status.PASSED
    assert decide(Policy(margin=0.05), one, both).status is Status.PASSED
    with pytest.raises(NotComparableError, match="the policy names more, the baseline has only"):
        decide(Policy(margin={"more": 0.05}), one, both)


def test_each_task_is_held_to_its_own_margin():
    drop = sides(both=350, lost=40, neither=110)
    baseline = system({"a": drop[0], "b": drop[0]}, "large")
    candidate = system({"a": drop[1], "b": drop[1]}, "small")
    found = decide(Policy(margin={"a": 0.03, "default": 0.2}), baseline, candidate)

    assert [task.status for task in found.tasks] == [Status.FAILED, Status.PASSED]
    assert found.status is Status.FAILED


def test_many_tasks_are_adjusted_for_by_holm():
    """p = 0.03 fails alone, and no longer as the worst of many."""
    drop = sides(both=350, lost=42, gained=0, neither=108)
    fine = sides(both=400, neither=100)
    policy = Policy(margin=0.06, max_unparsed_increase=None)

    def judged(n_others):
        tasks = {"a": drop, **{f"t{i}": fine for i in range(n_others)}}
        return decide(
            policy,
            system({name: both[0] for name, both in tasks.items()}, "large"),
            system({name: both[1] for name, both in tasks.items()}, "small"),
        )

    alone, among = judged(0).tasks[0].accuracy, judged(9).tasks[0].accuracy
    assert alone.evidence.p_fail < 0.05
    assert among.p_fail == pytest.approx(10 * alone.evidence.p_fail)
    assert (alone.status, among.status) == (Status.FAILED, Status.INCONCLUSIVE)


def timed(baseline_seconds, candidate_seconds, **hardware):
    same = outcomes(correct=300, wrong=100)
    return (
        system({"mini": same}, "large", seconds=baseline_seconds),
        system({"mini": same}, "small", seconds=candidate_seconds, **hardware),
    )


def test_a_slower_candidate_fails_and_a_fast_one_passes():
    policy = Policy(margin=0.05, max_slowdown=1.5)
    base = np.random.default_rng(0).lognormal(size=400)
    noise = np.random.default_rng(1).lognormal(sigma=0.2, size=400)

    slow, fast = (decide(policy, *timed(base, base * noise * factor)) for factor in (2, 1))

    assert (slow.status, fast.status) == (Status.FAILED, Status.PASSED)
    measured = slow.tasks[0].criteria[-1].evidence.estimate
    assert measured.low < 2 < measured.high
    assert "times as long per item, the policy allows 1.5" in sentence(slow)


def test_times_of_other_hardware_decide_nothing():
    base = np.full(400, 1.0)
    policy = Policy(margin=0.05, max_slowdown=1.5)
    found = decide(policy, *timed(base, base * 4, hardware={"cpu": "another"}))

    assert found.status is Status.INCONCLUSIVE
    assert "measured on other hardware" in sentence(found)


def test_times_that_nobody_measured_decide_nothing():
    found = decide(Policy(margin=0.05, max_slowdown=1.5), *timed(None, None))

    assert found.status is Status.INCONCLUSIVE
    assert "seconds could not be measured" in sentence(found)


def test_what_the_whole_run_may_cost():
    same = outcomes(correct=300, wrong=100)
    baseline = system({"mini": same}, "large")

    def judged(limit, costs):
        candidate = system({"mini": same}, "small", costs=costs)
        return decide(Policy(margin=0.05, max_cost=limit), baseline, candidate)

    cents = np.full(400, 0.01)
    some = np.where(np.arange(400) < 10, np.nan, cents)
    assert judged(5.0, cents).status is Status.PASSED
    assert judged(3.0, cents).status is Status.FAILED
    assert judged(5.0, some).status is Status.INCONCLUSIVE
    assert "without the 10 answers of unknown price" in sentence(judged(5.0, some))
    assert judged(3.0, some).status is Status.FAILED
    assert judged(0.0, np.zeros(400)).status is Status.PASSED


def test_what_has_no_answer_has_no_unknown_price():
    same = outcomes(correct=395, wrong=100)
    failed = same[:-5] + outcomes(error=5)
    costs = np.where([outcome is Outcome.ERROR for outcome in failed], np.nan, 0.01)
    candidate = system({"mini": failed}, "small", costs=costs)

    found = decide(Policy(margin=0.1, max_cost=10), system({"mini": same}, "large"), candidate)
    assert found.run_criteria[0].status is Status.PASSED


def test_scores_on_another_scale_are_refused():
    baseline, candidate = pair(outcomes(correct=50), outcomes(correct=50))
    candidate.items["value"] = 7.0

    with pytest.raises(UsageError, match="mini has scores such as 7"):
        decide(Policy(), baseline, candidate)


def test_graded_scores_are_judged():
    baseline, candidate = pair(outcomes(correct=400), outcomes(correct=400))
    rng = np.random.default_rng(0)
    baseline.items["value"] = rng.uniform(0.4, 1.0, 400)
    candidate.items["value"] = baseline.items["value"] - rng.uniform(0.0, 0.02, 400)
    worse = replace(candidate, items=candidate.items.assign(value=baseline.items["value"] - 0.3))

    assert decide(Policy(), baseline, candidate).status is Status.PASSED
    assert decide(Policy(), baseline, worse).status is Status.FAILED


UNDATED = {"sha256": None, "snapshot": "gpt-4o", "settings": {"undated": True}}


@pytest.mark.parametrize("undated", ["large", "small"])
def test_an_undated_name_is_refused_on_either_side(undated):
    same = outcomes(correct=300, wrong=100)
    both = [
        system({"mini": same}, name, **(UNDATED if name == undated else {}))
        for name in ("large", "small")
    ]

    with pytest.raises(UsageError, match="undated name"):
        decide(Policy(margin=0.05), *both)


def test_an_imported_log_is_refused():
    same = outcomes(correct=300, wrong=100)
    log = system({"mini": same}, "log", backend="imported")

    assert log.manifest.is_imported
    with pytest.raises(NotComparableError, match="log was imported"):
        decide(Policy(margin=0.05), system({"mini": same}, "large"), log)


def test_a_limit_on_times_needs_one_machine_before_anything_is_asked():
    policy = Policy(max_slowdown=2)
    here = replace(run_files.MODEL, hardware={"cpu": "a", "threads": 2})
    there = replace(run_files.MODEL, hardware={"cpu": "a", "threads": 4})

    check_systems(policy, here, here)
    check_systems(Policy(), here, there)
    with pytest.raises(UsageError, match="threads: 2 against 4"):
        check_systems(policy, here, there)
