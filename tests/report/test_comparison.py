"""Sentences that say no more than the numbers, and Markdown that foreign text cannot break."""

from dataclasses import replace

import pytest

from harness.analysis.compare import compare
from harness.analysis.comparison import CompareOptions
from harness.report.comparison import as_markdown, headline, sentences, tables
from harness.store.read import load_run
from run_files import MODEL, PlantedTask, counts, write_run


def compared(tmp_path, candidate, baseline, *, model=MODEL, **options):
    runs = [
        load_run(write_run(tmp_path, {"mini": plan}, run_id=name, model=model))
        for name, plan in (("one", candidate), ("two", baseline))
    ]
    return compare(*runs, CompareOptions(**options))


def planted(n, right, **more):
    return PlantedTask(counts(correct=right, wrong=n - right), **more)


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (1400, "may replace the baseline: 0.1 points behind at most, margin 2 points"),
        (1200, "behind the baseline by 9.0 points or more, margin 2 points (95% sure, one-sided)"),
        (1600, "better than the baseline, by "),
        (1370, "not enough data for a margin of 2 points: -1.5 ("),
    ],
)
def test_each_verdict_has_its_sentence(tmp_path, right, said):
    found = compared(tmp_path, planted(2000, right), planted(2000, 1400))

    assert next(sentences(found)).startswith(f"mini: {said}")


def test_too_little_data_says_how_much_would_do_and_never_that_nothing_differs(tmp_path):
    found = compared(tmp_path, planted(60, 40, seed=1), planted(60, 40, seed=2))
    said = " ".join(sentences(found))

    assert "samples would show no change to be one (there are 60)" in said
    assert "no difference" not in said


def test_an_outage_is_named_with_its_bounds_and_gets_no_verdict(tmp_path):
    broken = PlantedTask(counts(correct=30, wrong=10, error=10))
    said = list(sentences(compared(tmp_path, broken, planted(50, 30))))

    assert said[0].startswith("mini: no verdict: 40 of 50 samples were answered by both")
    assert any("10 of 50 samples lack an answer" in line for line in said)


def test_a_drop_of_truncated_replies_is_named_so(tmp_path):
    cut_off = PlantedTask(counts(correct=300, truncated=100, wrong=100))
    said = " ".join(sentences(compared(tmp_path, cut_off, planted(500, 400))))

    assert (
        "the drop is new replies without a readable answer (truncated +20.0 points); "
        "among replies that both could be read +0.0" in said
    )


def test_what_only_one_run_has_is_said(tmp_path):
    both = {"mini": planted(40, 20), "more": planted(40, 20)}
    one = load_run(write_run(tmp_path, both, run_id="one"))
    two = load_run(write_run(tmp_path, {"mini": planted(40, 20)}, run_id="two"))

    assert list(sentences(compare(one, two)))[-1] == "only the candidate has: more"


def test_every_row_has_a_cell_for_every_column(tmp_path):
    drawn = tables(compared(tmp_path, planted(40, 20), PlantedTask(counts(error=40))))

    assert len(drawn) == 3
    assert all(len(row) == len(table.columns) for table in drawn for row in table.rows)


def test_foreign_names_stay_text(tmp_path):
    hostile = replace(MODEL, name="a|b`c`<img src=x onerror=1>\n# [x](http://y)\u202e")
    found = compared(tmp_path, planted(40, 20), planted(40, 21), model=hostile)
    first = as_markdown(found).splitlines()[0]

    assert first.startswith("## Candidate a\\|b\\`c\\`&lt;img")
    assert "<img" not in first
    assert "\\[x\\]" in first
    assert "[U+202E]" in headline(found)
