import json
from dataclasses import replace

import pytest

from cli_kit import harness
from run_files import MODEL, PlantedTask, counts, write_run

PLAN = PlantedTask(
    counts(correct=80, wrong=34),
    subjects=[f"subject {number:02}" for number in range(57)],
    protocol={"dataset": "cais/mmlu", "split": "test"},
)


@pytest.fixture
def run(tmp_path):
    model = replace(MODEL, name="my-own-file", quantization="F16")
    write_run(tmp_path / "results", {"mmlu": PLAN}, model=model, manifest={"limit": 114})
    return "run-1"


def test_claims_are_listed_without_any_run(tmp_path):
    done = harness("claims", "phi-2", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "Phi-2 2.7B" in done.stdout
    assert "Phi-4" not in done.stdout
    assert "No stored run is of a model and a benchmark of these" in done.stdout


def test_a_run_is_held_against_the_model_that_it_is_said_to_be(run, tmp_path):
    name = "phi-3-mini-4k-instruct@2024-04"

    done = harness("claims", "--run", run, "--as", name, "--json", cwd=tmp_path)

    found = json.loads(done.stdout)
    (check,) = found["checks"]
    assert check["claim"] == "phi-3-mini@2024-04/mmlu/ms"
    assert check["verdict"] == "too few items"
    assert check["measured"]["n"] == 114
    assert check["difference"]["low"] < 0 < check["difference"]["high"]
    assert len(found["claims"]) >= 200
    assert any(pair["standing"] == "cannot tell" for pair in found["headlines"])


def test_a_wide_margin_is_said_with_the_verdict(run, tmp_path):
    name = "phi-3-mini-4k-instruct@2024-04"

    done = harness("claims", "--run", run, "--as", name, "--margin", "15", cwd=tmp_path)

    assert "the same within ±15 points" in " ".join(done.stdout.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["gemma-99"], 2, "no claim about 'gemma-99'"),
        (["--as", "phi-4"], 2, "--run RUN"),
        (["--run", "run-1", "--as", "phi-44"], 2, "did you mean 'phi-4'"),
        (["--run", "nothing"], 5, "no run 'nothing'"),
        (["--margin", "0"], 2, "--margin"),
    ],
)
def test_what_cannot_be_done_is_said(run, tmp_path, arguments, code, says):
    done = harness("claims", *arguments, cwd=tmp_path)

    assert done.returncode == code
    assert says in done.stderr


def test_a_damaged_run_is_left_out_with_its_reason(run, tmp_path):
    (tmp_path / "results" / run / "scores.parquet").write_bytes(b"not parquet")

    done = harness("claims", "phi-2", cwd=tmp_path)

    assert done.returncode == 0
    assert "left out: " in done.stderr
