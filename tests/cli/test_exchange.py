"""`harness export` and `harness import` as a user runs them."""

import csv
import io
import json

import pytest

from cli_kit import harness
from run_files import PlantedTask, counts, write_run

PLAN = PlantedTask(counts(correct=7, wrong=3))
LINE = {
    "doc_id": 0,
    "doc": {"q": "2 + 2?"},
    "target": "4",
    "arguments": {"gen_args_0": {"arg_0": "2 + 2?", "arg_1": {"until": ["\n"]}}},
    "resps": [["4"]],
    "filtered_resps": ["4"],
    "filter": "none",
    "metrics": ["exact_match"],
    "exact_match": 1.0,
}


@pytest.fixture
def place(tmp_path):
    write_run(tmp_path / "results", {"mini": PLAN})
    (tmp_path / "samples_sums_2024-05-06T07-08-09.jsonl").write_text(json.dumps(LINE))
    return tmp_path


@pytest.mark.slow
def test_every_format_goes_to_stdout_and_the_same_to_a_file(place):
    for format_ in ("md", "csv", "json", "lm-eval"):
        shown = harness("export", "run-1", "--format", format_, cwd=place)
        stored = harness("export", "run-1", "--format", format_, "-o", "out", cwd=place)

        assert (shown.returncode, stored.returncode) == (0, 0), shown.stderr + stored.stderr
        assert (place / "out").read_bytes() == shown.stdout.encode("utf-8")
        assert stored.stdout == ""


def test_samples_are_lines_of_csv(place):
    done = harness("export", "--format", "csv", "--samples", cwd=place)

    found = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert sorted(row["outcome"] for row in found) == ["correct"] * 7 + ["wrong"] * 3


@pytest.mark.slow
def test_json_of_export_and_of_score_are_the_same_numbers(place):
    imported = harness(
        "import", "samples_sums_2024-05-06T07-08-09.jsonl", "-m", "mine", "--json", cwd=place
    )
    said = json.loads(imported.stdout)

    done = harness("export", said["run_id"], "--format", "json", cwd=place)

    (run,) = json.loads(done.stdout)["runs"]
    assert run == {name: value for name, value in said.items() if name != "folder"}
    assert run["imported"] is True
    assert run["tasks"]["lm_eval/sums"]["strict"]["value"] == 1.0


def test_an_import_is_shown_with_what_it_lacks(place):
    done = harness("import", "samples_sums_2024-05-06T07-08-09.jsonl", "-m", "mine", cwd=place)

    assert done.returncode == 0, done.stderr
    assert "lm_eval/sums" in done.stdout
    assert "note: Imported from a log of lm-evaluation-harness, not asked here." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["export", "--format", "xml"], 2, "xml"),
        (["export", "--format", "json", "--samples"], 2, "--samples goes with --format csv"),
        (["export", "nothing"], 5, "no run 'nothing'"),
        (["export", "--results", "elsewhere"], 2, "no finished run in elsewhere"),
        (["export", "run-1", "run-1", "--format", "lm-eval"], 2, "name one"),
        (["export", "run-1", "-o", "results/run-1/run.json/page.md"], 5, "cannot write"),
        (["import", "nothing.jsonl", "-m", "x"], 2, "cannot be read"),
        (["import", "nothing.jsonl"], 2, "--model"),
        (["import", "-m", "x"], 2, "FILE"),
    ],
)
def test_what_cannot_be_done_is_said(place, arguments, code, says):
    done = harness(*arguments, cwd=place)

    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
