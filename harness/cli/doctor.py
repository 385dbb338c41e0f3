"""`harness doctor`: is this machine ready, and what would make it faster."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from harness import __version__
from harness.cli.options import Json, Results
from harness.cli.output import as_json, result

_PACKAGES = ("xllamacpp", "lm_eval", "datasets", "pandas", "pyarrow", "huggingface_hub")


def doctor(results: Results = Path("results"), json: Json = False) -> None:
    """Show the engine in use, cores, memory, disk, the Hub and the versions that matter."""
    facts = {name: check() for name, check in _checks(results).items()}
    if json:
        as_json(facts)
        return
    width = max(map(len, facts))
    for name, fact in facts.items():
        result(f"{name:{width}}  {fact}")


def _checks(results: Path) -> dict[str, Callable[[], str]]:
    return {
        "harness": lambda: f"{__version__}, Python {platform.python_version()}",
        "system": platform.platform,
        "packages": _packages,
        "engine": _engine,
        "cores": _cores,
        "memory": _memory,
        "hub": _hub,
        "hub token": lambda: "set" if os.environ.get("HF_TOKEN") else "not set (HF_TOKEN)",
        "api keys": _keys,
        "download cache": _cache,
        "results": lambda: f"{results.resolve()}, {_free(results)}",
    }


def _packages() -> str:
    return ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _engine() -> str:
    binary = os.environ.get("HARNESS_LLAMA_SERVER")
    if binary:
        found = "found" if shutil.which(binary) else "NOT FOUND: correct HARNESS_LLAMA_SERVER"
        return f"llama-server at {binary}, {found}"
    native = shutil.which("llama-server")
    hint = f"--llama-server {native}" if native else "a llama-server built for this machine"
    return (
        f"embedded llama.cpp (xllamacpp {_version('xllamacpp')}), runs everywhere; "
        f"{hint} may evaluate prompts two to three times faster (on CPUs with AMX build it "
        "with gcc 13 or newer, or with -mno-amx-tile -mno-amx-int8 -mno-amx-bf16)"
    )


def _cores() -> str:
    from harness.models.llamacpp.cores import usable_cores

    return f"{usable_cores()} usable of {os.cpu_count()}"


def _memory() -> str:
    import psutil

    memory = psutil.virtual_memory()
    return f"{memory.available / 1e9:.1f} GB available of {memory.total / 1e9:.1f} GB"


def _hub() -> str:
    import asyncio

    from harness.models.transport import HttpClient, HttpFailure

    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
        return "offline by HF_HUB_OFFLINE: only what is in the cache can be used"

    async def ask() -> str:
        client = HttpClient(endpoint)
        try:
            await client.get_json("/api/models?limit=1", deadline=5.0)
        except HttpFailure as failure:
            if failure.status is None:
                return f"{endpoint} does not answer ({failure})"
        finally:
            await client.close()
        return f"{endpoint} answers"

    return asyncio.run(ask())


def _keys() -> str:
    from harness.models.api.keys import PROVIDERS

    names = [name for provider in PROVIDERS.values() for name in provider.key_names]
    return ", ".join(f"{name} {'set' if os.environ.get(name) else 'not set'}" for name in names)


def _cache() -> str:
    from huggingface_hub import constants

    return f"{constants.HF_HOME}, {_free(Path(constants.HF_HOME))}"


def _free(folder: Path) -> str:
    from harness.models.hub import free_space

    return f"{free_space(folder) / 1e9:.1f} GB free"
