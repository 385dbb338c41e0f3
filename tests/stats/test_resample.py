"""Bootstrap and sign flips: against scipy, by hand, whole clusters, and quickly."""

import time

import numpy as np
import pytest
from scipy import stats

from harness.stats import (
    bootstrap,
    mcnemar_exact,
    paired_bootstrap,
    paired_difference,
    sign_flip_test,
)


def generator(seed=0):
    return np.random.default_rng(seed)


def pair(n, seed=1):
    return generator(seed).random((2, n))


def test_replicates_are_as_scipy_finds_them():
    baseline, candidate = pair(80)
    theirs = stats.bootstrap(
        (candidate - baseline,), np.mean, n_resamples=20_000, method="BCa", rng=generator()
    )

    ours = paired_bootstrap(baseline, candidate, generator(), draws=20_000)

    assert ours.estimate == pytest.approx(np.mean(candidate - baseline), abs=1e-15)
    assert ours.standard_error == pytest.approx(theirs.standard_error, rel=0.02)
    assert ours.bca() == pytest.approx(tuple(theirs.confidence_interval), abs=0.004)


def test_bca_equals_scipys_on_the_same_replicates():
    values = generator(2).exponential(size=40)
    own = bootstrap(lambda x: float(np.mean(x)), [values], generator(3), draws=4000)
    theirs = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=0,
        bootstrap_result=type("Drawn", (), {"bootstrap_distribution": own.replicates})(),
        method="BCa",
    )

    assert own.bca() == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)


def test_a_seed_gives_the_same_numbers_for_ever():
    found = paired_bootstrap([1, 0, 1, 0, 1, 1], [0, 0, 1, 1, 1, 0], generator(7), "aabbcc", 2000)
    again = paired_bootstrap([1, 0, 1, 0, 1, 1], [0, 0, 1, 1, 1, 0], generator(7), "aabbcc", 2000)

    assert (found.replicates == again.replicates).all()
    assert found.percentile() == again.percentile()


def test_resampled_clusters_by_hand():
    # Differences summed by cluster: -1 of 2 items, 1 of 1. Resamples: aa, ab, ba, bb.
    found = paired_bootstrap([1, 0, 0], [0, 0, 1], generator(), "aab", draws=4000)
    values, counts = np.unique(found.replicates.round(12), return_counts=True)

    assert values == pytest.approx([-0.5, 0.0, 1.0], abs=1e-9)
    assert counts / 4000 == pytest.approx([0.25, 0.5, 0.25], abs=0.03)
    assert sorted(found.left_out) == pytest.approx([-0.5, 1.0])


def test_copies_of_items_in_a_cluster_change_nothing():
    baseline, candidate = pair(50)
    once = paired_bootstrap(baseline, candidate, generator(), range(50), 2000)
    twice = paired_bootstrap(
        np.tile(baseline, 2), np.tile(candidate, 2), generator(), [*range(50)] * 2, 2000
    )

    assert twice.replicates == pytest.approx(once.replicates, abs=1e-12)


def test_the_standard_error_is_that_of_the_formula():
    baseline, candidate = pair(400)
    clusters = np.repeat(np.arange(80), 5)
    formula = paired_difference(baseline, candidate, clusters).standard_error

    found = paired_bootstrap(baseline, candidate, generator(), clusters, 8000)

    assert found.standard_error == pytest.approx(formula, rel=0.04)


def seconds_of_work(baseline, candidate):
    clusters = generator(1).permutation(14_042)
    start = time.process_time()
    found = paired_bootstrap(baseline, candidate, generator(), clusters, draws=10_000)
    assert len(found.replicates) == 10_000
    return time.process_time() - start


def test_ten_thousand_draws_of_a_whole_benchmark_take_no_time():
    assert seconds_of_work(*generator().integers(0, 2, (2, 14_042))) < 1


@pytest.mark.slow
def test_ten_thousand_draws_of_graded_scores_take_seconds():
    assert seconds_of_work(*generator().random((2, 14_042))) < 10


def test_scores_of_zero_and_one_are_resampled_like_any_others():
    baseline, candidate = generator(9).integers(0, 2, (2, 300)).astype(float)
    nearly = candidate + generator(10).random(300) * 1e-9  # no two rows alike

    alike = paired_bootstrap(baseline, candidate, generator(11), draws=20_000)
    unlike = paired_bootstrap(baseline, nearly, generator(12), draws=20_000)

    assert alike.standard_error == pytest.approx(unlike.standard_error, rel=0.02)
    assert alike.percentile() == pytest.approx(unlike.percentile(), abs=0.007)
    assert alike.bca() == pytest.approx(unlike.bca(), abs=0.007)


def test_any_statistic_is_resampled_by_clusters_of_rows():
    cost, right = generator(4).random(60), generator(5).integers(0, 2, 60).astype(float)
    clusters = np.repeat(np.arange(20), 3)

    def price(dollars, correct):
        return dollars.sum() / correct.sum() if correct.sum() else None

    found = bootstrap(price, [cost, right], generator(), clusters, draws=500)
    low, high = found.bca()

    assert found.estimate == pytest.approx(cost.sum() / right.sum(), rel=1e-12)
    assert low < found.estimate < high
    assert len(found.left_out) == 20


def test_resamples_without_a_value_are_counted_not_hidden():
    def price(correct):
        return 1 / correct.sum() if correct.sum() else None

    found = bootstrap(price, [[1, 0, 0]], generator(), draws=1000)

    assert found.n_undefined / 1000 == pytest.approx((2 / 3) ** 3, abs=0.05)
    assert len(found.replicates) == 1000 - found.n_undefined


def test_identical_systems_cannot_be_said_to_have_no_error():
    found = paired_bootstrap([1, 0, 1], [1, 0, 1], generator(), draws=100)

    assert found.standard_error is found.percentile() is found.bca() is None
    assert found.estimate == 0.0


def test_one_cluster_says_nothing():
    found = paired_bootstrap([1, 0, 1], [0, 0, 1], generator(), "aaa", draws=100)

    assert found.standard_error is found.percentile() is found.bca() is None


@pytest.mark.parametrize("call", [paired_bootstrap, bootstrap])
def test_no_draws_are_refused(call):
    arguments = ([1, 0], [0, 1]) if call is paired_bootstrap else (np.mean, [[1, 0]])

    with pytest.raises(ValueError, match="at least one draw"):
        call(*arguments, generator(), draws=0)


@pytest.mark.parametrize("columns", [[], [[]], [[1, 2], [1]]])
def test_rows_of_unlike_length_are_refused(columns):
    with pytest.raises(ValueError, match="rows of one length"):
        bootstrap(lambda *x: 0.0, columns, generator())


def test_a_statistic_that_the_sample_itself_does_not_have_is_refused():
    with pytest.raises(ValueError, match="the statistic of the whole sample is nan"):
        bootstrap(lambda x: None, [[1, 2]], generator())


@pytest.mark.parametrize(("gains", "losses"), [(12, 2), (150, 86), (3, 3), (0, 7)])
def test_sign_flips_of_single_items_are_mcnemars_exact_test(gains, losses):
    differences = [1] * gains + [-1] * losses + [0] * 30

    assert sign_flip_test(differences, generator()) == pytest.approx(
        mcnemar_exact(gains, losses), rel=1e-9
    )


def test_sign_flips_of_few_graded_scores_are_enumerated_as_scipy_does():
    differences = generator(6).normal(0.3, 1, 11)
    theirs = stats.permutation_test((differences,), np.sum, permutation_type="samples")

    assert sign_flip_test(differences, generator()) == pytest.approx(theirs.pvalue, rel=1e-9)


def test_sign_flips_of_many_graded_scores_agree_with_students_test():
    differences = generator(7).normal(0.08, 1, 600)

    found = sign_flip_test(differences, generator(), draws=20_000)

    assert found == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)


def test_clusters_flip_as_a_whole():
    # Sums 3, 2 and -1: of eight sign patterns |sum| >= 4 in ±(3 + 2 ± 1) alone.
    assert sign_flip_test([1, 1, 1, 1, 1, -1], generator(), "aaabbc") == pytest.approx(4 / 8)


def test_exchanging_the_systems_leaves_p():
    differences = generator(8).normal(0.2, 1, 9)

    assert sign_flip_test(differences, generator()) == pytest.approx(
        sign_flip_test(-differences, generator()), rel=1e-12
    )


@pytest.mark.parametrize("differences", [[], [0, 0], [1, -1]])
def test_differences_that_cancel_say_nothing(differences):
    assert sign_flip_test(differences, generator()) == 1.0
