import json

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.errors import StoreError
from harness.records import Outcome, Score
from harness.store import parquet
from harness.store.manifest import Manifest, TaskRecord, read_manifest, write_manifest
from harness.store.parquet import write_table
from harness.store.read import find_runs, load_run
from harness.store.rows import (
    response_row,
    sample_from_row,
    sample_row,
    score_from_row,
    score_row,
    with_responses,
)
from harness.store.schema import SCHEMA_VERSION, TABLES
from samples import MODEL, PROTOCOL, response, sample

SCORE = Score(Outcome.CORRECT, 1.0, "B", "letter/1", first_answer="B")


@pytest.fixture
def run_folder(tmp_path):
    folder = tmp_path / "results" / "run"
    folder.mkdir(parents=True)
    samples = [sample(n) for n in range(3)]
    answers = [response(0), response(1), response(2, text=None, error_kind="timeout")]
    scores = [SCORE, SCORE, Score(Outcome.ERROR, None, None, "")]
    responses = (response_row(s, 0, r, "run") for s, r in zip(samples, answers, strict=True))
    files = {
        "samples.parquet": write_table(folder, "samples", map(sample_row, range(3), samples)),
        "responses.parquet": write_table(folder, "responses", responses),
        "scores.parquet": write_table(folder, "scores", map(score_row, samples, scores)),
    }
    manifest = Manifest(
        run_id="run",
        harness_version="0",
        status="incomplete",
        model=MODEL,
        tasks={"toy": TaskRecord(PROTOCOL, 3, 1, 0.25)},
        files=files,
        started_at="2026-01-01T00:00:00+00:00",
        finished_at="2026-01-01T00:01:00+00:00",
        command=("harness", "run"),
        limit=None,
        seed=0,
    )
    write_manifest(folder, manifest)
    return folder


def found_for(run, number):
    ((_, found),) = with_responses([sample(number)], run.rows("responses"))
    return found


def test_responses_find_their_samples_in_any_order(run_folder):
    rows = list(load_run(run_folder).rows("responses"))
    samples = [sample(n) for n in (2, 9, 0, 1)]
    expected = {s.sample_id: [r["request_key"] for r in rows if r["sample_id"] == s.sample_id]
                for s in samples}  # fmt: skip

    for order in (rows, rows[::-1]):
        found = {
            s.sample_id: [r.request_key for r in rs] for s, rs in with_responses(samples, order)
        }
        assert found == expected
    assert expected["id9"] == []
    assert expected["id1"]


def test_a_run_comes_back_as_it_was_written(run_folder):
    run = load_run(run_folder)

    assert run.manifest == read_manifest(run_folder)
    assert run.manifest.tasks["toy"].protocol == PROTOCOL
    assert run.manifest.model == MODEL
    assert [sample_from_row(row) for row in run.rows("samples")] == [sample(n) for n in range(3)]
    assert found_for(run, 1) == [response(1)]
    assert score_from_row(next(run.rows("scores"))) == SCORE
    assert run.scores["outcome"].tolist() == ["correct", "correct", "error"]


def test_turns_come_back_as_they_were_written(tmp_path):
    talk = sample(0, turns=("And then?", 'é "quoted"\nline \ud83d'))
    columns = [column.name for column in TABLES["samples"]]

    stored = sample_from_row(dict(zip(columns, sample_row(0, talk), strict=True)))

    assert stored.turns == ("And then?", 'é "quoted"\nline \ufffd')
    assert stored.request(1, ["B"]).key == talk.request(1, ["B"]).key


def test_files_written_before_there_were_turns_have_none(run_folder):
    path = run_folder / "samples.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["turns"]), path)
    run = load_run(run_folder)

    assert [sample_from_row(row) for row in run.rows("samples")] == [sample(n) for n in range(3)]
    assert list(run.samples.columns) == [column.name for column in TABLES["samples"]]
    assert run.table("samples", ["turns"])["turns"].isna().all()
    assert list(run.table("samples", ["gold"]).columns) == ["gold"]


def test_answers_written_before_there_were_optional_columns_have_none(run_folder):
    path = run_folder / "responses.parquet"
    optional = [column.name for column in TABLES["responses"] if column.optional]
    pq.write_table(pq.read_table(path).drop_columns(optional), path)
    run = load_run(run_folder)

    assert [r.attempts for r in found_for(run, 1)] == [None]
    assert run.table("responses", ["attempts"])["attempts"].sum() == 0


def test_pandas_and_duckdb_read_a_finished_run_directly(run_folder):
    path = run_folder / "scores.parquet"

    frame = pd.read_parquet(path)
    found = duckdb.sql(f"SELECT outcome, count(*) FROM '{path}' GROUP BY 1 ORDER BY 1").fetchall()

    assert list(frame.columns) == [column.name for column in TABLES["scores"]]
    assert found == [("correct", 2), ("error", 1)]


def test_types_do_not_depend_on_the_data(run_folder):
    names = {"text": "string", "json": "string", "integer": "int64", "real": "double"}
    for table, columns in TABLES.items():
        schema = pq.read_schema(run_folder / f"{table}.parquet")

        assert [str(field.type) for field in schema] == [names[c.type] for c in columns]


def test_another_schema_version_of_the_manifest_is_refused(run_folder):
    path = run_folder / "run.json"
    body = json.loads(path.read_text())
    path.write_text(json.dumps(body | {"schema_version": 7}))

    with pytest.raises(StoreError, match=rf"version 7.*version {SCHEMA_VERSION}") as caught:
        load_run(run_folder)

    assert caught.value.exit_code == 5


def test_another_schema_version_of_a_table_is_refused(run_folder):
    path = run_folder / "scores.parquet"
    table = pq.read_table(path)
    pq.write_table(table.replace_schema_metadata({"harness_schema_version": "7"}), path)

    with pytest.raises(StoreError, match=rf"version 7.*version {SCHEMA_VERSION}"):
        load_run(run_folder).scores  # noqa: B018


def test_damage_is_detected(run_folder):
    path = run_folder / "responses.parquet"
    path.write_bytes(path.read_bytes()[:-40])

    with pytest.raises(StoreError, match="damaged"):
        load_run(run_folder).responses  # noqa: B018


def test_missing_rows_are_detected(run_folder):
    path = run_folder / "scores.parquet"
    pq.write_table(pq.read_table(path).slice(0, 1), path)

    with pytest.raises(StoreError, match="1 rows, its manifest says 3"):
        load_run(run_folder).scores  # noqa: B018


def test_an_unfinished_run_says_how_to_finish_it(tmp_path):
    (tmp_path / "half").mkdir()

    with pytest.raises(StoreError, match="repeat the command"):
        load_run(tmp_path / "half")


def test_an_unknown_run_suggests_the_nearest(run_folder):
    with pytest.raises(StoreError, match="did you mean 'run'"):
        load_run("runn", run_folder.parent)


def test_broken_runs_are_left_out_with_the_reason(run_folder):
    other = run_folder.parent / "broken"
    other.mkdir()
    (other / "run.json").write_text("{")

    runs, left_out = find_runs(run_folder.parent)

    assert [run.manifest.run_id for run in runs] == ["run"]
    assert len(left_out) == 1
    assert "broken" in left_out[0]


@pytest.mark.parametrize("chunks", [1, 2])
def test_columns_are_what_pyarrow_makes_of_them(monkeypatch, chunks):
    if chunks > 1:  # text that does not fit into one chunk is left to pyarrow
        monkeypatch.setattr(parquet, "_LONGEST", 3)
    columns = {
        pa.string(): ["", "é", None, "\U0001f600", "plain"] * 5,
        pa.int64(): [0, None, -3, 2**63 - 1] * 5,
        pa.float64(): [0.1, None, -1.5, float("inf"), 2] * 5,
    }
    for kind, values in columns.items():
        for some in (values, values[:1], [v for v in values if v is not None]):
            made = parquet._arrow_array(some, kind)
            made.validate(full=True)
            assert made.equals(pa.array(some, kind))


def test_a_folder_that_only_has_the_name_of_a_run_is_passed_over(run_folder, tmp_path, monkeypatch):
    empty = tmp_path / "elsewhere" / run_folder.name
    empty.mkdir(parents=True)
    monkeypatch.chdir(empty.parent)

    assert load_run(run_folder.name, run_folder.parent).folder == run_folder
    with pytest.raises(StoreError, match="not a finished run"):
        load_run(empty)
