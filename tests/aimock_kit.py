"""aimock, an independent imitation of hosted models (npm), as a child process."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

_NODE = Path(__file__).parent / "node"
_BINARY = _NODE / "node_modules" / ".bin" / "llmock"


def _missing() -> str | None:
    """Why aimock cannot be started, None where it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not _BINARY.exists():
        return "aimock is not installed: npm ci --prefix tests/node"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    if tuple(map(int, version.stdout.strip().lstrip("v").split("."))) < (20, 15):
        return f"aimock needs node 20.15, found {version.stdout.strip()}"
    return None


requires_aimock = pytest.mark.skipif(_missing() is not None, reason=str(_missing()))


class Aimock:
    """A running aimock; `environment` points every provider's address to it."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "OPENAI_BASE_URL": f"{self.url}/v1",
            "ANTHROPIC_BASE_URL": self.url,
            "GEMINI_BASE_URL": self.url,
            "OPENAI_API_KEY": "sk-aimock",
            "ANTHROPIC_API_KEY": "sk-aimock",
            "GEMINI_API_KEY": "sk-aimock",
        }

    def journal(self) -> list[dict]:
        """Every request that it received."""
        with urllib.request.urlopen(f"{self.url}/__aimock/journal", timeout=60) as reply:
            return json.load(reply)


@contextmanager
def aimock(folder, replies, **chaos):
    """Serve `replies` (what the last message contains: text or response) with shares of faults."""
    fixtures = [
        {"match": {"userMessage": asked}, "response": _response(said)}
        for asked, said in replies.items()
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fixtures.json").write_text(json.dumps({"fixtures": fixtures}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = [word for name, share in chaos.items() for word in (f"--chaos-{name}", str(share))]
    command = ["node", str(_BINARY), "-p", str(port), "-f", str(folder), "--strict",
               "--log-level", "silent", "--journal-max", "0", *flags]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port)
        yield Aimock(port)
    finally:
        process.kill()
        process.wait()


def _response(said):
    return {"content": said} if isinstance(said, str) else said


def _wait(process, port):
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise AssertionError("aimock did not start")
