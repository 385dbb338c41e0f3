"""A matplotlib figure as inline SVG that takes its colours and fonts from the page.

Each role has one colour in matplotlib, which becomes a class in the SVG: so one drawing serves
light, dark and print, and needs no inline style, which the content security policy refuses.
Units of length are those of the drawing, about a CSS pixel.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, LINE, BAND = "#1b1f24", "#59636e", "#d5d9de", "#e9ecf0"
CANDIDATE, BASELINE, BOTH, NEITHER = "#d55e00", "#0072b2", "#aab2bb", "#6b7580"
UNPARSED, TRUNCATED = "#cc79a7", "#f0e442"
PAPER = "#ffffff"
SERIES = tuple(f"#0500{i:02x}" for i in range(8))
"""One colour a model where there are many, told apart by colour-blind readers."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
"""The shape that goes with each colour, so that no reader depends on colour."""
_ROLES = {
    INK: "ink", QUIET: "quiet", LINE: "line", BAND: "band", CANDIDATE: "candidate",
    BASELINE: "baseline", BOTH: "both", NEITHER: "neither", UNPARSED: "unparsed",
    TRUNCATED: "truncated", PAPER: "paper",
    **{colour: f"series-{i}" for i, colour in enumerate(SERIES)},
}  # fmt: skip
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_KEPT = {
    "fill-opacity", "stroke-opacity", "opacity", "stroke-width", "stroke-dasharray",
    "font-size", "font-weight", "text-anchor", "stroke-linecap",
}  # fmt: skip
_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "harness",
    "text.parse_math": False,  # a dollar sign in a name is no formula
    "font.size": 11,
    "axes.linewidth": 0.8,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": LINE,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "axes.labelsize": 10,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
}


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture: SVG text made by us alone, what it shows in words, and its width in units."""

    svg: str
    width: int


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with the house style; a letter that matplotlib's font lacks is the browser's to show."""
    import matplotlib as mpl

    with mpl.rc_context(cast("Any", _SETTINGS)), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support")
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of this many units."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    return figure


def new_axes(figure: Figure, box: tuple[float, float, float, float]) -> Axes:
    """Add axes without frame; `box` is left, top, width and height in units from the top left."""
    width, height = (72 * inches for inches in figure.get_size_inches())
    left, top, wide, high = box
    axes = figure.add_axes((left / width, 1 - (top + high) / height, wide / width, high / height))
    axes.patch.set_visible(False)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    return axes


def as_svg(figure: Figure, name: str, label: str) -> Drawing:
    """Return the figure as one `svg` element; `name` keeps its ids apart from other figures'."""
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(file.getvalue())  # noqa: S314  # what matplotlib has just written
    _strip(root)
    for element in root.iter():
        _move_style(element)
        _rename(element, name)
    width, height = (float(x) for x in root.attrib["viewBox"].split()[2:])
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "class": "chart",
        "viewBox": f"0 0 {width:g} {height:g}",
        "role": "img",
        "aria-label": label,
    }
    text = ET.tostring(root, encoding="unicode").replace("ns0:", "").replace(":ns0", "")
    return Drawing(re.sub(r"\s*\n\s*", "\n", text), round(width))


def _strip(root: ET.Element) -> None:
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)


def _move_style(element: ET.Element) -> None:
    """Turn inline style into attributes and classes."""
    classes = []
    for part in element.attrib.pop("style", "").split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name in ("fill", "stroke"):
            role = _ROLES.get(value)
            if role is not None:
                classes.append(f"{name}-{role}")
            else:
                element.set(name, value)
        elif name in _KEPT:
            element.set(name, value)
    if classes:
        element.set("class", " ".join(classes))


def _rename(element: ET.Element, name: str) -> None:
    """Keep only ids that something refers to, apart from those of other figures."""
    element.tag = element.tag.removeprefix(_SVG)
    own = element.attrib.pop("id", None)
    if own is not None and element.tag in ("path", "clipPath"):
        element.set("id", f"{name}-{own}")
    target = element.attrib.pop(_HREF, None)
    if target is not None:
        element.set("href", f"#{name}-{target.removeprefix('#')}")
    clip = element.get("clip-path")
    if clip is not None:
        element.set("clip-path", clip.replace("url(#", f"url(#{name}-"))
