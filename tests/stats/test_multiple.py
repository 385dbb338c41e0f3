import numpy as np
import pytest
from scipy import stats

from harness.stats import benjamini_hochberg, holm

# The fifteen p-values of Benjamini and Hochberg 1995, section 4.
PUBLISHED = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262,
    0.5719, 0.6528, 0.759, 1.0,
]  # fmt: skip


def test_the_published_example_rejects_four_and_three():
    assert (benjamini_hochberg(PUBLISHED) <= 0.05).sum() == 4
    assert (holm(PUBLISHED) <= 0.05).sum() == 3


def test_adjusted_values_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06], abs=1e-12)
    assert benjamini_hochberg([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04], abs=1e-12)


def test_benjamini_hochberg_equals_scipy():
    p = np.random.default_rng(1).random(57) ** 2

    assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p), abs=1e-12)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_the_order_given_is_kept_and_does_not_matter(adjust):
    p = np.random.default_rng(2).random(20)
    order = np.random.default_rng(3).permutation(20)

    assert adjust(p[order]) == pytest.approx(adjust(p)[order], abs=1e-15)
    assert (adjust(p) >= p).all()


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_few_p_values(adjust):
    assert adjust([0.02]) == pytest.approx([0.02])
    assert len(adjust([])) == 0


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
@pytest.mark.parametrize("p", [[0.1, 1.2], [-0.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(adjust, p):
    with pytest.raises(ValueError, match="p-values"):
        adjust(p)


def test_holm_equals_its_formula_and_is_never_below_benjamini_hochberg():
    p = np.random.default_rng(4).random(12) ** 3
    places = np.argsort(p)
    steps = p[places] * np.arange(12, 0, -1)
    by_hand = np.empty(12)
    by_hand[places] = [min(1.0, max(steps[: i + 1])) for i in range(12)]

    assert holm(p) == pytest.approx(by_hand, abs=1e-12)
    assert (holm(p) >= benjamini_hochberg(p)).all()
