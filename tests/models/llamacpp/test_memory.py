from __future__ import annotations

import pytest

from engine_kit import opened
from harness.errors import ModelError, UsageError
from harness.models.llamacpp.gguf_file import inspect_gguf
from harness.models.llamacpp.memory import available_bytes, kv_bytes, needed_bytes
from harness.models.llamacpp.options import EngineOptions


def test_the_key_value_cache_is_counted_by_hand(phi_file):
    facts = inspect_gguf(phi_file)

    # 2 (keys, values) x 2 layers x 4 heads x 16 x 2 bytes = 512 bytes per token
    assert kv_bytes(facts, EngineOptions(), 1000) == 512_000
    assert kv_bytes(facts, EngineOptions(slots=3), 1000) == 3 * 512_000
    assert kv_bytes(facts, EngineOptions(kv_type_k="q8_0"), 1000) == 256_000 * 17 // 32 + 256_000
    assert needed_bytes(facts, EngineOptions(), 1000) == (
        2 * phi_file.stat().st_size + 512_000 + 200_000_000
    )


def test_a_model_that_does_not_fit_is_refused_with_figures(phi_file, monkeypatch):
    monkeypatch.setenv("HARNESS_MEMORY_LIMIT_BYTES", "150000000")

    with pytest.raises(ModelError, match=r"0\.20 GB of memory.*0\.15 GB are free.*--context"):
        opened(phi_file)


def test_a_limit_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv("HARNESS_MEMORY_LIMIT_BYTES", "8GB")

    with pytest.raises(UsageError, match="8GB"):
        available_bytes()


def test_free_memory_is_measured():
    assert 50_000_000 < available_bytes() < 10**14
