"""Confidence against being right, with planted confidence."""

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.store.read import load_run
from run_files import PlantedTask, counts, write_run


def sure(share):
    """Give the answer's letter this probability, whether it is right or not."""

    def logprobs(_, gold, outcome):
        place = "ABCD".index(gold) + (outcome.value != "correct")
        return [float(np.log(share if i == place % 4 else (1 - share) / 3)) for i in range(4)]

    return logprobs


def compared(tmp_path, candidate, baseline):
    plans = zip(("one", "two"), (candidate, baseline), strict=True)
    return compare(*(load_run(write_run(tmp_path, {"m": p}, run_id=r)) for r, p in plans)).tasks[
        "m"
    ]


def planted(right, letters, n=1000):
    return PlantedTask(counts(correct=right, wrong=n - right), letters=letters)


def test_a_system_as_right_as_it_is_sure_has_no_error(tmp_path):
    found = compared(tmp_path, planted(700, sure(0.7)), planted(700, sure(0.9)))

    honest, boastful = found.candidate_calibration, found.baseline_calibration
    assert honest.error.value == pytest.approx(0.0, abs=1e-9)
    assert boastful.error.value == pytest.approx(0.2)
    assert boastful.overconfidence.value == pytest.approx(0.2)
    assert boastful.overconfidence.low > 0.15
    assert boastful.error.low <= 0.2 <= boastful.error.high
    assert honest.brier == pytest.approx(0.7 * 0.3)
    assert honest.auroc == pytest.approx(0.5)
    (only,) = honest.bins
    assert (only.confidence, only.accuracy.value) == pytest.approx((0.7, 0.7))


def test_answering_only_what_it_is_sure_of_helps_where_it_knows(tmp_path):
    def knowing(position, gold, outcome):
        return sure(0.9 if outcome.value == "correct" else 0.4)(position, gold, outcome)

    found = compared(tmp_path, planted(800, knowing), planted(800, sure(0.6)))

    knows = found.candidate_calibration
    assert (knows.surest.value, knows.surest_share, knows.surest.n) == (1.0, 0.8, 800)
    assert knows.auroc == 1.0
    assert knows.answering[-1].accuracy == pytest.approx(0.8)
    assert found.baseline_calibration.surest.value == pytest.approx(0.8)


def test_without_letters_or_with_graded_scores_there_is_none(tmp_path):
    graded = PlantedTask(counts(correct=9, wrong=1), letters=sure(0.5), values=(0.3,))

    found = compared(tmp_path, PlantedTask(counts(correct=9, wrong=1)), graded)

    assert found.candidate_calibration is None
    assert found.baseline_calibration is None
