r"""Gold solutions against their own answers: whatever is not right there is the scorer's fault."""

import pytest

from harness.scoring.math.latex import key, normal
from harness.scoring.math.units import split_unit
from math_golds import against_own, against_shuffled, gsm8k_items, math500_items, math_items
from shared_data import requires_shared

pytestmark = requires_shared


def test_math500_and_a_part_of_math_are_right():
    for items in (math500_items(), math_items()[::10]):
        tally = against_own(items)
        assert (tally.surprises, dict(tally.outcomes)) == ([], {"correct": len(items)})


def test_gsm8k_is_right():
    items = gsm8k_items()

    assert len(items) == 1319
    assert dict(against_own(items).outcomes) == {"correct": 1319}


def test_shuffled_answers_of_gsm8k_are_wrong_unless_they_are_the_same():
    tally = against_shuffled(gsm8k_items())

    assert tally.surprises == []
    assert tally.outcomes["correct"] < 20


@pytest.mark.slow
def test_all_of_math_is_right():
    items = math_items()
    tally = against_own(items)

    assert len(items) == 5000
    assert (tally.surprises, dict(tally.outcomes)) == ([], {"correct": 5000})
    assert tally.seconds < 60


@pytest.mark.slow
def test_another_problems_answer_is_right_only_where_it_is_the_same():
    tally = against_shuffled(math_items())

    assert "error" not in tally.outcomes
    assert len(tally.surprises) < 10
    # `b=0` is 0 and `10 edges` are 10: a name or a unit that only one side gives is dropped
    for _, own, gold, score in tally.surprises:
        assert score.outcome == "correct"
        assert bare(own) == bare(gold)


def bare(answer):
    """An answer without its name and its unit."""
    return key(split_unit(normal(answer).rpartition("=")[2])[0])
