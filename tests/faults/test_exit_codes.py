"""Each way of failing: one clear error, the exit code of the design, nothing measured lost."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from cli_kit import STORIES, TOYS, command, environment, harness, run_toy
from shared_data import hub_server, requires_shared, shared_folder

pytestmark = [requires_shared, pytest.mark.slow]

DATA = (shared_folder() or Path()) / "data" / "hub"
FILE = DATA / "models" / "local" / "stories260K-gguf" / "stories260K-f32-ctx16k.gguf"


def refused(done, code, *words):
    """One error, in words, with its exit code."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert sum(line.startswith("error: ") for line in done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def damaged(path, content):
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "LFS"),
        (b"GGUF" + b"\xff" * 400, ""),
        (b"not a model at all" * 100, ""),
    ],
    ids=["empty", "html", "lfs pointer", "corrupt", "other"],
)
def test_a_file_that_is_no_model(tmp_path, content, word):
    path = damaged(tmp_path / "model.gguf", content)

    refused(run_toy(path, tmp_path), 2, "model.gguf", word)


def test_a_truncated_file(tmp_path):
    path = damaged(tmp_path / "model.gguf", FILE.read_bytes()[:-10_000])

    refused(run_toy(path, tmp_path), 2, "model.gguf")


def test_a_missing_file_and_a_directory(tmp_path):
    (tmp_path / "folder.gguf").mkdir()

    refused(run_toy("./nothing.gguf", tmp_path), 2, "nothing.gguf")
    refused(run_toy("./folder.gguf", tmp_path), 2, "folder.gguf")


def test_not_enough_memory(tmp_path):
    done = run_toy(FILE, tmp_path, HARNESS_MEMORY_LIMIT_BYTES="100000000")

    refused(done, 2, "GB", "--context")


def test_a_context_too_small_is_said_in_advance_and_is_an_error_outcome(tmp_path):
    asked = ["run", "-m", FILE, "-t", "mmlu:anatomy", "--limit", "3", "--json"]
    done = harness(*asked, "--context", "256", cwd=tmp_path)

    refused(done, 3, "3 of 3 samples")
    assert "3 of 3 requests do not fit into 256 tokens" in done.stderr
    assert json.loads(done.stdout)["tasks"]["mmlu"]["counts"]["error"] == 3
    enough = harness(*asked, cwd=tmp_path)
    assert enough.returncode == 0, enough.stderr
    assert json.loads(enough.stdout)["run_id"] == json.loads(done.stdout)["run_id"]


def test_a_context_above_the_trained_one_is_said(tmp_path):
    trained = FILE.with_name("stories260K-f32.gguf")

    done = run_toy(trained, tmp_path, "--context", "4096")

    assert "trained" in done.stderr


def test_unknown_names(tmp_path):
    refused(harness("run", "-m", "phi-mini-q5", "-t", "mmlu", cwd=tmp_path), 2, "phi-mini-q4")
    refused(harness("run", "-m", FILE, "-t", "mmul", cwd=tmp_path), 2, "did you mean 'mmlu'")


def test_an_unobtainable_model_says_why(tmp_path):
    refused(harness("run", "-m", "phi-3-small", "-t", "mmlu", cwd=tmp_path), 2, "GGUF")


def test_broken_yaml(tmp_path):
    shutil.copytree(TOYS, tmp_path / "tasks")
    (tmp_path / "tasks" / "toy_mc" / "toy_mc.yaml").write_text("task: [")
    (tmp_path / "harness-models.yaml").write_text("models: [")

    task = harness("tasks", "--trust-tasks", "tasks", cwd=tmp_path)
    model = harness("models", cwd=tmp_path)

    refused(task, 2, "toy_mc.yaml", "line 1")
    refused(model, 2, "harness-models.yaml", "line 1")


def test_a_third_partys_tasks_need_trust(tmp_path):
    done = harness("run", "-m", FILE, "-t", "toy_mc", cwd=tmp_path)

    refused(done, 2, "toy_mc")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_hub_is_down(tmp_path):
    nowhere = {"HF_ENDPOINT": f"http://127.0.0.1:{free_port()}", "HF_HOME": str(tmp_path / "hf")}

    refused(run_toy(STORIES, tmp_path, **nowhere), 2, "127.0.0.1")
    began = time.monotonic()
    done = harness("run", "-m", FILE, "-t", "mmlu:anatomy", cwd=tmp_path, **nowhere)
    refused(done, 2, "cais/mmlu", "127.0.0.1")
    assert time.monotonic() - began < 60


def test_the_hub_answers_503_and_then_is_fine(tmp_path):
    folders = {"datasets": DATA / "datasets", "models": DATA / "models"}
    with hub_server().HubServer(**folders, fail=(2, 503)) as hub:
        done = harness(
            "run", "-m", STORIES, "-t", "mmlu:anatomy", "--limit", "2",
            cwd=tmp_path, HF_ENDPOINT=hub.url, HF_HOME=str(tmp_path / "hf"),
        )  # fmt: skip

    assert done.returncode == 0, done.stderr


def test_a_gated_repository(tmp_path):
    folders = {"datasets": DATA / "datasets", "models": DATA / "models"}
    gated = ("local/stories260K-gguf", "cais/mmlu")
    with hub_server().HubServer(**folders, gated=gated, token="t") as hub:
        here = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf")}
        model = run_toy(STORIES, tmp_path, **here)
        data = harness("run", "-m", FILE, "-t", "mmlu:anatomy", cwd=tmp_path, **here)

    refused(model, 2, "gated", "HF_TOKEN")
    refused(data, 2, "gated", "HF_TOKEN")


def started(tmp_path, *more):
    """A run of some length, in the background, once it has stored its first answers."""
    process = subprocess.Popen(
        command("run", "-m", FILE, "-t", "mmlu:anatomy", "--limit", "60", *more),
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if any(map(n_answers, tmp_path.glob("results/*/journal.sqlite"))):
            break
        time.sleep(0.02)
    return process


def n_answers(journal):
    with contextlib.closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM responses").fetchone()[0]
        except sqlite3.OperationalError:
            return 0  # its tables are just being made


def test_a_second_writer_is_refused(tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGSTOP)  # it must not be done before the second asks
    try:
        second = harness("run", "-m", FILE, "-t", "mmlu:anatomy", "--limit", "60", cwd=tmp_path)
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGINT)
        process.communicate()

    refused(second, 5, "another harness process")


def test_ctrl_c_drains_and_says_how_to_resume(tmp_path):
    process = started(tmp_path)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    resumed = harness("run", "-m", FILE, "-t", "mmlu:anatomy", "--limit", "60", cwd=tmp_path)

    assert process.returncode == 130, err
    assert "the same command continues" in err
    assert resumed.returncode == 0, resumed.stderr
    assert "are answered" in resumed.stderr


def test_a_killed_engine_costs_nothing(tmp_path):
    process = started(tmp_path)
    for child in psutil.Process(process.pid).children(recursive=True):
        os.kill(child.pid, signal.SIGKILL)
    _, err = process.communicate(timeout=120)

    assert process.returncode == 0, err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="mounting needs root")
def test_a_full_disk(tmp_path):
    results = tmp_path / "results"
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(results)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("a tmpfs cannot be mounted here")
    try:
        done = harness("run", "-m", FILE, "-t", "mmlu:anatomy", "--limit", "60", cwd=tmp_path)
    finally:
        subprocess.run(["umount", str(results)], check=True)

    refused(done, 5, "free some space")


def test_an_unknown_schema_version_names_both(tmp_path):
    done = run_toy(FILE, tmp_path)
    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "results").iterdir()
    path = folder / "run.json"
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))

    refused(harness("score", folder.name, cwd=tmp_path), 5, "version 99", "version 1")
    report = harness("report", cwd=tmp_path)
    assert "version 99" in report.stderr
