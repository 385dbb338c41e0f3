import re
from xml.etree import ElementTree as ET

import pytest

from harness.report.figures.canvas import MARKERS, SERIES, as_svg, drawing, new_axes, new_figure

HOSTILE = '<b>$x^2$ \\frac & "漢" </svg><script>alert(1)</script>'


def draw(name):
    with drawing():
        figure = new_figure(300, 200)
        axes = new_axes(figure, (30, 10, 250, 150))
        axes.plot([1, 2], [3, 4], MARKERS[1], color=SERIES[1], clip_on=True)
        axes.text(1.5, 3.5, HOSTILE)
        return as_svg(figure, name, f"Two points, {HOSTILE}").svg


@pytest.fixture(scope="module")
def svg():
    return draw("first")


def test_the_same_figure_has_the_same_bytes(svg):
    assert draw("first") == svg


def test_a_figure_needs_no_inline_style_and_no_colour_of_its_own(svg):
    assert "style" not in svg
    assert not re.search(r"#0[0-9a-f]{5}\b", svg)
    assert "stroke-series-1" in svg
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_two_figures_share_no_id(svg):
    pages = [svg, draw("second")]

    ids = [re.findall(r' id="(.*?)"', page) for page in pages]

    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    for found, page in zip(ids, pages, strict=True):
        targets = re.findall(r'href="#(.*?)"', page) + re.findall(r"url\(#(.*?)\)", page)
        assert targets
        assert set(targets) <= set(found)


def test_foreign_text_stays_text(svg):
    root = ET.fromstring(svg)  # noqa: S314  # our own

    assert root.get("aria-label") == f"Two points, {HOSTILE}"
    assert HOSTILE in [element.text for element in root.iter()]
    assert not [element for element in root.iter() if element.tag.endswith("script")]
