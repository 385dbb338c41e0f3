"""Where we judge 300 synthetic replies otherwise than lm-eval and math-verify, we know why."""

import pytest

from math_replies import (
    classes,
    math_disagreements,
    math_replies,
    number_disagreements,
    number_replies,
    ours,
)


def test_there_are_300_replies():
    assert len(number_replies()) + len(math_replies()) == 300


def test_every_number_is_judged_as_it_was_written():
    for reply in number_replies():
        assert ours(reply, is_number=True) is reply.truth, reply


def test_disagreements_with_lm_eval_have_a_class_and_are_its_mistakes():
    found = number_disagreements()

    assert {scorer for scorer, _ in classes(found)} == {"strict-match", "flexible-extract"}
    assert all(reason for _, reason in classes(found))
    assert all(d.theirs is not d.reply.truth for d in found)


@pytest.mark.slow
def test_disagreements_with_math_verify_are_its_mistakes():
    found = math_disagreements()

    assert found
    assert [d for d in found if d.ours is not d.reply.truth] == []
