from __future__ import annotations

import contextlib
import hashlib
import time

import pytest

from gguf_files import PHI_TEMPLATE, SHAPE_06B, Shape, vocabulary, with_metadata, write_phi3
from harness.errors import ModelError
from harness.models.llamacpp.gguf_file import inspect_gguf

WEB_PAGE = b"<!DOCTYPE html><html><head><title>401</title></head></html>"
LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 42\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it is empty"),
        (WEB_PAGE, "it is a web page"),
        (b"\n <html>", "it is a web page"),
        (LFS_POINTER, "git lfs pull"),
        (b"PK\x03\x04archive", "convert_hf_to_gguf"),
        (b"GGML\x00\x00\x00\x00", "it starts with b'GGML"),
        (b"GGUF", "broken GGUF header"),
        (b"GGUF" + bytes(1000), "GGUF version 0"),
        (b"GGUF\x63\x00\x00\x00" + bytes(1000), "GGUF version 99"),
        (b"GGUF\x03\x00\x00\x00" + b"\xff" * 16, "not credible"),
        (b"GGUF\x03\x00\x00\x00" + bytes(8) + b"\x01" + bytes(7) + b"\xff" * 9, "asks for"),
    ],
)
def test_what_is_no_gguf_is_named(tmp_path, content, expected):
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(ModelError, match=expected):
        inspect_gguf(path)


def test_a_missing_file_and_a_directory_are_named(tmp_path):
    (tmp_path / "real.gguf").write_bytes(b"GGUF")

    with pytest.raises(ModelError, match="cannot be read"):
        inspect_gguf(tmp_path / "absent.gguf")
    with pytest.raises(ModelError, match=r"is a directory.*real\.gguf"):
        inspect_gguf(tmp_path)


def test_a_truncated_file_says_how_much_is_missing(tmp_path, phi_file):
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(phi_file.read_bytes()[:-5000])

    with pytest.raises(ModelError, match=r"cut short.*GB are missing"):
        inspect_gguf(cut)


@pytest.mark.parametrize("position", range(0, 4000, 97))
def test_damaged_headers_are_facts_or_a_clear_error(tmp_path, phi_file, position):
    data = bytearray(phi_file.read_bytes())
    data[position : position + 8] = b"\xff" * 8
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(data)

    with contextlib.suppress(ModelError):
        assert inspect_gguf(damaged).architecture


def test_facts_are_read_from_the_file(phi_file):
    facts = inspect_gguf(phi_file)

    assert facts.architecture == "phi3"
    assert facts.quantization == "Q4_0"
    assert facts.trained_context == 2048
    assert facts.chat_template == PHI_TEMPLATE
    assert facts.chat_template_sha256 == hashlib.sha256(PHI_TEMPLATE.encode()).hexdigest()
    assert (facts.layers, facts.kv_heads, facts.key_length) == (2, (4, 4), 16)
    assert facts.adds_bos is True
    assert facts.file_bytes == phi_file.stat().st_size
    assert {"<s>", "<|end|>", "<|im_start|>"} <= set(facts.control_texts)
    assert len(vocabulary([], 0)[0]) < facts.vocabulary < 1000


def test_a_file_without_template_has_none(tmp_path):
    assert inspect_gguf(write_phi3(tmp_path / "base.gguf", template=None)).chat_template is None


def test_a_part_of_a_split_model_is_refused(tmp_path):
    with pytest.raises(ModelError, match="part 2 of 3; give the first part"):
        inspect_gguf(tmp_path / "m-00002-of-00003.gguf")


def test_a_missing_part_of_a_split_model_is_named(tmp_path, phi_file):
    first = tmp_path / "m-00001-of-00002.gguf"
    first.write_bytes(phi_file.read_bytes())

    with pytest.raises(ModelError, match=r"m-00002-of-00002\.gguf' cannot be read"):
        inspect_gguf(first)


def test_damaged_text_in_metadata_is_survived(tmp_path, phi_file):
    damaged = with_metadata(phi_file, tmp_path / "x.gguf", b"Phi-3-random", b"Phi-3\xff\xferando")

    assert inspect_gguf(damaged).architecture == "phi3"


def test_a_large_vocabulary_is_read_quickly(tmp_path):
    big = write_phi3(tmp_path / "big.gguf", shape=Shape(1, 32, 32, 1, vocabulary=128_000))

    started = time.perf_counter()
    facts = inspect_gguf(big)

    assert facts.vocabulary == 128_000
    assert time.perf_counter() - started < 2
    assert SHAPE_06B.vocabulary == 32064
