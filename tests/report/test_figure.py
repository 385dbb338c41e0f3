import re
from xml.etree import ElementTree as ET

import pytest

from harness.report.figure import MARKERS, SERIES, draw

HOSTILE = '<b>$x^2$ \\frac & "漢" </svg><script>alert(1)</script>'


def paint(canvas):
    axes = canvas.subplots()
    axes.errorbar([1, 2], [3, 4], yerr=[[0.1, 0.2], [0.3, 0.4]], fmt=MARKERS[1], color=SERIES[1])
    axes.text(1.5, 3.5, HOSTILE)


@pytest.fixture
def figure():
    return draw("first", f"Two points, {HOSTILE}", (4, 3), paint)


def test_the_same_figure_has_the_same_bytes(figure):
    assert draw("first", figure.label, (4, 3), paint) == figure


def test_a_figure_needs_no_inline_style_and_no_colour_of_its_own(figure):
    assert "style" not in figure.svg
    assert not re.search(r"#0[0-9a-f]{5}\b", figure.svg)
    assert 'stroke="var(--series-1)"' in figure.svg
    assert "http" not in figure.svg.replace('xmlns="http://www.w3.org/2000/svg"', "")


def test_two_figures_share_no_id(figure):
    other = draw("second", figure.label, (4, 3), paint)

    ids = [re.findall(r' id="(.*?)"', each.svg) for each in (figure, other)]

    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    for found, each in zip(ids, (figure, other), strict=True):
        assert set(re.findall(r'href="#(.*?)"|url\(#(.*?)\)', each.svg)) <= {
            pair for name in found for pair in ((name, ""), ("", name))
        }


def test_foreign_text_stays_text(figure):
    root = ET.fromstring(figure.svg)  # noqa: S314  # our own

    assert root.get("aria-label") == figure.label
    assert HOSTILE in [element.text for element in root.iter()]
    assert not [element for element in root.iter() if element.tag.endswith("script")]
