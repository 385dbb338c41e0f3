r"""Where a reply gives its answer."""

import time

import pytest

from harness.records import Outcome
from harness.scoring.boxes import boxes, last_box
from harness.scoring.math import explain, score

UNPARSED, TRUNCATED, REFUSED = Outcome.UNPARSED, Outcome.TRUNCATED, Outcome.REFUSED


def read(reply, finish_reason="stop"):
    """What was read, or the outcome where nothing was."""
    scored = score(reply, "-123456789", finish_reason)
    return scored.answer if scored.answer is not None else scored.outcome


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        # the last balanced box
        (r"So $\boxed{8}$.", "8"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\left\{1,\{2\}\right\}}", r"\left\{1,\{2\}\right\}"),
        (r"\boxed 8", "8"),
        (r"\fbox{8}", "8"),
        (r"First \boxed{7}, then \boxed{8}.", "8"),
        (r"\boxed{7}\boxed{8}", "8"),
        (r"\boxed{7}, \boxed{8}", "8"),
        (r"\boxed{8} and \boxed{", "8"),
        (r"\boxed{1 + \boxed{8}", "8"),
        (r"\boxed{\boxed{8}}", r"\boxed{8}"),
        (r"**\boxed{8}**", "8"),
        (r"\boxed{8} Answer: 7", "8"),
        ("<answer>8</answer>", "8"),
        (r"\boxed{\text{(B)}}", r"\text{(B)}"),
        ("\\boxed{8}\n\nQuestion: What is 1 + 1?\n\\boxed{2}", "8"),
        # else the last answer line
        ("Answer: 7\nNo.\nAnswer: 8", "8"),
        ("**Answer:** $8$", "$8$"),
        ("Final Answer: 8", "8"),
        ("Answer:\n$$\\frac{1}{2}$$", r"\frac{1}{2}"),
        ("Answer: 8\n\nProblem 2: What is 1 + 1?\nAnswer: 2", "8"),
        ("Answer: 8, because 3 + 5 is 8", "8"),
        ("Answer: 8 (three and five)", "8"),
        (r"Answer: (0,1) \cup (2,\infty)", r"(0,1) \cup (2,\infty)"),
        ("Answer: 2 (sin x)", "2 (sin x)"),
        # else the final sentence
        ("3 and 5 are added. The answer is 8.", "8"),
        (r"So the area is $12\pi$ square inches.", r"12\pi square inches"),
        (r"Therefore, $$x = \frac{1}{2}.$$", r"x = \frac{1}{2}."),
        ("So, $x = 8$", "x = 8"),
        ("Finally, 8.", "8"),
        ("The answer is .5.", ".5"),
        ("It is 0.333....", "0.333..."),
        ("8", "8"),
        # thinking says nothing
        (r"<think>\boxed{7}</think>\boxed{8}", "8"),
        (r"<think>\boxed{7}</think>The answer is 8.", "8"),
        (r"<think>so \boxed{7}", UNPARSED),
        # nothing to be read
        ("", UNPARSED),
        (r"\boxed{}", UNPARSED),
        ("There are 3 ways, or perhaps 5?", UNPARSED),
        ("The answer is not 8.", UNPARSED),
        (r"\boxed{8} Wait, that's wrong.", UNPARSED),
        ("I can't help with that.", REFUSED),
        (None, UNPARSED),
    ],
)
def test_what_is_read(reply, expected):
    assert read(reply) == expected


@pytest.mark.parametrize("reply", [r"\boxed{8}", "Answer: 8", "The answer is 8.", "so 3 + 5 =", ""])
def test_nothing_is_scraped_from_a_cut_reply(reply):
    scored = score(reply, "8", "length")

    assert (scored.outcome, scored.value, scored.answer) == (TRUNCATED, None, None)
    assert scored.first_answer is None


@pytest.mark.parametrize("finish_reason", [None, "tool_calls"])
def test_a_sentence_counts_only_in_a_reply_that_ended_by_itself(finish_reason):
    assert read("The answer is 8.", finish_reason) is UNPARSED
    assert read(r"\boxed{8}", finish_reason) == "8"


def test_the_first_match_is_kept_beside_the_last():
    scored = score(r"\boxed{7}. I forgot one: \boxed{8}", "8")

    assert (scored.first_answer, scored.answer) == ("7", "8")


def test_an_answer_taken_back_leaves_its_first_match():
    why = explain(r"\boxed{8}. Wait, that's wrong.", "8")

    assert why.extracted.place == "box, then taken back"
    assert (why.score.first_answer, why.score.answer) == ("8", None)


def test_boxes_know_where_they_stand():
    text = r"a \boxed{1{2}3} b \boxed{} c \boxed{\}}"

    assert [(box.content, text[box.start : box.end]) for box in boxes(text)] == [
        ("1{2}3", r"\boxed{1{2}3}"),
        (r"\}", r"\boxed{\}}"),
    ]
    assert last_box("no box") is None


@pytest.mark.parametrize(
    "reply",
    [r"\boxed{" * 20_000, "{" * 50_000 + "}" * 50_000, r"\boxed{" * 9_000 + "8" + "}" * 9_000],
)
def test_braces_cost_linear_time(reply):
    began = time.perf_counter()
    boxes(reply)

    assert time.perf_counter() - began < 2
