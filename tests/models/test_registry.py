from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import ModelError
from harness.models.registry import Registry, describe, load_registry

REQUIRED = [
    "phi-2",
    "phi-3-mini-4k",
    "phi-3-mini-128k",
    "phi-mini-q4",
    "phi-3-small-8k",
    "phi-3-small-128k",
    "phi-3-medium-4k",
    "phi-3-medium-128k",
    "phi-3.5-mini",
    "phi-4",
    "phi-4-mini",
    "llama-3-8b-instruct",
    "llama-2-70b",
    "llama-2-70b-chat",
    "llama-3.3-70b-instruct",
    "mistral-7b-v0.1",
    "mixtral-8x7b",
    "mixtral-8x7b-instruct",
    "gemma-7b",
    "gpt-3.5-turbo-1106",
    "gpt-3.5-turbo-0125",
    "gpt-4o-mini-2024-07-18",
    "gpt-4o-2024-05-13",
    "gpt-4o-2024-08-06",
    "gpt-4o-2024-11-20",
    "gpt-4o",
    "gemini-1.5-pro",
    "gemini-nano-2",
]

ROW = """
models:
  - name: mine
    title: Mine
    family: own
    kind: openai
    api_id: mine-1
"""


@pytest.fixture(autouse=True)
def _no_user_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HARNESS_REGISTRY", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def registry(_no_user_file: None) -> Registry:
    return load_registry()


def write(folder: Path, text: str, name: str = "own.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_every_system_of_the_brief_has_a_row(registry: Registry) -> None:
    assert [name for name in REQUIRED if name not in registry.entries] == []


def test_every_row_says_how_to_get_it_or_why_not(registry: Registry) -> None:
    for entry in registry:
        if entry.obtainable:
            assert entry.kind != "none", entry.name
            assert entry.api_id or entry.repo or entry.path, entry.name
        else:
            assert entry.reason, entry.name
            assert entry.instead, entry.name


def test_advice_points_at_rows_that_can_be_run(registry: Registry) -> None:
    named = {name for entry in registry for name in entry.instead}

    assert all(registry.entries[name].obtainable for name in named)


def test_hashes_are_whole_or_absent(registry: Registry) -> None:
    for entry in registry:
        assert entry.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", entry.sha256)
        assert entry.revision is None or re.fullmatch(r"[0-9a-f]{40}", entry.revision)


def test_undated_api_names_are_marked(registry: Registry) -> None:
    assert {entry.name for entry in registry if entry.undated} == {
        "gpt-4o",
        "gpt-4o-mini",
        "gpt-3.5-turbo",
    }


def test_size_of_the_four_bit_file_fits_its_bits_per_weight(registry: Registry) -> None:
    entry = registry.entries["phi-mini-q4"]

    assert entry.file_bytes is not None
    assert entry.parameters is not None
    assert entry.file_bytes * 8 / entry.parameters == pytest.approx(5.01, abs=0.005)
    assert entry.bits_per_weight == 5.01


def test_names_and_aliases_are_found_in_any_case(registry: Registry) -> None:
    assert registry.find("PHI-3-mini-Q4") is registry.entries["phi-mini-q4"]
    assert registry.find("nobody") is None


def test_own_file_adds_rows_and_replaces_rows_of_the_same_name(tmp_path: Path) -> None:
    text = ROW + "  - {name: phi-2, title: Own, family: own, kind: openai, api_id: own-phi-2}\n"

    registry = load_registry(write(tmp_path, text))

    assert registry.entries["mine"].api_id == "mine-1"
    assert registry.entries["phi-2"].title == "Own"
    assert registry.find("phi-2-2.7b") is None
    assert "phi-4" in registry.entries


def test_own_alias_wins_over_a_built_in_one(tmp_path: Path) -> None:
    registry = load_registry(write(tmp_path, ROW + "    aliases: [phi-3-mini]\n"))

    found = registry.find("phi-3-mini")

    assert found is not None
    assert found.name == "mine"


def test_path_in_own_row_is_relative_to_its_file(tmp_path: Path) -> None:
    row = "models:\n  - {name: mine, title: M, family: own, kind: gguf, path: weights/m.gguf}\n"

    registry = load_registry(write(tmp_path, row))

    assert registry.entries["mine"].path == (tmp_path / "weights" / "m.gguf").as_posix()


def test_places_are_tried_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config" / "harness").mkdir(parents=True)
    configured = write(tmp_path / "config" / "harness", ROW, "models.yaml")
    assert load_registry().user_file == configured

    write(tmp_path, ROW, "harness-models.yaml")
    assert load_registry().user_file == Path("harness-models.yaml")

    named = write(tmp_path, ROW, "named.yaml")
    monkeypatch.setenv("HARNESS_REGISTRY", str(named))
    assert load_registry().user_file == named

    given = write(tmp_path, ROW, "given.yaml")
    assert load_registry(given).user_file == given


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models:\n  - name: [unclosed\n", ["line 3", "YAML"]),
        ("models:\n  - a: b\n   c: d\n", ["line 3", "YAML"]),
        ("", ["'models'"]),
        ("model: []\n", ["'models'"]),
        ("models: {}\n", ["list of rows", "dict"]),
        ("models: [3]\n", ["row 1"]),
        (ROW + "    contxt: 4096\n", ["'mine'", "'contxt'", "context"]),
        (ROW + "    sha256: abc\n", ["'mine'", "'sha256'", "{64}", "'abc'"]),
        (ROW + "    revision: main\n", ["'mine'", "'revision'", "{40}", "'main'"]),
        (ROW + "    parameters: many\n", ["'mine'", "'parameters'", "integer", "'many'"]),
        (ROW + "    obtainable: false\n", ["'mine'", "reason"]),
        (ROW.replace("kind: openai", "kind: ollama"), ["'mine'", "'kind'", "'gguf'", "'ollama'"]),
        (ROW.replace("    api_id: mine-1\n", ""), ["'mine'", "api_id"]),
        (ROW.replace("kind: openai", "kind: gguf"), ["'mine'", "repo and file, or path"]),
        (ROW.replace("    title: Mine\n", ""), ["'mine'", "'title'", "required"]),
        (ROW.replace("name: mine", "name: a/b"), ["'a/b'", "'name'"]),
        (ROW + ROW.partition("models:\n")[2], ["'mine'", "twice"]),
        (ROW + "    aliases: [mine]\n", ["'mine'", "unique"]),
    ],
)
def test_broken_file_is_named_with_row_field_and_expectation(
    tmp_path: Path, text: str, said: list[str]
) -> None:
    file = write(tmp_path, text)

    with pytest.raises(ModelError) as caught:
        load_registry(file)

    for part in [str(file), *said]:
        assert part in str(caught.value)


def test_missing_file_named_by_environment_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_REGISTRY", str(tmp_path / "none.yaml"))

    with pytest.raises(ModelError, match=r"none\.yaml.*cannot be read"):
        load_registry()


def test_table_shows_every_row_and_why_some_cannot_run(registry: Registry) -> None:
    rows = {row.name: row for row in describe(registry)}

    assert list(rows) == list(registry.entries)
    assert rows["phi-mini-q4"].size == "3.82B"
    assert rows["phi-mini-q4"].source == "gguf Q4_K_M"
    assert rows["phi-mini-q4"].context == "4,096"
    assert rows["phi-mini-q4"].state == "ready"
    assert rows["gpt-4o"].state == "needs a key"
    assert rows["mixtral-8x7b"].state.startswith("needs a GGUF")
    assert "inside devices" in rows["gemini-nano-2"].state
    assert not rows["gemini-nano-2"].obtainable


def test_reading_the_registry_loads_no_heavy_library() -> None:
    heavy = ["pandas", "datasets", "huggingface_hub", "pyarrow", "lm_eval", "matplotlib"]
    code = (
        "import sys, harness.models.spec, harness.models.hub, harness.models.registry as r;"
        f"r.describe(r.load_registry()); print([m for m in {heavy} if m in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.strip() == "[]"
