"""The Hub's moods, each met by a child process: HF_* are read when huggingface_hub is imported."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.errors import ModelError
from harness.models import digests
from harness.models.hub import fetch
from harness.models.registry import Registry
from harness.models.spec import ModelSpec, resolve
from shared_data import hub_server, requires_shared, shared_folder

TOKEN = "hf_canary123"
ADDRESS = "hf://org/tiny/tiny-f32.gguf"
CHILD = """
import dataclasses, json, sys
from harness.errors import HarnessError
from harness.models.hub import fetch, free_space
from harness.models.registry import Registry
from harness.models.spec import resolve

ask = json.load(sys.stdin)
spec = dataclasses.replace(resolve(ask["address"], Registry({}, {})), sha256=ask["sha256"])
free = free_space if ask["free"] is None else lambda folder: ask["free"]
try:
    got = fetch(spec, progress=True, accept_changed=ask["accept_changed"], free_bytes=free)
    answer = {**dataclasses.asdict(got), "path": str(got.path)}
except HarnessError as error:
    answer = {"error": str(error), "exit_code": error.exit_code, "kind": type(error).__name__}
print(json.dumps(answer))
"""


@dataclass
class World:
    """A Hub with one repository, and a user's folders."""

    models: Path
    home: Path

    @property
    def file(self) -> Path:
        return self.models / "org" / "tiny" / "tiny-f32.gguf"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.file.read_bytes()).hexdigest()

    def ask(self, endpoint: str, address: str = ADDRESS, **options: Any) -> dict[str, Any]:
        """Fetch in a child process; whatever happens, the token must not come out."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        env |= {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "HF_HOME": str(self.home / "hf"),
            "HF_ENDPOINT": endpoint,
            **options.pop("env", {}),
        }
        question = {"address": address, "sha256": None, "free": None, "accept_changed": False}
        done = subprocess.run(
            [sys.executable, "-c", CHILD],
            input=json.dumps({**question, **options}),
            cwd=Path(__file__).parents[2],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert TOKEN not in done.stdout + done.stderr
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def world(tmp_path: Path) -> World:
    folder = shared_folder()
    if folder is None:
        pytest.skip("the shared test material is not here; set HARNESS_SHARED to its folder")
    world = World(tmp_path / "models", tmp_path / "home")
    world.file.parent.mkdir(parents=True)
    world.home.mkdir()
    tiny = folder / "data/hub/models/local/stories260K-gguf/stories260K-f32.gguf"
    shutil.copyfile(tiny, world.file)
    return world


@pytest.fixture
def serve(world: World) -> Callable[..., Any]:
    def start(**faults: Any) -> Any:
        return hub_server().HubServer(models=world.models, **faults)

    return start


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def down() -> str:
    return f"http://127.0.0.1:{free_port()}"


def assert_refused(answer: dict[str, Any], *said: str) -> None:
    assert answer.get("kind") in {"HubError", "UnreachableError"}, answer
    assert answer["exit_code"] == 2
    assert "\n" not in answer["error"]
    for part in said:
        assert part in answer["error"]


@pytest.mark.parametrize("cdn", [False, True])
def test_download_is_hashed_and_its_commit_recorded(
    world: World, serve: Callable[..., Any], cdn: bool
) -> None:
    with serve(cdn=cdn) as hub:
        got = world.ask(hub.url)

        commit = hub.repo("models", "org/tiny").commit
    assert Path(got["path"]).read_bytes() == world.file.read_bytes()
    assert got["sha256"] == got["etag"] == world.sha256
    assert got["size"] == world.file.stat().st_size
    assert (got["repo"], got["file"]) == ("org/tiny", "tiny-f32.gguf")
    assert got["revision"] == commit
    assert got["from_cache"] is False
    recorded = json.loads((world.home / "cache/harness/downloads.json").read_text("utf-8"))
    entry = recorded[f"{hub.url}/org/tiny@main/tiny-f32.gguf"]
    assert (entry["sha256"], entry["revision"]) == (world.sha256, commit)


def test_truncated_download_resumes_where_it_broke_off(
    world: World, serve: Callable[..., Any]
) -> None:
    # huggingface_hub writes pieces of 10 MB: a shorter file has nothing to resume from.
    world.file.write_bytes(b"GGUF" + bytes(32 << 20))

    with serve(truncate=1) as hub:
        got = world.ask(hub.url)

        gets = [
            status
            for method, path, status in hub.requests
            if method == "GET" and "/resolve/" in path
        ]
    assert got["sha256"] == world.sha256
    assert gets == [200, 206]


def test_hub_that_is_busy_twice_is_asked_again(world: World, serve: Callable[..., Any]) -> None:
    with serve(fail=(2, 503)) as hub:
        got = world.ask(hub.url)

    assert got["sha256"] == world.sha256


@pytest.mark.slow
def test_hub_that_stays_busy_is_given_up(world: World, serve: Callable[..., Any]) -> None:
    with serve(fail=(10**6, 503)) as hub:
        start = time.monotonic()
        answer = world.ask(hub.url)

    assert_refused(answer, "503", "try again later")
    assert time.monotonic() - start < 20


@pytest.mark.slow
def test_hub_that_is_down_is_noticed_within_seconds(world: World) -> None:
    endpoint = down()

    start = time.monotonic()
    answer = world.ask(endpoint)

    assert_refused(answer, endpoint, "cannot be reached", "HF_ENDPOINT")
    assert time.monotonic() - start < 15


@pytest.mark.slow
def test_hub_that_never_answers_is_noticed_within_seconds(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        start = time.monotonic()
        answer = world.ask(f"http://127.0.0.1:{mute.getsockname()[1]}")

    assert_refused(answer, "cannot be reached", "Timeout")
    assert time.monotonic() - start < 20


def test_gated_repository_without_token_says_what_to_do(
    world: World, serve: Callable[..., Any]
) -> None:
    with serve(gated=["org/tiny"], token=TOKEN) as hub:
        answer = world.ask(hub.url)

    assert_refused(answer, "gated (401)", f"{hub.url}/org/tiny", "accept the licence", "HF_TOKEN")


def test_gated_repository_with_a_token_of_another_account(
    world: World, serve: Callable[..., Any]
) -> None:
    with serve(gated=["org/tiny"], token="hf_other") as hub:
        answer = world.ask(hub.url, env={"HF_TOKEN": TOKEN})

    assert_refused(answer, "(403)", "token in use has no access", "accept the licence")


def test_gated_repository_with_token_and_token_is_nowhere_stored(
    world: World, serve: Callable[..., Any]
) -> None:
    with serve(gated=["org/tiny"], token=TOKEN) as hub:
        got = world.ask(hub.url, env={"HF_TOKEN": TOKEN})

    assert got["sha256"] == world.sha256
    stored = [file for file in world.home.rglob("*") if file.is_file()]
    assert stored
    assert not [file for file in stored if TOKEN.encode() in file.read_bytes()]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("hf://org/none/x.gguf", ["no repository 'org/none'", "spelling", "HF_TOKEN"]),
        ("hf://org/tiny/tiny-f16.gguf", ["no file 'tiny-f16.gguf'", "mean 'tiny-f32.gguf'"]),
        ("hf://org/tiny/zzz.gguf", ["no file 'zzz.gguf'", "it has tiny-f32.gguf"]),
        ("hf://org/tiny@v9/tiny-f32.gguf", ["no revision 'v9'", "/commits/main"]),
        ("hf://org/ti--ny/x.gguf", ["no valid repository name"]),
    ],
)
def test_what_the_hub_does_not_have(
    world: World, serve: Callable[..., Any], address: str, said: list[str]
) -> None:
    with serve() as hub:
        answer = world.ask(hub.url, address)

    assert_refused(answer, *said)


def test_other_sha256_than_promised_is_refused_before_the_download(
    world: World, serve: Callable[..., Any]
) -> None:
    with serve() as hub:
        answer = world.ask(hub.url, sha256="0" * 64, accept_changed=True)

        gets = [path for method, path, _ in hub.requests if method == "GET" and "/resolve/" in path]
    assert_refused(answer, "0" * 64, world.sha256, "correct the registry row")
    assert gets == []


def test_bytes_damaged_on_the_disk_are_refused(world: World, serve: Callable[..., Any]) -> None:
    with serve() as hub:
        blob = Path(world.ask(hub.url)["path"]).resolve()
        data = bytearray(blob.read_bytes())
        data[-1] ^= 1
        blob.write_bytes(data)
        answer = world.ask(hub.url)

    damaged = hashlib.sha256(data).hexdigest()
    assert_refused(answer, "damaged", damaged, world.sha256, f"delete {blob}")


def test_changed_weights_are_refused_until_accepted(
    world: World, serve: Callable[..., Any]
) -> None:
    with serve() as hub:
        first = world.ask(hub.url)
        with world.file.open("ab") as file:
            file.write(b"\0")
        refused = world.ask(hub.url)
        accepted = world.ask(hub.url, accept_changed=True)
        afterwards = world.ask(hub.url)
        old = world.ask(hub.url, f"hf://org/tiny@{first['revision']}/tiny-f32.gguf")

    assert_refused(
        refused, first["sha256"], world.sha256, "--accept-changed-weights", first["revision"]
    )
    assert accepted["sha256"] == afterwards["sha256"] == world.sha256
    assert old["sha256"] == first["sha256"]


def test_too_small_a_disk_is_noticed_before_the_download(
    world: World, serve: Callable[..., Any]
) -> None:
    with serve() as hub:
        refused = world.ask(hub.url, free=1000)
        gets = [path for method, path, _ in hub.requests if method == "GET" and "/resolve/" in path]
        world.ask(hub.url)
        cached = world.ask(hub.url, free=0)

    assert_refused(refused, "needs 1.19 MB", "0.00 MB free", "HF_HOME")
    assert gets == []
    assert cached["sha256"] == world.sha256


def test_warm_cache_serves_offline_and_when_the_hub_is_down(
    world: World, serve: Callable[..., Any]
) -> None:
    with serve() as hub:
        first = world.ask(hub.url)

    offline = world.ask(down(), env={"HF_HUB_OFFLINE": "1"})
    unreachable = world.ask(down())

    for got in (offline, unreachable):
        assert got == {**first, "from_cache": True}


def test_cold_cache_offline_is_one_sentence(world: World) -> None:
    answer = world.ask(down(), env={"HF_HUB_OFFLINE": "1"})

    assert_refused(answer, "not in the cache", "HF_HUB_OFFLINE")


def test_pinned_commit_in_the_cache_asks_nobody(world: World, serve: Callable[..., Any]) -> None:
    with serve() as hub:
        first = world.ask(hub.url)
        before = len([path for _, path, _ in hub.requests if "tiny" in path])
        got = world.ask(hub.url, f"hf://org/tiny@{first['revision']}/tiny-f32.gguf")
        after = len([path for _, path, _ in hub.requests if "tiny" in path])

    assert got["from_cache"] is True
    assert got["revision"] == first["revision"]
    assert before == after


@pytest.mark.parametrize("spoil", ["garbage", "list", "unwritable"])
def test_spoiled_cache_of_digests_only_costs_time(
    world: World, serve: Callable[..., Any], spoil: str
) -> None:
    cache = world.home / "cache" / "harness"
    cache.parent.mkdir()
    if spoil == "unwritable":
        cache.write_text("a file where the folder should be", encoding="utf-8")
    else:
        cache.mkdir()
        for name in ("digests.json", "downloads.json"):
            (cache / name).write_text("{" if spoil == "garbage" else "[1]", encoding="utf-8")

    with serve() as hub:
        got = world.ask(hub.url)

    assert got["sha256"] == world.sha256


# --- local files, in this process --------------------------------------------------------


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF" + bytes(3 << 20))
    return file


def of(path: Path, sha256: str | None = None) -> ModelSpec:
    return ModelSpec(str(path), path.stem, "gguf-file", path=str(path), sha256=sha256)


def test_local_file_is_used_as_it_is(local: Path) -> None:
    got = fetch(of(local))

    assert got.path == local
    assert got.size == local.stat().st_size
    assert got.sha256 == hashlib.sha256(local.read_bytes()).hexdigest()
    assert (got.repo, got.revision, got.etag) == (None, None, None)


def test_digest_is_kept_while_size_and_time_stand_still(local: Path) -> None:
    first = digests.sha256_of(local)
    state = local.stat()
    local.write_bytes(b"gguf" + bytes(3 << 20))

    os.utime(local, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert digests.sha256_of(local) == first

    os.utime(local, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
    assert digests.sha256_of(local) == hashlib.sha256(local.read_bytes()).hexdigest()


def test_local_file_with_another_sha256_than_its_row_is_refused(local: Path) -> None:
    with pytest.raises(ModelError) as caught:
        fetch(of(local, "0" * 64))

    assert "0" * 64 in str(caught.value)
    assert hashlib.sha256(local.read_bytes()).hexdigest() in str(caught.value)


def test_missing_local_file_suggests_its_neighbour(local: Path) -> None:
    with pytest.raises(ModelError, match=r"no file .*did you mean 'model\.gguf'"):
        fetch(of(local.with_name("modell.gguf")))


def test_missing_local_file_without_neighbour_tells_the_other_ways(local: Path) -> None:
    with pytest.raises(ModelError, match="hf://org/repo"):
        fetch(of(local.parent / "nowhere" / "x.gguf"))


def test_folder_is_no_model(local: Path) -> None:
    with pytest.raises(ModelError, match=r"is a folder.*model\.gguf"):
        fetch(of(local.parent))


@pytest.mark.parametrize("address", ["openai/some-model", "http://localhost:1"])
def test_server_has_nothing_to_fetch(address: str) -> None:
    with pytest.raises(ModelError, match="nothing to fetch"):
        fetch(resolve(address, Registry({}, {})))


def test_safetensors_are_not_fetched() -> None:
    with pytest.raises(ModelError, match="convert them"):
        fetch(ModelSpec("big", "big", "hf", repo="org/big"))


@requires_shared
def test_shared_material_is_found_where_the_marker_says() -> None:
    folder = shared_folder()

    assert folder is not None
    assert hub_server().HubServer is not None
