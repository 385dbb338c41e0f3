"""`harness judge` as a user runs it, on the bundled models and a tiny one that cannot judge."""

import json
from pathlib import Path

import pytest

from cli_kit import STORIES, harness
from shared_data import requires_shared


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judge")
    for model in ("pico-q4_0", "nano-q4_0"):
        done = harness(
            "run", "-m", model, "-t", "quick_chat", "--limit", 6, "--threads", 1, cwd=folder
        )
        assert done.returncode == 0, done.stderr
    return folder, sorted(path.name for path in (folder / "results").iterdir())


@requires_shared
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_model_that_cannot_judge_gives_no_score(answered):
    folder, runs = answered
    asked = ("--judge", STORIES, "--max-tokens", 16, "--threads", 1, "--json")

    done = harness("judge", *runs, *asked, cwd=folder, timeout=500)
    again = harness("judge", *runs, *asked, cwd=folder, timeout=500)
    facts = json.loads(done.stdout)
    (judge,) = facts["judges"]

    assert done.returncode == again.returncode == 0
    assert "asking" not in again.stderr
    assert {each["n_failed"] for each in judge["ratings"]} == {12}
    assert {each["overall"]["value"] for each in judge["ratings"]} == {None}
    assert judge["card"]["flags"] == ["truncated"]
    assert len(facts["folders"]) == 2
    assert all(Path(folder, name).is_dir() for name in facts["folders"])
    page = harness("report", cwd=folder)
    assert page.returncode == 0
    assert "cut at the token limit" in (folder / "reports" / "index.html").read_text()


@pytest.mark.slow
def test_labels_of_people_are_stored_and_shown(answered):
    folder, runs = answered
    ids = harness_samples(folder, runs[0])
    rows = [{"question": i, "turn": 2, "model": "nano-q4_0", "rating": 4 + n % 3}
            for n, i in enumerate(ids)]  # fmt: skip
    (folder / "people.jsonl").write_text("\n".join(map(json.dumps, rows)))

    done = harness("judge", runs[0], "--labels", "people.jsonl", cwd=folder)

    assert done.returncode == 0, done.stderr
    assert "Rated by people" in done.stdout
    assert "5.00" in done.stdout


def harness_samples(folder, run):
    from harness.store.read import load_run

    found = load_run(folder / "results" / run)
    assert found.manifest.model.name == "nano-q4_0"
    return found.samples["sample_id"].tolist()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x",), "--judge is missing"),
        (("--judge", "nano-q4_0"), "--calibrate"),
        (("nowhere", "--judge", "nano-q4_0"), "no run 'nowhere'"),
        (("--calibrate", "--judge", "nano-q4_0", "--judge-prompts", "no.yaml"), "cannot read"),
    ],
)
def test_wrong_usage_says_what_to_do(tmp_path, arguments, said):
    done = harness("judge", *arguments, cwd=tmp_path)

    assert done.returncode in (2, 5)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
