"""`harness.gate` on what is stored: runs, their names, and baseline files."""

import pytest

import harness
from harness.errors import StoreError
from harness.store.baseline import save_baseline, scored_run
from run_files import PlantedTask, counts, write_run


@pytest.fixture
def results(tmp_path):
    good, bad = counts(correct=300, wrong=100), counts(correct=240, wrong=160)
    for name, found in {"large": good, "small": good, "broken": bad}.items():
        write_run(tmp_path, {"mini": PlantedTask(found)}, run_id=name)
    return tmp_path


def test_a_run_a_name_and_a_baseline_file_get_the_same_verdict(results):
    large = harness.load_run("large", results)
    file = results / "baseline.parquet"
    save_baseline(scored_run(large), file)

    found = [harness.gate(side, "small", results=results) for side in (large, "large", file)]

    assert [verdict.status.value for verdict in found] == ["passed"] * 3
    assert found[0].tasks == found[1].tasks == found[2].tasks


def test_a_policy_is_heeded(results):
    assert harness.gate("large", "broken", results=results).status.value == "failed"
    wide = harness.Policy(margin=0.4)

    assert harness.gate("large", "broken", wide, results).status.value == "passed"


def test_what_is_not_there_is_said(results):
    with pytest.raises(StoreError, match=r"no run 'larg'.*large"):
        harness.gate("larg", "small", results=results)
