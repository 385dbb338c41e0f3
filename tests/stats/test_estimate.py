from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from harness.stats.estimate import (
    Group,
    Part,
    clustered_standard_error,
    macro_interval,
    mean_interval,
    mean_standard_error,
    pooled_standard_error,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.25529, 0.36621),
        (15, 148, 0.06239, 0.16049),
        (1, 29, 0.00611, 0.17176),
        (0, 10, 0.0, 0.27753),
    ],
)
def test_wilson_interval_equals_the_published_rows(successes, n, low, high):
    interval = wilson_interval(successes, n)

    assert interval.low == pytest.approx(low, abs=5e-6)
    assert interval.high == pytest.approx(high, abs=5e-6)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 50), (3.25, 8), (9000, 14042)])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_wilson_interval_equals_statsmodels(successes, n, confidence):
    from statsmodels.stats.proportion import proportion_confint

    expected = proportion_confint(successes, n, alpha=1 - confidence, method="wilson")

    interval = wilson_interval(successes, n, confidence)

    assert tuple(interval) == pytest.approx(tuple(map(float, expected)), abs=1e-14)


def test_wilson_interval_mirrors_when_right_and_wrong_swap():
    right, wrong = wilson_interval(7, 31), wilson_interval(24, 31)

    assert right.low == pytest.approx(1 - wrong.high, abs=1e-12)
    assert right.high == pytest.approx(1 - wrong.low, abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (1, 0), (-1, 5), (6, 5), (1, -1)])
def test_wilson_interval_refuses_what_is_no_rate(successes, n):
    with pytest.raises(ValueError, match="no rate to estimate"):
        wilson_interval(successes, n)


def test_standard_error_of_one_value_is_unknown_not_zero():
    assert mean_standard_error([]) is None
    assert mean_standard_error([1.0]) is None
    assert mean_interval([0.5]) is None


def test_standard_error_by_hand():
    assert mean_standard_error([1.0, 1.0, 0.0, 0.0]) == pytest.approx((1 / 12) ** 0.5, abs=1e-15)


@pytest.mark.parametrize(
    ("p", "n", "points"), [(0.7, 14042, 0.76), (0.8, 164, 6.1), (0.5, 198, 7.0)]
)
def test_standard_error_gives_the_known_margins(p, n, points):
    right = round(p * n)
    values = [1.0] * right + [0.0] * (n - right)

    margin = 1.96 * 100 * mean_standard_error(values)

    assert margin == pytest.approx(points, abs=0.06)


def test_mean_interval_of_graded_values_is_students():
    interval = mean_interval([0.25, 0.5, 0.75])

    assert interval.low == 0.0  # 0.5 - 4.302653 * 0.144338 < 0 is cut
    assert mean_interval([0.45, 0.5, 0.55]) == pytest.approx((0.375793, 0.624207), abs=1e-6)


def test_mean_interval_without_spread_still_has_a_width():
    assert mean_interval([1.0] * 10) == pytest.approx((0.722467, 1.0), abs=1e-6)
    assert mean_interval([0.3] * 10) == pytest.approx(wilson_interval(3, 10), abs=1e-12)


SCORES, CLUSTERS = [1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2]


def test_clustered_standard_error_equals_millers_formula_and_the_corrected_one():
    assert clustered_standard_error(SCORES, CLUSTERS) == pytest.approx(0.272166, abs=1e-6)
    assert clustered_standard_error(SCORES, CLUSTERS, corrected=True) == pytest.approx(
        1 / 3, abs=1e-12
    )


def test_clustered_standard_error_of_single_items_is_the_plain_one():
    assert clustered_standard_error(SCORES, range(6)) == pytest.approx(0.192450, abs=1e-6)
    assert clustered_standard_error(SCORES, range(6), corrected=True) == pytest.approx(
        mean_standard_error(SCORES), abs=1e-15
    )


def test_clustered_standard_error_of_paired_differences_by_hand():
    gains, losses, n = 150, 86, 1600
    differences = [1] * gains + [-1] * losses + [0] * (n - gains - losses)

    assert clustered_standard_error(differences, range(n)) == pytest.approx(0.0095492, abs=1e-7)


def test_clustered_standard_error_forgets_copies_and_the_order_of_rows():
    rng = np.random.default_rng(3)
    scores, clusters = rng.random(60).tolist(), rng.integers(0, 12, 60).tolist()
    error = clustered_standard_error(scores, clusters)
    order = rng.permutation(60)

    assert clustered_standard_error(scores * 3, clusters * 3) == pytest.approx(error, rel=1e-12)
    assert clustered_standard_error(
        [scores[i] for i in order], [f"passage {clusters[i]}" for i in order]
    ) == pytest.approx(error, rel=1e-12)


def test_repeated_answers_to_a_question_are_worth_their_mean():
    answers = np.random.default_rng(4).binomial(1, 0.6, size=(40, 5)).astype(float)
    questions = np.repeat(np.arange(40), 5).tolist()

    repeated = clustered_standard_error(answers.ravel().tolist(), questions, corrected=True)

    assert repeated == pytest.approx(mean_standard_error(answers.mean(axis=1).tolist()), rel=1e-12)


@pytest.mark.parametrize(
    ("scores", "clusters"),
    [
        ([], []),
        ([1.0], ["a"]),
        ([1, 0, 1], ["a"] * 3),
        ([0.1, 0.1, 0.1], "abc"),
        ([1, 0] * 2, "aabb"),
    ],
)
def test_clustered_standard_error_without_spread_is_unknown_not_zero(scores, clusters):
    assert clustered_standard_error(scores, clusters) is None


def test_clustered_standard_error_needs_a_cluster_for_every_score():
    with pytest.raises(ValueError, match="one cluster for each of 3 scores, got 2"):
        clustered_standard_error([1, 0, 1], ["a", "b"])


def test_clustered_standard_error_equals_statsmodels():
    from statsmodels.regression.linear_model import OLS

    rng = np.random.default_rng(6)
    scores, clusters = rng.random(200), rng.integers(0, 23, 200)
    fit = OLS(scores, np.ones(200)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": True}
    )

    assert clustered_standard_error(
        scores.tolist(), clusters.tolist(), corrected=True
    ) == pytest.approx(fit.bse[0], rel=1e-9)


def test_pooled_standard_error_of_one_group_is_its_own():
    assert pooled_standard_error([Group(0.031, 40)]) == pytest.approx(0.031, abs=1e-15)


def test_pooled_standard_error_without_freedom_is_unknown():
    assert pooled_standard_error([]) is None
    assert pooled_standard_error([Group(None, 1), Group(None, 1)]) is None


@pytest.mark.slow
def test_equals_lm_eval_to_twelve_digits():
    from lm_eval.api.metrics import mean_stderr, pooled_sample_stderr

    rng = np.random.default_rng(20240607)
    for _ in range(50):
        groups = [
            rng.binomial(1, 0.3 + 0.1 * g, size=rng.integers(2, 400)).astype(float).tolist()
            for g in range(rng.integers(1, 7))
        ]
        errors = [mean_standard_error(values) for values in groups]
        sizes = [len(values) for values in groups]

        assert errors == pytest.approx([mean_stderr(values) for values in groups], abs=1e-12)
        assert pooled_standard_error(
            [Group(e, n) for e, n in zip(errors, sizes, strict=True)]
        ) == pytest.approx(pooled_sample_stderr(errors, sizes), abs=1e-12)


def test_macro_interval_by_hand():
    # q = (4·½ + ½)/5 = ½, v = 1/16, four parts: 1.959964·sqrt(4/16)/4 = 0.2449955
    low, high = macro_interval([Part(0.5, 4)] * 4)

    assert (low, high) == pytest.approx((0.2550045, 0.7449955), abs=1e-6)
    assert macro_interval([]) is None


def test_macro_interval_of_parts_without_spread_still_has_a_width():
    low, high = macro_interval([Part(1.0, 5), Part(1.0, 5)])

    assert low < 0.95
    assert high == 1.0


@pytest.mark.parametrize(
    ("truths", "n"),
    [((0.35, 0.6, 0.8, 0.95), 30), ((0.5, 0.6, 0.7, 0.8, 0.9) * 4, 3), ((0.9,) * 57, 20)],
)
def test_macro_interval_covers_as_it_says(truths, n):
    rng = np.random.default_rng(7)
    counts = rng.binomial(n, truths, size=(2000, len(truths)))
    truth = sum(truths) / len(truths)

    intervals = [macro_interval([Part(c / n, n) for c in row]) for row in counts.tolist()]
    hits = sum(low <= truth <= high for low, high in intervals)

    assert 0.93 <= hits / 2000 <= 0.97


def test_importing_statistics_is_cheap():
    heavy = "{'numpy', 'scipy', 'pandas', 'statsmodels', 'matplotlib', 'pyarrow'}"
    use = "import sys, harness.stats.estimate, harness.stats.paired"
    code = f"{use}; print({heavy} & set(sys.modules))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"
