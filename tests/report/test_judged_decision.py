"""Judged runs in the decision report: ratings, comparisons and the judge's card, never a yes."""

import json
from dataclasses import asdict

import pytest

from harness.analysis.compare import compare
from harness.models.mock import MockModel
from harness.pipeline.judge import Judging, calibrate, judge_runs
from harness.pipeline.options import Quiet, RunOptions
from harness.report.answer import find_answer
from harness.report.build import build_report
from harness.report.comparison import as_markdown, sentences, tables
from harness.report.decision import write_decision
from harness.store.read import load_run
from judge_kit import AlwaysA, Judge
from number_kit import check_numbers
from page_kit import Reader
from run_files import MODEL, PlantedTask, counts, write_run

OPEN = {"scorer": "judged/1"}
EVIL = "gpt<script>alert(1)</script>"


def talks(worth, **more):
    return PlantedTask(
        counts(unjudged=24), chance=None, turns=("And why?",), protocol=OPEN,
        reply=lambda n, *_: f"{'word ' * (n % 7)}of quality {worth + n % (worth - 2)}.", **more,
    )  # fmt: skip


RULE = PlantedTask(counts(correct=700, wrong=300), seed=3)


def runs_of(tmp_path, small, large):
    plans = zip(("small", "large"), (small, large), "ab", strict=True)
    for name, plan, digit in plans:
        model = MODEL.__class__(**{**_fields(MODEL), "name": name, "sha256": digit * 64})
        write_run(tmp_path / "results", plan, run_id=name, model=model)
    return tuple(load_run(tmp_path / "results" / name) for name in ("small", "large"))


def _fields(model):
    return {name: getattr(model, name) for name in model.__slots__}


def judged_by(tmp_path, runs, judge, name="gpt", *modes, known=True):
    model = MockModel(judge, name=name, snapshot=name)
    options = RunOptions(tmp_path / "results")
    if known:
        calibrate(model, Judging(), options, Quiet(), anchors_only=False)
    for mode in modes or ("single", "pairwise"):
        judge_runs(model, list(runs), Judging(mode), options, Quiet())


@pytest.fixture
def worse(tmp_path):
    runs = runs_of(tmp_path, {"talk": talks(3)}, {"talk": talks(6)})
    judged_by(tmp_path, runs, Judge())
    return runs


def page_of(tmp_path, runs):
    found = compare(*runs)
    return found, Reader(write_decision(found, runs, tmp_path / "page.html").read_text("utf-8"))


def test_a_lower_rating_is_said_with_its_interval_and_is_no_verdict(worse):
    found = compare(*worse)
    answer = find_answer(found)
    (pair,) = found.judged

    assert (answer.light, answer.word) == ("unclear", "Judged lower")
    assert "small is rated lower than the baseline on talk by gpt (\u2212" in answer.sentence
    assert "this is no verdict, and worth what the judge's card says" in answer.sentence
    assert pair.rated.rate.value == pytest.approx(pair.candidate.value - pair.baseline.value)
    assert pair.rated.losses == pair.compared.losses == 24
    assert pair.compared.rate.value < 0.5
    assert found.tasks == {}


def test_the_other_way_round_everything_turns(worse):
    there, back = (compare(*pair).judged[0] for pair in (worse, worse[::-1]))

    assert back.rated.rate.value == -there.rated.rate.value
    assert back.rated.rate.low == -there.rated.rate.high
    assert back.compared.rate.value == pytest.approx(1 - there.compared.rate.value)
    assert (back.compared.wins, back.compared.ties) == (there.compared.losses, there.compared.ties)
    assert find_answer(compare(*worse[::-1])).word == "Judged higher"


def test_the_page_holds_the_card_and_only_numbers_of_the_json(tmp_path, worse):
    found, page = page_of(tmp_path, worse)

    assert check_numbers(page, found) > 60
    assert "Card of gpt" in page.text
    assert "same verdict in both orders" in page.text
    assert "knows the better answer" in page.text
    assert "Judge not measured" not in page.text
    assert "No rule can score talk: there is a judge's word alone, and no verdict." in page.text
    assert json.loads(json.dumps(asdict(found)))["judged"][0]["card"]["flags"] == []


def test_a_biased_judge_that_nobody_calibrated_is_warned_of_in_the_answer(tmp_path):
    runs = runs_of(tmp_path, {"talk": talks(5)}, {"talk": talks(5)})
    judged_by(tmp_path, runs, AlwaysA(), "gpt", "pairwise", known=False)

    answer = find_answer(compare(*runs))

    assert answer.word == "Cannot tell"
    assert "not told apart from the baseline on talk by gpt (50.0" in answer.sentence
    assert any("favours one place over the other" in text for text in answer.cautions)
    assert any("Never calibrated" in text for text in answer.cautions)


def test_judges_who_disagree_are_both_named(tmp_path, worse):
    class Contrary(Judge):
        def say(self, prompt):
            said = super().say(prompt)
            return f"Rating: [[{11 - int(said[said.index('[[') + 2 : -2])}]]"

    judged_by(tmp_path, worse, Contrary(), "odd", "single", known=False)

    answer = find_answer(compare(*worse))

    assert answer.word == "Judges disagree"
    assert "rated lower than the baseline on talk by gpt" in answer.sentence
    assert "rated higher than the baseline on talk by odd" in answer.sentence


def test_beside_a_rule_the_judges_word_is_a_caution_and_moves_no_verdict(tmp_path):
    runs = runs_of(tmp_path, {"mini": RULE, "talk": talks(3)}, {"mini": RULE, "talk": talks(6)})
    before = find_answer(compare(*runs))
    judged_by(tmp_path, runs, Judge())
    found, page = page_of(tmp_path, runs)
    answer = find_answer(found)

    assert (answer.light, answer.word, answer.sentence) == ("yes", "Yes", before.sentence)
    assert (
        "Not part of this answer, because no rule can score it: small is rated lower"
        in (answer.cautions[0])
    )
    assert check_numbers(page, found) > 150
    assert "By subject" in page.text
    assert "Card of gpt" in page.text


def test_a_judge_of_one_side_only_says_nothing_of_the_pair(tmp_path):
    runs = runs_of(tmp_path, {"mini": RULE, "talk": talks(3)}, {"mini": RULE, "talk": talks(6)})
    judged_by(tmp_path, runs[:1], Judge(), "gpt", "single", known=False)
    found, page = page_of(tmp_path, runs)

    assert found.judged == ()
    assert "The others wait for one: harness judge small large --judge MODEL." in page.text


def test_a_judge_of_the_same_family_is_told_here_too(tmp_path):
    runs = runs_of(tmp_path, {"talk": talks(3)}, {"talk": talks(6)})
    judged_by(tmp_path, runs, Judge(), "phi3-large", "single", known=False)

    cautions = find_answer(compare(*runs)).cautions

    assert any("phi3-large judges the candidate although both are of the" in c for c in cautions)


def test_terminal_and_markdown_say_it_too(worse):
    found = compare(*worse)

    assert "talk: gpt rates the candidate" in " ".join(sentences(found))
    assert all(table.rows == () for table in tables(found))
    assert "gpt preferred the candidate in both orders on 0 turns" in as_markdown(found)


def test_a_hostile_judge_is_inert(tmp_path):
    runs = runs_of(tmp_path, {"talk": talks(3)}, {"talk": talks(6)})
    judged_by(tmp_path, runs, Judge(), EVIL, "single", known=False)
    _, page = page_of(tmp_path, runs)

    assert len(page.all("script")) == 1
    assert "gpt<script>alert(1)</script>" in page.text


def test_without_a_rule_the_page_still_tells_how_to_repeat_it(tmp_path, worse):
    found, page = page_of(tmp_path, worse)

    assert found.judged[0].protocol in page.text
    assert "harness compare small large" in page.text


def test_the_leaderboard_orders_by_rating_what_no_rule_ranks(tmp_path):
    runs = runs_of(tmp_path, {"talk": talks(6)}, {"talk": talks(3)})
    judged_by(tmp_path, runs, Judge(), "gpt", "single", known=False)
    index = build_report(tmp_path / "results", tmp_path / "reports").path
    links = [a["href"] for a in Reader(index.read_text("utf-8")).all("a") if "runs/" in a["href"]]

    assert [link.split("-")[0] for link in links[:2]] == ["runs/small", "runs/large"]
