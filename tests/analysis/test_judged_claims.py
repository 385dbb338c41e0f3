"""MT-bench's published scores beside what judges gave: the same judge or none, never accuracy."""

from dataclasses import replace

import pytest

from harness.analysis.claims import Verdict, check_claims
from harness.analysis.claims_file import load_claims
from harness.analysis.judge_beside import ratings_by_run
from harness.analysis.judges import find_judges
from harness.analysis.measurements import measure
from harness.analysis.summary import summarize_run
from harness.models.mock import MockModel
from harness.pipeline.judge import Judging, judge_runs
from harness.pipeline.options import Quiet, RunOptions
from harness.report.build import build_report
from harness.report.claim_words import measured, reason
from harness.store.read import load_run
from judge_kit import Judge, draw
from page_kit import Reader
from run_files import MODEL, PlantedTask, counts, write_run

PHI = replace(MODEL, name="phi-3-mini-4k", quantization="F16")
TALKS = PlantedTask(
    counts(unjudged=80),
    chance=None,
    turns=("And why?",),
    protocol={"dataset": "HuggingFaceH4/mt_bench_prompts", "split": "train", "shots": 0,
              "scorer": "judged/1", "temperature": None, "max_tokens": 1024},
)  # fmt: skip


class Near(Judge):
    """Rates 8 or 9, so that the mean lies near 8.38."""

    def say(self, prompt):
        return f"Rating: [[{8 + (draw(prompt) < 0.38)}]]"


class Mute(Judge):
    """Rates half of what it sees."""

    def say(self, prompt):
        return "Rating: [[8]]" if draw(prompt) < 0.5 else "No words."


@pytest.fixture
def results(tmp_path):
    write_run(tmp_path / "results", {"mt_bench": TALKS}, model=PHI)
    return tmp_path / "results"


def judged_by(results, name, judge):
    model = MockModel(judge, name=f"openai/{name}", snapshot=name)
    run = load_run(results / "run-1")
    judge_runs(model, [run], Judging("single"), RunOptions(results), Quiet())


def checks(results, name="phi-3-mini@2024-04/mt-bench/ms", **options):
    """Every check of a published score; that of phi-3-mini in April 2024 unless told."""
    run = load_run(results / "run-1")
    judged = ratings_by_run(find_judges(results)[0])
    (claim,) = [c for c in load_claims().claims if c.id == name]
    return check_claims([claim], measure(run.manifest, summarize_run(run), judged), **options)


@pytest.mark.parametrize("name", ["gpt-4", "gpt-4-0613"])
def test_a_rating_by_the_same_judge_is_held_against_the_published_score(results, name):
    judged_by(results, name, Near())

    (found,) = checks(results)

    assert found.measurement.judge == name
    assert found.measured.n == 80
    assert found.measured.value == pytest.approx(0.838, abs=0.01)
    assert measured(found).startswith("8.4")
    assert found.verdict is Verdict.TOO_FEW  # 80 questions leave the published score ± 0.44
    assert "too wide for a margin of ±0.2" in reason(found)


def test_another_judge_is_not_comparable_and_named(results):
    judged_by(results, "gpt-4o-2024-08-06", Near())

    (found,) = checks(results)

    assert found.verdict is Verdict.NOT_COMPARABLE
    assert "judge (gpt-4 published, gpt-4o-2024-08-06 here)" in reason(found)
    assert found.measured.value == pytest.approx(0.838, abs=0.01)


def test_a_far_rating_by_the_same_judge_is_not_reproduced(results):
    judged_by(results, "gpt-4", type("Low", (Judge,), {"say": lambda *_: "Rating: [[3]]"})())

    (found,) = checks(results)

    assert found.verdict is Verdict.NOT_REPRODUCED
    assert found.difference.value == pytest.approx(0.3 - 0.838)


def test_other_judge_prompts_than_the_leaderboards_own_are_a_difference(results):
    judged_by(results, "gpt-4", Near())
    names = {"phi-3-mini-4k": "llama-2-70b-chat"}

    (found,) = checks(results, "llama-2-70b-chat/mt-bench/lmsys", names=names)

    assert found.verdict is Verdict.NOT_COMPARABLE
    assert "judge_prompts (judge_prompts.jsonl published, prompts.yaml here)" in reason(found)


def test_missing_verdicts_make_no_verdict(results):
    judged_by(results, "gpt-4", Mute())

    (found,) = checks(results)

    assert found.verdict is Verdict.TOO_FEW
    assert found.measured.n_error > 20


def test_each_judge_has_a_row_and_none_yet_says_so(results):
    (before,) = checks(results)
    for name in ("gpt-4", "another"):
        judged_by(results, name, Near())

    assert before.measured.value is None
    assert "judge (gpt-4 published, none yet here)" in reason(before)
    assert sorted(found.measurement.judge for found in checks(results)) == ["another", "gpt-4"]
    page = Reader(build_report(results, results.parent / "reports").path.read_text("utf-8"))
    assert "phi-3-mini-4k mt_bench rated by gpt-4 8.4" in page.text
