import json
import re
import time

import pytest

from cli_kit import ROOT, STORIES, TOYS, command, environment, harness, run_toy
from harness import __version__
from shared_data import requires_shared

COMMANDS = ["run", "compare", "tasks", "models", "score", "report", "doctor"]
HEAVY = ["datasets", "pandas", "matplotlib", "xllamacpp", "lm_eval"]


def quickest(arguments, cwd, n=5):
    import subprocess

    seconds = []
    for _ in range(n):
        began = time.perf_counter()
        subprocess.run(
            command(*arguments), cwd=cwd, env=environment(), check=True, capture_output=True
        )
        seconds.append(time.perf_counter() - began)
    return min(seconds)


@pytest.mark.parametrize(("arguments", "limit"), [(["--help"], 0.6), (["tasks"], 1.5)])
def test_small_commands_answer_at_once(tmp_path, arguments, limit):
    assert quickest(arguments, tmp_path) < limit


@pytest.mark.parametrize("arguments", [["--help"], ["tasks"], ["models"]])
def test_small_commands_import_nothing_heavy(tmp_path, arguments):
    import subprocess

    done = subprocess.run(
        [command()[0], "-X", "importtime", *command(*arguments)[1:]],
        cwd=tmp_path, env=environment(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}

    assert not imported & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(tmp_path, name):
    done = harness(name, "--help", cwd=tmp_path)

    assert done.returncode == 0
    assert f"harness {name}" in (ROOT / "README.md").read_text()


def test_version(tmp_path):
    assert harness("--version", cwd=tmp_path).stdout.strip() == f"harness {__version__}"


def test_a_run_without_a_model_explains_itself(tmp_path):
    done = harness("run", cwd=tmp_path)

    assert done.returncode == 2
    assert "harness run --model phi-mini-q4 --tasks mmlu" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_option_is_a_usage_error(tmp_path):
    done = harness("run", "--modl", "x", cwd=tmp_path)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_tasks_as_json(tmp_path):
    rows = json.loads(harness("tasks", "--json", cwd=tmp_path).stdout)

    shots = {row["name"]: row["shots"] for row in rows}
    expected = {
        "mmlu": 5,
        "mmlu_cot": 0,
        "mmlu_logprob": 5,
        "mt_bench": 0,
        "quick_chat": 0,
        "quick_math": 2,
        "quick_mc": 2,
        "gsm8k_8shot": 8,
    }
    assert shots | expected == shots
    assert [row["name"] for row in rows if row["suites"] == ["quick"]] == [
        "quick_chat",
        "quick_math",
        "quick_mc",
    ]


def test_suites_are_listed(tmp_path):
    assert "quick_mc, quick_math, quick_chat" in harness("tasks", cwd=tmp_path).stdout


def test_one_task_shows_its_subjects(tmp_path):
    assert "anatomy, astronomy" in harness("tasks", "mmlu", cwd=tmp_path).stdout


def test_models_as_a_table_as_json_and_one_alone(tmp_path):
    assert "phi-mini-q4" in harness("models", cwd=tmp_path).stdout
    listed = json.loads(harness("models", "--json", cwd=tmp_path).stdout)
    assert {"nano-f16", "pico-q4_0", "phi-mini-q4"} <= {model["name"] for model in listed}
    assert "microsoft/Phi-3-mini-4k-instruct-gguf" in (
        harness("models", "phi-mini-q4", cwd=tmp_path).stdout
    )
    assert "did you mean 'phi-mini-q4'" in harness("models", "phi-mini-q5", cwd=tmp_path).stderr


def test_the_doctor_never_shows_a_token(tmp_path):
    done = harness("doctor", "--json", cwd=tmp_path, HF_TOKEN="hf_canary123")
    facts = json.loads(done.stdout)

    assert facts["hub token"] == "set"
    assert "canary" not in done.stdout + done.stderr


def test_an_empty_folder_gives_a_report_that_says_what_to_type(tmp_path):
    done = harness("report", cwd=tmp_path)

    assert done.returncode == 0
    assert "harness run" in (tmp_path / "reports" / "index.html").read_text()


@pytest.mark.slow
@requires_shared
def test_the_whole_way_from_a_model_to_the_leaderboard(tmp_path):
    first = run_toy(STORIES, tmp_path, "--json", HF_TOKEN="hf_canary123")
    assert first.returncode == 0, first.stderr
    found = json.loads(first.stdout)
    again = run_toy(STORIES, tmp_path)
    scored = harness("score", found["run_id"], "--trust-tasks", TOYS, "--json", cwd=tmp_path)
    report = harness("report", cwd=tmp_path)

    assert found["tasks"]["toy_mc"]["n_planned"] == 12
    assert re.fullmatch("[0-9a-f]{64}", found["model"]["sha256"])
    assert "already complete" in again.stderr
    assert json.loads(scored.stdout)["tasks"] == found["tasks"]
    assert "shows 1 run" in report.stdout
    page = (tmp_path / "reports" / "index.html").read_text()
    assert "stories260K" in page
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"canary" not in path.read_bytes(), path


@pytest.mark.slow
@requires_shared
def test_a_stock_likelihood_task_runs(tmp_path):
    done = harness(
        "run", "--model", STORIES, "--tasks", "lm_eval/truthfulqa_mc1", "--limit", "5", "--json",
        cwd=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    task = json.loads(done.stdout)["tasks"]["lm_eval/truthfulqa_mc1"]
    assert task["counts"].keys() <= {"correct", "wrong"} | set(task["counts"])
    assert task["n_answered"] == 5
    assert harness("score", json.loads(done.stdout)["run_id"], cwd=tmp_path).returncode == 0
