"""The datasets of mathematics: GSM8K, MATH and MATH-500, by subject and level."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from harness.errors import TaskError
from harness.scoring.boxes import last_box
from harness.tasks.data import read_splits


def load_splits(*, repo: str, files: Mapping[str, str], **_: Any) -> dict[str, Any]:
    """Return the splits of a dataset without subjects: {split: datasets.Dataset}.

    `files` maps a split to a file pattern in the dataset repository.

    Raises:
        HubError: the files could not be fetched.
    """
    return dict(read_splits(repo, tuple(sorted(files.items()))))


def load_graded(
    *,
    repo: str,
    files: Mapping[str, str],
    subject: str,
    subject_column: str,
    level_column: str = "level",
    **_: Any,
) -> dict[str, Any]:
    """Return the splits of one subject and level, such as "geometry_level_5".

    Raises:
        HubError: the files could not be fetched.
    """
    columns = (subject_column, level_column)
    splits, positions = _strata(repo, tuple(sorted(files.items())), columns)
    return {name: splits[name].select(positions[name].get(subject, [])) for name in splits}


@functools.lru_cache(maxsize=8)
def _strata(
    repo: str, files: tuple[tuple[str, str], ...], columns: tuple[str, str]
) -> tuple[Any, dict[str, dict[str, list[int]]]]:
    splits = read_splits(repo, files)
    positions: dict[str, dict[str, list[int]]] = {}
    for name, split in splits.items():
        rows = positions[name] = {}
        pairs = zip(split[columns[0]], split[columns[1]], strict=True)
        for index, (subject, level) in enumerate(pairs):
            rows.setdefault(stratum(subject, level), []).append(index)
    return splits, positions


def stratum(subject: object, level: object) -> str:
    """Name a subject and level: ("Counting & Probability", "Level 3") and (..., 3) are one."""
    topic = re.sub("[^a-z]+", "_", str(subject).lower().replace("&", "and")).strip("_")
    grade = re.sub("[^a-z0-9]+", "", str(level).lower().removeprefix("level")) or "unknown"
    return f"{topic}_level_{grade}"


def boxed_answer(doc: Mapping[str, Any]) -> str:
    r"""Return the answer of an item of MATH: what the last \boxed{} of its solution holds.

    Raises:
        TaskError: the solution has no box.
    """
    answer = last_box(str(doc["solution"]))
    if answer is None:
        raise TaskError(
            f"an item of MATH has a solution without \\boxed{{}}: {str(doc['problem'])[:100]!r}; "
            "is this another dataset?"
        )
    return answer
