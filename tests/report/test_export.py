import csv
import io
import json
from dataclasses import replace

import pytest

from harness.analysis.summary import summarize_run
from harness.report import words
from harness.report.export import (
    export_csv,
    export_json,
    export_markdown,
    export_samples,
    spreadsheet_safe,
)
from harness.report.lm_eval_results import export_lm_eval
from harness.store.read import load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run

MIXED = counts(correct=60, wrong=25, unparsed=6, truncated=4, refused=2, error=3)
EVIL = "=cmd|' /C calc'!A0\x00\u202e</script><script>alert(1)</script>|`"
FORMULAS = [
    "=1+1",
    "+1+cmd",
    "-1+cmd",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "\uff1d1+1",
    "\uff0dx",
]


@pytest.fixture
def run(tmp_path):
    return load_run(write_run(tmp_path, {"mini": PlantedTask(MIXED, timing=Timing(cost_usd=0.1))}))


@pytest.fixture
def evil(tmp_path):
    plan = PlantedTask(MIXED, reply=lambda *_: EVIL, answer=lambda *_: EVIL, subjects=(EVIL, "law"))
    model = replace(MODEL, name=EVIL)
    return load_run(write_run(tmp_path, {EVIL: plan}, run_id="evil", model=model))


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_holds_the_numbers_of_the_summary_unrounded(run):
    summary = summarize_run(run)["mini"]

    whole, *subjects = rows(export_csv([run]))

    assert float(whole["strict"]) == summary.strict.value
    assert float(whole["strict_low"]) == summary.strict.low
    assert float(whole["parsed_high"]) == summary.parsed.high
    assert [int(whole[o.value]) for o in MIXED] == list(MIXED.values())
    assert (whole["subject"], whole["strict_n"], whole["n_planned"]) == ("", "97", "100")
    assert whole["fingerprint"] == run.manifest.tasks["mini"].protocol.fingerprint
    assert [row["subject"] for row in subjects] == ["anatomy", "law"]
    assert float(subjects[0]["strict"]) == summary.subjects[0].strict.value
    assert subjects[0]["unparsed"] == ""


def test_json_holds_the_summary(run):
    (found,) = json.loads(export_json([run]))["runs"]

    assert found["tasks"]["mini"]["strict"]["value"] == summarize_run(run)["mini"].strict.value
    assert found["tasks"]["mini"]["counts"]["unparsed"] == 6
    assert not found["imported"]


def test_markdown_keeps_unlike_protocols_apart(run, tmp_path):
    few = PlantedTask(MIXED, protocol={"shots": 0})
    other = load_run(write_run(tmp_path, {"mini": few}, run_id="run-2"))

    text = export_markdown([run, other]).replace("\u00a0", " ")

    assert text.count("\n## ") + text.startswith("## ") == 2
    assert "## mini, 0-shot" in text
    assert "61.9 % (51.9 to 70.9 %, n = 97)" in text
    assert "| 97 of 100 |" in text


def test_every_sample_is_a_line(run):
    found = rows(export_samples([run]))

    assert len(found) == 100
    assert sorted(row["outcome"] for row in found) == sorted(
        outcome.value for outcome, n in MIXED.items() for _ in range(n)
    )
    errors = [row for row in found if row["outcome"] == "error"]
    assert {(row["reply"], row["value"], row["error_kind"]) for row in errors} == {
        ("", "", "timeout")
    }
    right = next(row for row in found if row["outcome"] == "correct")
    assert right["reply"] == f"The answer is {right['gold']}."


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text):
    assert spreadsheet_safe(text).startswith(("'", "[U+"))


@pytest.mark.parametrize("text", ["", "B", "-5", "+3.25", "5 - 3 = 2", "a=b", "'quoted'"])
def test_what_is_no_formula_stays_as_it_is(text):
    assert spreadsheet_safe(text) == text


def test_hostile_text_is_inert_in_every_format(evil):
    markdown, table = export_markdown([evil]), export_csv([evil])
    samples = export_samples([evil])

    assert "<script" not in markdown
    assert all(line.count(" | ") == 10 for line in markdown.splitlines() if line.startswith("|"))
    for text in (markdown, table, samples):
        assert "\x00" not in text
        assert "\u202e" not in text
    for row in rows(table) + rows(samples):
        assert not [cell for cell in row.values() if cell.lstrip().startswith("=")]
    assert rows(samples)[0]["model"].startswith("'=cmd|")
    assert json.loads(export_json([evil]))["runs"][0]["model"]["name"] == EVIL
    json.loads(export_lm_eval(evil))


@pytest.mark.parametrize("export", [export_csv, export_json, export_markdown, export_samples])
def test_the_same_runs_give_the_same_bytes(run, export):
    assert export([run]) == export([load_run(run.folder)])


def test_a_run_without_a_single_answer_is_exported(tmp_path):
    run = load_run(write_run(tmp_path, {"mini": PlantedTask(counts(error=3))}))

    assert rows(export_csv([run]))[0]["strict"] == ""
    assert words.MISSING in export_markdown([run])
    assert json.loads(export_lm_eval(run))["results"]["mini"]["exact_match,none"] == "N/A"


def test_lm_eval_results_are_those_of_the_summary(run):
    summary = summarize_run(run)["mini"]

    found = json.loads(export_lm_eval(run))

    whole = found["results"]["mini"]
    assert whole["exact_match,none"] == summary.strict.value
    assert whole["exact_match_stderr,none"] == summary.standard_error
    assert whole["unparsed,none"] == 6 / 97
    assert found["group_subtasks"] == {"mini": ["mini_anatomy", "mini_law"]}
    assert found["groups"]["mini"] == whole
    part = found["n-samples"]["mini_anatomy"]
    assert part["effective"] == summary.subjects[0].strict.n
    assert part["original"] == part["effective"] + summary.subjects[0].strict.n_error
    assert found["harness"]["tasks"]["mini"]["strict"]["low"] == summary.strict.low
    assert export_lm_eval(run) == export_lm_eval(load_run(run.folder))


def test_a_task_without_subjects_is_no_group(tmp_path):
    plan = PlantedTask(counts(correct=3, wrong=1), subjects=("",), protocol={"kind": "logprob"})
    run = load_run(write_run(tmp_path, {"mini": plan}))

    found = json.loads(export_lm_eval(run))

    assert found["results"]["mini"]["acc,none"] == 0.75
    assert "groups" not in found
    assert found["n-samples"]["mini"] == {"original": 4, "effective": 4}
    assert "generation_kwargs" not in found["configs"]["mini"]


@pytest.mark.slow
@pytest.mark.parametrize("column", ["results", "groups"])
def test_lm_eval_prints_its_table_of_our_results(run, column):
    from lm_eval.utils import make_table

    text = make_table(json.loads(export_lm_eval(run)), column)

    (line,) = [line for line in text.splitlines() if "exact_match" in line and "0.6186" in line]
    assert "↑" in line
    assert "0.0" in line.split("±")[1]
    assert "unparsed" in text
    assert ("mini_anatomy" in text) == (column == "results")


@pytest.mark.slow
def test_the_standard_error_of_a_subject_is_that_of_lm_eval(run):
    from lm_eval.api.metrics import mean_stderr

    scores = run.scores
    anatomy = scores[(scores["subject"] == "anatomy") & (scores["outcome"] != "error")]
    values = (anatomy["outcome"] == "correct").astype(float).tolist()

    found = json.loads(export_lm_eval(run))["results"]["mini_anatomy"]

    assert found["exact_match_stderr,none"] == pytest.approx(mean_stderr(values))
