"""Answers that no rule can score are nowhere taken for wrong ones, nor for unreadable ones."""

import base64
import gzip
import json
import re

import pytest

from harness.analysis.compare import compare
from harness.errors import NotComparableError
from harness.report.build import build_report
from harness.store.read import load_run
from page_kit import Reader
from run_files import PlantedTask, counts, write_run

OPEN = {"scorer": "judged/1"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unjudged")
    plan = PlantedTask(counts(unjudged=30, truncated=2), chance=None, protocol=OPEN)
    write_run(folder / "results", {"talk": plan})
    return build_report(folder / "results", folder / "reports").path.parent


def text_of(site, kind):
    file = site / "index.html" if kind == "index" else min((site / kind).glob("*.html"))
    return Reader(file.read_text("utf-8"))


def test_the_leaderboard_shows_neither_accuracy_nor_place(site):
    page = text_of(site, "index")
    (rank,) = [a for a in page.all("td") if a.get("class") == "rank"]

    assert rank["title"] == "no rule can score this task"
    assert [a for a in page.all("td") if a.get("class") == "accuracy" and a["data-sort"]] == []
    assert "A place is one more than the number of models that are better: ahead" not in page.text
    assert "No rule can score these replies" in page.text


def test_the_page_of_the_run_says_so_and_lists_no_empty_accuracy(site):
    page = text_of(site, "runs")

    assert "2 truncated, 30 unjudged, of 32 planned" in page.text
    assert "Accuracy none: no rule can score these replies (harness judge)" in page.text
    assert "Strict accuracy" not in page.text
    assert "Standard error" not in page.text
    assert {"unjudged", "truncated"} <= {a.get("class") for a in page.all("rect")}


def test_every_outcome_has_a_colour_in_the_bar(site):
    css = (site / "index.html").read_text("utf-8")

    assert ".outcomes .unjudged" in css


def test_the_samples_page_tells_unjudged_from_unparsed(site):
    html = next((site / "samples").glob("*.html")).read_text("utf-8")
    packed = re.search(r'id="index">(.*?)</script>', html)[1]
    codes = json.loads(gzip.decompress(base64.b64decode(packed)))["outcomes"]

    assert sorted(set(codes)) == ["n", "t"]
    assert 'n: "unjudged"' in html


def test_replies_that_were_all_cut_are_not_compared_as_wrong_ones(tmp_path):
    plan = PlantedTask(counts(truncated=20), protocol=OPEN)
    runs = [load_run(write_run(tmp_path, {"talk": plan}, run_id=name)) for name in ("a", "b")]

    with pytest.raises(NotComparableError, match="no rule can judge the answers to talk"):
        compare(*runs)
