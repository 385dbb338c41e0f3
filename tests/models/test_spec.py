from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import ModelError
from harness.models.registry import Registry, load_registry
from harness.models.spec import resolve


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    empty = tmp_path_factory.mktemp("registry") / "own.yaml"
    empty.write_text(
        "models: [{name: mine, title: M, family: own, kind: gguf, path: /weights/mine.gguf}]\n",
        encoding="utf-8",
    )
    return load_registry(empty)


def test_name_of_the_registry_brings_all_that_is_known(registry: Registry) -> None:
    spec = resolve("phi-mini-q4", registry)

    assert spec.kind == "gguf-hub"
    assert spec.name == "phi-mini-q4"
    assert spec.repo == "microsoft/Phi-3-mini-4k-instruct-gguf"
    assert spec.file == "Phi-3-mini-4k-instruct-q4.gguf"
    assert spec.entry is registry.entries["phi-mini-q4"]
    assert spec.interface == "chat"


def test_alias_means_the_same_row(registry: Registry) -> None:
    spec = resolve(" Phi-3-Mini-Q4 ", registry)

    assert spec.name == "phi-mini-q4"
    assert spec.address == "Phi-3-Mini-Q4"


@pytest.mark.parametrize(
    ("address", "kind", "path"),
    [
        ("model.gguf", "gguf-file", "model.gguf"),
        ("./model.GGUF", "gguf-file", "./model.GGUF"),
        ("a/b/model.Q4_K_M.gguf", "gguf-file", "a/b/model.Q4_K_M.gguf"),
        ("openai/model.gguf", "gguf-file", "openai/model.gguf"),
        ("/blobs/sha256-abc", "gguf-file", "/blobs/sha256-abc"),
        (r"C:\models\model", "gguf-file", r"C:\models\model"),
        ("mine", "gguf-file", "/weights/mine.gguf"),
    ],
)
def test_local_files(registry: Registry, address: str, kind: str, path: str) -> None:
    spec = resolve(address, registry)

    assert (spec.kind, spec.path) == (kind, path)


@pytest.mark.parametrize(
    ("address", "repo", "revision", "file"),
    [
        ("hf://org/repo/m.gguf", "org/repo", None, "m.gguf"),
        ("hf://org/repo/a/b/m.gguf", "org/repo", None, "a/b/m.gguf"),
        ("hf://org/re.po-1@v1.0/m.gguf", "org/re.po-1", "v1.0", "m.gguf"),
        ("hf://org/repo@refs%2Fpr%2F2/m.gguf", "org/repo", "refs/pr/2", "m.gguf"),
        ("hf://org/repo/odd@name.gguf", "org/repo", None, "odd@name.gguf"),
    ],
)
def test_files_on_the_hub(
    registry: Registry, address: str, repo: str, revision: str | None, file: str
) -> None:
    spec = resolve(address, registry)

    assert (spec.kind, spec.repo, spec.revision, spec.file) == ("gguf-hub", repo, revision, file)
    assert spec.name == Path(file).stem
    assert spec.sha256 is None


@pytest.mark.parametrize(
    ("address", "url", "name", "api_id"),
    [
        ("http://localhost:8080", "http://localhost:8080/v1", "localhost:8080", None),
        ("http://localhost:8080/v1/#phi", "http://localhost:8080/v1", "phi", "phi"),
        ("https://host/api/v3#org/m", "https://host/api/v3", "org/m", "org/m"),
        ("HTTP://[::1]:80", "http://[::1]:80/v1", "::1:80", None),
    ],
)
def test_servers(registry: Registry, address: str, url: str, name: str, api_id: str | None) -> None:
    spec = resolve(address, registry)

    assert (spec.kind, spec.url, spec.name, spec.api_id) == ("url", url, name, api_id)
    assert spec.interface is None


def test_hosted_models_known_and_unknown(registry: Registry) -> None:
    known = resolve("openai/gpt-4o-2024-08-06", registry)
    unknown = resolve("anthropic/some-model-1", registry)

    assert known.entry is registry.entries["gpt-4o-2024-08-06"]
    assert (known.kind, known.api_id) == ("openai", "gpt-4o-2024-08-06")
    assert (unknown.kind, unknown.api_id, unknown.entry) == ("anthropic", "some-model-1", None)
    assert unknown.interface == "chat"
    assert resolve("openai/ft:gpt-4o:org/x", registry).api_id == "ft:gpt-4o:org/x"


def test_unquantized_row_is_a_repository_of_safetensors(registry: Registry) -> None:
    spec = resolve("mixtral-8x7b", registry)

    assert (spec.kind, spec.repo) == ("hf", "mistralai/Mixtral-8x7B-v0.1")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("phi-mini-q5", ["'phi-mini-q5'", "did you mean 'phi-mini-q4'", "harness models"]),
        ("", ["unknown model ''", "harness models"]),
        ("phi-3-small", ["blocksparse", "phi-3-medium-4k", "registry row"]),
        ("gemini-nano-2", ["inside devices", "phi-mini-q4"]),
        ("gpt-3.5-turbo-1106", ["2026-09-28", "gpt-4o-mini-2024-07-18"]),
        ("openai/gpt-3.5-turbo-1106", ["2026-09-28", "gpt-4o-mini-2024-07-18"]),
        ("openai/", ["openai/<id of the provider>"]),
        ("hf://org/repo", ["hf://org/repo/path/file.gguf"]),
        ("hf://repo", ["hf://org/repo/path/file.gguf"]),
        ("hf://org/repo@/m.gguf", ["empty revision"]),
        ("hf://org/repo/../m.gguf", ["names no file"]),
        ("hf://org/repo//m.gguf", ["names no file"]),
        ("hf://org/repo/m.safetensors", ["no GGUF file"]),
        ("hf://org/repo/m-00001-of-00003.gguf", ["one part of several"]),
        ("ftp://host/m.gguf", ["'ftp'", "hf://"]),
        ("http://", ["names no host"]),
        ("http://host:port", ["no address of a server"]),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_next_step(
    registry: Registry, address: str, said: list[str]
) -> None:
    with pytest.raises(ModelError) as caught:
        resolve(address, registry)

    for part in said:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "http://user:hf_canary123@host/v1",
        "http://hf_canary123@host:x/v1",
        "https://host/v1?key=hf_canary123",
        "ftp://user:hf_canary123@host",
    ],
)
def test_secrets_in_an_address_are_refused_and_not_repeated(
    registry: Registry, address: str
) -> None:
    with pytest.raises(ModelError) as caught:
        resolve(address, registry)

    assert "hf_canary123" not in str(caught.value)
