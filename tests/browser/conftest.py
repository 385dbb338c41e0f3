"""A real browser, and pages that ask for nothing and complain of nothing."""

from pathlib import Path

import pytest

from browser.picture import browser_path

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def chromium():
    """Gone with the module: while Playwright lives, its event loop counts as the thread's own."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = browser_path()
    if found is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visit(chromium):
    """Opens pages, and afterwards checks that none made a request or wrote to the console."""
    heard, contexts = [], []

    def opened(path, size=DESK, scheme="light", anchor=""):
        contexts.append(chromium.new_context(viewport=size, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: heard.append("dialog"))
        page.on("request", lambda request: heard.append(request.url))
        page.goto(f"{Path(path).as_uri()}{anchor}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [text for text in heard if not is_page(text)] == []


def check_axe(page):
    """Open every part of a page, and let axe look for what shuts somebody out."""
    axe = pytest.importorskip("axe_playwright_python")
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    # Through the debugger, since the page's own policy rightly refuses a foreign script.
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")
    told = [(v["id"], [node["target"] for node in v["nodes"]][:5]) for v in found["violations"]]
    assert told == []
    assert len(found["passes"]) > 20


def is_page(text):
    """A page itself is no request of a page."""
    return text.startswith("file:///") and text.split("#")[0].endswith(".html")
