"""Two runs side by side: counted here a second time from the tables, row by row."""

import pytest

from harness.analysis.pairs import pair_runs
from harness.errors import NotComparableError
from harness.stats.paired import tango_interval
from harness.store.read import load_run
from run_files import PlantedTask, counts, write_run

FIRST = {"mini": PlantedTask(counts(correct=40, wrong=15, unparsed=3, error=2), seed=1)}
SECOND = {"mini": PlantedTask(counts(correct=30, wrong=27, truncated=2, error=1), seed=1)}


def shuffled(plan, seed):
    return {"mini": PlantedTask(plan["mini"].counts, seed=seed)}


def two(tmp_path, first=FIRST, second=SECOND):
    return [
        load_run(write_run(tmp_path, tasks, run_id=name))
        for name, tasks in (("one", first), ("two", second))
    ]


def rows_by_sample(run):
    return {row["sample_id"]: row for row in run.rows("scores")}


def test_every_sample_is_counted_once_and_where_it_belongs(tmp_path):
    first, second = two(tmp_path, FIRST, shuffled(SECOND, 2))
    found = pair_runs(first, second)["mini"]
    pairs = [
        (row["outcome"], rows_by_sample(second)[sample]["outcome"])
        for sample, row in rows_by_sample(first).items()
    ]
    answered = [pair for pair in pairs if "error" not in pair]
    right = [(a == "correct", b == "correct") for a, b in answered]

    assert found.n == len(answered)
    assert found.n_missing == 60 - len(answered) > 0
    assert found.both == right.count((True, True))
    assert found.only_first == right.count((True, False)) > 0
    assert found.only_second == right.count((False, True)) > 0
    assert found.neither == right.count((False, False))
    assert found.flips == found.only_first + found.only_second
    assert found.both + found.flips + found.neither == found.n


def test_the_difference_is_that_of_the_rates_with_tangos_interval(tmp_path):
    found = pair_runs(*two(tmp_path, FIRST, shuffled(SECOND, 2)))["mini"]
    difference = found.difference

    assert difference.value == pytest.approx((found.only_second - found.only_first) / found.n)
    assert (difference.low, difference.high) == pytest.approx(
        tango_interval(found.only_second, found.only_first, found.n)
    )
    assert (difference.n, difference.n_error) == (found.n, found.n_missing)


def test_a_run_against_itself_differs_nowhere(tmp_path):
    (run, _) = two(tmp_path)
    found = pair_runs(run, run)["mini"]

    assert (found.flips, found.changed, found.difference.value) == (0, 0, 0.0)
    assert found.difference.low < 0 < found.difference.high


def test_other_wrong_answers_count_as_changed_but_not_as_flips(tmp_path):
    plan = counts(correct=5, wrong=20)
    other = PlantedTask(plan, answer=lambda _, gold, outcome: gold if outcome == "correct" else "E")
    first, second = two(tmp_path, {"mini": PlantedTask(plan)}, {"mini": other})
    found = pair_runs(first, second)["mini"]

    assert (found.flips, found.changed) == (0, 20)


def test_nothing_answered_by_both_says_nothing(tmp_path):
    silent = {"mini": PlantedTask(counts(error=60), seed=1)}
    found = pair_runs(*two(tmp_path, FIRST, silent))["mini"]

    assert (found.n, found.n_missing, found.difference.value) == (0, 60, None)


def test_unlike_protocols_are_refused_by_name(tmp_path):
    shorter = {"mini": PlantedTask(FIRST["mini"].counts, protocol={"max_tokens": 3})}

    with pytest.raises(NotComparableError, match="max_tokens"):
        pair_runs(*two(tmp_path, FIRST, shorter))


def test_runs_without_a_common_task_are_refused(tmp_path):
    with pytest.raises(NotComparableError, match="no task in common"):
        pair_runs(*two(tmp_path, FIRST, {"other": FIRST["mini"]}))
