r"""Whether answers are the same mathematics: our own corpus, three wrappings, both directions."""

import random
import time

import pytest

from harness.records import Outcome
from harness.scoring.math import explain, score
from harness.scoring.math.compare import LAYERS
from math_pairs import DIFFERENT, POLICY, SAME, WRAPPINGS, wrapped

CORRECT, WRONG, UNPARSED = Outcome.CORRECT, Outcome.WRONG, Outcome.UNPARSED


def rows(table):
    return [
        pytest.param(first, second, id=f"{name}: {first} | {second}")
        for name, pairs in table.items()
        for first, second in pairs
    ]


def both_ways(first, second):
    for gold, answer in ((first, second), (second, first)):
        for wrapping in WRAPPINGS:
            yield wrapping, gold, score(wrapped(answer, wrapping), gold)


def test_the_corpus_is_large_enough():
    assert sum(map(len, SAME.values())) >= 60
    assert sum(map(len, DIFFERENT.values())) >= 60


@pytest.mark.parametrize(("first", "second"), rows(SAME))
def test_the_same_answer_is_correct(first, second):
    for wrapping, gold, scored in both_ways(first, second):
        assert (scored.outcome, scored.value) == (CORRECT, 1.0), (wrapping, gold, scored)


@pytest.mark.parametrize(("first", "second"), rows(DIFFERENT))
def test_another_answer_is_wrong(first, second):
    for wrapping, gold, scored in both_ways(first, second):
        assert (scored.outcome, scored.value) == (WRONG, 0.0), (wrapping, gold, scored)


@pytest.mark.parametrize(("first", "second", "same"), POLICY)
def test_where_the_question_decides_the_policy_is_kept(first, second, same):
    for wrapping, gold, scored in both_ways(first, second):
        assert scored.value == float(same), (wrapping, gold, scored)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_every_answer_equals_itself(wrapping):
    for table in (SAME, DIFFERENT):
        for answer in {text for pairs in table.values() for pair in pairs for text in pair}:
            scored = score(wrapped(answer, wrapping), answer)
            assert scored.outcome is CORRECT, (answer, scored)


@pytest.mark.parametrize(
    ("gold", "answer", "layer"),
    [
        (r"\frac12", r"\dfrac{1}{2}", "text"),
        ("Monday", "Tuesday", "text"),
        ("0.5", r"\frac12", "number"),
        ("10_2", "10", "notation"),
        ("(1,2)", "1,2", "form"),
        ("7", "9^{9999}", "limit"),
        (r"\sqrt8", r"2\sqrt2", "verify"),
        (r"\{1, \sqrt8\}", r"\{2\sqrt2, 1\}", "verify"),
    ],
)
def test_the_deciding_layer_is_named(gold, answer, layer):
    assert layer in LAYERS
    assert score(rf"\boxed{{{answer}}}", gold).scorer == f"math/1:{layer}"


def test_what_a_question_demands_is_a_form():
    gold, sum_ = "(x-1)(x+1)", r"\boxed{x^2-1}"

    assert score(sum_, gold, question="Simplify.").outcome is CORRECT
    refused = score(sum_, gold, question="Factor $x^2-1$ completely.")
    assert (refused.outcome, refused.scorer) == (WRONG, "math/1:form")
    assert score(r"\boxed{(1+x)(x-1)}", gold, question="Factor it.").outcome is CORRECT
    assert score(rf"\boxed{{{gold}}}", "x^2-1", question="Expand it.").outcome is WRONG
    # the greatest common factor is no product
    assert score(r"\boxed{2x}", "2x", question="Find the common factor of $2x(x+1)$.").value == 1.0


def test_an_explanation_holds_every_step():
    why = explain(r"I think \boxed{4}. No: \boxed{2\sqrt2}", r"\sqrt{8}")

    assert why.extracted.place == "last box"
    assert (why.extracted.first, why.extracted.answer) == ("4", r"2\sqrt2")
    assert [found.layer for found in why.findings] == ["text", "verify"]
    assert why.findings[0].equal is None
    assert why.score.detail == why.findings[-1].why


def test_no_answer_has_no_findings():
    why = explain("I do not know.", "8")

    assert (why.findings, why.score.outcome, why.score.scorer) == ((), UNPARSED, "math/1")


@pytest.mark.parametrize("gold", ["", "  "])
def test_an_empty_gold_is_an_error_of_the_task(gold):
    with pytest.raises(ValueError, match="gold must be"):
        score("8", gold)


def test_nothing_but_a_line_makes_no_sense_of_noise():
    rng = random.Random(7)
    alphabet = "\\{}()[]$^_&,.;:=<>|+-*/!%'\"abxyz0123456789 \n\t√π²½∞"
    began = time.perf_counter()
    for _ in range(100):
        noise = "".join(rng.choices(alphabet, k=rng.randrange(60)))
        assert score(f"\\boxed{{{noise}}}", "-987654321").outcome is not CORRECT
    assert time.perf_counter() - began < 60
