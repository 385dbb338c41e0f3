from __future__ import annotations

import asyncio
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harness.models.transport import FailureKind, HttpClient, HttpFailure, is_loopback


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/drip":
            self.send_response(200)
            self.end_headers()
            for _ in range(40):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.1)
            return
        if self.path == "/hang-up":
            self.connection.close()
            return
        status, body, headers = {
            "/ok": (200, b'{"a": 1}', {}),
            "/html": (200, b"<html>", {}),
            "/deep": (200, b"[" * 100_000, {}),
            "/busy": (429, b"slow down", {"Retry-After": "7"}),
            "/moved": (302, b"", {"Location": "http://example.invalid/"}),
            "/large": (200, b" " * 5000, {}),
        }[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps(
            {"got": json.loads(body), "key": self.headers["Authorization"]}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def fetch(address, path, *, body=None, deadline=5.0, **options):
    async def go():
        client = HttpClient(address, **options)
        try:
            if body is None:
                return await client.get_json(path, deadline=deadline)
            return await client.post_json(path, body, deadline=deadline)
        finally:
            await client.close()

    return asyncio.run(go())


def test_json_comes_and_goes(address):
    assert fetch(address, "/ok") == {"a": 1}
    answer = fetch(address, "/echo", body=["\u2603"], headers={"Authorization": "Bearer k"})
    assert answer == {"got": ["\u2603"], "key": "Bearer k"}


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("/html", FailureKind.MALFORMED, 200),
        ("/deep", FailureKind.MALFORMED, 200),
        ("/busy", FailureKind.STATUS, 429),
        ("/moved", FailureKind.STATUS, 302),
        ("/hang-up", FailureKind.CONNECTION, None),
    ],
)
def test_failures_are_told_apart(address, path, kind, status):
    with pytest.raises(HttpFailure) as caught:
        fetch(address, path)

    assert (caught.value.kind, caught.value.status) == (kind, status)


def test_the_body_and_headers_of_an_error_are_kept(address):
    with pytest.raises(HttpFailure, match="status 429: slow down") as caught:
        fetch(address, "/busy")

    assert caught.value.headers["Retry-After"] == "7"


def test_a_slow_drip_meets_the_deadline(address):
    started = time.monotonic()
    with pytest.raises(HttpFailure) as caught:
        fetch(address, "/drip", deadline=0.4)

    assert caught.value.kind is FailureKind.TIMEOUT
    assert time.monotonic() - started < 2


def test_a_body_above_the_limit_is_refused(address):
    with pytest.raises(HttpFailure, match="longer than 1,000 bytes"):
        fetch(address, "/large", max_body_bytes=1000)


def test_nobody_listening_is_a_connection_failure():
    with pytest.raises(HttpFailure) as caught:
        fetch("http://127.0.0.1:9", "/ok")

    assert caught.value.kind is FailureKind.CONNECTION


def test_a_proxy_never_sees_this_machine(address, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    assert fetch(address, "/ok") == {"a": 1}
    assert is_loopback("http://localhost:1/v1")
    assert is_loopback("http://[::1]:1")
    assert not is_loopback("https://api.example.com")
