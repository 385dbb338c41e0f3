"""What a reader sees of the six models' site, as text that can be reviewed in a diff.

Write the golden files anew after a wanted change, and read what changed:

python tests/golden_pages.py && git diff tests/report/golden
"""

from __future__ import annotations

import re
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from harness.analysis.compare import compare  # noqa: E402  # this checkout, not an installed one
from harness.errors import NotComparableError  # noqa: E402
from harness.report.build import build_report  # noqa: E402
from harness.report.decision import write_decision, write_refusal  # noqa: E402
from harness.store.read import load_run  # noqa: E402
from six_models import ZERO_SHOT, write_six  # noqa: E402

GOLDEN = ROOT / "tests" / "report" / "golden"
PAIRS = (
    ("small-q4", "small-f16"), ("small-f16", "small-q4"), ("small-f16", "large-local"),
    ("small-q4", "large-local"), ("large-local", "small-f16"), ("mini-api", "large-api"),
    ("small-q4", "mini-api"), ("large-local", "large-api"), ("large-api", "large-local"),
    ("large-api", "dear-api"), ("dear-api", "large-api"), ("small-f16", "large-api"),
    ("large-api", "small-f16"), ("small-q4", ZERO_SHOT),
)  # fmt: skip
WHOLE = ("mini-api", "large-api")
"""The pair whose page is kept as a whole; of the others only the answer is."""

_BREAKS = {
    "p", "li", "ul", "tr", "h1", "h2", "h3", "h4", "dt", "dd", "div", "figure", "summary", "pre",
    "option", "caption", "section", "nav",
}  # fmt: skip
_CELLS = {"td", "th"}
_UNSEEN = {"script", "style", "svg", "footer", "title"}
_ELSEWHERE = {"claims"}
_VOID = {"meta", "br", "hr", "img", "input", "link"}


class Text(HTMLParser):
    """A page as lines: one for each block, cells apart by bars, no pictures and no claims."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.hidden: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        style = set((dict(attrs).get("class") or "").split())
        if (self.hidden or tag in _UNSEEN or style & _ELSEWHERE) and tag not in _VOID:
            self.hidden.append(tag)
        elif tag in _BREAKS:
            self.parts.append("\n")
        elif tag == "small":
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self.hidden:
            self.hidden.pop()
        elif tag in _CELLS:
            self.parts.append(" | ")
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.parts.append(re.sub(r"\s+", " ", data))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Drawings are closed at once, and said in words elsewhere."""

    @property
    def lines(self) -> list[str]:
        """The lines that hold something."""
        text = "".join(self.parts).replace("\u00a0", " ")
        return [line for raw in text.split("\n") if (line := " ".join(raw.split()).strip(" |"))]


def make(folder: Path) -> dict[str, str]:
    """Write the site of the six into a folder; return the golden texts by their file's name."""
    results, reports = folder / "results", folder / "reports"
    write_six(results)
    pages = {pair: _decide(results, pair, reports / "compare") for pair in PAIRS}
    index = build_report(results, reports).path
    answers = [_answer(*pair, path) for pair, path in pages.items()]
    return {
        "index.txt": _as_text(index),
        "decision.txt": _as_text(pages[WHOLE]),
        "answers.txt": "\n".join(answers),
    }


def _decide(results: Path, pair: tuple[str, str], folder: Path) -> Path:
    runs = (load_run(results / pair[0]), load_run(results / pair[1]))
    try:
        return write_decision(compare(*runs), runs, folder)
    except NotComparableError as error:
        return write_refusal(error, runs, folder)


def _answer(candidate: str, baseline: str, page: Path) -> str:
    """The box at the head of a decision report, up to what both take."""
    html = page.read_text(encoding="utf-8")
    box = html[html.index('<section class="answer') :].split('<p class="meta')[0]
    light = re.search(r'class="answer (\w+)"', box)
    assert light is not None
    return "\n".join([f"== {candidate} for {baseline}: {light[1]}", *Text(box).lines, ""])


def _as_text(page: Path) -> str:
    return "\n".join(Text(page.read_text(encoding="utf-8")).lines) + "\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in make(Path(scratch)).items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
    print(f"written to {GOLDEN}")
