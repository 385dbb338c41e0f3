"""The decision report in a real browser, from a file: no request, no complaint, usable by all."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from browser.conftest import DESK, PHONE, check_axe
from harness.analysis.compare import compare
from harness.report.decision import write_decision
from harness.store.read import load_run
from run_files import MODEL, PlantedTask, Timing, counts, write_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EVIL = "</script><script>document.title='owned'</script><img src=x onerror=alert(2)>\u202e"


def letters(position, gold, outcome):
    share = 0.35 + 0.6 * (position % 97) / 97
    place = "ABCD".index(gold) + (outcome.value != "correct")
    return [float(np.log(share if i == place % 4 else (1 - share) / 3)) for i in range(4)]


def plan(seed, text):
    """Letters, subjects and prices, so that every part of the page has something to show."""
    return PlantedTask(
        counts(correct=240 + 50 * seed, wrong=120 - 50 * seed, unparsed=30, truncated=10),
        subjects=("anatomy", "law", text[:40]), seed=seed, letters=letters,
        timing=Timing(cost_usd=0.001 * (1 + seed), total_seconds=0.5 + seed),
        reply=lambda *_: text * 20,
    )  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decision")
    runs = tuple(
        load_run(
            write_run(folder, {"mini": plan(seed, EVIL), "sums": plan(seed, "x" * 200)},
                      run_id=name, model=replace(MODEL, name=name + EVIL))
        )
        for seed, name in enumerate(("small", "large"))
    )  # fmt: skip
    return write_decision(compare(*runs), runs, folder / "page.html")


@pytest.fixture
def opened(visit, path):
    return partial(visit, path)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(opened, size, scheme):
    check_axe(opened(size, scheme))


def test_a_phone_needs_no_sideways_scrolling(opened):
    page = opened(PHONE)
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator(".only-narrow").is_visible()
    assert not page.locator(".only-wide").is_visible()


def test_dark_mode_changes_the_paper_and_the_figures(opened):
    def colours(scheme):
        page = opened(DESK, scheme)
        paper = "getComputedStyle(document.body).backgroundColor"
        ink = "getComputedStyle(document.querySelector('.chart .fill-ink')).fill"
        return page.evaluate(f"[{paper}, {ink}]")

    light, dark = colours("light"), colours("dark")

    assert light[0] != dark[0]
    assert light[1] != dark[1]


def test_a_deep_link_opens_its_example(opened):
    page = opened(anchor="#example-3")

    assert page.locator("#example-3").get_attribute("open") is not None
    assert not page.locator("#example-2 pre").first.is_visible()


def test_the_first_picture_is_on_the_first_screen(opened):
    page = opened({"width": 1200, "height": 1100})

    box = page.locator(".only-wide svg").bounding_box()

    assert box["y"] + box["height"] < 1100


def test_columns_sort_by_keyboard(opened):
    page = opened()
    button = page.locator("#differences th button", has_text="Candidate")
    button.focus()
    page.keyboard.press("Enter")

    assert button.locator("xpath=..").get_attribute("aria-sort") == "descending"


def test_hostile_text_did_nothing(opened):
    page = opened()

    assert page.title().startswith("Can small")
    assert page.locator("img").count() == 0
