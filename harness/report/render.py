"""A page of dataclasses to one HTML file that needs nothing else and runs nothing foreign."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from harness.report.data import Page
from harness.report.decision_data import Decision

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def render_page(page: Page) -> str:
    """Render the whole leaderboard."""
    return _render("index.html", page)


def render_decision(page: Decision) -> str:
    """Render a decision report."""
    return _render("decision.html", page)


def _render(template: str, page: Page | Decision) -> str:
    """Render a page that is complete in itself.

    Every value is escaped. The content security policy allows our own script and stylesheet by
    their hashes and nothing else: no inline handler, no frame, no form, no request.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _read("report.css"), _read("report.js")
    return environment.get_template(template).render(
        page=page,
        style=Markup(style),  # noqa: S704  # our own file, not a value
        script=Markup(script),  # noqa: S704  # as above
        style_hash=_csp_hash(style),
        script_hash=_csp_hash(script),
    )


def _read(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _csp_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
