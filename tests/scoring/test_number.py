"""Replies to word problems as models write them, and the number that each one states."""

from __future__ import annotations

import random
import time

import pytest

from harness.records import Outcome
from harness.scoring.number import score
from harness.scoring.number_text import canonical

UNPARSED, TRUNCATED, REFUSED = Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED


def read(reply, finish_reason="stop"):
    """The number read, or the outcome where none was."""
    scored = score(reply, "8", finish_reason)
    assert (scored.value is None) == (scored.answer is None)
    return scored.answer or scored.outcome


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        # the last line `Answer: N`, dressed as models dress it
        ("5 plus 3 is 8.\nAnswer: 8", "8"),
        ("Answer: 8", "8"),
        ("answer:8", "8"),
        ("**Answer:** 8", "8"),
        ("**Answer: 8**", "8"),
        ("### Answer: 8.", "8"),
        ("Final Answer: 8", "8"),
        ("So the answer is: 8", "8"),
        ("Answer = 8", "8"),
        ("Answer:\n8", "8"),
        ("Answer:\n\n**8**", "8"),
        ("Answer: $8", "8"),
        ("Answer: \\$8.00", "8"),
        ("Answer: €8", "8"),
        ("Answer: £1,250.50", "1250.5"),
        ("Answer: $\\boxed{8}$", "8"),
        ("Answer: \\boxed{1{,}234}", "1234"),
        ("<answer>8</answer>", "8"),
        ("Answer: 8 apples", "8"),
        ("Answer: Tom has 8 apples left.", "8"),
        ("Answer: 8kg", "8"),
        ("Answer: 8 (5 + 3)", "8"),
        ("Answer: 5 + 3 = 8", "8"),
        ("Answer: 8, because 5 and 3 make 8", "8"),
        ("Answer: 8. Because 5 plus 3 is 8.", "8"),
        ("Answer: 50%", "50"),
        ("Answer: 50 \\%", "50"),
        ("Answer: +8", "8"),
        ("Answer: -8", "-8"),
        ("Answer: \u22128", "-8"),
        ("Answer: -$8", "-8"),
        ("Answer: -0", "0"),
        ("Answer: 008", "8"),
        ("Answer: 8.000", "8"),
        ("Answer: 8.", "8"),
        ("Answer: .5", "0.5"),
        ("Answer: 1,234,567", "1234567"),
        ("Answer: \uff18", "8"),
        ("Answer: 1/2", "0.5"),
        ("Answer: 16/2", "8"),
        ("Answer: \\frac{3}{4}", "0.75"),
        ("Answer: -1/4", "-0.25"),
        # the last one counts, and what a base model invents afterwards does not
        ("Answer: 7\nWait, I forgot one.\nAnswer: 8", "8"),
        ("Answer: 8\n\nQuestion: Ben has 3 pens.\nWorking: so\nAnswer: 3", "8"),
        ("Answer: 8\n<|user|>\nAnswer: 3", "8"),
        ("<think>Answer: 7</think>Answer: 8", "8"),
        ("<think>I guess 7</think>\nIt is 8.", "8"),
        # no such line: the box, then the final sentence
        ("So we get \\boxed{8} apples in 3 boxes.", "8"),
        ("First \\boxed{7}, then \\boxed{8}.", "8"),
        ("\\boxed{\\frac{1}{2}}", "0.5"),
        ("8", "8"),
        ("8 apples", "8"),
        ("First 5 and 3. He has 8 apples.", "8"),
        ("5 plus 3 is 8.", "8"),
        ("He gets 5 + 3 = 8 apples.", "8"),
        ("The answer is 8.", "8"),
        ("It costs $8.50.", "8.5"),
    ],
)  # fmt: skip
def test_the_number_that_is_stated(reply, expected):
    assert read(reply) == expected


@pytest.mark.parametrize(
    "reply",
    [
        None,
        "",
        "   ",
        "I do not know.",
        "Answer:",
        "Answer: eight",
        "Answer: unknown",
        "Answer: N",
        "Answer: 7 or 8",
        "Answer: 7, 8",
        "Answer: between 7 and 8",
        "Answer: not 8",
        "Answer: 8?",
        "Answer: <8",
        "Answer: 3-8",
        "Answer: - 8",
        "Answer: minus 8",
        "Answer: 8 million",
        "Answer: 8 and a half",
        "Answer: 8 1/2",
        "Answer: 1/3",
        "Answer: 8/0",
        "Answer: 1,23",
        "Answer: 12,34,567",
        "Answer: 1.234,5",
        "Answer: 1.2.3",
        "Answer: 10:30",
        "Answer: 8x",
        "Answer: 8 = 5 + 3",
        "Answer: 8" + " and so on" * 80,
        "Answer: 8e3",
        "Answer: 8th",
        "Answer: 8²",
        "Answer: 2^3",
        "Answer: 2*4",
        "Answer: 2+6",
        "Answer: x8",
        "Answer: ٨",
        "Answer: __import__('os').getpid()",
        "Answer: " + "9" * 61,
        "Answer: 8\nWait, that is wrong.",
        "Answer: 8\nAnswer: I am not sure",
        "So \\boxed{8}. Wait, that is wrong.",
        "\\boxed{8",
        "\\boxed{7 or 8}",
        "<think>Answer: 8",
        "He has 8 apples. Is that all?",
        "He has 8 apples.\nI hope this helps!",
        "He has 8 apples in 2 boxes.",
        "Is it 8?",
    ],
)
def test_what_is_not_said_is_not_guessed(reply):
    assert read(reply) == UNPARSED


@pytest.mark.parametrize(
    ("reply", "finish_reason", "expected"),
    [
        ("5 plus 3 is 8", "length", TRUNCATED),
        ("5 plus 3 is 8.", "max_tokens", TRUNCATED),
        ("Answer: 8", "length", TRUNCATED),  # may have become 80
        ("Answer: 8\n", "length", TRUNCATED),
        ("\\boxed{8} and so on", "length", TRUNCATED),
        ("Answer: 8\nLet me explain", "length", TRUNCATED),
        ("Answer: 8\n\nQuestion: Ben has 3", "length", TRUNCATED),
        ("Answer: 8\nWait, that is wrong", "length", TRUNCATED),
        ("Answer: 8\nAnswer: 8", "length", TRUNCATED),
        ("Answer: 7 or 8\nLet me explain", "length", TRUNCATED),
        ("<think>Answer: 8\nSo", "length", TRUNCATED),
        ("Answer: 8", None, "8"),
        ("He has 8 apples.", None, UNPARSED),  # nobody says that it ended by itself
        ("I can't help with that.", "stop", REFUSED),
        ("", "content_filter", REFUSED),
    ],
)
def test_how_a_reply_ended_matters(reply, finish_reason, expected):
    assert read(reply, finish_reason) == expected


def test_right_and_wrong_are_decided_exactly():
    assert score("Answer: 8.0", "8").outcome is Outcome.CORRECT
    assert score("Answer: 1,000", "1000.00").value == 1.0
    assert score("Answer: 8.0000001", "8").outcome is Outcome.WRONG
    assert score("Answer: 0.30000000000000004", "0.3").value == 0.0
    assert score("Answer: 18", "8").value == 0.0


def test_the_first_answer_is_kept_beside_the_last():
    scored = score("Answer: 7\nLet me see.\nAnswer: 8", "8")

    assert (scored.answer, scored.first_answer, scored.scorer) == ("8", "7", "number/2")
    assert score("Answer: 7\nAnswer: 8", "8", "length").first_answer is None


@pytest.mark.parametrize("gold", ["", "eight", "7 or 8", "1,23", "8 apples", "1/3"])
def test_a_gold_that_is_no_number_is_an_error(gold):
    with pytest.raises(ValueError, match="gold must be the text of one number"):
        score("Answer: 8", gold)


def test_every_way_to_write_a_number_is_one_value():
    rng = random.Random(5)
    for _ in range(500):
        value = rng.randrange(-(10**9), 10**9)
        for text in (f"{value}", f"{value:,}", f"{value}.0", f"{value:,}.00"):
            assert canonical(text) == str(value)


@pytest.mark.parametrize(
    "piece",
    ["9", "Answer: ", "Answer: 8\n", "\\boxed{", "⟦", "1,", "8 = ", "- ", "8. ", "<think>", " ",
     "\n", "answer is ", "1/2 ", "is ", "\\frac{1}{", "Wait, no ", "8?"],
)  # fmt: skip
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_a_megabyte_is_read_in_linear_time(piece, finish_reason):
    reply = (piece * (1_000_000 // len(piece) + 1))[:1_000_000]
    began = time.perf_counter()

    score(reply, "8", finish_reason)

    assert time.perf_counter() - began < 3
