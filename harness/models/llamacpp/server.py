"""Three ways to one llama-server: embedded child, a binary in a child, a running one by URL."""

from __future__ import annotations

import json
import os
import queue
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import psutil

from harness.errors import ModelError
from harness.models.llamacpp import child
from harness.models.llamacpp.diagnose import explain_death

_STDERR_LINES = 200
_STDERR_WIDTH = 500
_SLOWEST_DISK = 30e6
_START_SECONDS = 60.0
_LEAST_SPARE_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that decides how the child runs; `template` replaces the model's own."""

    path: str
    binary: str | None
    context: int
    slots: int
    threads: int
    kv_type_k: str
    kv_type_v: str
    flash_attention: str
    template: str | None
    start_seconds: float


def start_seconds(file_bytes: int) -> float:
    """Return how long a start may take: a minute, and the file read from a slow disk twice."""
    return _START_SECONDS + 2 * file_bytes / _SLOWEST_DISK


class Server(Protocol):
    """Where a llama-server listens, and what can be done about its process."""

    address: str
    key: str | None
    build: Any
    system_info: str | None

    def start(self) -> None:
        """Make the server listen; raise ModelError where it will not."""

    def alive(self) -> bool:
        """Say whether the process still runs."""

    def last_words(self) -> str:
        """Return why the process ended, as a sentence."""

    def peak_memory_bytes(self) -> int | None:
        """Return the highest resident memory so far; None where it cannot be known."""

    def stop(self) -> None:
        """End the process if it is ours; safe to call twice."""


class RemoteServer:
    """A server that somebody else runs: never started, never stopped."""

    build: Any = None
    system_info: str | None = None

    def __init__(self, address: str, key: str | None) -> None:
        self.address = address.rstrip("/").removesuffix("/v1")
        self.key = key

    def start(self) -> None:
        """Do nothing: it runs already."""

    def alive(self) -> bool:
        """Say yes: its process is not ours to watch."""
        return True

    def last_words(self) -> str:
        """Say what is known."""
        return f"the server at {self.address} does not answer; start it or check the address"

    def peak_memory_bytes(self) -> int | None:
        """Return None: its memory is not visible from here."""
        return None

    def stop(self) -> None:
        """Do nothing: it is not ours."""


class ChildServer:
    """llama.cpp in a child process of ours, embedded or as a `llama-server` binary."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.address = ""
        self.key: str | None = secrets.token_urlsafe(24)
        self.build: Any = None
        self.system_info: str | None = None
        self._process: subprocess.Popen[str] | None = None
        self._pid = 0
        self._peak = 0
        self._stderr: deque[str] = deque(maxlen=_STDERR_LINES)

    def start(self) -> None:
        """Start the child and wait until it listens; raise ModelError with the reason if not."""
        self.stop()
        self._stderr.clear()
        process = subprocess.Popen(
            # -P keeps our folder off the import path: its module names are everyday words.
            [sys.executable, "-P", str(Path(child.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the parent, which drains and then ends it
        )
        self._process = process
        self._reader = threading.Thread(target=self._collect, args=(process.stderr,), daemon=True)
        self._reader.start()
        self._send(process)
        self._take(self._announcement(process))

    @property
    def pid(self) -> int:
        """Process id of llama.cpp itself; 0 before the start."""
        return self._pid

    def alive(self) -> bool:
        """Say whether the child still runs."""
        return self._process is not None and self._process.poll() is None

    def last_words(self) -> str:
        """Return why the child ended, as a sentence with a next step."""
        process = self._process
        if process is None:
            return "the engine was never started"
        try:
            process.wait(timeout=5)
            self._reader.join(timeout=5)
        except subprocess.TimeoutExpired:
            return "the engine runs but does not answer"
        return explain_death(process.returncode, list(self._stderr))

    def peak_memory_bytes(self) -> int | None:
        """Return the highest resident memory of llama.cpp's process so far."""
        try:
            self._peak = max(self._peak, _peak_of(self._pid))
        except (OSError, psutil.Error):
            return self._peak or None
        return self._peak

    def stop(self) -> None:
        """Kill the child (and with it the binary it guards) and wait for its end."""
        process, self._process = self._process, None
        if process is None:
            return
        _close_quietly(process.stdin)  # the child ends by itself, taking the binary with it
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join(timeout=5)
        for pipe in (process.stdout, process.stderr):
            _close_quietly(pipe)
        if self.address.startswith("unix://"):  # a child that crashed left it behind
            folder = Path(self.address.removeprefix("unix://")).parent
            shutil.rmtree(folder, ignore_errors=True)

    def _send(self, process: subprocess.Popen[str]) -> None:
        launch = self.launch
        parameters = {name: getattr(launch, name) for name in launch.__slots__}
        assert process.stdin is not None  # noqa: S101 - a pipe was asked for
        try:
            process.stdin.write(json.dumps({**parameters, "key": self.key}) + "\n")
            process.stdin.flush()
        except OSError as error:
            raise ModelError(f"{self._subject} did not start: {self.last_words()}") from error

    def _announcement(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        stdout = process.stdout
        threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
        started = time.monotonic()
        try:
            line = lines.get(timeout=self.launch.start_seconds)
        except queue.Empty:
            self.stop()
            raise ModelError(self._too_slow(time.monotonic() - started)) from None
        if not line:
            words = self.last_words()
            self.stop()
            raise ModelError(f"{self._subject} did not load: {words}")
        announcement: dict[str, Any] = json.loads(line)
        return announcement

    def _take(self, facts: dict[str, Any]) -> None:
        self.address = facts["address"]
        self.build, self.system_info = facts["build"], facts["system_info"]
        self._pid = facts["pid"]
        _limit_growth(self._pid)

    @property
    def _subject(self) -> str:
        return str(Path(self.launch.path).name)

    def _too_slow(self, seconds: float) -> str:
        message = f"{self._subject} did not start within {seconds:.0f} s"
        if any("n_slots" in line for line in self._stderr):
            return (
                f"{message}: its weights are loaded, but its chat template does not finish; "
                "use the completion interface or a file with a repaired template"
            )
        return f"{message}; check the disk and the load of the machine"

    def _collect(self, stream: IO[str]) -> None:
        try:
            for line in stream:
                self._stderr.append(line.rstrip()[:_STDERR_WIDTH])
        except ValueError:  # closed while reading, at stop
            return


def _environment() -> dict[str, str]:
    # llama-server reads LLAMA_ARG_* as if they were flags: settings nobody would see recorded.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("LLAMA_ARG_") and name != "LLAMA_API_KEY"
    }
    # Threads that wait by spinning starve each other as soon as the machine has other work: on
    # two busy cores the same answer took 0.4 s with sleeping threads and 0.4 to 37 s without.
    return {"OMP_WAIT_POLICY": "passive", **inherited}


def _limit_growth(pid: int) -> None:
    """Bound what a chat template may allocate; the model itself has all its memory by now."""
    if not hasattr(psutil, "RLIMIT_AS"):
        return  # not Linux
    spare = max(_LEAST_SPARE_BYTES, psutil.virtual_memory().available // 2)
    try:
        process = psutil.Process(pid)
        _, hard = process.rlimit(psutil.RLIMIT_AS)
        wanted = process.memory_info().vms + spare
        limit = wanted if hard < 0 else min(wanted, hard)
        process.rlimit(psutil.RLIMIT_AS, (limit, hard))
    except (psutil.Error, OSError, ValueError):
        return  # a sandbox that forbids it: the deadline of the template still holds


def _peak_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        for line in status.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return int(psutil.Process(pid).memory_info().rss)


def _close_quietly(pipe: IO[str] | None) -> None:
    if pipe is None:
        return
    try:
        pipe.close()
    except OSError:  # the other end is gone; closing was all that was wanted
        return
