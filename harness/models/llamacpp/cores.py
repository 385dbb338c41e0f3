"""How many cores this process may really use."""

from __future__ import annotations

import os
from pathlib import Path

import psutil


def usable_cores() -> int:
    """Return the cores given by affinity and cgroup quota, physical ones where that is known.

    One thread more than there are cores made llama.cpp up to twelve times slower.
    """
    allowed = _affinity()
    physical = psutil.cpu_count(logical=False) or allowed
    quota = _quota()
    cores = min(allowed, physical) if allowed > physical else allowed
    return max(1, min(cores, int(quota)) if quota else cores)


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota() -> float | None:
    """Return the CPU quota of the cgroup in cores, None where there is none."""
    try:
        words = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="utf-8").split()
    except OSError:
        return _quota_v1()
    return None if words[0] == "max" else int(words[0]) / int(words[1])


def _quota_v1() -> float | None:
    folder = Path("/sys/fs/cgroup/cpu")
    try:
        quota = int((folder / "cpu.cfs_quota_us").read_text(encoding="utf-8"))
        period = int((folder / "cpu.cfs_period_us").read_text(encoding="utf-8"))
    except OSError:
        return None
    return quota / period if quota > 0 else None
