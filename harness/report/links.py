"""Where pages lie and the ids on them: the same wherever a link to them stands."""

from __future__ import annotations

import hashlib
import re

from harness.analysis.leaderboard import Entry
from harness.protocol import Protocol
from harness.records import content_hash
from harness.store.read import Run

INDEX = "index.html"
DECISIONS = "compare"
"""Folder of the decision reports that the index links to."""

_LONGEST_NAME = 60


def short_hash(text: str) -> str:
    """Return 12 hex digits that stand for any text where an id is needed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def run_file(entry: Entry) -> str:
    """Return where the page of a run lies below the site's folder."""
    return f"runs/{_file_name(entry.run.folder.name)}"


def run_key(entry: Entry) -> str:
    """Return what stands for a run within a link."""
    return short_hash(entry.run.folder.name)[:8]


def samples_file(task: str, protocol: Protocol) -> str:
    """Return where the samples of one task under one protocol lie below the site's folder."""
    return f"samples/{_file_name(task, protocol.fingerprint)}"


def board_anchor(task: str, protocol: Protocol) -> str:
    """Return the id of the table of one task under one protocol."""
    return f"board-{short_hash(task)}-{protocol.fingerprint[:12]}"


def task_anchor(task: str) -> str:
    """Return the id of a task on the page of a run."""
    return f"task-{short_hash(task)}"


def task_href(entry: Entry, root: str) -> str:
    """Return the link to what explains this row; `root` leads from a page to the site's folder."""
    return f"{root}{run_file(entry)}#{task_anchor(entry.summary.task)}"


def decision_name(candidate: Run, baseline: Run) -> str:
    """Name the page of a comparison after the models; a hash keeps pages of other runs apart."""
    runs = (candidate, baseline)
    names = [_safe(run.manifest.model.name) for run in runs]
    ids = content_hash([run.manifest.run_id for run in runs])
    return f"{names[0]}-against-{names[1]}-{ids[:8]}.html"


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", name).strip("-.")[:60] or "x"


def _file_name(text: str, more: str = "") -> str:
    """Name a file so that a reader knows it and no foreign text can lead elsewhere."""
    known = re.sub(r"[^A-Za-z0-9_]+", "-", text)[:_LONGEST_NAME].strip("-") or "unnamed"
    return f"{known}-{short_hash(text + more)[:8]}.html"
