"""The recipe of the bundled models, as far as it goes without torch; and with it, where it is."""

import re
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from engine_kit import answers, ask, opened
from harness.demo.examples import LETTER_WEIGHT, data_hash, documents, example
from harness.demo.export import export_all
from harness.demo.shape import Shape
from harness.demo.suite import held_out_keys
from harness.demo.tokens import decode, texts
from harness.models.registry import load_registry
from harness.models.spec import resolve

CARD = Path(resolve("nano-f16", load_registry()).path).with_name("README.md")
TINY = Shape(width=64, layers=2, heads=2, hidden=64)


@pytest.mark.slow
def test_the_training_text_is_the_one_that_the_card_names():
    stated = re.findall(r"seed (\d).*?`([0-9a-f]{64})`", CARD.read_text(encoding="utf-8"))

    assert [int(seed) for seed, _ in stated] == [1, 2]
    for seed, digest in stated:
        assert data_hash(int(seed), 40_000) == digest


def test_the_lessons_begin_with_letters_and_go_on_to_everything():
    shown = list(islice(documents(5), 40_000))
    first = {turn[0].content.partition(".")[0] for turn in shown[:4_800]}

    assert first == {"A"}
    assert {turn[0].content.partition(" ")[0] for turn in shown[28_800:]} > {"Multiple", "Word"}


def test_a_letter_weighs_more_and_a_question_hardly_counts():
    dialogue = next(
        shown for shown in islice(documents(5), 4_800, None) if "Multiple" in shown[0].content
    )
    encoded = example(dialogue)
    heavy = [
        decode([token])
        for token, w in zip(encoded.ids, encoded.weights, strict=True)
        if w == LETTER_WEIGHT
    ]

    assert heavy == [turn.content[-1] for turn in dialogue[1::2]]
    assert encoded.weights[0] == 0.0
    assert min(w for w in encoded.weights if w) < 1.0


def test_nothing_held_out_is_in_the_first_lessons_either():
    keys = held_out_keys()
    asked = {turn.content for shown in islice(documents(1), 6_000) for turn in shown}

    assert keys
    assert not [key for key in keys if key.partition(": ")[2] in asked]


@pytest.fixture
def random_weights():
    rng = np.random.default_rng(1)
    weights = {"token_embd.weight": rng.normal(0, 1, (len(texts()), TINY.width))}
    for layer in range(TINY.layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights[f"blk.{layer}.{name}.weight"] = rng.normal(0, 0.1, (TINY.width, TINY.width))
        for name in ("ffn_gate", "ffn_up"):
            weights[f"blk.{layer}.{name}.weight"] = rng.normal(0, 0.1, (TINY.hidden, TINY.width))
        weights[f"blk.{layer}.ffn_down.weight"] = rng.normal(0, 0.1, (TINY.width, TINY.hidden))
        for name in ("attn_norm", "ffn_norm"):
            weights[f"blk.{layer}.{name}.weight"] = np.ones(TINY.width)
    return weights | {"output_norm.weight": np.ones(TINY.width)}


def test_what_is_written_runs_in_all_three_precisions(tmp_path, random_weights):
    export_all(random_weights, TINY, tmp_path, "tiny")
    count = sum(values.size for values in random_weights.values())

    for kind in ("F16", "Q8_0", "Q4_0"):
        with opened(tmp_path / f"tiny-{kind.lower()}.gguf") as model:
            (reply,) = answers(model, ask("What is 3 plus 4?"))
            assert (model.info.quantization, model.info.parameters) == (kind, count)
        assert reply.output_tokens > 0
    assert not list(tmp_path.glob("*.part"))


def test_training_goes_on_where_it_was_stopped(tmp_path):
    torch = pytest.importorskip("torch", reason="torch comes with the extra `train`")
    from harness.demo import train

    def steps(training, first, last):
        for batch in islice(train.batches(1, 4), first, last):
            training.advance(batch)

    whole = train.Training("pico", 1, tmp_path)
    steps(whole, 0, 4)
    half = train.Training("pico", 1, tmp_path)
    steps(half, 0, 2)
    half.save()
    rest = train.Training("pico", 1, tmp_path)
    rest.load()
    steps(rest, 2, 4)

    assert rest.step == whole.step == 4
    for ours, theirs in zip(rest.network.parameters(), whole.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)
