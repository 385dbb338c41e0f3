"""Two runs with planted differences: what is found, what is refused, what must not matter."""

import json
import subprocess
import sys
from dataclasses import asdict, fields, replace

import numpy as np
import pytest

import harness
from harness.analysis.compare import compare
from harness.analysis.comparison import CompareOptions
from harness.errors import NotComparableError, UsageError
from harness.protocol import Protocol
from harness.records import Outcome
from harness.stats import (
    mcnemar_exact,
    minimum_detectable_drop,
    paired_difference,
    tango_interval,
)
from harness.store.read import load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run

UNREAD = ("unparsed", "truncated", "refused")


def run_of(tmp_path, name, tasks, **more):
    return load_run(write_run(tmp_path, tasks, run_id=name, **more))


def two(tmp_path, candidate, baseline, **more):
    """Runs `one` and `two` of the same tasks; a bare PlantedTask is the task `mini`."""
    plans = [p if isinstance(p, dict) else {"mini": p} for p in (candidate, baseline)]
    return [
        run_of(tmp_path, name, plan, **more)
        for name, plan in zip(("one", "two"), plans, strict=True)
    ]


def compared(tmp_path, candidate, baseline, **options):
    return compare(*two(tmp_path, candidate, baseline), CompareOptions(**options))


def planted(n, *, right, seed=0, **more):
    return PlantedTask(counts(correct=right, wrong=n - right), seed=seed, **more)


def outcomes(run):
    return {row["sample_id"]: row["outcome"] for row in run.rows("scores")}


def test_a_task_is_counted_as_a_second_count_row_by_row_finds(tmp_path):
    candidate = PlantedTask(counts(correct=60, wrong=25, unparsed=10, error=5), seed=1)
    baseline = PlantedTask(counts(correct=70, wrong=22, truncated=5, error=3), seed=2)
    runs = two(tmp_path, candidate, baseline)
    ours, theirs = map(outcomes, runs)
    pairs = [(ours[i], theirs[i]) for i in ours if "error" not in (ours[i], theirs[i])]
    right = [(a == "correct", b == "correct") for a, b in pairs]
    wins, losses = right.count((True, False)), right.count((False, True))

    found = compare(*runs, CompareOptions(min_coverage=0.5)).tasks["mini"]

    assert (found.n, found.n_planned) == (len(pairs), 100)
    assert (found.wins, found.losses) == (wins, losses)
    assert found.both_right == right.count((True, True))
    assert found.both_wrong == right.count((False, False))
    assert found.difference.value == pytest.approx((wins - losses) / len(pairs))
    assert (found.difference.low, found.difference.high) == pytest.approx(
        tango_interval(wins, losses, len(pairs))
    )
    assert found.difference.n_error == 100 - len(pairs)
    assert found.discordance == pytest.approx((wins + losses) / len(pairs))
    assert found.p == found.p_holm == pytest.approx(mcnemar_exact(wins, losses))
    assert found.smallest_detectable_drop == minimum_detectable_drop(found.n, found.discordance)
    for replies in found.causes.replies:
        assert replies.candidate == sum(a == replies.outcome for a, _ in pairs)
        assert replies.baseline == sum(b == replies.outcome for _, b in pairs)


def test_exchanging_the_runs_turns_the_difference_and_keeps_p(tmp_path):
    runs = two(tmp_path, planted(200, right=120, seed=1), planted(200, right=150, seed=2))

    one, two_ = (compare(*pair).tasks["mini"] for pair in (runs, runs[::-1]))

    assert two_.difference.value == pytest.approx(-one.difference.value)
    assert two_.difference.low == pytest.approx(-one.difference.high)
    assert (two_.p, two_.wins, two_.losses) == (one.p, one.losses, one.wins)
    assert two_.macro.value == pytest.approx(-one.macro.value)
    assert two_.candidate == one.baseline


def test_names_and_the_order_of_rows_do_not_matter(tmp_path):
    plans = planted(200, right=120, seed=1), planted(200, right=150, seed=2)
    renamed = replace(MODEL, name="another", family="other")
    plain = compare(*two(tmp_path / "a", *plans)).tasks
    other = compare(*two(tmp_path / "b", *plans, model=renamed)).tasks

    assert plain == other


def test_a_run_against_itself_passes_and_never_looks_certain(tmp_path):
    run = run_of(tmp_path, "one", {"mini": planted(1000, right=700)})

    found = compare(run, run).tasks["mini"]

    assert found.noninferiority.verdict == "non-inferior"
    assert (found.wins, found.losses, found.p, found.discordance) == (0, 0, 1.0, 0.0)
    assert found.standard_error is None
    assert found.difference.low < 0 < found.difference.high
    assert found.smallest_detectable_drop is None
    assert found.missing is None
    assert found.changes.all_flips.value == 0


def test_too_few_samples_tell_nothing_and_say_how_many_would(tmp_path):
    found = compared(tmp_path, planted(60, right=40, seed=1), planted(60, right=41, seed=1))
    judged = found.tasks["mini"].noninferiority

    assert judged.verdict == "cannot tell"
    assert judged.n_needed > 60


@pytest.mark.parametrize(
    ("right", "verdict"), [(1400, "non-inferior"), (1200, "inferior"), (1600, "superior")]
)
def test_verdicts_follow_what_is_planted(tmp_path, right, verdict):
    found = compared(
        tmp_path, planted(2000, right=right, seed=3), planted(2000, right=1400, seed=3)
    )

    judged = found.tasks["mini"].noninferiority
    difference = found.tasks["mini"].difference
    assert judged.verdict == verdict
    assert difference.low < judged.lower < judged.upper < difference.high
    assert (judged.p < 0.05) == (judged.lower > -0.02)


FIELDS = {
    "shots": 3,
    "temperature": 0.5,
    "top_p": 0.9,
    "max_tokens": 3,
    "stop": ("\n\n\n",),
    "seed": 99,
    "repeats": 7,
}


@pytest.mark.parametrize("name", [field.name for field in fields(Protocol)])
def test_each_protocol_field_is_refused_by_its_name_alone(tmp_path, name):
    changed = planted(20, right=10, protocol={name: FIELDS.get(name, "something else")})
    runs = two(tmp_path, planted(20, right=10), changed)

    with pytest.raises(NotComparableError) as refused:
        compare(*runs)

    named = str(refused.value).split("mean nothing: ")[1]
    assert named.startswith(f"{name}: ")
    assert "; " not in named
    assert refused.value.exit_code == 4
    stamped = compare(*runs, CompareOptions(allow_unlike=(name,))).tasks["mini"].unlike
    assert [difference.field for difference in stamped] == [name]


def test_a_field_that_there_is_not_cannot_be_allowed(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'max_tokens'"):
        compared(tmp_path, planted(9, right=3), planted(9, right=3), allow_unlike=("max_token",))


@pytest.mark.parametrize(
    "options",
    [{"margin": -0.1}, {"margin": 1}, {"alpha": 0}, {"alpha": 0.5}, {"min_coverage": 1.5}],
)
def test_options_that_are_none_are_refused(tmp_path, options):
    with pytest.raises(UsageError, match="expected a"):
        compared(tmp_path, planted(9, right=3), planted(9, right=3), **options)


def with_errors(run, share, seed=0):
    """Rewrite the scores of a run as if a share of its requests had failed."""
    from harness.store.parquet import write_table
    from harness.store.schema import SCORES

    rng = np.random.default_rng(seed)
    rows = [
        {**row, "outcome": "error", "value": None, "answer": None} if rng.random() < share else row
        for row in run.rows("scores")
    ]
    names = [column.name for column in SCORES]
    write_table(run.folder, "scores", (tuple(row[name] for name in names) for row in rows))
    return run


@pytest.mark.parametrize("min_coverage", [0.95, 0.5])
def test_an_outage_is_never_a_regression(tmp_path, min_coverage):
    plan = planted(2000, right=1400, seed=3)
    candidate, baseline = two(tmp_path, plan, plan)

    options = CompareOptions(min_coverage=min_coverage)
    found = compare(with_errors(candidate, 0.1), baseline, options).tasks["mini"]

    lost = found.missing.candidate
    assert 150 < lost < 250
    assert (found.missing.baseline, found.missing.both) == (0, 0)
    assert found.difference.value == 0
    assert found.missing.best - found.missing.worst == pytest.approx(lost / 2000)
    assert found.missing.worst < 0 < found.missing.best
    assert found.noninferiority.verdict == ("incomplete" if min_coverage > 0.9 else "cannot tell")


def test_samples_without_a_row_are_missing_on_both_sides(tmp_path):
    plan = PlantedTask(counts(correct=30, wrong=10), unrecorded=10)

    found = compared(tmp_path, plan, plan).tasks["mini"]

    assert (found.n, found.n_planned, found.missing.both) == (40, 50, 10)
    assert (found.missing.worst, found.missing.best) == pytest.approx((-0.2, 0.2))
    assert found.noninferiority.verdict == "incomplete"


def test_nothing_answered_by_both_says_nothing(tmp_path):
    found = compared(tmp_path, PlantedTask(counts(error=30)), planted(30, right=20)).tasks["mini"]

    assert (found.n, found.difference.value, found.p, found.p_holm) == (0, None, None, None)
    assert found.noninferiority.verdict == "incomplete"
    assert found.cascade is found.letters is found.changes is found.macro is None
    json.dumps(asdict(found), allow_nan=False)


@pytest.mark.parametrize("outcome", UNREAD)
def test_a_drop_of_new_unread_replies_is_named_so(tmp_path, outcome):
    candidate = PlantedTask(counts(correct=600, **{outcome: 100}, wrong=300))
    baseline = PlantedTask(counts(correct=700, wrong=300))

    causes = compared(tmp_path, candidate, baseline).tasks["mini"].causes

    assert causes.drop == "unread replies"
    assert causes.if_parsed.value == 0
    assert (causes.unread.value, causes.answers.value) == (-0.1, 0.0)
    shown = {replies.outcome: replies for replies in causes.replies}
    assert shown[Outcome(outcome)].difference.value == pytest.approx(0.1)
    assert all(shown[Outcome(other)].candidate == 0 for other in UNREAD if other != outcome)


def test_a_drop_of_wrong_answers_is_named_so_and_both_together(tmp_path):
    baseline = PlantedTask(counts(correct=700, wrong=300))
    worse = PlantedTask(counts(correct=600, wrong=400))
    mixed = PlantedTask(counts(correct=500, unparsed=100, wrong=400))

    assert compared(tmp_path / "a", worse, baseline).tasks["mini"].causes.drop == "wrong answers"
    assert compared(tmp_path / "b", mixed, baseline).tasks["mini"].causes.drop == "both"
    assert compared(tmp_path / "c", baseline, baseline).tasks["mini"].causes.drop is None


def test_the_parts_of_a_difference_add_up(tmp_path):
    candidate = PlantedTask(counts(correct=50, unparsed=20, wrong=30), seed=1)
    baseline = PlantedTask(counts(correct=60, truncated=10, wrong=30), seed=2)

    found = compared(tmp_path, candidate, baseline).tasks["mini"]

    total = found.causes.unread.value + found.causes.answers.value
    assert total == pytest.approx(found.difference.value, abs=1e-12)


def test_planted_flips_and_moved_answers_are_counted(tmp_path):
    moved = planted(
        100, right=60, answer=lambda _, gold, outcome: gold if outcome == "correct" else "E"
    )

    changes = compared(tmp_path, moved, planted(100, right=70)).tasks["mini"].changes

    assert (changes.flips.value, changes.moved, changes.all_flips.value) == (0.1, 30, 0.4)
    assert changes.flips.low < 0.1 < changes.flips.high


def letters_of(share, n_letters=4):
    """The right letter has this share where the answer is right, else the letter after it."""

    def logprobs(_, gold, outcome):
        at = "ABCD".index(gold) + (outcome != "correct")
        rest = (1 - share) / (n_letters - 1)
        return [float(np.log(share if i == at % 4 else rest)) for i in range(n_letters)]

    return logprobs


def test_letters_move_as_planted(tmp_path):
    sure, unsure = (planted(100, right=80, letters=letters_of(p)) for p in (0.85, 0.55))

    found = compared(tmp_path, unsure, sure).tasks["mini"].letters

    p, q = np.array([0.85, 0.05, 0.05, 0.05]), np.array([0.55, 0.15, 0.15, 0.15])
    assert found.divergence.value == pytest.approx(np.sum(p * np.log(p / q)), abs=1e-9)
    assert (found.n, found.same_top.value) == (100, 1.0)
    assert found.right_letter.value == pytest.approx(0.8 * -0.3 + 0.2 * 0.1, abs=1e-9)
    assert found.right_letter.low < found.right_letter.value < found.right_letter.high


def test_letters_need_both_sides(tmp_path):
    found = compared(tmp_path, planted(20, right=9, letters=letters_of(0.7)), planted(20, right=9))

    assert found.tasks["mini"].letters is None


def calibrated(position, gold, outcome):
    """Right answers are sure, most wrong ones unsure; a pattern that generalizes."""
    share = 0.9 - (position % 7) / 100 if outcome == "correct" else 0.4 + (position % 11) / 100
    return letters_of(share)(position, gold, outcome)


def test_a_cascade_that_knows_when_it_errs_beats_random_routing(tmp_path):
    small = planted(1000, right=600, seed=1, letters=calibrated, timing=Timing(cost_usd=0.001))
    large = planted(1000, right=800, seed=2, timing=Timing(cost_usd=0.01))

    found = compared(tmp_path, small, large, margin=0.0).tasks["mini"]
    cascade = found.cascade

    assert cascade.signal == "letter probability"
    assert cascade.over_random.low > 0
    assert 0.1 < cascade.escalated.value < 0.6
    assert cascade.accuracy.value == pytest.approx(found.baseline.value, abs=0.03)
    assert cascade.oracle.value > found.baseline.value
    sent = cascade.escalated.value * 1000
    assert cascade.cost_usd == pytest.approx(1.0 + 0.01 * sent)
    assert cascade.output_tokens == pytest.approx(5 * (1000 + sent))
    ends = cascade.curve[0], cascade.curve[-1]
    assert [point.accuracy for point in ends] == pytest.approx([0.6, 0.8])
    assert all(p.accuracy >= p.random - 1e-9 for p in cascade.curve)


def test_a_cascade_without_a_signal_is_no_better_than_random(tmp_path):
    def noise(position, _gold, _outcome):
        shares = np.random.default_rng(position).dirichlet(np.ones(4))
        return np.log(shares).tolist()

    small = planted(1000, right=600, seed=1, letters=noise)

    cascade = compared(tmp_path, small, planted(1000, right=800, seed=2)).tasks["mini"].cascade

    assert cascade.over_random.low < 0 < cascade.over_random.high


def test_without_letters_only_unread_replies_go_on(tmp_path):
    small = PlantedTask(counts(correct=700, unparsed=300))
    large = PlantedTask(counts(correct=1000))

    cascade = compared(tmp_path, small, large).tasks["mini"].cascade

    assert cascade.signal == "unread reply"
    assert cascade.escalated.value == pytest.approx(0.3)
    assert cascade.accuracy.value == 1.0


def test_every_subject_counts_the_same_in_the_macro_difference(tmp_path):
    subjects = ("law",) * 9 + ("art",)
    runs = two(
        tmp_path,
        planted(200, right=120, seed=1, subjects=subjects),
        planted(200, right=140, seed=2, subjects=subjects),
    )

    found = compare(*runs).tasks["mini"]

    by_subject = {part.subject: part.difference for part in found.subjects}
    assert {name: part.n for name, part in by_subject.items()} == {"art": 20, "law": 180}
    assert found.macro.value == pytest.approx(
        (by_subject["art"].value + by_subject["law"].value) / 2
    )
    assert found.difference.value == pytest.approx(
        0.1 * by_subject["art"].value + 0.9 * by_subject["law"].value
    )
    assert all(part.p_adjusted >= part.p for part in found.subjects)


def test_several_tasks_are_adjusted_and_averaged_but_never_pooled(tmp_path):
    names = {"mini": 1, "maxi": 2, "solo": 3}
    candidate = {name: planted(300, right=180, seed=seed) for name, seed in names.items()}
    baseline = {name: planted(300, right=200, seed=seed + 5) for name, seed in names.items()}

    found = compared(tmp_path, {**candidate, "mine": planted(9, right=3)}, baseline)

    p = {name: task.p for name, task in found.tasks.items()}
    least = min(p, key=p.get)
    assert found.tasks[least].p_holm == pytest.approx(min(1.0, 3 * p[least]))
    assert found.macro.value == pytest.approx(
        np.mean([task.difference.value for task in found.tasks.values()])
    )
    assert found.macro.low < found.macro.value < found.macro.high
    assert (found.only_candidate, found.only_baseline) == (("mine",), ())


def test_graded_scores_are_compared_by_their_mean(tmp_path):
    candidate = planted(100, right=80, seed=1, values=(0.2, 0.9, 0.5))
    runs = two(tmp_path, candidate, planted(100, right=80, seed=2, values=(0.8, 1.0, 0.6)))
    ours, theirs = ({row["sample_id"]: row["value"] for row in run.rows("scores")} for run in runs)
    expected = paired_difference([theirs[i] for i in ours], list(ours.values()))

    found = compare(*runs).tasks["mini"]

    assert found.graded
    assert found.changes is None
    assert found.difference.value == pytest.approx(expected.difference)
    assert (found.difference.low, found.difference.high) == pytest.approx(expected.interval)
    assert 0 < found.p <= 1


def test_usage_stands_side_by_side(tmp_path):
    cheap = planted(50, right=20, timing=Timing(output_tokens=7, cost_usd=0.002))
    dear = planted(50, right=25, timing=Timing(peak_memory_bytes=None, total_seconds=2.0))

    found = compared(tmp_path, cheap, dear).tasks["mini"]
    ours, theirs = found.candidate_usage, found.baseline_usage

    assert (ours.prompt_tokens, ours.output_tokens, ours.n_responses) == (5000, 350, 50)
    assert ours.cost_usd == pytest.approx(0.1)
    assert ours.usd_per_correct == pytest.approx(0.1 / 20)
    assert (theirs.seconds, theirs.cost_usd, theirs.usd_per_correct) == (100.0, None, None)
    assert (ours.speed.peak_memory_bytes, theirs.speed.peak_memory_bytes) == (4_000_000_000, None)


def test_the_result_is_json_without_infinities(tmp_path):
    found = compared(tmp_path, planted(40, right=20, seed=1), planted(40, right=25, seed=2))

    again = json.loads(json.dumps(asdict(found), allow_nan=False))

    assert again["tasks"]["mini"]["wins"] == found.tasks["mini"].wins
    assert harness.compare is compare


@pytest.mark.slow
def test_a_whole_benchmark_is_compared_in_seconds_and_little_memory(tmp_path):
    subjects = [f"subject {i}" for i in range(57)]
    for name, right in (("one", 9000), ("two", 9800)):
        plan = planted(14_042, right=right, seed=right, subjects=subjects, letters=calibrated)
        run_of(tmp_path, name, {"mmlu": plan})
    code = (
        "import re, time; from harness.store.read import load_run\n"
        "from harness.analysis.compare import compare\n"
        f"runs = [load_run({str(tmp_path)!r} + '/' + name) for name in ('one', 'two')]\n"
        "assert compare(*runs).tasks['mmlu'].n == 14042\n"
        # Not ru_maxrss: that of a child begins at what its parent, this test run, has in use.
        "status = open('/proc/self/status', encoding='utf-8').read()\n"
        "print(time.process_time(), int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 1024)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    seconds, megabytes = map(float, done.stdout.split())
    assert seconds < 5
    assert megabytes < 500
