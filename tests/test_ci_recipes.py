"""The composite action and the recipes: they parse, and what they run does what it should."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import run_files
from cli_kit import environment, harness
from run_files import PlantedTask, counts

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / ".github/actions/gate/action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
INPUTS = {name: about.get("default", "") for name, about in ACTION["inputs"].items()}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A job's folder with runs, a policy, and the commands that a job would have."""
    folder = tmp_path_factory.mktemp("work job")
    for run_id, found in {"large": (340, 60), "same": (338, 62), "worse": (240, 160)}.items():
        plan = PlantedTask(counts(correct=found[0], wrong=found[1]))
        model = run_files.replace(run_files.MODEL, name=run_id)
        run_files.write_run(folder / "my results", {"mini": plan}, run_id=run_id, model=model)
    (folder / "gate.toml").write_text('margin = "5pp"\n', encoding="utf-8")
    commands = folder / "bin"
    commands.mkdir()
    for name, words in {"harness": "-m harness", "python": ""}.items():
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return folder


def step(name, folder, **inputs):
    """Run a step of the action as the runner would: bash -e with its inputs as variables."""
    given = {**INPUTS, **inputs}
    found = STEPS[name]
    variables = {
        key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], value)
        for key, value in found["env"].items()
    }
    files = {
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
    }
    for path in files.values():
        Path(path).write_text("", encoding="utf-8")
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", found["run"]],
        cwd=folder,
        env=environment(PATH=path, GITHUB_ACTIONS="true", **files, **variables),
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_installed_is_one_argument_of_pip(work, tmp_path):
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    done = step("Install harness", tmp_path, version="harness-eval>=0.1; touch hacked")

    expected = ["-m", "pip", "install", "harness-eval>=0.1; touch hacked"]
    assert done.stdout.splitlines() == expected
    assert not (tmp_path / "hacked").exists()


def outputs(folder):
    lines = (folder / "output").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


TERMS = {"baseline": "large", "results": "my results", "policy": "gate.toml"}


@pytest.mark.parametrize(("run", "code", "status"), [("same", 0, "passed"), ("worse", 1, "failed")])
def test_the_action_ends_as_the_gate_does(work, run, code, status):
    done = step("Ask and judge", work, **TERMS, run=run)

    assert done.returncode == code, done.stderr
    assert outputs(work) == {"status": status, "exit-code": str(code)}
    assert (work / "summary").read_text(encoding="utf-8").startswith(f"### Gate: {status}")
    assert json.loads((work / "harness-gate/gate.json").read_text())["status"] == status
    assert (work / "harness-gate/gate.xml").is_file()
    assert ("::error " in done.stderr) == bool(code)


def test_further_arguments_are_one_a_line(work):
    more = "--margin=45pp\n\n--mode=sequential\n"
    done = step("Ask and judge", work, **TERMS, run="worse", arguments=more)

    assert done.returncode == 0, done.stderr
    assert json.loads((work / "harness-gate/gate.json").read_text())["mode"] == "sequential"


def test_an_error_has_no_status_and_keeps_its_exit_code(work):
    done = step("Ask and judge", work, **{**TERMS, "policy": "none.toml"}, run="same")

    assert done.returncode == 2
    assert outputs(work) == {"status": "", "exit-code": "2"}
    assert "none.toml cannot be read" in done.stderr


def test_an_input_is_never_read_as_a_command(work):
    evil = '"; touch hacked; $(touch hacked) `touch hacked` #'
    done = step("Ask and judge", work, **TERMS, run=evil, arguments=evil)

    assert done.returncode != 0
    assert not (work / "hacked").exists()


def test_every_input_and_output_is_used_and_no_script_holds_an_expression():
    text = (ROOT / ".github/actions/gate/action.yml").read_text(encoding="utf-8")

    for name in INPUTS:
        assert re.search(rf"inputs\.{name}\b", text), name
    for found in STEPS.values():
        assert "${{" not in found.get("run", "")
        assert ("shell" in found) != ("uses" in found)


RECIPES = re.findall(
    r"```yaml\n# (\S+)\n(.*?)```", (ROOT / "docs/ci.md").read_text(encoding="utf-8"), re.DOTALL
)


def commands(value):
    """Every string in a recipe that runs the gate."""
    if isinstance(value, str):
        return [value] if value.startswith("harness gate --") else []
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [found for part in parts for found in commands(part)]


def test_there_is_a_recipe_for_each_place():
    assert [name for name, _ in RECIPES] == [
        ".github/workflows/gate.yml", ".gitlab-ci.yml", ".pre-commit-config.yaml",
    ]  # fmt: skip


def test_the_workflow_gives_the_action_inputs_that_it_has():
    workflow = yaml.safe_load(dict(RECIPES)[".github/workflows/gate.yml"])
    (used,) = [s for s in workflow["jobs"]["gate"]["steps"] if "actions/gate" in s["uses"]]

    assert set(used["with"]) <= set(INPUTS)
    assert "baseline" in used["with"]


@pytest.mark.parametrize("name", [".gitlab-ci.yml", ".pre-commit-config.yaml"])
def test_the_commands_of_the_recipes_run(work, name):
    (text,) = commands(yaml.safe_load(dict(RECIPES)[name]))
    words = text.replace("--model ./models/candidate.gguf", "--run same").split()[1:]
    words = [{"baseline.parquet": "large"}.get(word, word) for word in words]
    done = harness(*words, "--results", "my results", cwd=work)

    assert done.returncode == 0, done.stderr
