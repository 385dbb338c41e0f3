"""Places on the leaderboard rest on paired differences, the same as those of a comparison."""

from dataclasses import replace

import pytest

from harness.analysis.compare import compare
from harness.analysis.contrasts import read_values
from harness.analysis.leaderboard import build_leaderboard
from harness.errors import StoreError
from harness.records import Outcome
from harness.store.read import find_runs, load_run
from run_files import MODEL, PlantedTask, counts, write_run


def write(results, name, number_right, seed=0, **outcomes):
    """Write a run of 200 samples; with equal seeds and no other outcomes they are nested."""
    rest = 200 - number_right - sum(outcomes.values())
    plan = PlantedTask(counts(correct=number_right, **outcomes, wrong=rest), seed=seed)
    model = replace(MODEL, name=name, sha256=name.ljust(64, "0"))
    return load_run(write_run(results, {"mini": plan}, run_id=name, model=model))


def board(results):
    (table,) = build_leaderboard(find_runs(results)[0]).tables
    return table


def test_differences_are_those_of_a_comparison(tmp_path):
    runs = [write(tmp_path, "a", 150), write(tmp_path, "b", 120, seed=3, unparsed=9, error=2)]
    table = board(tmp_path)

    for candidate, baseline in (runs, reversed(runs)):
        expected = compare(candidate, baseline).tasks["mini"].difference
        found = table.contrasts.difference(candidate.folder, baseline.folder)
        assert found.n_error == expected.n_error == 2
        assert [found.value, found.low, found.high, found.n] == pytest.approx(
            [expected.value, expected.low, expected.high, expected.n], abs=1e-9
        )


def test_a_place_counts_those_that_are_better_beyond_doubt(tmp_path):
    """The second lies between two that can be told apart, and can be told from neither."""
    for name, number_right in (("a", 130), ("b", 127), ("c", 124), ("d", 60)):
        write(tmp_path, name, number_right)

    places = [(e.run.manifest.run_id, e.rank, e.tied) for e in board(tmp_path).entries]

    assert places == [("a", 1, True), ("b", 1, True), ("c", 2, False), ("d", 4, False)]


def test_who_answered_too_little_pushes_nobody_back(tmp_path):
    lucky = PlantedTask({Outcome.CORRECT: 100, Outcome.ERROR: 100})
    model = replace(MODEL, name="lucky", sha256="1" * 64)
    write_run(tmp_path, {"mini": lucky}, run_id="lucky", model=model)
    write(tmp_path, "honest", 60)

    places = [(e.run.manifest.run_id, e.rank) for e in board(tmp_path).entries]

    assert places == [("honest", 1), ("lucky", None)]


def test_two_scores_of_one_sample_are_refused(tmp_path):
    run = write(tmp_path, "a", 100)

    class Doubled(type(run)):
        def table(self, name, columns=None):
            frame = super().table(name, columns)
            return frame.iloc[[0, *range(len(frame))]] if name == "scores" else frame

    with pytest.raises(StoreError, match="two scores for one sample"):
        read_values(Doubled(run.folder, run.manifest))
