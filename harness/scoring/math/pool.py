"""Processes that compare formulas, started when first needed and killed when they do not answer.

A pair that hangs or wants too much memory costs its own process and nothing else. Its time is
processor time, so that a busy machine changes no score; a clock on the wall is only the last
resort, for platforms without such a limit and for what does not compute.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.scoring.math import worker

_MOST_IDLE = 4
_STARTS_WITHIN = 600.0  # importing SymPy on a machine that has other work


@dataclass(frozen=True, slots=True)
class Limits:
    """What one pair may cost: seconds of processor time, seconds on the wall, bytes of memory."""

    seconds: float = 5.0
    patience: float = 60.0
    bytes: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether two formulas are equal and why; `equal` is None where the comparison failed."""

    equal: bool | None
    why: str


class _WorkerDiedError(Exception):
    """The process ended in the middle of a pair."""


class _Worker:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.given_up = False
        # -P keeps this folder off the import path: its module names are everyday words.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(Path(worker.__file__))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the parent
        )
        limit = {"seconds": limits.seconds, "bytes": limits.bytes}
        try:
            self._ask(limit, _STARTS_WITHIN)
        except _WorkerDiedError as error:
            self.kill()
            raise HarnessError(
                "the process that compares formulas does not start: math-verify is missing or "
                "broken, or memory is short; reinstall harness"
            ) from error

    def ask(self, pair: dict[str, Any]) -> dict[str, Any]:
        """Return what the process says about a pair; one that says nothing has died."""
        return self._ask(pair, self._limits.patience)

    def _ask(self, line: dict[str, Any], patience: float) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None  # noqa: S101  # a pipe was asked for
        assert stdout is not None  # noqa: S101
        alarm = threading.Timer(patience, self._give_up)
        alarm.daemon = True
        alarm.start()
        try:
            stdin.write(json.dumps(line) + "\n")
            stdin.flush()
            answer = stdout.readline()
        except OSError as error:
            raise _WorkerDiedError from error
        finally:
            alarm.cancel()
        if not answer.endswith("\n"):
            raise _WorkerDiedError
        return dict(json.loads(answer))

    def kill(self) -> None:
        """End the process and its fork at once."""
        self._kill_both()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()

    def _give_up(self) -> None:
        self.given_up = True
        self._kill_both()

    def _kill_both(self) -> None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()


class Pool:
    """Idle workers, as many as were ever needed at the same time; safe to use from threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._owner = os.getpid()

    def compare(self, gold: str, answer: str, *, equation: bool = False) -> Compared:
        """Compare two formulas in a worker; its death is an answer, too.

        Raises:
            HarnessError: no worker can be started.
        """
        pair = {"gold": gold, "answer": answer, "equation": equation}
        said = self._said(pair)
        if "crashed" in said:  # perhaps while it was idle
            said = self._said(pair)
        return Compared(said.get("equal"), str(said["why"]))

    def _said(self, pair: dict[str, Any]) -> dict[str, Any]:
        """Return what a worker says about a pair; one that failed unasked is not used again."""
        working = self._take()
        try:
            said = working.ask(pair)
        except _WorkerDiedError:
            working.kill()
            if working.given_up:
                return {"why": f"scorer timeout: over {self._limits.patience:g} s"}
            return {"why": "scorer crashed on this pair", "crashed": True}
        if "equal" in said or "late" in said:
            self._give_back(working)
        else:
            working.kill()
        return said

    def close(self) -> None:
        """End all idle workers."""
        with self._lock:
            idle, self._idle = self._idle, []
        for waiting in idle:
            waiting.kill()

    def _take(self) -> _Worker:
        with self._lock:
            if self._owner != os.getpid():  # a fork: the pipes belong to the parent
                self._owner, self._idle = os.getpid(), []
            if self._idle:
                return self._idle.pop()
        return _Worker(self._limits)

    def _give_back(self, working: _Worker) -> None:
        with self._lock:
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(working)
                return
        working.kill()


POOL = Pool()
atexit.register(POOL.close)
