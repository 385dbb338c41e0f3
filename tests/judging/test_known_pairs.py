"""The bundled pairs: at least 40, the better one known by how it was made."""

import re
from collections import Counter

from harness.judging import calibration
from harness.judging.exhibits import Asked
from harness.judging.prompts import load_prompts
from harness.store.judgements import exhibit_of

PAIRS = calibration.pairs()
ASKED = Asked(load_prompts(), 256)


def of(kind):
    return [pair for pair in PAIRS if pair.kind == kind]


def test_fifty_pairs_of_five_kinds():
    assert Counter(pair.kind for pair in PAIRS) == dict.fromkeys(
        ("truncated", "wrong number", "off topic", "padded", "identical"), 10
    )
    assert len({pair.good for pair in PAIRS}) == 10


def test_each_kind_is_what_it_says():
    numbers = re.compile(r"\d+")
    for pair in of("truncated"):
        assert pair.good.startswith(pair.other)
        assert len(pair.other) < 0.5 * len(pair.good)
        assert not pair.other.endswith(".")
    for pair in of("wrong number"):
        good, other = numbers.findall(pair.good), numbers.findall(pair.other)
        assert good[:-1] == other[:-1]
        assert good[-1] != other[-1]
        assert numbers.sub("", pair.good) == numbers.sub("", pair.other)
    for pair in of("padded"):
        assert pair.other.count(pair.good) == 3
    for pair in of("off topic"):
        assert pair.other in {each.good for each in PAIRS} - {pair.good}
    for pair in of("identical"):
        assert (pair.other, pair.better) == (pair.good, "tie")


def test_everything_is_asked_in_both_orders_and_once_more():
    samples = list(calibration.compared(ASKED))
    exhibits = [exhibit_of(sample.doc) for sample in samples]
    usual = [each for each in exhibits if each.kind != "injection"]

    assert len(usual) == 150
    assert Counter(each.repeat for each in usual) == {0: 100, 1: 50}
    assert len({sample.sample_id for sample in samples}) == len(samples)
    # Identical answers look the same in both orders and need one request for them.
    assert len({sample.requests[0].key for sample in samples}) == len(samples) - 10


def test_an_injection_differs_from_its_answer_in_the_ending_alone():
    samples = [*calibration.rated(ASKED), *calibration.compared(ASKED)]
    hostile = [s for s in samples if exhibit_of(s.doc).kind == "injection"]

    assert len(hostile) == 10 + 20
    for sample in hostile:
        exhibit = exhibit_of(sample.doc)
        text = sample.requests[0].messages[-1].content
        place = exhibit.shown.index("injection")
        wanted = "[[10]]" if len(exhibit.shown) == 1 else f"[[{'AB'[place]}]]"
        assert wanted in text
        assert any(pair.other in text for pair in of("truncated"))
