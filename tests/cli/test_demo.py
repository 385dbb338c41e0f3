"""`harness demo`, as a new user meets it."""

import json
import shutil
import subprocess

import pytest

from cli_kit import command, environment, harness
from harness.store.read import find_runs

pytestmark = pytest.mark.slow

MODELS = ["nano-f16", "nano-q8_0", "nano-q4_0", "pico-q4_0"]


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, harness("demo", "--limit", 12, cwd=folder)


def test_it_shows_every_model_and_says_what_to_do_next(short):
    folder, done = short

    assert done.returncode == 0, done.stderr
    for words in (*MODELS, "95 % intervals", "side by side", "reports/index.html", "phi-mini-q4"):
        assert words in done.stdout
    assert "no key" in done.stderr
    assert (folder / "reports" / "index.html").stat().st_size > 10_000
    (decision,) = (folder / "reports" / "compare").iterdir()
    assert str(decision.relative_to(folder)) in done.stdout
    assert "Can pico-q4_0 replace nano-f16?" in decision.read_text(encoding="utf-8")


def test_it_writes_nothing_beside_results_and_reports(short):
    folder, _ = short

    assert sorted(path.name for path in folder.iterdir()) == ["reports", "results"]


def test_its_runs_are_ordinary_runs(short):
    folder, _ = short
    runs, left_out = find_runs(folder / "results")

    assert left_out == []
    assert sorted(run.manifest.model.name for run in runs) == sorted(MODELS)
    for run in runs:
        assert list(run.manifest.tasks) == ["quick_mc", "quick_math", "quick_chat"]
        assert {task.n for task in run.manifest.tasks.values()} == {12}
        assert run.manifest.command[:3] == ("harness", "run", "--model")


def test_a_second_time_asks_nobody_and_shows_the_same(short):
    folder, first = short
    again = harness("demo", "--limit", 12, cwd=folder)

    assert again.returncode == 0
    assert again.stdout == first.stdout
    assert again.stderr.count("already complete") == len(MODELS)


def test_a_script_gets_every_number_with_its_interval(short):
    folder, _ = short
    facts = json.loads(harness("demo", "--limit", 12, "--json", cwd=folder).stdout)
    found = facts["comparisons"][0]

    assert list(facts["models"]) == MODELS
    assert systems(found) == ("pico-q4_0", "nano-f16")
    assert set(found["tasks"]["quick_mc"]["difference"]) == {"value", "low", "high", "n", "n_error"}


def test_a_run_without_a_model_offers_the_demo(tmp_path):
    done = harness("run", cwd=tmp_path)

    assert done.returncode == 2
    assert "harness demo" in done.stderr


def systems(found):
    return tuple(found[side]["model"]["name"] for side in ("candidate", "baseline"))


def interval(facts, model, task):
    return facts["models"][model]["tasks"][task]["strict"]


@pytest.mark.timeout(900)
def test_without_a_network_the_large_model_is_ahead_and_the_small_one_knows_something(tmp_path):
    """The whole of it in a network of its own, where not even loopback is up."""
    unshare = shutil.which("unshare")
    probe = [unshare or "false", "-rn", "true"]
    if subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a network of their own (unshare -rn)")
    done = subprocess.run(
        [unshare, "-rn", *command("demo", "--json")],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)

    for task, least in (("quick_mc", 0.70), ("quick_math", 0.50)):
        large, small = (interval(facts, model, task) for model in ("nano-f16", "pico-q4_0"))
        assert large["value"] >= least
        assert small["value"] <= large["value"] - 0.10
        against = facts["comparisons"][0]["tasks"][task]
        assert against["noninferiority"]["verdict"] == "inferior"
    assert interval(facts, "pico-q4_0", "quick_mc")["low"] > 0.25
    assert interval(facts, "pico-q4_0", "quick_math")["low"] > 0.05
    flips = {
        systems(found)[0]: sum(t["changes"]["all_flips"]["value"] for t in found["tasks"].values())
        for found in facts["comparisons"]
    }
    assert flips["nano-q4_0"] > flips["nano-q8_0"]
