"""Replies that end with a word, a number or a list, and what each of them says."""

from __future__ import annotations

import time

import pytest

from harness.records import Outcome
from harness.scoring import SCORER_IDS
from harness.scoring.exact import ID, score
from harness.scoring.number import score as score_number

CORRECT, WRONG, UNPARSED = Outcome.CORRECT, Outcome.WRONG, Outcome.UNPARSED
TRUNCATED, REFUSED = Outcome.TRUNCATED, Outcome.REFUSED
LIST = "Friday, Thursday"


def judged(reply, gold, finish_reason="stop"):
    """The outcome; a value and an answer are there exactly where it is a judgement."""
    found = score(reply, gold, finish_reason)
    assert found.scorer == ID == SCORER_IDS["exact"]
    assert (found.value is None) == (found.answer is None)
    assert (found.outcome in (CORRECT, WRONG)) == (found.value is not None)
    return found.outcome


@pytest.mark.parametrize(
    ("reply", "gold"),
    [
        ("A young sheep is a lamb.\nAnswer: lamb", "lamb"),
        ("Answer: Lamb", "lamb"),
        ("answer:lamb.", "lamb"),
        ("Answer = LAMB!", "lamb"),
        ("**Answer:** **lamb**", "lamb"),
        ("Answer: `lamb`", "lamb"),
        ('Answer: "lamb"', "lamb"),
        ("Answer: 'lamb'", "lamb"),
        ("Answer: \u201clamb\u201d", "lamb"),
        ("Answer: [lamb]", "lamb"),
        ("Answer: a lamb", "lamb"),
        ("Answer: The lamb.", "lamb"),
        ("Answer:\nlamb\nThat is its name.", "lamb"),
        ("Answer: \\boxed{\\text{lamb}}", "lamb"),
        ("<answer>cow</answer>\nAnswer: lamb", "lamb"),
        ("Answer: calf\nNo, I mean the other one.\nAnswer: lamb", "lamb"),
        ("<think>Answer: calf</think>Answer: lamb", "lamb"),
        ("Answer: lamb\n\nQuestion: what is a young cow?\nAnswer: calf", "lamb"),
        ("Answer: new  york", "New York"),
        ("Answer: A", "a"),
        # numbers: as number/2 reads them
        ("Answer: 14", "14"),
        ("Answer: 14 days", "14"),
        ("Answer: 14.0", "14"),
        ("Answer: **14**.", "14"),
        ("Answer: 7 times 2 = 14", "14"),
        ("Answer: 1,400", "1400"),
        ("Answer: 1/2", "0.5"),
        # lists
        ("Answer: Friday, Thursday", LIST),
        ("Answer: friday,thursday.", LIST),
        ("Answer: Friday , Thursday", LIST),
        ("**Answer: Friday, Thursday**", LIST),
        ("Answer: **Friday**, `Thursday`", LIST),
        ("Answer: [Friday, Thursday]", LIST),
        ('Answer: "Friday", "Thursday"', LIST),
        ("Answer: Friday Thursday", LIST),
        ("Answer: Friday and Thursday", LIST),
        ("Answer: Friday, then Thursday", LIST),
        ("Answer: Friday, and then Thursday", LIST),
        ("Answer: Friday; Thursday", LIST),
        ("Answer: Friday & Thursday", LIST),
        ("Answer: Friday -> Thursday", LIST),
        ("Answer: Friday \u2192 Thursday", LIST),
        ("Answer: Friday \u2013 Thursday", LIST),
        ("Answer: the Friday, the Thursday", LIST),
        ("Answer:\nFriday, Thursday\nThat is the reverse.", LIST),
        ("Answer:\nFriday\nThursday\nThat is the reverse.", LIST),
        ("Answer:\n1. Friday\n2. Thursday", LIST),
        ("Answer:\n- Friday\n- Thursday", LIST),
        ("Answer:\n* **Friday**\n* **Thursday**", LIST),
        ("Answer: $\\boxed{\\text{Friday, Thursday}}$", LIST),
        ("So Answer: $\\boxed{\\text{Friday Thursday}}$ it is", LIST),
        ("Answer: 3, 1.0, 2", "3, 1, 2"),
        ("Answer: 3 1 2", "3, 1, 2"),
        ("Answer: Lima and New York", "Lima, New York"),
        ("Answer: salt and pepper", "salt and pepper"),
    ],
)  # fmt: skip
def test_how_an_answer_is_dressed_does_not_matter(reply, gold):
    assert judged(reply, gold) is CORRECT


@pytest.mark.parametrize(
    ("reply", "gold"),
    [
        ("Answer: calf", "lamb"),
        ("Answer: lambs", "lamb"),
        ("Answer: not lamb", "lamb"),
        ("Answer: lamb or calf", "lamb"),
        ("Answer: it is called a lamb", "lamb"),
        ("Answer: lamb, I think", "lamb"),
        ("Answer: lamb\nAnswer: calf", "lamb"),
        ("Answer: 14", "lamb"),
        ("Answer: 15", "14"),
        ("Answer: -14", "14"),
        ("Answer: 140", "14"),
        ("Answer: Thursday, Friday", LIST),
        ("Answer: Friday", LIST),
        ("Answer: Friday, Thursday, Wednesday", LIST),
        ("Answer: Friday, Friday, Thursday", LIST),
        ("Answer: FridayThursday", LIST),
        ("Answer: Friday\nThursday", LIST),
        ("Answer:\nFriday\n\nThursday", LIST),
        ("Answer: York New, Lima", "New York, Lima"),
        ("Answer: New, York", "New York"),
        ("Answer: Lima New York", "Lima, New York"),
        ("Answer: lamb" + " " * 3 + "x" * 2000, "lamb"),
    ],
)
def test_another_answer_is_wrong(reply, gold):
    assert judged(reply, gold) is WRONG


@pytest.mark.parametrize(
    ("reply", "gold"),
    [
        (None, "lamb"),
        ("", "lamb"),
        ("lamb", "lamb"),
        ("A young sheep is a lamb.", "lamb"),
        ("The answer is lamb.", "lamb"),
        ("\\boxed{lamb}", "lamb"),
        ("Answer:", "lamb"),
        ("Answer: ...", "lamb"),
        ("Answer: lamb\nAnswer: ?", "lamb"),
        ("Answer: lamb\nWait, that is wrong.", "lamb"),
        ("<think>Answer: lamb", "lamb"),
        ("14", "14"),
        ("Answer: fourteen", "14"),
        ("Answer: 14 or 15", "14"),
        ("Answer: minus 14", "14"),
        ("Friday, Thursday", LIST),
    ],
)
def test_what_no_answer_line_says_is_not_guessed(reply, gold):
    assert judged(reply, gold) is UNPARSED


@pytest.mark.parametrize(
    ("reply", "finish_reason", "expected"),
    [
        ("A young sheep is", "length", TRUNCATED),
        ("Answer: lamb", "length", TRUNCATED),  # may have become "lambs"
        ("Answer: lamb\n", "max_tokens", TRUNCATED),
        ("Answer:", "length", TRUNCATED),
        ("Answer: lamb\nLet me explain", "length", TRUNCATED),
        ("Answer: calf\nLet me explain", "length", TRUNCATED),
        ("Answer: lamb\nAnswer: calf", "length", TRUNCATED),
        ("Answer:\nlamb", "length", TRUNCATED),
        ("Answer: lamb", None, CORRECT),
        ("I can't help with that.", "stop", REFUSED),
        ("", "content_filter", REFUSED),
    ],
)
def test_how_a_reply_ended_matters(reply, finish_reason, expected):
    assert judged(reply, "lamb", finish_reason) is expected


@pytest.mark.parametrize("more", ["", "\nThurs", "\nThursday\nThat", ", Thursday\nThat"])
def test_from_a_list_that_was_cut_nothing_is_read(more):
    assert judged(f"Answer:\nFriday{more}", LIST, "length") is TRUNCATED


def test_a_number_is_what_the_number_scorer_reads():
    for said in ("8 apples", "8 (5 + 3)", "$8", "8kg", "8, because", "7 or 8", "8th", "2*4"):
        reply = f"Answer: {said}"
        assert score(reply, "8").answer == score_number(reply, "8").answer


def test_answers_are_kept_in_the_form_in_which_they_are_compared():
    found = score("Answer: Sunday\nNo.\nAnswer: Friday and THURSDAY", LIST)

    assert (found.answer, found.first_answer) == ("friday, thursday", "sunday")
    assert score("Answer: 14.0 days", "14").answer == "14"
    assert score("Answer: lamb\nAnswer: calf", "lamb", "length").first_answer is None


@pytest.mark.parametrize("gold", ["", "  ", "...", ", ,", "and"])
def test_a_gold_that_says_nothing_is_an_error(gold):
    with pytest.raises(ValueError, match="gold must be"):
        score("Answer: lamb", gold)


@pytest.mark.parametrize(
    "piece",
    ["a", "Answer: ", "Answer: a\n", "Answer:\n", "Answer:\na, ", "answer", "\\boxed{", "⟦", "a, ",
     "and ", "then", "->", "(", "[", "the ", "- ", "1. ", " ", "\n", "<think>", "Wait, no ", "'",
     "Answer: Friday, Thursday\n", "Answer:\n1. Friday\n"],
)  # fmt: skip
@pytest.mark.parametrize("gold", ["lamb", "14", LIST])
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_hostile_replies_are_read_in_linear_time(piece, gold, finish_reason):
    reply = (piece * (100_000 // len(piece) + 1))[:100_000]
    began = time.perf_counter()

    score(reply, gold, finish_reason)

    assert time.perf_counter() - began < 1
