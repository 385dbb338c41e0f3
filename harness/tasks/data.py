"""Datasets: bundled ones, and those of the Hub, with errors people can act on."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, HubError, TaskError
from harness.resources import tasks_folder


def load_bundled(
    *,
    files: Mapping[str, str],
    subject: str = "",
    subject_column: str = "subject",
    **_: Any,
) -> dict[str, Any]:
    """Return the splits of one subject of a task whose items ship with harness; no network.

    `files` maps a split to a JSONL file, named from the folder of the tasks; rows are kept where
    their `subject_column` holds the subject, all where none is asked for.

    Raises:
        TaskError: a file is missing or broken.
    """
    import datasets

    rows = {split: _bundled_rows(tasks_folder() / name) for split, name in files.items()}
    return {
        split: datasets.Dataset.from_list(
            [row for row in found if subject in ("", row[subject_column])]
        )
        for split, found in rows.items()
    }


@functools.lru_cache(maxsize=8)
def _bundled_rows(path: Path) -> tuple[dict[str, Any], ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return tuple(json.loads(line) for line in lines)
    except (OSError, ValueError) as error:
        raise TaskError(f"cannot read the bundled items {path}: {error}") from error


def load_subject(
    *,
    repo: str,
    files: Mapping[str, str],
    subject: str,
    subject_column: str = "subject",
    **_: Any,
) -> dict[str, Any]:
    """Return the splits of one subject: {split: datasets.Dataset}.

    lm-eval calls this with the task's `dataset_kwargs` and `metadata`. `files` maps a split to a
    file pattern in the dataset repository; rows are kept where their `subject_column` holds the
    subject.

    Raises:
        HubError: the files could not be fetched.
    """
    splits, positions = _splits_by_subject(repo, tuple(sorted(files.items())), subject_column)
    return {name: splits[name].select(positions[name].get(subject, [])) for name in splits}


def load_by_subject(
    *, repo: str, subject: str, subject_column: str = "subject", **_: Any
) -> dict[str, Any]:
    """Return the splits of one subject of a small dataset, read by the Hub's own loader.

    Unlike `load_subject` it does not depend on how the repository names its files.

    Raises:
        HubError: the dataset could not be fetched.
    """
    return {
        name: split.filter(lambda row: row[subject_column] == subject, load_from_cache_file=False)
        for name, split in _loaded(repo).items()
    }


@functools.lru_cache(maxsize=8)
def _loaded(repo: str) -> Any:
    import datasets

    try:
        return datasets.load_dataset(repo)
    except Exception as error:
        raise hub_error(repo, error) from error


@functools.lru_cache(maxsize=8)
def _splits_by_subject(
    repo: str, files: tuple[tuple[str, str], ...], column: str
) -> tuple[Any, Any]:
    splits = read_splits(repo, files)
    positions: dict[str, dict[str, list[int]]] = {}
    for name, split in splits.items():
        rows = positions[name] = {}
        for index, subject in enumerate(split[column]):
            rows.setdefault(subject, []).append(index)
    return splits, positions


def read_splits(repo: str, files: tuple[tuple[str, str], ...]) -> Any:
    """Return {split: datasets.Dataset} of (split, file pattern) pairs in a dataset repository.

    Raises:
        HubError: the files could not be fetched, or the repository has none of a pattern.
    """
    return _read_parquet(snapshot(repo, tuple(pattern for _, pattern in files)), dict(files))


def _read_parquet(folder: Path, files: dict[str, str]) -> Any:
    import datasets

    paths = {split: sorted(map(str, folder.glob(pattern))) for split, pattern in files.items()}
    missing = [files[split] for split, found in paths.items() if not found]
    if missing:
        raise HubError(f"the dataset in {folder} has no file {missing[0]!r}; was it re-organised?")
    return {
        split: datasets.Dataset.from_parquet(found, cache_dir=_arrow_cache())
        for split, found in paths.items()
    }


def _arrow_cache() -> str:
    import datasets

    return str(datasets.config.HF_DATASETS_CACHE)


@functools.lru_cache(maxsize=32)
def snapshot(repo: str, patterns: tuple[str, ...]) -> Path:
    """Download the matching files of a dataset repository; return the folder of that commit.

    Without a network, a complete earlier download serves.

    Raises:
        HubError: the files could not be fetched.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repo, repo_type="dataset", allow_patterns=list(patterns)))
    except Exception as error:
        raise hub_error(repo, error) from error


@functools.lru_cache(maxsize=256)
def dataset_revision(repo: str) -> str:
    """Return the commit of a dataset's main branch, from the Hub or else the local cache.

    Returns "unknown" where neither can tell.
    """
    from huggingface_hub import HfApi, constants

    try:
        return str(HfApi().dataset_info(repo, timeout=10).sha)
    except Exception:  # noqa: BLE001 -- whatever the HTTP library raises, the cache may still know
        folder = "datasets--" + repo.replace("/", "--")
        ref = Path(constants.HF_HUB_CACHE) / folder / "refs" / "main"
        return ref.read_text(encoding="ascii").strip() if ref.is_file() else "unknown"


def hub_error(repo: str, error: BaseException) -> HarnessError:
    """Turn whatever the Hub's libraries raised while loading `repo` into one sentence."""
    if isinstance(error, HarnessError):
        return error
    from huggingface_hub import errors

    endpoint = os.environ.get("HF_ENDPOINT", "the Hugging Face Hub")
    if isinstance(error, errors.GatedRepoError):
        return HubError(
            f"the dataset {repo} is gated: accept its terms on its page, then set HF_TOKEN"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return HubError(f"{endpoint} has no dataset {repo}, or it is private: check HF_TOKEN")
    if isinstance(error, errors.HfHubHTTPError):
        return HubError(
            f"{endpoint} answered {error.response.status_code} for the dataset {repo}; "
            "try again later, what was downloaded so far is kept"
        )
    reason = f"{type(error).__name__}: {str(error).splitlines()[0][:300] if str(error) else ''}"
    return HubError(
        f"cannot load the dataset {repo} from {endpoint} ({reason}); check the network, "
        "or HF_ENDPOINT and HF_HOME if you use a mirror or a cache"
    )
