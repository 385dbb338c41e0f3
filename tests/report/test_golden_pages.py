"""Six models with planted truths: what the pages say of them, to the letter and to the number."""

import pytest

from golden_pages import GOLDEN, PAIRS, make
from six_models import ZERO_SHOT

pytestmark = pytest.mark.slow

AGAIN = "read the difference; if it is wanted: python tests/golden_pages.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make(tmp_path_factory.mktemp("golden"))


@pytest.mark.parametrize("name", ["index.txt", "decision.txt", "answers.txt"])
def test_pages_say_what_they_said(made, name):
    assert made[name].splitlines() == (GOLDEN / name).read_text("utf-8").splitlines(), AGAIN


PLANTED = {
    ("small-q4", "small-f16"): (
        "partly", "In part", "not different by 2 points or more on facts (0.0",
        "only because its replies could not be read, on sums (\u221210.0",
    ),
    ("small-f16", "small-q4"): ("yes", "Yes", "better than the baseline on sums (+10.0"),
    ("small-f16", "large-local"): (
        "no", "No", "worse by more than 2 points on sums (\u22125.0",
        "not shown to be within 2 points on facts (0.0", "it takes 10.1 % of the file size",
    ),
    ("small-q4", "large-local"): (
        "no", "No", "through wrong answers and replies that could not be read, on sums (\u221215.0",
    ),
    ("large-local", "small-f16"): ("partly", "In part", "there is not enough data"),
    ("mini-api", "large-api"): (
        "no", "No", "worse by more than 2 points on facts (\u221228.0",
        "both answered too few of the questions (sums: 900 of 1,000)", "10.0 % of the price",
        "lies within \u221245.0 to \u221235.0 points",
    ),
    ("small-q4", "mini-api"): ("partly", "In part", "better than the baseline on facts (+20.0"),
    ("large-local", "large-api"): (
        "no", "No", "on facts (\u22128.0", "and sums (\u22125.0", "4.00 times the time a reply",
    ),
    ("large-api", "large-local"): ("yes", "Yes", "better than the baseline on facts (+8.0"),
    ("large-api", "dear-api"): (
        "yes", "Yes", "not different by 2 points or more on facts (0.0", "33.3 % of the price",
    ),
    ("dear-api", "large-api"): ("yes", "Yes", "it takes 3.00 times the price"),
    ("small-f16", "large-api"): ("no", "No", "on facts (\u22128.0", "and sums (\u221210.0"),
    ("large-api", "small-f16"): ("yes", "Yes", "on facts (+8.0", "and sums (+10.0"),
    ("small-q4", ZERO_SHOT): ("unclear", "Not comparable", "shots: 5 against 0"),
}  # fmt: skip


@pytest.mark.parametrize("pair", PLANTED, ids=" for ".join)
def test_the_answer_is_the_planted_one(made, pair):
    light, word, *said = PLANTED[pair]
    boxes = dict(
        box.split("\n", 1) for box in made["answers.txt"].removeprefix("== ").split("\n== ")
    )

    lines = boxes[f"{pair[0]} for {pair[1]}: {light}"].splitlines()

    assert lines[1] == word
    for text in said:
        assert text in " ".join(lines)


def test_every_pair_is_planted():
    assert set(PLANTED) == set(PAIRS)
    assert len(PLANTED) >= 12


def rows(made, label):
    """The rows of the table with this caption, by model."""
    lines = made["index.txt"].splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(label))
    found = {}
    for line in lines[start + 1 :]:
        if " | " not in line:
            break
        cells = line.split(" | ")
        found[cells[0]] = cells
    return found


def test_places_are_the_planted_ones_and_ties_are_ties(made):
    lines = [line.split(" | ") for line in made["index.txt"].splitlines() if " | " in line]
    found = [(cells[1].split()[0], cells[0]) for cells in lines if len(cells) > 20]
    board = [pair for pair in found if pair[0] != "Model"]

    assert board[:6] == [
        ("dear-api", "1="), ("large-api", "1="), ("large-local", "3="), ("small-f16", "3="),
        ("small-q4", "3="), ("mini-api", "6"),
    ]  # fmt: skip
    assert board[6] == ("large-api", "1")
    assert board[7:] == [
        ("dear-api", "1="), ("large-api", "1="), ("large-local", "3"), ("small-f16", "4"),
        ("small-q4", "5"), ("mini-api", "\u2013"),
    ]  # fmt: skip


def standings(made, kind, task):
    start = f"Accuracy against {kind}, {task}, protocol"
    return {name: cells[-1] for name, cells in rows(made, start).items() if name != "Model"}


def test_dominated_is_only_who_is_behind_beyond_doubt(made):
    by_time = standings(made, "median time of a reply", "facts")
    by_memory = standings(made, "peak memory", "facts")
    by_price = standings(made, "US dollars for 1,000 questions", "facts")

    assert by_time["mini-api"] == "dominated: small-q4 takes no more and is better"
    assert by_time["large-local"] == "dominated: dear-api, large-api take no more and are better"
    assert by_memory["large-local"].startswith("off the front, but not told apart")
    assert by_price["dear-api"].startswith("off the front, but not told apart")
    assert standings(made, "parameters", "sums")["small-q4"].startswith("dominated: small-f16")


def test_marks_by_subject_are_where_they_were_planted(made):
    """mini-api is as good as the small ones on law, and behind dear-api on all five."""
    found = rows(made, "Subjects of facts")
    header = found.pop("Subject")

    for name, cells in found.items():
        by_model = dict(zip(header, cells, strict=True))
        assert "▼" not in by_model["large-api"], name
        assert "▲" not in " ".join(cells)
        assert all("▼" in by_model[m] for m in ("small-q4", "small-f16", "mini-api"))
    law, logic = (
        float(found[name][header.index("mini-api")].split()[0]) for name in ("law", "logic")
    )
    assert law > 77
    assert logic < 57


def test_numbers_are_the_planted_ones(made):
    text = made["index.txt"]

    assert "100 of 1,000 replies (10.0 %) unparsed." in text
    assert "70.0 % 67.1 to 72.8 %, n = 1,000 | 77.8 % 74.9 to 80.4 % n = 900" in text
    assert (
        "100 of 1,000 samples have no answer; wrong or right, they put strict accuracy at" in text
    )
    assert "$0.40 | $0.00067 $0.00064 to $0.00069 | $0.80" in text
