"""`harness compare` as a user runs it."""

import json

import pytest

from cli_kit import harness
from harness.stats import tango_interval
from run_files import PlantedTask, counts, write_run


@pytest.fixture
def results(tmp_path):
    """Three runs: small is behind large, other was asked with a shorter limit of tokens."""
    plans = {
        "small": PlantedTask(counts(correct=300, wrong=200), seed=1),
        "large": PlantedTask(counts(correct=400, wrong=100), seed=1),
        "other": PlantedTask(counts(correct=400, wrong=100), protocol={"max_tokens": 3}),
    }
    for name, plan in plans.items():
        write_run(tmp_path / "results", {"mini": plan}, run_id=name)
    return tmp_path


def test_the_tables_and_the_verdict_on_the_terminal(results):
    done = harness("compare", "small", "large", cwd=results)

    assert done.returncode == 0, done.stderr
    assert (
        "Candidate phi-mini-q4 (run small) against baseline phi-mini-q4 (run large)" in done.stdout
    )
    least = -100 * tango_interval(0, 100, 500, confidence=0.9).high
    assert f"mini: behind the baseline by {least:.1f} points or more, margin 2" in done.stdout
    assert "0/400/100" in done.stdout


def test_json_holds_everything(results):
    done = harness("compare", "small", "large", "--margin", "0.3", "--json", cwd=results)
    task = json.loads(done.stdout)["tasks"]["mini"]

    assert task["difference"]["value"] == pytest.approx(-0.2)
    assert (task["wins"], task["losses"]) == (0, 100)
    assert task["noninferiority"]["verdict"] == "non-inferior"
    assert task["noninferiority"]["margin"] == 0.3


def test_markdown_has_the_same_tables(results):
    done = harness("compare", "small", "large", "--markdown", cwd=results)

    assert done.stdout.startswith("## Candidate phi-mini-q4 (run small)")
    assert "| mini | 500 |" in done.stdout


def test_unlike_runs_end_with_4_unless_the_field_is_allowed(results):
    refused = harness("compare", "small", "other", cwd=results)
    allowed = harness("compare", "small", "other", "--allow-unlike", "max_tokens", cwd=results)

    assert refused.returncode == 4
    assert "max_tokens: 16 against 3" in refused.stderr
    assert allowed.returncode == 0
    assert "COMPARED ALTHOUGH UNLIKE in max_tokens" in allowed.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["small", "nobody"], 5, "no run 'nobody'"),
        (["small", "large", "--allow-unlike", "max_token"], 2, "did you mean 'max_tokens'"),
        (["small", "large", "--margin", "2"], 2, "expected a margin within [0, 1]"),
    ],
)
def test_mistakes_are_explained(results, arguments, code, said):
    done = harness("compare", *arguments, cwd=results)

    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_html_is_written_into_a_folder_or_a_file_and_named(results):
    folder = harness("compare", "small", "large", "--html", "reports/compare", cwd=results)
    file = harness("compare", "small", "large", "--html", "mine.html", "--json", cwd=results)

    (page,) = (results / "reports" / "compare").iterdir()
    assert (folder.returncode, file.returncode) == (0, 0)
    assert f"reports/compare/{page.name} has the report" in folder.stderr
    assert page.read_bytes() == (results / "mine.html").read_bytes()
    assert json.loads(file.stdout)["tasks"]["mini"]["n"] == 500
    assert '<p class="word">No</p>' in page.read_text(encoding="utf-8")


def test_html_of_unlike_runs_says_why_and_still_ends_with_4(results):
    done = harness("compare", "small", "other", "--html", "out.html", cwd=results)

    assert done.returncode == 4
    assert "Not comparable" in (results / "out.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_html_refuses_a_file_in_the_way_of_its_folder(results):
    (results / "reports").write_text("mine", encoding="utf-8")

    done = harness("compare", "small", "large", "--html", "reports", cwd=results)

    assert done.returncode == 2
    assert "name another folder" in done.stderr
    assert (results / "reports").read_text(encoding="utf-8") == "mine"
