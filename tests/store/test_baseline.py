import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import run_files
from gate_kit import outcomes, shuffled, system
from harness.errors import StoreError
from harness.gating.decide import decide
from harness.gating.policy import Policy
from harness.store.baseline import ITEM_COLUMNS, load_baseline, save_baseline, scored_run
from harness.store.read import load_run
from run_files import PlantedTask, Timing, counts

MMLU = 14_042


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    results = tmp_path_factory.mktemp("runs")
    plan = PlantedTask(
        counts(correct=30, wrong=9, unparsed=2, error=3), timing=Timing(cost_usd=0.5)
    )
    chat = PlantedTask(counts(correct=5, wrong=5), turns=("And then?",))
    return load_run(run_files.write_run(results, {"mini": plan, "chat": chat}))


def test_a_baseline_is_what_the_run_was(run, tmp_path):
    path = tmp_path / "deep" / "baseline.parquet"
    scored = scored_run(run)
    save_baseline(scored, path)
    found = load_baseline(path)

    assert found.manifest == run.manifest
    assert found.source == path
    times = scored.items["seconds"].astype("float32").astype("float64")  # all that is kept
    pd.testing.assert_frame_equal(
        found.items, scored.items.assign(seconds=times), check_dtype=False
    )
    assert list(path.parent.iterdir()) == [path]


def test_it_holds_no_question_and_no_answer(run, tmp_path):
    path = tmp_path / "baseline.parquet"
    save_baseline(scored_run(run), path)

    assert pq.read_schema(path).names == list(ITEM_COLUMNS)
    content = path.read_bytes()
    for text in (b"which of the four", b"The answer is", b"I would rather"):
        assert text not in content


def test_times_and_prices_are_sums_over_turns_and_null_where_a_part_is_unknown(run):
    items = scored_run(run).items.set_index("task")

    assert set(items.loc["chat", "seconds"]) == {1.5}
    assert items.loc["chat", "cost_usd"].isna().all()
    answered = items.loc["mini", "outcome"] != "error"
    assert set(items.loc["mini", "cost_usd"][answered]) == {0.5}
    assert items.loc["mini", ["cost_usd", "seconds"]][~answered].isna().all(axis=None)


def test_the_whole_of_mmlu_takes_less_than_a_megabyte(tmp_path):
    rng = np.random.default_rng(0)
    found = shuffled(outcomes(correct=9_000, wrong=4_900, unparsed=142))
    scored = system({"mmlu": found}, "phi", seconds=rng.lognormal(size=MMLU),
                    costs=rng.lognormal(size=MMLU).round(6))  # fmt: skip
    subjects = [f"subject_{i % 57}" for i in range(MMLU)]
    save_baseline(
        replace(scored, items=scored.items.assign(subject=subjects)), tmp_path / "b.parquet"
    )

    assert (tmp_path / "b.parquet").stat().st_size < 1_000_000
    assert len(load_baseline(tmp_path / "b.parquet").items) == MMLU


def test_the_whole_of_mmlu_is_judged_in_two_seconds():
    first, second = (
        system({"mmlu": shuffled(outcomes(correct=9_000, wrong=5_042), seed)}, str(seed))
        for seed in (0, 1)
    )
    decide(Policy(), first, second)  # imports
    began = time.process_time()
    decide(Policy(), first, second)

    assert time.process_time() - began < 2


@pytest.fixture
def saved(run, tmp_path):
    path = tmp_path / "baseline.parquet"
    save_baseline(scored_run(run), path)
    return path


def refused(path, *words):
    with pytest.raises(StoreError) as caught:
        load_baseline(path)
    for word in (path.name, *words):
        assert word in str(caught.value)


def test_there_is_none(tmp_path):
    refused(tmp_path / "none.parquet", "there is no baseline", "harness baseline save")


@pytest.mark.parametrize("kept", [0, 3, 0.5, 0.99])
def test_half_a_file(saved, kept):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(kept * len(content)) if kept < 1 else kept])

    refused(saved, "save it again")


def test_another_file(tmp_path):
    pointer = tmp_path / "b.parquet"
    pointer.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")

    refused(pointer, "cannot be read")


def rewritten(path, change, metadata=None):
    table = pq.read_table(path)
    stored = table.schema.metadata if metadata is None else metadata
    pq.write_table(change(table).replace_schema_metadata(stored), path)
    return path


def test_another_parquet_file(saved):
    refused(rewritten(saved, lambda table: table, {}), "no baseline")
    pq.write_table(pa.table({"a": [1]}), saved)
    refused(saved, "no baseline")


@pytest.mark.parametrize("column", ITEM_COLUMNS)
def test_a_column_less_or_of_another_type(saved, column):
    as_text = pa.array(["x"] * len(pq.read_table(saved)), pa.large_string())
    place = ITEM_COLUMNS.index(column)
    whole = saved.read_bytes()

    refused(rewritten(saved, lambda table: table.drop_columns([column])), "no baseline")
    saved.write_bytes(whole)
    refused(rewritten(saved, lambda t: t.set_column(place, column, as_text)), "no baseline")


def test_rows_that_are_lost_or_there_twice(saved):
    whole = saved.read_bytes()

    refused(rewritten(saved, lambda table: table.slice(1)), "damaged", "save it again")
    saved.write_bytes(whole)
    twice = lambda t: pa.concat_tables([t.slice(0, 1), t.slice(0, 1), t.slice(2)])  # noqa: E731
    refused(rewritten(saved, twice), "damaged")


def test_a_manifest_of_another_version_or_damaged(saved):
    stored = pq.read_schema(saved).metadata
    text = stored[b"harness_baseline"]
    whole = saved.read_bytes()

    other = {b"harness_baseline": text.replace(b'"schema_version": ', b'"schema_version": 9')}
    refused(rewritten(saved, lambda table: table, other), "schema version")
    saved.write_bytes(whole)
    refused(rewritten(saved, lambda t: t, {b"harness_baseline": text[:-40]}), "damaged")


def test_a_place_that_cannot_be_written(run, tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError, match="cannot write"):
        save_baseline(scored_run(run), tmp_path / "file" / "baseline.parquet")
