import numpy as np
import pytest

from gate_kit import outcomes, pair, shuffled, sides
from harness.errors import NotComparableError
from harness.gating.policy import Policy
from harness.gating.selftest import self_test


def systems(**table):
    return pair(*sides(**table))


# As a model and its quantization: 2 % flips on the 480 items of the bundled suite.
LIKE = systems(both=414, lost=5, gained=5, neither=56)


def test_equal_systems_pass_200_times_and_a_planted_drop_is_found_200_times():
    found = self_test(Policy(margin=0.05), *LIKE, draws=200)

    assert (found.n, found.false_alarms.value, found.inconclusive.value) == (200, 0.0, 0.0)
    assert found.misses.value == 0.0
    assert 0.015 < found.misses.high < 0.02


@pytest.mark.slow
def test_a_sequential_gate_finds_nearly_as_much():
    found = self_test(Policy(margin=0.05, mode="sequential"), *LIKE, draws=200)

    assert (found.false_alarms.value, found.inconclusive.value) == (0.0, 0.0)
    assert found.misses.value <= 0.05


def test_a_gate_that_sees_too_little_says_so():
    found = self_test(Policy(margin=0.005, max_unparsed_increase=None), *LIKE, draws=40)

    assert found.inconclusive.value > 0.5
    assert found.misses.value > 0.5
    assert found.false_alarms.value <= 0.1


def test_the_same_seed_gives_the_same_rates():
    policy = Policy(margin=0.03)

    assert self_test(policy, *LIKE, draws=20) == self_test(policy, *LIKE, draws=20)


def test_labels_are_swapped_although_the_candidate_is_far_behind():
    """Under the coin neither is better, whatever the real verdict would be."""
    far = systems(both=250, lost=150, gained=0, neither=80)
    found = self_test(Policy(margin=0.1), *far, draws=100)

    assert found.false_alarms.low <= 0.05


def test_graded_scores_lose_the_planted_drop():
    large, small = pair(outcomes(correct=400), shuffled(outcomes(correct=400)))
    rng = np.random.default_rng(0)
    large.items["value"] = rng.uniform(0.4, 1.0, 400)
    small.items["value"] = (large.items["value"] + rng.normal(0, 0.02, 400)).clip(0, 1)

    found = self_test(Policy(margin=0.05), large, small, draws=50)
    assert (found.inconclusive.value, found.misses.value) == (0.0, 0.0)


def test_unlike_systems_are_refused():
    large, _ = LIKE
    _, other = pair(outcomes(correct=50), outcomes(correct=50), protocol={"shots": 3})

    with pytest.raises(NotComparableError):
        self_test(Policy(margin={"other": 0.1}), large, other, draws=5)
