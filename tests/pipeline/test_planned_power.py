import pytest

import run_files
from cli_kit import harness
from harness.errors import NotComparableError
from harness.pipeline.power import Stake, planned_power
from harness.store.read import load_run
from run_files import PlantedTask, counts

STAKE = Stake(0.02, 0.1)


def run(results, run_id, tasks):
    return load_run(run_files.write_run(results, tasks, run_id=run_id))


def test_a_stated_discordance_holds_for_every_task():
    found = planned_power({"a": 400, "b": 2000}, STAKE)

    assert [found[task].n_needed for task in "ab"] == [1544, 1544]
    assert [found[task].decidable for task in "ab"] == [False, True]


def test_two_earlier_runs_tell_how_often_systems_differ(tmp_path):
    some = {"mini": PlantedTask(counts(correct=100, wrong=100), seed=0)}
    others = {"mini": PlantedTask(counts(correct=100, wrong=95, error=5), seed=1)}
    pair = [run(tmp_path, "a", some), run(tmp_path, "b", others)]
    first, second = (one.scores.set_index("sample_id")["value"].dropna() for one in pair)
    expected = (first[second.index] != second).mean()

    found = planned_power({"mini": 400, "other": 400}, STAKE, pair)
    assert found["mini"].discordance == pytest.approx(expected)
    assert found["other"].discordance == 0.1


def test_runs_that_never_differed_do_not_promise_that_nothing_ever_will(tmp_path):
    same = {"mini": PlantedTask(counts(correct=100, wrong=100))}
    pair = [run(tmp_path, name, same) for name in "ab"]

    assert 0 < planned_power({"mini": 400}, STAKE, pair)["mini"].discordance < 0.05


def test_earlier_runs_with_nothing_in_common(tmp_path):
    pair = [run(tmp_path, name, {name: PlantedTask(counts(correct=10))}) for name in "ab"]

    with pytest.raises(NotComparableError, match="no item of one task in common"):
        planned_power({"a": 10}, STAKE, pair)


@pytest.mark.slow
def test_a_plan_says_what_its_items_could_decide(tmp_path):
    terms = ["plan", "-m", "nano-f16", "-t", "quick_mc", "--margin", "5pp", "--discordance", "0.05"]
    done = harness(*terms, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "quick_mc: 480 items find drops from 2.5 points on with power 80 %" in done.stdout
    assert "less than 5 points behind with" in done.stdout
    wrong = harness(*terms[:-4], "--margin", "much", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "--margin is 'much'" in wrong.stderr
