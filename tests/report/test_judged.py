"""The judges' section of the page: numbers with their card, hostile text inert."""

import re
from dataclasses import replace

import pytest

from harness.analysis.judge_beside import related, rule_check
from harness.analysis.judges import family, find_judges
from harness.models.mock import MockModel
from harness.pipeline.judge import Judging, calibrate, judge_runs
from harness.pipeline.options import Quiet, RunOptions
from harness.records import ModelInfo
from harness.report.build import build_report
from judge_kit import AlwaysA, Judge, answered
from page_kit import Reader
from pipeline_kit import go, plan_of

INFO = ModelInfo("judge", "mock", "chat", ("generate",), snapshot="1")


def section(tmp_path, judges, runs):
    options = RunOptions(tmp_path / "results")
    for name, judge, calibrated in judges:
        model = MockModel(judge, name=name, snapshot=name)
        if calibrated:
            calibrate(model, Judging(), options, Quiet(), anchors_only=False)
        for mode in ("single", "pairwise"):
            judge_runs(model, runs, Judging(mode), options, Quiet())
    text = build_report(tmp_path / "results", tmp_path / "reports").path.read_text()
    return text[text.index('class="judges"') : text.index('class="claims"')]


def test_every_judge_has_its_numbers_and_its_card(tmp_path):
    runs = answered(tmp_path, ("ant", 4), ("bee", 7), limit=12)
    judges = [("fair<script>", Judge(), True), ("biased", AlwaysA(), True), ("new", Judge(), False)]
    text = section(tmp_path, judges, runs)

    assert "<script>" not in text
    assert "fair&lt;script&gt;" in text
    parts = text.split("<h3>Judge ")[1:]
    assert len(parts) == 4  # the panel too
    assert "favours one place" in parts[0]
    assert "favours one place" not in parts[1]
    assert "Never calibrated" in parts[2]
    assert parts[3].count("Judge card") == 0
    assert "Agreement of judges" in text
    for part in parts[:3]:
        assert "same verdict in both orders" in part
        assert part.count("n = 12") > 5


def test_the_page_of_a_run_has_its_ratings(tmp_path):
    runs = answered(tmp_path, ("ant", 4), ("bee", 7), limit=6)
    section(tmp_path, [("fair", Judge(), False)], runs)
    page = Reader(next((tmp_path / "reports" / "runs").glob("*.html")).read_text("utf-8"))

    assert re.search(r"Rated by fair \d\.\d\d of 10 \(.* to .*, n = 6\)", page.text)


def test_nothing_judged_leaves_no_section(tmp_path):
    answered(tmp_path, ("ant", 4), limit=6)
    text = build_report(tmp_path / "results", tmp_path / "reports").path.read_text()

    assert 'class="judges"' not in text


def test_a_rule_stands_beside_the_judge(tmp_path):
    """Bundled dialogues have a right answer: half are answered right, and rated higher."""
    from demo.test_quick import solve

    def half(request):
        wrong = len(request.messages[0].content) % 2
        return f"{'Answer: wrong' if wrong else solve(request)} quality {3 if wrong else 8}."

    def line_at_end(request):
        text = half(request)
        answer = text[text.rindex("Answer: ") :].split(" quality")[0]
        return f"{text.replace(answer, '')}\n{answer}"

    run = go(tmp_path, MockModel(line_at_end), plan_of("quick_chat"))
    options = RunOptions(tmp_path / "results")
    judge_runs(MockModel(Judge(), snapshot="judge"), [run], Judging(), options, Quiet())
    ((judge,), _) = find_judges(tmp_path / "results")
    check = rule_check(judge, run, "quick_chat")
    right = int((run.scores["outcome"] == "correct").sum())

    assert 0 < right < 48
    assert check.accuracy.value == pytest.approx(right / 48)
    assert (check.when_right.value, check.when_wrong.value) == (8, 3)
    assert (check.when_right.n, check.when_wrong.n) == (right, 48 - right)
    text = build_report(tmp_path / "results", tmp_path / "reports").path.read_text()
    assert "Rated if right" in text


@pytest.mark.parametrize(
    ("name", "stated", "expected"),
    [
        ("openai/gpt-4o-2024-08-06", None, "gpt"),
        ("Phi-3-mini-q4", None, "phi"),
        ("my-file", "Llama", "llama"),
        ("large-2", None, None),
        ("7b", None, None),
    ],
)
def test_families(name, stated, expected):
    assert family(replace(INFO, name=name, family=stated)) == expected


def test_a_judge_of_the_same_family_is_told():
    judge = replace(INFO, name="phi-medium", snapshot="2")

    assert "family phi" in related(judge, replace(INFO, name="phi-mini"))
    assert related(judge, replace(INFO, name="qwen-2")) is None
    assert "same model" in related(judge, judge)
