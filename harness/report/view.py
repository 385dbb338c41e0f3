"""The site from a server on this machine, for samples that are too many for files."""

from __future__ import annotations

import json
import secrets
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from harness.analysis.sheet import Item, read_sheet
from harness.errors import StoreError
from harness.report.build import read_site, site_pages
from harness.report.links import INDEX, run_key, samples_file
from harness.report.samples import whole

_HOST = "127.0.0.1"
_HTML = "text/html; charset=utf-8"
_HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Answer(NamedTuple):
    """What a path leads to."""

    status: HTTPStatus
    kind: str
    body: bytes


class Viewer:
    """The pages of a site, and each sample on demand with all of its text."""

    def __init__(self, results: Path, reports: Path | None = None) -> None:
        """Make the pages; decision reports of these runs that lie in `reports` are linked.

        Raises:
            StoreError: a table is damaged.
        """
        site = read_site(results, reports)
        self.left_out = site.left_out
        self._decisions = {
            link.href: reports / link.href for link in site.index.decisions if reports
        }
        self._pages = dict(site_pages(site, served=True))
        self._tables = {samples_file(t.task, t.protocol): t for t in site.board.tables}
        self._items = lru_cache(maxsize=1)(self._read)

    def answer(self, path: str, query: str = "") -> Answer:
        """Answer a path below the site's folder: a page, an item or a search."""
        page = self._pages.get(path or INDEX)
        if page is not None:
            return Answer(HTTPStatus.OK, _HTML, page.encode("utf-8"))
        if path in self._decisions:
            return self._decision(path)
        file, _, what = path.partition(".html/")
        file = f"{file}.html"
        if file in self._tables:
            try:
                found = self._find(file, what, query)
            except StoreError as error:
                return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))
            if found is not None:
                body = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")
                return Answer(HTTPStatus.OK, "application/json", body)
        return _problem(HTTPStatus.NOT_FOUND, "There is no such page.")

    def _decision(self, path: str) -> Answer:
        """Read a decision report anew: it may have been written again since."""
        try:
            return Answer(HTTPStatus.OK, _HTML, self._decisions[path].read_bytes())
        except OSError as error:
            return _problem(HTTPStatus.NOT_FOUND, f"{path} cannot be read ({error.strerror}).")

    def _find(self, file: str, what: str, query: str) -> object:
        items = self._items(file)
        kind, _, number = what.partition("/")
        if kind == "items" and number.isdecimal() and int(number) < len(items):
            return whole(items[int(number)])
        if kind == "search":
            asked = parse_qs(query)
            keys = [run_key(entry) for entry in self._tables[file].entries]
            places = [keys.index(key) for name in ("first", "second") for key in asked.get(name, ())
                      if key in keys]  # fmt: skip
            sought = asked.get("q", [""])[0].lower()
            return [i for i, item in enumerate(items) if _says(item, sought, places)]
        return None

    def _read(self, file: str) -> list[Item]:
        table = self._tables[file]
        return read_sheet(table.task, [entry.run for entry in table.entries])


class ViewServer(ThreadingHTTPServer):
    """Serves a Viewer to this machine, to whoever knows the token in its address."""

    daemon_threads = True

    def __init__(self, viewer: Viewer, port: int = 0) -> None:
        """Listen on the loopback only; port 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        self.viewer = viewer
        self.token = secrets.token_urlsafe(24)
        super().__init__((_HOST, port), _Handler)

    @property
    def address(self) -> str:
        """The address to open; it holds the token."""
        return f"http://{_HOST}:{self.server_port}/{self.token}/"


class _Handler(BaseHTTPRequestHandler):
    server: ViewServer
    server_version = "harness"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer whoever names this host and the token: no other site's script can do both."""
        asked = urlsplit(self.path)
        token, _, path = asked.path.removeprefix("/").partition("/")
        is_ours = self.headers.get("Host") == f"{_HOST}:{self.server.server_port}"
        if is_ours and secrets.compare_digest(token.encode(), self.server.token.encode()):
            self._send(self.server.viewer.answer(path, asked.query))
        else:
            self._send(
                _problem(HTTPStatus.FORBIDDEN, "Open the address that harness view printed.")
            )

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing: what is looked at is nobody's business, and the address holds the token."""


def _says(item: Item, sought: str, places: list[int]) -> bool:
    said = [text for _, text in item.messages]
    said += item.turns
    said += [text or "" for place in places for text, _ in item.replies[place]]
    return any(sought in text.lower() for text in said)


def _problem(status: HTTPStatus, text: str) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", text.encode())
