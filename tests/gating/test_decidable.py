import re

import pytest

from gate_kit import outcomes, system
from harness.errors import NotComparableError, UsageError
from harness.gating.decidable import check_decidable
from harness.gating.policy import Policy


def baseline(n, **counts):
    return system({"mini": outcomes(correct=n, **counts)}, "large")


def test_enough_items_are_accepted():
    check_decidable(Policy(margin=0.02), baseline(1544))


def test_too_few_are_refused_with_the_number_that_would_decide():
    with pytest.raises(UsageError) as caught:
        check_decidable(Policy(margin=0.02), baseline(480))

    for words in ("nothing was asked", "480 items", "drops from 3.58 points on", "about 1,544"):
        assert words in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("mode", ["fixed", "sequential"])
@pytest.mark.parametrize(("margin", "discordance"), [(0.02, 0.05), (0.05, 0.1), (0.1, 0.05)])
def test_the_number_that_is_named_is_enough_and_one_less_is_not(mode, margin, discordance):
    policy = Policy(margin=margin, discordance=discordance, mode=mode)
    with pytest.raises(UsageError) as caught:
        check_decidable(policy, baseline(31))
    needed = int(re.search(r"about ([\d,]+) are needed", str(caught.value))[1].replace(",", ""))

    check_decidable(policy, baseline(needed))
    with pytest.raises(UsageError):
        check_decidable(policy, baseline(needed - 1))


def test_a_sequential_gate_needs_more_items_at_most():
    with pytest.raises(UsageError, match="about 1,96"):
        check_decidable(Policy(margin=0.02, mode="sequential"), baseline(1544))


def test_fewer_items_than_min_n():
    with pytest.raises(UsageError, match="20 items, fewer than the policy's min_n of 30"):
        check_decidable(Policy(margin=0.4, discordance=0.01), baseline(20))


def test_a_baseline_that_lacks_answers_itself():
    with pytest.raises(UsageError, match="300 of 3,300 items without an answer in the baseline"):
        check_decidable(Policy(), baseline(3000, error=300))


def test_only_tasks_that_are_judged_matter():
    found = system({"big": outcomes(correct=2000), "tiny": outcomes(correct=5)}, "large")

    check_decidable(Policy(margin={"big": 0.02}), found)
    with pytest.raises(UsageError, match="tiny has 5 items"):
        check_decidable(Policy(), found)
    with pytest.raises(NotComparableError, match="the policy names other"):
        check_decidable(Policy(margin={"other": 0.02}), found)
