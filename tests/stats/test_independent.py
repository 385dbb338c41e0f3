import math

import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from harness.stats.estimate import wilson_interval
from harness.stats.independent import Located, independent_difference


def rate(successes, n):
    return Located(successes / n, *wilson_interval(successes, n))


@pytest.mark.parametrize(
    ("first", "second"),
    [((56, 70), (48, 80)), ((9, 10), (3, 10)), ((10, 10), (0, 20)), ((0, 10), (0, 10))],
)
def test_of_two_rates_it_is_newcombes_interval(first, second):
    expected = confint_proportions_2indep(*first, *second, compare="diff", method="newcomb")

    assert independent_difference(rate(*first), rate(*second)) == pytest.approx(expected)


def test_newcombes_published_row():
    # Newcombe 1998, table II, method 10: 56/70 against 48/80.
    found = independent_difference(rate(56, 70), rate(48, 80))

    assert found == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_swapping_turns_it_around():
    low, high = independent_difference(rate(70, 100), rate(55, 90))

    assert independent_difference(rate(55, 90), rate(70, 100)) == pytest.approx((-high, -low))


def test_against_a_value_known_exactly_only_the_others_error_counts():
    located = rate(70, 100)

    low, high = independent_difference(located, Located(0.6, 0.6, 0.6))

    assert (low, high) == pytest.approx((located.low - 0.6, located.high - 0.6))


@pytest.mark.parametrize("wrong", [Located(0.5, 0.6, 0.7), Located(math.nan, 0.0, 1.0)])
def test_limits_that_do_not_hold_the_value_are_refused(wrong):
    with pytest.raises(ValueError, match="low <= value <= high"):
        independent_difference(Located(0.5, 0.4, 0.6), wrong)
