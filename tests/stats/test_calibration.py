"""Calibration and risk: by hand, against a plain reading of the definitions, and metamorphic."""

import numpy as np
import pytest

from harness.stats import auroc, brier_score, expected_calibration_error, risk_coverage


def calibrated(n, seed=1):
    rng = np.random.default_rng(seed)
    sure = rng.random(n)
    return sure, (rng.random(n) < sure).astype(float)


def test_brier_score_meets_the_known_value():
    assert brier_score([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1]) == pytest.approx(0.175, abs=1e-12)


def test_calibration_error_by_hand():
    # Two bins: 0.6 and 0.7 with one of two right, 0.8 and 0.9 with both right.
    error = expected_calibration_error([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], bins=2)

    assert error == pytest.approx((abs(0.5 - 0.65) + abs(1 - 0.85)) / 2, abs=1e-12)


def test_a_calibrated_system_errs_little_and_a_boastful_one_much():
    sure, right = calibrated(20_000)

    assert expected_calibration_error(sure, right) < 0.02
    assert expected_calibration_error(np.ones(20_000), right) == pytest.approx(
        1 - right.mean(), abs=1e-12
    )


@pytest.mark.parametrize("score", [expected_calibration_error, brier_score, auroc])
def test_the_order_of_items_does_not_matter(score):
    sure, right = calibrated(200)
    sure = sure.round(1)
    order = np.random.default_rng(2).permutation(200)

    assert score(sure[order], right[order]) == pytest.approx(score(sure, right), abs=1e-12)


def test_auroc_counts_pairs_in_the_right_order():
    sure, right = calibrated(80)
    sure = sure.round(1)
    good, bad = sure[right == 1], sure[right == 0]
    above = (good[:, None] > bad).mean() + (good[:, None] == bad).mean() / 2

    assert auroc(sure, right) == pytest.approx(above, abs=1e-12)
    assert auroc(1 - sure, right) == pytest.approx(1 - above, abs=1e-12)


def test_auroc_needs_right_and_wrong_answers():
    assert auroc([0.2, 0.9], [1, 1]) is None
    assert auroc([0.2, 0.9], [0, 0]) is None


def test_risk_and_coverage_by_hand():
    curve = risk_coverage([0.9, 0.8, 0.8, 0.5], [1, 1, 0, 0])

    assert curve.coverage == pytest.approx([0.25, 0.75, 1.0])
    assert curve.risk == pytest.approx([0.0, 1 / 3, 0.5])
    assert curve.area == pytest.approx((0 + 0.5 / 2 + 1 / 3 + 0.5) / 4)


def test_risk_grows_with_coverage_where_confidence_is_worth_something():
    curve = risk_coverage(*calibrated(5000))

    assert curve.risk[len(curve.risk) // 5] < curve.risk[-1]
    assert curve.coverage[-1] == 1.0


@pytest.mark.parametrize(
    ("sure", "right", "bins"),
    [([], [], 15), ([1.2], [1], 15), ([0.5], [0.5], 15), ([0.5, 0.4], [1], 15), ([0.5], [1], 0)],
)
def test_what_is_no_confidence_is_refused(sure, right, bins):
    with pytest.raises(ValueError, match="expected"):
        expected_calibration_error(sure, right, bins)
