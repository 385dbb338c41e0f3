"""Figures: drawn by matplotlib, coloured by the page's stylesheet, the same bytes every time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

INK, QUIET, LINE, BAND = "#010101", "#020202", "#030303", "#040404"
"""Colours to paint with: each stands for the variable of the stylesheet that _COLOURS names."""

SERIES = tuple(f"#0500{i:02x}" for i in range(8))
"""One colour a model, told apart by colour-blind readers; repeated beyond eight."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
"""The shape that goes with each colour, so that no reader depends on colour."""

_COLOURS = {INK: "--ink", QUIET: "--quiet", LINE: "--line", BAND: "--band"} | {
    colour: f"--series-{i}" for i, colour in enumerate(SERIES)
}
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_DEFAULTS = {"stroke-linejoin": "round", "stroke-linecap": "butt"}
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "harness",
    "font.size": 9,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "text.color": INK,
    "text.parse_math": False,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing for a page: `svg` is markup of our own making, `label` says what it shows."""

    anchor: str
    label: str
    svg: str


def draw(
    anchor: str, label: str, size: tuple[float, float], paint: Callable[[Canvas], None]
) -> Figure:
    """Let `paint` fill a canvas of `size` inches and return it as SVG without inline styles.

    A content security policy by hashes ignores style attributes, so they become presentation
    attributes; ids begin with `anchor`, so that several figures fit one page.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure as Canvas

    made = io.BytesIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        canvas = Canvas(figsize=size, layout="constrained")
        paint(canvas)
        canvas.savefig(made, format="svg", transparent=True, metadata=dict.fromkeys(
            ("Date", "Creator", "Format", "Type")))  # fmt: skip
    return Figure(anchor, label, _clean(made.getvalue(), anchor, label))


def _clean(made: bytes, anchor: str, label: str) -> str:
    root = ET.fromstring(made)  # noqa: S314  # matplotlib made it a moment ago
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    for element in root.iter():
        _clean_attributes(element, anchor)
    root.attrib.update(_DEFAULTS | {"class": "figure", "role": "img", "aria-label": label})
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    ET.register_namespace("", _SVG.strip("{}"))
    return ET.tostring(root, encoding="unicode")


def _clean_attributes(element: ET.Element, anchor: str) -> None:
    found = element.attrib
    for part in filter(None, (p.strip() for p in found.pop("style", "").split(";"))):
        name, value = (text.strip() for text in part.split(":", 1))
        if not name.startswith("font-family"):
            found[name] = value
    for name in ("fill", "stroke"):
        if (variable := _COLOURS.get(found.get(name, ""))) is not None:
            found[name] = f"var({variable})"
    if "id" in found:
        found["id"] = f"{anchor}-{found['id']}"
    if _HREF in found:
        found["href"] = f"#{anchor}-{found.pop(_HREF).removeprefix('#')}"
    if found.get("clip-path", "").startswith("url(#"):
        found["clip-path"] = found["clip-path"].replace("url(#", f"url(#{anchor}-")
