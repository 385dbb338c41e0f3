"""The site in a real browser, from files: usable by hand, keyboard and screen reader, and inert."""

import threading
from dataclasses import replace

import pytest

from browser.conftest import DESK, PHONE, check_axe
from harness.report.build import build_report
from harness.report.view import Viewer, ViewServer
from hostile_runs import write_hostile_runs
from run_files import MODEL, PlantedTask, Timing, counts, write_run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SYSTEMS = {
    "tiny": ({"parameters": 10**9, "quantization": "Q4_K_M"}, 120, {"total_seconds": 0.2}),
    "middle": ({"parameters": 7 * 10**9, "quantization": "Q8_0"}, 150, {"total_seconds": 0.8}),
    "hosted": (
        {"parameters": None, "quantization": None, "sha256": None, "backend": "openai",
         "source": "openai/hosted", "snapshot": "hosted-2024-05-13"},
        190, {"total_seconds": 1.5, "cost_usd": 0.004, "peak_memory_bytes": None},
    ),
}  # fmt: skip
SUBJECTS = ("anatomy", "law", "virology")


def write_systems(results):
    for i, (name, (facts, right, timing)) in enumerate(SYSTEMS.items()):
        model = replace(MODEL, name=name, **({"sha256": f"{i:064x}"} | facts))
        rest = counts(correct=right, wrong=220 - right - 8, unparsed=6, error=2)
        plan = PlantedTask(rest, SUBJECTS, seed=i, timing=Timing(**timing))
        few = replace(plan, counts=counts(correct=right // 2, wrong=110 - right // 2))
        write_run(results, {"mini": plan, "sums": few}, run_id=name, model=model)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    write_systems(folder / "results")
    return build_report(folder / "results", folder / "reports").path.parent


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    write_hostile_runs(folder / "results")
    return build_report(folder / "results", folder / "reports").path.parent


def file_of(site, kind):
    return site / "index.html" if kind == "index" else min((site / kind).glob("*.html"))


def ready(page):
    page.wait_for_selector("body[data-ready]")
    return page


def models(page, board=0):
    rows = page.locator(".board table.ranked").nth(board).locator("tbody tr:visible")
    return rows.locator("th a").all_inner_texts()


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["index", "runs", "samples"])
def test_axe_finds_no_violation(visit, site, kind, scheme, size):
    page = visit(file_of(site, kind), size, scheme)
    if kind == "samples":
        ready(page).locator("#list a").first.click()
        page.wait_for_selector("#sample pre")

    check_axe(page)


@pytest.mark.parametrize("kind", ["index", "runs", "samples"])
def test_a_phone_needs_no_sideways_scrolling(visit, site, kind):
    page = visit(file_of(site, kind), PHONE)
    if kind == "samples":
        ready(page).locator("#list a").first.click()
        page.wait_for_selector("#sample pre")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("kind", ["index", "runs"])
def test_dark_mode_reaches_the_figures(visit, site, kind):
    colours = [
        visit(file_of(site, kind), scheme=scheme).evaluate(
            "[getComputedStyle(document.body).backgroundColor,"
            " getComputedStyle(document.querySelector('.chart .fill-quiet')).fill]"
        )
        for scheme in ("light", "dark")
    ]

    assert colours[0][0] != colours[1][0]
    assert colours[0][1] != colours[1][1]


def test_a_column_sorts_by_keyboard(visit, site):
    page = visit(site / "index.html")
    heading = page.locator(".ranked").first.get_by_role("button", name="Latency p50", exact=True)

    heading.focus()
    page.keyboard.press("Enter")
    descending = models(page)
    page.keyboard.press("Enter")

    assert descending == ["hosted", "middle", "tiny"]
    assert models(page) == descending[::-1]
    assert (
        page.locator(".ranked")
        .first.locator("[aria-sort=ascending]")
        .inner_text()
        .startswith("Latency p50")
    )


def test_filters_leave_what_fits(visit, site):
    page = visit(site / "index.html")

    page.locator("[data-trait=place]").select_option("local")
    local = models(page)
    said = page.locator("#shown").inner_text()
    page.locator("[data-trait=quantization]").select_option("Q8_0")
    page.locator("[data-trait=task]").select_option("sums")

    assert local == ["middle", "tiny"]
    assert said.startswith("4 rows")
    assert page.locator(".board[data-task]:visible").count() == 1
    assert models(page, board=1) == ["middle"]
    page.locator("[data-trait=size]").select_option("1 to 4 B")
    assert page.locator(".board[data-task]:visible").count() == 0
    assert page.locator("#shown").inner_text().startswith("0 rows")


def test_columns_are_switched(visit, site):
    page = visit(site / "index.html")
    table = page.locator(".ranked").first
    page.locator(".columns summary").click()

    page.get_by_label("Prefill t/s").check()
    for name in ("Decode t/s", "Unparsed", "No answer"):
        page.get_by_label(name).uncheck()

    headings = table.locator("thead tr:last-child th:visible").all_inner_texts()
    assert any("Prefill" in text for text in headings)
    assert not any("Decode" in text for text in headings)
    groups = table.locator(".groups > :visible")
    assert sum(groups.evaluate_all("all => all.map((cell) => cell.colSpan)")) == len(headings)
    assert "Not judged" not in groups.all_inner_texts()
    row = table.locator("tbody tr").first
    assert row.locator("> :visible").count() == len(headings)


def test_a_row_leads_to_its_run_and_to_its_samples(visit, site):
    page = visit(site / "index.html")

    page.locator(".ranked").nth(1).get_by_role("link", name="tiny").click()
    assert page.locator("h1").inner_text().strip() == "tiny"
    target = page.evaluate("document.getElementById(location.hash.slice(1)).innerText")
    page.locator(".task").nth(1).get_by_role("link", name="All samples").click()
    ready(page)

    assert "sums" in target
    assert "sums" in page.locator("h1").inner_text()
    assert page.locator("#first option:checked").inner_text() == "tiny"


@pytest.fixture
def samples(visit, site):
    return ready(visit(site / "samples" / name_of(site, "mini")))


def name_of(site, task):
    return next(path.name for path in (site / "samples").glob(f"{task}-*.html"))


def choose(page, first="tiny", second="hosted", **more):
    page.locator("#first").select_option(label=first)
    page.locator("#second").select_option(label=second)
    for control, value in more.items():
        page.locator(f"#{control}").select_option(value)


def number(page):
    page.wait_for_selector("#viewer[aria-busy=false]")
    return int(page.locator("#count").inner_text().split()[0])


def test_samples_are_filtered_by_outcome_and_disagreement(samples):
    choose(samples, show="lost")
    lost = number(samples)
    choose(samples, show="gained")
    gained = number(samples)
    choose(samples, show="differ")
    differing = number(samples)
    choose(samples, show="", outcome1="u")
    unparsed = number(samples)
    choose(samples, show="", outcome1="", outcome2="e")

    assert gained - lost == 190 - 120
    assert differing == gained + lost
    assert unparsed == 6
    assert number(samples) == 2


def test_samples_are_searched_down_to_the_replies(samples):
    samples.locator("#search").fill("question 17:")
    named = number(samples)
    samples.locator("#search").fill("would rather not")
    shallow = number(samples)
    samples.locator("#deep").check()
    choose(samples, "tiny", "tiny")

    assert (named, shallow) == (1, 0)
    assert number(samples) == 6


def test_a_sample_is_read_side_by_side(samples):
    choose(samples, show="gained")
    samples.locator("#list a").first.focus()
    samples.keyboard.press("Enter")
    samples.wait_for_selector("#sample pre")

    heads = [text.strip() for text in samples.locator("#sample .pair h3").all_inner_texts()]
    kinds = samples.locator("#sample .pair .kind").all_inner_texts()
    assert heads == ["tiny", "hosted"]
    assert kinds[0] in ("wrong", "unparsed")
    assert kinds[1] == "correct"
    assert "which of the four is right?" in samples.locator("#sample pre").first.inner_text()
    assert samples.evaluate("document.activeElement.id") == "sample"


def test_a_link_to_a_sample_opens_it_elsewhere(samples, visit):
    choose(samples, show="differ")
    samples.locator("#list a").nth(2).click()
    samples.wait_for_selector("#sample pre")

    path, anchor = samples.url.removeprefix("file://").split("#")
    other = ready(visit(path, anchor=f"#{anchor}"))

    assert other.locator("#sample").inner_text() == samples.locator("#sample").inner_text()
    assert other.locator("#show").input_value() == "differ"
    assert other.locator("#list a[aria-current]").count() == 1


def test_pages_of_samples_are_turned(samples):
    first = samples.locator("#list a").all_inner_texts()
    samples.get_by_role("button", name="Next 50").click()

    assert samples.locator("#pages").inner_text() == "51 to 100"
    assert not set(first) & set(samples.locator("#list a").all_inner_texts())
    samples.get_by_role("button", name="Previous 50").click()
    assert samples.locator("#list a").all_inner_texts() == first
    assert samples.get_by_role("button", name="Previous 50").is_disabled()


@pytest.mark.parametrize("anchor", ["#id=nonsense", "#page=-3&first=__proto__&show=constructor"])
def test_a_link_that_is_wrong_shows_all(visit, site, anchor):
    page = ready(visit(site / "samples" / name_of(site, "mini"), anchor=anchor))

    assert number(page) == 220


@pytest.mark.parametrize("kind", ["index", "runs", "samples"])
def test_hostile_text_does_nothing(visit, hostile, kind):
    for path in [hostile / "index.html"] if kind == "index" else (hostile / kind).glob("*.html"):
        page = visit(path)
        if kind == "samples":
            ready(page)
            for place in range(6):
                page.locator("#list a").nth(place).click()
                page.wait_for_selector("#sample pre")
                page.wait_for_selector("#list a[aria-current]")
            page.locator("#deep").check()
            page.locator("#search").fill("<img")
            number(page)
        said = page.locator("body").inner_text()
        assert page.locator("img, iframe, object, body script + script + img").count() == 0
        assert "\u202e" not in said
        assert "[U+202E]" in said or kind == "index"


def test_a_served_site_shows_long_replies_whole(chromium, tmp_path):
    long = "start" + "x" * 50_000 + "end"
    plan = PlantedTask(counts(correct=60, wrong=3), reply=lambda *_: long)
    write_run(tmp_path, {"mini": plan})
    viewer = Viewer(tmp_path)
    with ViewServer(viewer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = chromium.new_page()
        heard = []
        page.on("console", lambda message: heard.append(message.text))
        page.goto(server.address)
        page.get_by_role("link", name="All samples").click()
        ready(page)
        page.locator("#outcome1").select_option("w")
        page.locator("#search").fill("xxend")
        page.locator("#deep").check()
        wrong = number(page)
        page.locator("#list a").first.click()
        page.wait_for_selector("#sample .pair pre")
        shown = page.locator("#sample .pair pre").first.inner_text()
        page.close()
        server.shutdown()

    assert wrong == 3
    assert shown == long
    assert heard == []
