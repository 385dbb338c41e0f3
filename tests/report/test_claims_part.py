from dataclasses import replace

import pytest

from harness.analysis.claims import check_headline
from harness.analysis.claims_file import load_claims
from harness.report import claim_words
from harness.report.build import build_report
from page_kit import Reader
from run_files import MODEL, PlantedTask, counts, write_run

LIKE_THE_CARD = {"dataset": "cais/mmlu", "split": "test", "max_tokens": 16}
SUBJECTS = [f"subject {number:02}" for number in range(57)]


def page(tmp_path, *, model, **protocol):
    plan = PlantedTask(
        counts(correct=80, wrong=34), subjects=SUBJECTS, protocol=LIKE_THE_CARD | protocol
    )
    write_run(tmp_path / "results", {"mmlu": plan}, model=model, manifest={"limit": 114})
    built = build_report(tmp_path / "results", tmp_path / "reports")
    return Reader(built.path.read_text(encoding="utf-8")).text


def test_the_page_holds_what_was_published_beside_what_was_measured(tmp_path):
    text = page(tmp_path, model=replace(MODEL, name="phi-3-mini-4k", quantization="F16"))

    assert "Phi-3-mini 3.8B, April 2024, MMLU Microsoft's own tool, few-shot 68.8 %" in text
    assert "68.0 to 69.6 %, n = 14,042 phi-3-mini-4k mmlu 70.2 %" in text
    assert "too few items n = 114 leaves the difference between" in text
    assert "The publication leaves open: which of its two releases the file holds, prompts" in text
    assert "phi-3-mini-4k-instruct/description.md confirmed" in text


def test_what_differs_is_named(tmp_path):
    text = page(tmp_path, model=replace(MODEL, name="phi-3-mini-4k"), shots=0)

    assert (
        "not comparable differs in shots (5 published, 0 here), "
        "quantization (unquantized published, Q4_K_M here)"
    ) in text


def test_a_page_about_other_models_says_that_nothing_was_published(tmp_path):
    text = page(tmp_path, model=replace(MODEL, name="<script>alert(1)</script>"))

    assert "No run shown here is of a model and a benchmark of which a number is on file." in text
    assert "Phi-3-mini beats Llama 3 8B on MMLU (69 against 68.4)" in text
    assert "+0.4 (-0.7 to +1.5) cannot tell: the difference may be chance mixed:" in text


@pytest.mark.parametrize(
    ("name", "published", "limits"),
    [
        ("phi-3-mini@2024-04/mmlu/ms", "68.8 %", "68.0 to 69.6 %, n = 14,042"),
        ("phi-3-mini@2024-04/mt-bench/ms", "8.38 of 10", "7.94 to 8.82, n = 80"),
        ("phi-4/amc/report", "91.8 of 150", "n not published"),
        ("phi-3-mini-q4/memory/report", "at most 1.8 GB", ""),
        ("phi-3-mini-q4/decode-rate/report", "more than 12.0 tokens/s", ""),
        ("phi-3-mini-q4/file-size/report", "2.39 GB", ""),
    ],
)
def test_a_number_is_printed_in_its_unit(name, published, limits):
    (claim,) = [claim for claim in load_claims().claims if claim.id == name]

    assert claim_words.published(claim).replace("\u00a0", " ") == published
    assert claim_words.published_limits(claim).replace("\u00a0", " ") == limits


def test_a_difference_without_items_has_no_interval():
    (headline,) = [
        h for h in load_claims().headlines if h.says == "Phi-2 beats Llama 2 70B in code"
    ]

    check = check_headline(headline)

    assert claim_words.difference(headline.first, check.difference) == "+15.4"
    assert claim_words.standing(check).startswith("cannot be tested")
