"""What both take, and single questions that changed: against values counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.compare import compare
from harness.analysis.demands import median_interval
from harness.analysis.flipped import read_flips
from harness.analysis.shrink import shrink_differences
from harness.store.read import load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run


def two_runs(tmp_path, candidate, baseline, models=(MODEL, MODEL)):
    rows = zip(("one", "two"), (candidate, baseline), models, strict=True)
    return [load_run(write_run(tmp_path, {"mini": p}, run_id=r, model=m)) for r, p, m in rows]


def test_each_kind_stands_side_by_side(tmp_path):
    small = PlantedTask(counts(correct=50), timing=Timing(cost_usd=0.002, total_seconds=0.5))
    large = PlantedTask(counts(correct=50), timing=Timing(cost_usd=0.01, total_seconds=2.0))
    models = replace(MODEL, file_bytes=100), replace(MODEL, file_bytes=400)

    found = compare(*two_runs(tmp_path, small, large, models))

    kinds = {d.kind: (d.candidate.value, d.baseline.value, d.ratio.value) for d in found.demands}
    assert kinds["file size"] == (100, 400, 0.25)
    assert kinds["peak memory"] == (4_000_000_000, 4_000_000_000, 1.0)
    assert kinds["latency"] == pytest.approx((0.5, 2.0, 0.25))
    assert kinds["cost"] == pytest.approx((2.0, 10.0, 0.2))
    assert found.tasks["mini"].demands == found.demands


def test_what_neither_tells_is_left_out_and_what_one_tells_has_no_ratio(tmp_path):
    silent = Timing(peak_memory_bytes=None, total_seconds=None)
    models = MODEL, replace(MODEL, file_bytes=None)
    plans = [PlantedTask(counts(correct=9), timing=timing) for timing in (silent, silent)]

    (only,) = compare(*two_runs(tmp_path, *plans, models)).demands

    assert (only.kind, only.baseline.value, only.ratio) == ("file size", None, None)


def test_answers_reused_from_another_run_are_not_timed(tmp_path):
    reused = PlantedTask(counts(correct=10), origins=("elsewhere", None))

    found = compare(*two_runs(tmp_path, reused, PlantedTask(counts(correct=10))))

    latency = next(d for d in found.demands if d.kind == "latency")
    assert (latency.candidate.n, latency.baseline.n) == (5, 10)


def test_the_median_interval_is_that_of_the_sign_test():
    """n = 10: places 2 and 9 (P(Bin < 2) = 0.0107); n = 5 gives none (P(Bin < 1) = 0.031)."""
    assert median_interval([float(x) for x in range(1, 11)]) == (2.0, 9.0)
    assert median_interval([1.0, 2.0, 3.0, 4.0, 5.0]) is None
    assert median_interval([]) is None


def test_the_median_interval_covers():
    rng = np.random.default_rng(0)
    drawn = (median_interval(rng.exponential(size=40).tolist()) for _ in range(1000))

    covered = np.mean([low <= np.log(2) <= high for low, high in drawn])

    assert covered >= 0.95


def test_the_interval_of_a_ratio_covers(tmp_path):
    """Two lognormal latencies, medians 1 and 2."""
    import pandas as pd

    from harness.analysis.demands import _ratio, latency_estimate

    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        sides = [
            latency_estimate(pd.Series(np.exp(rng.normal(m, 0.5, 60)))) for m in (0.0, np.log(2))
        ]
        ratio = _ratio(*sides)
        hits += ratio.low <= 0.5 <= ratio.high

    assert 0.93 <= hits / 400 <= 0.995


def test_a_few_noisy_subjects_are_drawn_together_and_clear_ones_stay():
    rng = np.random.default_rng(2)
    noise = [rng.choice([-1.0, 0.0, 1.0], 20) for _ in range(30)]
    apart = [np.repeat([sign, 0.0], [600, 400]) for sign in (-1.0, 1.0)]

    drawn, kept = shrink_differences(noise), shrink_differences(apart)

    assert np.std([e.value for e in drawn]) < 0.5 * np.std([c.mean() for c in noise])
    assert [e.value for e in kept] == pytest.approx([-0.6, 0.6], abs=0.01)
    assert all(e.low < e.value < e.high for e in (*drawn, *kept))


def test_shrunken_subjects_are_nearer_the_truth():
    rng = np.random.default_rng(3)
    truth = rng.normal(-0.05, 0.08, 57)
    changes = [rng.choice([-1.0, 0.0, 1.0], 100, p=[0.2 - t / 2, 0.6, 0.2 + t / 2]) for t in truth]

    drawn = np.array([e.value for e in shrink_differences(changes)])
    covered = np.mean(
        [e.low <= t <= e.high for e, t in zip(shrink_differences(changes), truth, strict=True)]
    )

    raw = np.array([c.mean() for c in changes])
    assert np.mean((drawn - truth) ** 2) < 0.9 * np.mean((raw - truth) ** 2)
    assert covered > 0.85


def test_flips_are_picked_by_kind_the_same_whoever_asks(tmp_path):
    small = PlantedTask(counts(correct=30, wrong=20, unparsed=10), seed=1)
    large = PlantedTask(counts(correct=45, wrong=15), seed=2)
    runs = two_runs(tmp_path, small, large)

    flips = read_flips(*runs, each=4)

    assert [flip.kind for flip in flips] == ["lost"] * 4 + ["gained"] * 4 + ["unread"] * 4
    assert flips == read_flips(*runs, each=4)
    for flip in flips:
        assert flip.candidate.sample_id == flip.baseline.sample_id
        outcomes = flip.candidate.outcome.value, flip.baseline.outcome.value
        if flip.kind == "lost":
            assert outcomes == ("wrong", "correct")
        elif flip.kind == "gained":
            assert outcomes == ("correct", "wrong")
        else:
            assert outcomes[0] == "unparsed"
        assert flip.candidate.exchanges[0].question.startswith("Question")
