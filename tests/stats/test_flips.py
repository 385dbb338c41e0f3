"""Changed answers and changed letters: by hand, and against scipy."""

import numpy as np
import pytest
from scipy.stats import entropy

from harness.stats import count_flips, letter_divergence, letter_probabilities, right_letter_change

NONE = float("-inf")


def test_equal_accuracy_can_hide_flips():
    baseline, candidate = np.zeros(1000), np.zeros(1000)
    baseline[:25], candidate[25:50] = 1, 1

    flips = count_flips(baseline, candidate)

    assert (flips.gains, flips.losses, flips.rate) == (25, 25, 0.05)
    assert baseline.mean() == candidate.mean()
    assert flips.moved is flips.all_rate is None


def test_all_flips_add_one_wrong_answer_for_another():
    answers = ["A", "A", "B", "C", None, None], ["a", "B", "A", "D", None, "B"]

    flips = count_flips([1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0], answers)

    assert (flips.gains, flips.losses, flips.moved) == (1, 1, 2)
    assert flips.rate == pytest.approx(2 / 6)
    assert flips.all_rate == pytest.approx(4 / 6)


def test_graded_scores_and_missing_answers_are_refused():
    with pytest.raises(ValueError, match="does not flip"):
        count_flips([0.5], [1])
    with pytest.raises(ValueError, match=r"expected 2 answers a side, got \[2, 1\]"):
        count_flips([1, 0], [1, 0], (["A", "B"], ["A"]))


def test_listed_letters_are_scaled_to_one():
    shares = letter_probabilities(np.log([[0.4, 0.2, 0.1, 0.1]]))

    assert shares == pytest.approx(np.array([[0.5, 0.25, 0.125, 0.125]]), abs=1e-12)


def test_missing_letters_share_what_is_left_but_stay_below_the_least_listed():
    small_rest = letter_probabilities([[np.log(0.7), np.log(0.2), NONE, np.nan]])
    large_rest = letter_probabilities([[np.log(0.3), np.log(0.1), NONE, np.nan]])
    no_rest = letter_probabilities([[0.0, NONE]])

    assert small_rest == pytest.approx(np.array([[0.7, 0.2, 0.05, 0.05]]), abs=1e-12)
    assert large_rest == pytest.approx(np.array([[3, 1, 1, 1]]) / 6, abs=1e-12)
    assert 0 < no_rest[0, 1] < 1e-8


def test_a_row_without_letters_has_no_distribution():
    shares = letter_probabilities([[NONE, np.nan], [np.log(0.5), np.log(0.5)]])

    assert np.isnan(shares[0]).all()
    assert shares[1] == pytest.approx([0.5, 0.5])
    assert np.isnan(letter_divergence([[NONE, NONE]], [[-1.0, -1.0]])[0])


def test_divergence_equals_scipys_entropy():
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(4), 20), rng.dirichlet(np.ones(4), 20)

    found = letter_divergence(np.log(p), np.log(q))

    assert found == pytest.approx(entropy(p, q, axis=1), abs=1e-12)
    assert letter_divergence(np.log(p), np.log(p)) == pytest.approx(np.zeros(20), abs=1e-12)
    assert (found > 0).all()


def test_the_right_letters_change_by_hand():
    before, after = np.log([[0.5, 0.5], [0.9, 0.1]]), np.log([[0.8, 0.2], [0.6, 0.4]])

    assert right_letter_change(before, after, [0, 1]) == pytest.approx([0.3, 0.3], abs=1e-12)
    assert right_letter_change(after, before, [0, 1]) == pytest.approx([-0.3, -0.3], abs=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: letter_probabilities([[0.1, -1.0]]),
        lambda: letter_probabilities([-1.0]),
        lambda: letter_divergence([[-1.0, -1.0]], [[-1.0, -1.0, -1.0]]),
        lambda: right_letter_change([[-1.0, -1.0]], [[-1.0, -1.0]], [2]),
        lambda: right_letter_change([[-1.0, -1.0]], [[-1.0, -1.0]], [0, 1]),
    ],
)
def test_what_are_no_letters_is_refused(call):
    with pytest.raises(ValueError, match="expected"):
        call()
