import math

import pytest

from harness.models.letters import letter_logprobs


def logs(*weighted):
    return [(text, math.log(weight)) for text, weight in weighted]


def test_surface_forms_of_a_letter_are_merged():
    top = logs((" B", 0.4), ("B", 0.2), ("**B", 0.1), ("b", 0.05), ("\u2581B", 0.03), ("BC", 0.02))

    (a, b, c), bound = letter_logprobs("ABC", top)

    assert b == pytest.approx(math.log(0.78))
    assert (a, c) == (None, None)
    assert bound == pytest.approx(math.log(0.02))


@pytest.mark.parametrize(
    "form", ["D", " D", "(D", "D)", "D.", "D:", "\nD", "d", "__D", '"D', "\u0120D"]
)
def test_each_form_means_its_letter(form):
    assert letter_logprobs("D", [(form, -1.0)])[0] == (-1.0,)


@pytest.mark.parametrize("other", ["DE", "DD", " The", "", "**", "D D", "\u0394"])
def test_what_is_no_form_of_it(other):
    assert letter_logprobs("D", [(other, -1.0)])[0] == (None,)


def test_nothing_told_is_no_bound():
    assert letter_logprobs("AB", []) == ((None, None), None)


def test_very_improbable_tokens_do_not_overflow_and_impossible_ones_are_not_told():
    values, bound = letter_logprobs("AB", [("A", -800.0), (" A", -800.0), ("B", -math.inf)])

    assert values == (pytest.approx(-800 + math.log(2)), None)
    assert bound == -800
