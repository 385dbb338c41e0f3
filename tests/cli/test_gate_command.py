"""`harness gate` and `harness baseline save`, as a CI job meets them."""

import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

import run_files
from cli_kit import harness
from harness.store.manifest import read_manifest
from run_files import PlantedTask, counts

N = 400
POLICY = 'discordance = "5pp"\n[margin]\nmini = "5pp"\n'


def write(results, run_id, found, **facts):
    """A run of one task whose items have these outcomes, in the order of the positions."""
    plan = PlantedTask(counts(**found), seed=0, **facts)
    model = replace(run_files.MODEL, name=run_id, sha256=run_id.ljust(64, "0"))
    return run_files.write_run(results, {"mini": plan}, run_id=run_id, model=model)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs whose outcomes differ at the end of one shuffled list only."""
    folder = tmp_path_factory.mktemp("gate")
    results = folder / "results"
    # The protocol holds a hash over the ids, which here depends on the number alone.
    write(results, "large", {"correct": 340, "wrong": 60})
    write(results, "same", {"correct": 338, "wrong": 62})
    write(results, "worse", {"correct": 240, "wrong": 160})
    write(results, "unsure", {"correct": 320, "wrong": 80})
    write(results, "outage", {"correct": 300, "error": 40, "wrong": 60})
    write(results, "unlike", {"correct": 340, "wrong": 60}, protocol={"shots": 3})
    (folder / "policy.toml").write_text(POLICY)
    done = harness("baseline", "save", "large", "baseline.parquet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def gate(folder, run, *more, **changes):
    terms = ["--baseline", "baseline.parquet", "--policy", "policy.toml"]
    return harness("gate", *terms, "--run", run, *more, cwd=folder, **changes)


def test_a_baseline_is_one_small_file(folder):
    done = harness("baseline", "save", "outage", "b/outage.parquet", cwd=folder)

    assert done.returncode == 0
    assert "400 items, 40 of them without an answer" in done.stdout
    assert (folder / "b" / "outage.parquet").stat().st_size < 100_000


@pytest.mark.parametrize(
    ("run", "code", "words"),
    [
        ("same", 0, "Passed: same against large: mini is less than 5 points behind"),
        ("worse", 1, "Failed: worse against large: mini is more than 5 points behind"),
        ("outage", 3, "Incomplete: outage against large: mini has answers of both to only 360"),
        ("unsure", 6, "Cannot tell: unsure against large: mini may or may not be 5 points"),
    ],
)
def test_each_verdict_has_its_exit_code_and_one_sentence(folder, run, code, words):
    done = gate(folder, run)

    assert done.returncode == code, done.stdout + done.stderr
    assert words in done.stdout.splitlines()[-1]
    assert "smallest drop" in done.stdout
    assert "Traceback" not in done.stderr


def test_unlike_runs_are_refused_by_the_name_of_the_field(folder):
    done = gate(folder, "unlike")

    assert done.returncode == 4
    assert "error: mini was run under different protocols" in done.stderr
    assert "shots: 5 against 3" in done.stderr


def test_a_script_and_a_ci_job_get_what_they_read(folder, tmp_path):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    files = ["--junit-xml", "reports/gate.xml", "--markdown", tmp_path / "gate.md"]
    done = gate(folder, "worse", "--json", *files, **github)
    told = json.loads(done.stdout)

    assert done.returncode == told["exit_code"] == 1
    assert told["status"] == "failed"
    suite = ET.parse(folder / "reports" / "gate.xml").getroot()  # noqa: S314  # our own
    assert suite.get("failures") == "1"
    text = (tmp_path / "gate.md").read_text(encoding="utf-8")
    assert text.startswith("### Gate: failed")
    assert summary.read_text(encoding="utf-8") == "before\n" + text
    commands = [line for line in done.stderr.splitlines() if line.startswith("::")]
    assert commands[0].startswith("::error title=harness gate::Failed: worse against large")


def test_outside_of_github_there_are_no_commands_and_a_warning_lets_through(folder):
    lenient = folder / "lenient.toml"
    lenient.write_text('on_inconclusive = "warn"\n' + POLICY)
    terms = ["--baseline", "large", "--policy", "lenient.toml", "--run", "unsure", "--json"]
    done = harness("gate", *terms, cwd=folder, GITHUB_ACTIONS="")

    assert done.returncode == json.loads(done.stdout)["exit_code"] == 0
    assert json.loads(done.stdout)["status"] == "inconclusive"
    assert "::" not in done.stderr


def test_the_command_line_states_what_the_policy_leaves_open(folder):
    options = ["--margin", "45pp", "--alpha", "0.01", "--mode", "sequential", "--json"]
    done = gate(folder, "worse", *options)
    told = json.loads(done.stdout)

    assert (done.returncode, told["status"]) == (0, "passed")
    assert (told["alpha"], told["mode"]) == (0.01, "sequential")
    assert len(told["order_seed"]) == 64


@pytest.mark.slow
def test_the_gate_tests_itself(folder):
    done = gate(folder, "same", "--self-test", "50", "--json")
    rates = json.loads(done.stdout)

    assert done.returncode == 0
    assert rates["n"] == rates["misses"]["n"] == 50
    assert set(rates["false_alarms"]) == {"value", "low", "high", "n", "n_error"}
    lines = gate(folder, "same", "--self-test", "20").stdout.splitlines()
    assert len(lines) == 3
    assert all(", n=20)" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--baseline", "large"], 2, "either --run RUN or --model MODEL"),
        (["--baseline", "large", "--run", "same", "--model", "nano-f16"], 2, "either --run"),
        (["--baseline", "large", "--model", "nano-f16", "--self-test", "5"], 2, "needs --run"),
        (["--baseline", "none.parquet", "--run", "same"], 5, "there is no baseline none.parquet"),
        (["--baseline", "large", "--run", "same", "--margin", "7"], 2, '"7.0pp"'),
        (["--baseline", "large", "--run", "same", "--policy", "no.toml"], 2, "no.toml"),
        (["--baseline", "large", "--model", "nano-f16", "--margin", "1pp"], 2, "are needed"),
    ],
)
def test_mistakes_end_in_one_clear_error(folder, arguments, code, words):
    done = harness("gate", *arguments, cwd=folder)

    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def save_baseline(folder, model, limit=None):
    size = ["--limit", str(limit)] if limit else []
    done = harness("run", "-m", model, "-t", "quick_mc", *size, cwd=folder)
    assert done.returncode == 0, done.stderr
    (run,) = (folder / "results").iterdir()
    done = harness("baseline", "save", run.name, "baseline.parquet", cwd=folder)
    assert done.returncode == 0, done.stderr


def ask(folder, model, *more):
    terms = ["--baseline", "baseline.parquet", "--policy", "policy.toml"]
    return harness("gate", *terms, "-m", model, *more, "--json", cwd=folder, timeout=600)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_bundled_models_equal_passes_quantized_is_told_small_fails(tmp_path):
    """The gate of this project itself: real inference, each command a process of its own."""
    text = 'discordance = "5pp"\n[margin]\nquick_mc = "6pp"\n'
    (tmp_path / "policy.toml").write_text(text)
    save_baseline(tmp_path, "nano-f16")

    same = ask(tmp_path, "nano-f16")
    assert same.returncode == 0, same.stdout + same.stderr
    (task,) = json.loads(same.stdout)["tasks"]
    assert (task["n"], task["losses"], task["gains"]) == (480, 0, 0)

    eight_bits = ask(tmp_path, "nano-q8_0", "--mode", "sequential")
    assert eight_bits.returncode == 0, eight_bits.stdout + eight_bits.stderr
    (task,) = json.loads(eight_bits.stdout)["tasks"]
    assert task["n"] < 480
    assert task["losses"] + task["gains"] <= 0.02 * task["n"]

    four_bits = ask(tmp_path, "nano-q4_0")
    (task,) = json.loads(four_bits.stdout)["tasks"]
    assert four_bits.returncode == 0, four_bits.stdout + four_bits.stderr
    assert 0.01 <= (task["losses"] + task["gains"]) / task["n"] <= 0.1

    small = ask(tmp_path, "pico-q4_0", "--mode", "sequential")
    assert small.returncode == 1, small.stdout + small.stderr
    (task,) = json.loads(small.stdout)["tasks"]
    assert task["n_seen"] <= 250
    assert "so far" in small.stderr
    runs = [read_manifest(path) for path in (tmp_path / "results").iterdir()
            if (path / "run.json").is_file()]  # fmt: skip
    assert sorted(run.model.name for run in runs) == ["nano-f16", "nano-q4_0"]
