"""Judged runs in a real browser: the judges' section, their cards, and the decision of the two."""

from dataclasses import replace

import pytest

from browser.conftest import DESK, PHONE, check_axe
from harness.analysis.compare import compare
from harness.models.mock import MockModel
from harness.pipeline.judge import Judging, calibrate, judge_runs
from harness.pipeline.options import Quiet, RunOptions
from harness.report.build import build_report
from harness.report.decision import write_decision
from harness.store.read import load_run
from judge_kit import AlwaysA, Judge
from run_files import MODEL, PlantedTask, counts, write_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EVIL = "judge</script><img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two runs that no rule can score, a fair judge and one that is biased and hostile."""
    folder = tmp_path_factory.mktemp("judged")
    results, reports = folder / "results", folder / "reports"
    for worth, name in ((3, "small"), (6, "large")):
        talks = PlantedTask(
            counts(unjudged=22, truncated=2), chance=None, turns=("And why?",),
            protocol={"scorer": "judged/1"},
            reply=lambda n, *_, worth=worth: f"of quality {worth + n % (worth - 1)}.",
        )  # fmt: skip
        model = replace(MODEL, name=name, sha256=name.ljust(64, "0"))
        write_run(results, {"talk": talks}, run_id=name, model=model)
    pair = tuple(load_run(results / name) for name in ("small", "large"))
    for name, judge in (("fair", Judge()), (EVIL, AlwaysA())):
        model = MockModel(judge, name=name, snapshot=name)
        calibrate(model, Judging(), RunOptions(results), Quiet(), anchors_only=False)
        for mode in ("single", "pairwise"):
            judge_runs(model, list(pair), Judging(mode), RunOptions(results), Quiet())
    write_decision(compare(*pair), pair, reports / "compare")
    return build_report(results, reports).path.parent


def page_of(site, kind):
    return site / "index.html" if kind == "index" else min((site / kind).glob("*.html"))


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["index", "compare", "runs"])
def test_axe_finds_no_violation(visit, site, kind, scheme, size):
    check_axe(visit(page_of(site, kind), size, scheme))


@pytest.mark.parametrize("kind", ["index", "compare", "runs"])
def test_a_phone_needs_no_sideways_scrolling(visit, site, kind):
    page = visit(page_of(site, kind), PHONE)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_card_is_on_both_pages_and_hostile_names_are_inert(visit, site):
    for kind in ("index", "compare"):
        page = visit(page_of(site, kind))
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")

        assert page.get_by_text("same verdict in both orders").first.is_visible()
        assert page.get_by_text("It favours one place over the other").first.is_visible()
        assert page.locator("img").count() == 0


def test_samples_that_wait_for_a_judge_are_filtered_as_such(visit, site):
    page = visit(page_of(site, "samples"))
    page.wait_for_selector("body[data-ready]")

    page.locator("#outcome1").select_option("n")
    page.wait_for_selector("#viewer[aria-busy=false]")

    assert page.locator("#count").inner_text().startswith("22 of 24")
    assert page.locator("#list small").all_inner_texts().count("unjudged") >= 22
