"""The answer box says what was planted, and no more than the data can say."""

from dataclasses import replace

import pytest

from harness.analysis.compare import compare
from harness.analysis.comparison import CompareOptions
from harness.errors import NotComparableError
from harness.report.answer import find_answer, refusal, shows_no_difference
from harness.store.read import load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run

DEAR = replace(MODEL, name="large", file_bytes=None)
CHEAP = replace(MODEL, name="small", file_bytes=None)
N = 2000


def planted(right, *, n=N, seed=3, **more):
    """A task; the same seed plants right answers on nearly the same questions."""
    return PlantedTask(counts(correct=right, wrong=n - right), seed=seed, **more)


def with_outcomes(seed=3, **named):
    return PlantedTask(counts(**named), seed=seed)


def two_runs(tmp_path, candidate, baseline, models=(CHEAP, DEAR)):
    plans = [plan if isinstance(plan, dict) else {"mini": plan} for plan in (candidate, baseline)]
    rows = zip(("one", "two"), plans, models, strict=True)
    return [load_run(write_run(tmp_path, p, run_id=run_id, model=m)) for run_id, p, m in rows]


BASE = planted(1400)
COIN = {"seed": 11}  # other questions right than those of seed 3: many discordant pairs

SCENARIOS = {
    "better": (planted(1600), BASE, {}, "yes", "Yes", "better than the baseline on mini (+10"),
    "worse": (planted(1000), BASE, {}, "no", "No", "worse by more than 2 points on mini (\u221220"),
    "equal": (
        planted(1400), BASE, {}, "yes", "Yes", "not different by 2 points or more on mini (0.0",
    ),
    "a little behind": (
        planted(1385), BASE, {}, "yes", "Yes",
        "behind, but by less than the margin of 2 points, on mini (\u22120.8",
    ),
    "near, with many questions changing sides": (
        planted(1440, **COIN), BASE, {"margin": 0.03}, "yes", "Yes",
        "not behind by 3 points or more on mini",
    ),
    "cannot tell": (
        planted(42, n=60, **COIN), planted(42, n=60), {}, "unclear", "Cannot tell",
        "not shown to be within 2 points on mini",
    ),
    "behind, unclear by how much": (
        planted(1360), BASE, {}, "unclear", "Cannot tell",
        "behind, and it is not clear whether by more than 2 points, on mini (\u22122.0",
    ),
    "incomplete": (
        with_outcomes(correct=800, wrong=400, error=800), BASE, {}, "unclear", "Incomplete",
        "without a verdict where both answered too few of the questions (mini: 1,200 of 2,000)",
    ),
    "only unread replies": (
        with_outcomes(correct=1200, unparsed=200, wrong=600),
        with_outcomes(correct=1400, wrong=600), {}, "no", "No",
        "worse by more than 2 points, only because its replies could not be read, on mini",
    ),
    "wrong answers and unread replies": (
        with_outcomes(correct=1000, unparsed=200, wrong=800),
        with_outcomes(correct=1400, wrong=600, seed=3), {}, "no", "No",
        "worse by more than 2 points, through wrong answers and replies that could not be read,",
    ),
    "cheaper but worse": (
        planted(1000, timing=Timing(cost_usd=0.001)),
        planted(1400, timing=Timing(cost_usd=0.01)), {}, "no", "No", "it takes 10.0 % of the price",
    ),
    "as good and dearer": (
        planted(1400, timing=Timing(cost_usd=0.03)),
        planted(1400, timing=Timing(cost_usd=0.01)), {}, "yes", "Yes", "it takes 3.00 times the p",
    ),
    "good on one task, worse on another": (
        {"sums": planted(1400), "facts": planted(1000)}, {"sums": BASE, "facts": BASE},
        {}, "partly", "In part", "on sums (0.0 points",
    ),
    "good on one task, unknown on another": (
        {"sums": planted(1400), "facts": planted(42, n=60, **COIN)},
        {"sums": BASE, "facts": planted(42, n=60)},
        {}, "partly", "In part", "not shown to be within 2 points on facts",
    ),
    "worse on many": (
        {f"task-{name}": planted(1000) for name in "abcde"},
        {f"task-{name}": BASE for name in "abcde"},
        {}, "no", "No", "worse by more than 2 points on 5 tasks, from task-a (\u221220",
    ),
}  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_it_says_what_was_planted(tmp_path, scenario):
    candidate, baseline, options, light, word, said = scenario
    runs = two_runs(tmp_path, candidate, baseline)

    answer = find_answer(compare(*runs, CompareOptions(**options)))

    assert (answer.light, answer.word) == (light, word)
    assert said in answer.sentence.replace("\u00a0", " ")
    assert answer.sentence.startswith("small is ")
    assert answer.sentence.endswith(".")


def test_runs_that_must_not_be_compared_say_so_and_why(tmp_path):
    unlike = planted(1000, protocol={"shots": 0})
    with pytest.raises(NotComparableError) as error:
        compare(*two_runs(tmp_path, unlike, BASE))

    answer = refusal("small", "large", str(error.value))

    assert (answer.light, answer.word) == ("unclear", "Not comparable")
    assert "shots: 0 against 5" in answer.sentence


def test_unlike_runs_that_were_allowed_carry_a_caution(tmp_path):
    unlike = planted(1000, protocol={"shots": 0})
    found = compare(*two_runs(tmp_path, unlike, BASE), CompareOptions(allow_unlike=("shots",)))

    (caution,) = find_answer(found).cautions

    assert "compared although unlike in shots: 0 against 5" in caution


def test_missing_answers_carry_their_bounds(tmp_path):
    some = with_outcomes(correct=1380, wrong=580, error=40)
    found = compare(*two_runs(tmp_path, some, BASE))

    (caution,) = find_answer(found).cautions

    assert "only 1,960 of 2,000 questions were answered by both" in caution


@pytest.mark.parametrize(
    ("n", "margin", "said"), [(N, 0.02, True), (N, 0.001, False), (60, 0.02, False)]
)
def test_no_difference_is_said_only_where_the_data_can(tmp_path, n, margin, said):
    """A drop as large as the margin must have been findable, else silence proves nothing."""
    runs = two_runs(tmp_path, planted(n // 2, n=n), planted(n // 2 + 1, n=n))
    found = compare(*runs, CompareOptions(margin=margin)).tasks["mini"]

    assert shows_no_difference(found, margin) is said


def test_an_interval_within_the_margin_is_not_enough_where_a_drop_would_be_missed(tmp_path):
    found = compare(*two_runs(tmp_path, planted(1400), BASE)).tasks["mini"]
    assert shows_no_difference(found, 0.02)

    blind = replace(found, smallest_detectable_drop=0.03)

    assert not shows_no_difference(blind, 0.02)


def test_a_verdict_that_only_its_one_sided_test_shows_names_that_limit(tmp_path):
    """The interval to both sides reaches over the margin, the limit to one side does not."""
    runs = two_runs(tmp_path, planted(23, n=48, **COIN), planted(30, n=48))
    found = compare(*runs, CompareOptions(margin=0.0))
    task = found.tasks["mini"]
    assert task.noninferiority.verdict == "inferior"
    assert task.difference.high > 0 > task.noninferiority.upper

    limit = f"{100 * task.noninferiority.upper:+.1f}".replace("-", "\u2212")
    assert f"one-sided 95 % CI below {limit}, n = 48" in find_answer(found).sentence


def test_with_answers_missing_no_difference_is_never_said(tmp_path):
    runs = two_runs(tmp_path, with_outcomes(correct=1400, wrong=599, error=1), BASE)

    assert not shows_no_difference(compare(*runs).tasks["mini"], 0.5)


def test_what_is_not_clearly_more_or_less_is_not_mentioned(tmp_path):
    same = planted(1000), planted(1000)

    answer = find_answer(compare(*two_runs(tmp_path, *same)))

    assert "it takes" not in answer.sentence


def test_hostile_names_stay_text_on_one_line(tmp_path):
    names = [replace(MODEL, name=name) for name in ("a\nb\u202ec", "</script>")]

    sentence = find_answer(compare(*two_runs(tmp_path, BASE, BASE, names))).sentence

    assert sentence.startswith("a b[U+202E]c is ")
