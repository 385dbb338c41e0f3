"""The wheel, installed into a fresh environment outside the checkout, runs a task there."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_code_tasks_and_templates_and_no_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tasks = {f"harness/_data/{p.relative_to(ROOT)}" for p in (ROOT / "tasks").rglob("*.*")}
    package = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "harness").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert tasks | package <= names
    assert "harness/_data/tasks/quick_mc/quick_mc.jsonl" in tasks
    assert "harness/_data/tasks/quick_chat/quick_chat.jsonl" in tasks
    assert "harness/models/bundled/nano-f16.gguf" in package
    assert not [name for name in names if name.startswith(("tests/", "results/", "reports/"))]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_installed_wheel_runs_the_demo_elsewhere(wheel, tmp_path):
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    # The libraries come from here: what is tested is that nothing of harness comes from the
    # checkout.
    site = next(home.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(_library_folder() + "\n")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [home / "bin" / "harness", "demo", "--limit", "6"]

    where = subprocess.run(
        [python, "-c", "import harness; print(harness.__file__)"],
        cwd=elsewhere, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    done = subprocess.run(
        command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
    )

    assert str(home) in where.stdout
    assert done.returncode == 0, done.stderr
    assert len(list(elsewhere.glob("results/*/run.json"))) == 4
    assert (elsewhere / "reports" / "index.html").is_file()


def _library_folder():
    import pyarrow as pa

    return str(Path(pa.__file__).parent.parent)
