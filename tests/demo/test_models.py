"""The bundled models do what their card says, through the engine that users get."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine_kit import answers, opened
from harness.demo.tokens import ASSISTANT, BEGIN, SPECIAL, decode, encode, encode_turn, texts
from harness.models.hub import fetch
from harness.models.registry import load_registry
from harness.models.spec import resolve
from harness.tasks.catalog import choose
from harness.tasks.lm_eval_adapter import load_task

NAMES = [f"{model}-{kind}" for model in ("nano", "pico") for kind in ("f16", "q8_0", "q4_0")]
MEGABYTE = 1_000_000
ALLOWED = 0.02  # of the replies: a tie between two tokens falls either way by rounding


def bundled(name):
    return Path(resolve(name, load_registry()).path)


@pytest.fixture(scope="module")
def nano():
    with opened(bundled("nano-f16")) as model:
        yield model


@pytest.fixture(scope="module")
def requests():
    """The first requests of every 8th sample of the suite."""
    tasks = [load_task(choice) for choice in choose(["quick"])]
    return [sample.requests[0] for task in tasks for sample in task.samples[::8]]


def test_the_files_are_small_and_are_those_that_the_registry_names():
    paths = [bundled(name) for name in NAMES]

    assert sum(path.stat().st_size for path in paths) < 20 * MEGABYTE
    assert sorted(paths) == sorted(paths[0].parent.glob("*.gguf"))
    for name in NAMES:
        spec = resolve(name, load_registry())
        assert spec.sha256 is not None
        assert fetch(spec).sha256 == spec.sha256


def test_the_registry_tells_what_is_in_the_files():
    for name in NAMES:
        entry = load_registry().find(name)
        with opened(bundled(name)) as model:
            assert model.info.parameters == entry.parameters
            assert model.info.quantization == entry.quantization
            assert model.info.trained_context == entry.context
            assert (model.info.interface, model.warnings) == ("chat", [])


def test_any_text_becomes_tokens_and_comes_back():
    for text in (
        "Question: What is 3 plus 15?\nA. 18",
        "Ünïcode 価格 🙂 \x00\t",
        " Anna has 5",
        "",
    ):
        assert decode(encode(text)) == text
    assert len(set(texts())) == len(texts())


def test_the_engine_reads_every_prompt_as_the_training_did(nano, requests):
    for request in requests:
        turns = [token for message in request.messages for token in encode_turn(message)]
        expected = [SPECIAL.index(BEGIN), *turns, SPECIAL.index(ASSISTANT)]

        assert nano._loop.run(nano._prompts.tokens(request)) == expected


def test_replies_end_by_themselves_and_show_no_special_token(nano, requests):
    replies = answers(nano, *requests)

    assert {reply.finish_reason for reply in replies} == {"stop"}
    assert not [reply for reply in replies if "<|" in reply.text]


def test_a_reply_that_is_cut_says_so(nano, requests):
    short = [
        replace(request, decoding=replace(request.decoding, max_tokens=3)) for request in requests
    ]

    for reply in answers(nano, *short[:8]):
        assert (reply.finish_reason, reply.output_tokens) == ("length", 3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["nano-f16", "nano-q4_0"])
def test_no_speed_up_changes_an_answer(name, requests):
    """Prefix reuse, several slots, and neither: differences are of rounding, and are bounded."""
    with opened(bundled(name)) as model:
        reused = [reply.text for reply in answers(model, *requests)]
        cold = [reply.text for reply in answers(model, *requests, cold=True)]
    with opened(bundled(name), slots=4) as model:
        batched = [reply.text for reply in answers(model, *requests)]
    with opened(bundled(name), slots=4) as model:
        again = [reply.text for reply in answers(model, *requests)]

    assert differing(reused, cold) <= ALLOWED * len(requests)
    assert differing(reused, batched) <= ALLOWED * len(requests)
    assert differing(batched, again) <= ALLOWED * len(requests)


def differing(first, second):
    return sum(a != b for a, b in zip(first, second, strict=True))
