"""What the page of samples holds: everything, or where that is too much the most telling part."""

import base64
import gzip
import json
from dataclasses import replace

import pytest

from harness.analysis.leaderboard import build_leaderboard
from harness.analysis.sheet import Item
from harness.report.samples import _plain, _shared, build_samples
from harness.store.read import find_runs
from run_files import MODEL, PlantedTask, counts, write_run


def unpack(packed):
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def table_of(results, reply=None):
    for i, right in enumerate((150, 120)):
        plan = PlantedTask(
            counts(correct=right, wrong=190 - right, unparsed=8, error=2), seed=i, reply=reply
        )
        model = replace(MODEL, name=f"model-{i}", sha256=f"{i:064x}")
        write_run(results, {"mini": plan}, run_id=f"run-{i}", model=model)
    (table,) = build_leaderboard(find_runs(results)[0]).tables
    return table


def build(table, **options):
    series = {entry.run.manifest.model.identity: 0 for entry in table.entries}
    return build_samples(table, series, **options)


def said(page):
    return {i: said for chunk in page.chunks for i, said in unpack(chunk)}


def test_every_stored_row_is_on_the_page(tmp_path):
    table = table_of(tmp_path)
    page = build(table)
    index, texts = unpack(page.index), said(page)

    assert page.note == "All 200 samples, with every prompt and reply."
    assert sorted(texts) == list(range(200))
    order = sorted(table.entries[0].run.rows("samples"), key=lambda row: row["position"])
    assert index["golds"] == [sample["gold"] for sample in order]
    for model, entry in enumerate(table.entries):
        replies = {row["sample_id"]: row for row in entry.run.rows("responses")}
        scores = {row["sample_id"]: row for row in entry.run.rows("scores")}
        for i, sample in enumerate(order):
            score, reply = scores[sample["sample_id"]], replies[sample["sample_id"]]
            assert sample["sample_id"].startswith(index["ids"][i])
            assert index["outcomes"][i][model] == score["outcome"][0]
            assert index["answers"][i][model] == score["answer"]
            assert index["subjects"][index["subject"][i]] == sample["subject"]
            assert texts[i]["replies"][model][0][0] == reply["text"]
            assert (texts[i]["replies"][model][0][1] is None) == (reply["error_kind"] is None)


def test_too_much_text_keeps_what_tells_models_apart(tmp_path):
    table = table_of(tmp_path, reply=lambda n, *_: f"{n * 7919} " * 3000)
    whole = build(table)
    size = sum(map(len, whole.chunks))

    page = build(table, embed_bytes=size // 2)

    index, texts = unpack(page.index), said(page)
    telling = [
        len(set(outcome)) > 1 or not set(outcome) <= {"c", "w"} for outcome in index["outcomes"]
    ]
    kept = [place >= 0 for place in index["places"]]
    assert len(index["outcomes"]) == 200
    assert sum(map(len, page.chunks)) <= size // 2
    assert sorted(texts) == [i for i, place in enumerate(kept) if place]
    assert 0 < sum(kept) < 200
    assert not any(keep and not tell for keep, tell in zip(kept, telling, strict=True)) or all(
        keep for keep, tell in zip(kept, telling, strict=True) if tell
    )
    assert f"here are those of {sum(kept)}, first" in page.note
    assert f"of the {sum(telling)} on which models differ" in page.note


def test_examples_that_samples_share_are_stored_once():
    example = "An example that is shown before each question, again and again."
    items = [
        Item(str(i), "", "A", (("user", example), ("user", f"Question {i}")), (), (), (), ())
        for i in range(3)
    ]

    shared = _shared(items)

    assert shared == {example: 0}
    assert _plain(items[2], shared)["messages"] == [["user", 0], ["user", "Question 2"]]


def test_a_long_reply_keeps_both_ends_and_says_its_length(tmp_path):
    long = "start" + "x" * 1_000_000 + "end"
    page = build(table_of(tmp_path, reply=lambda *_: long))

    text = next(
        reply[0][0] for item in said(page).values() for reply in item["replies"] if reply[0][0]
    )
    assert len(text) < 21_000
    assert text.startswith("start")
    assert text.endswith("end")
    assert "980,008 of 1,000,008 characters left out" in text


@pytest.mark.parametrize("table", ["samples", "responses", "scores"])
def test_a_damaged_table_leaves_a_page_that_says_so(tmp_path, table):
    board = table_of(tmp_path)
    (board.entries[0].run.folder / f"{table}.parquet").write_bytes(b"PAR1")

    page = build(board)

    assert page.note.startswith("No samples can be shown")
    assert unpack(page.index)["ids"] == []
