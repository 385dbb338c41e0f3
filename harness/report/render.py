"""Pages of dataclasses to HTML files that need nothing else and run nothing foreign."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from harness import __version__
from harness.report.decision_data import Decision

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def render(
    template: str,
    *,
    root: str = "",
    scripts: tuple[str, ...] = (),
    served: bool = False,
    **values: Any,
) -> str:
    """Render one page; `root` leads from where it lies to the site's folder.

    Every value is escaped. The content security policy allows our own scripts (`report.js`, and
    the files named in `scripts`) and our stylesheet by their hashes and nothing else: no inline
    handler, no frame, no form, no request; pages of a `served` site may ask their own server.
    """
    from markupsafe import Markup

    style, own = _read("report.css"), [_read(name) for name in ("report.js", *scripts)]
    return str(
        _environment()
        .get_template(template)
        .render(
            values,
            root=root,
            served=served,
            version=__version__,
            style=Markup(style),  # noqa: S704  # our own file, not a value
            scripts=[Markup(text) for text in own],  # noqa: S704  # as above
            style_hash=_csp_hash(style),
            script_hashes=[_csp_hash(text) for text in own],
        )
    )


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_decision(page: Decision) -> str:
    """Render a decision report."""
    from markupsafe import Markup

    script = _read("report.js")
    return render(
        "decision.html",
        page=page,
        script=Markup(script),  # noqa: S704  # our own file, not a value
        script_hash=_csp_hash(script),
    )


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
