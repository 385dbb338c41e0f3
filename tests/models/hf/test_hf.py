"""Unconverted weights through transformers: the same replies as the same weights as a GGUF."""

import importlib.util
import json
import shutil
import sys

import pytest

from engine_kit import answers, ask, opened, score, stories
from harness.errors import ModelError
from harness.models.llamacpp.options import EngineOptions
from harness.models.open import OpenOptions, open_model
from pipeline_kit import go, outcomes, plan_of
from shared_data import requires_shared, shared_folder

pytestmark = requires_shared
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
ONCE = "Once upon a time"
needs_torch = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("torch", "transformers"))),
    reason="torch and transformers are not installed: pip install 'harness-eval[hf]'",
)


def folder():
    return shared_folder() / "data/hub/models/local/stories260K"


@pytest.fixture(scope="module")
def model():
    with open_model(f"{folder()}/", OpenOptions()) as opened_model:
        yield opened_model


@pytest.fixture(scope="module")
def local():
    with opened(stories(), kv_type_k="f32", kv_type_v="f32") as opened_model:
        yield opened_model


@pytest.fixture
def chat(tmp_path):
    """The same weights with a chat template."""
    copied = tmp_path / "chatty"
    shutil.copytree(folder(), copied)
    settings = json.loads((copied / "tokenizer_config.json").read_text())
    (copied / "tokenizer_config.json").write_text(
        json.dumps(settings | {"chat_template": TEMPLATE})
    )
    return copied


@needs_torch
def test_the_same_weights_give_the_same_likelihoods(model, local):
    requests = [
        score(ONCE, ", there was a little girl", ", there lived", " the"),
        score(ONCE + ", there was a", " girl", " boy", " dragon"),
        score(ONCE + " ", "there"),
        score("", "Once upon"),
    ]

    for ours, theirs in zip(answers(model, *requests), answers(local, *requests), strict=True):
        assert ours.logprobs == pytest.approx(theirs.logprobs, abs=2e-3)
        assert ours.greedy == theirs.greedy


@needs_torch
def test_the_same_weights_say_the_same(model, local):
    requests = [
        ask(ONCE, max_tokens=40),
        ask("One day, a girl named Lily", max_tokens=30, stop=(" the", "\n")),
        ask("The cat", max_tokens=3, letters=("A", "S")),
    ]

    for ours, theirs in zip(answers(model, *requests), answers(local, *requests), strict=True):
        assert ours.text == theirs.text
        assert ours.finish_reason == theirs.finish_reason
        assert ours.prompt_tokens == theirs.prompt_tokens
        if theirs.letter_logprobs:
            assert ours.letter_logprobs == pytest.approx(theirs.letter_logprobs, abs=5e-3)


@needs_torch
def test_a_whole_run_equals_that_of_the_gguf(model, local, tmp_path):
    plan = plan_of("toy_mc", "toy_logprob")
    ours, theirs = go(tmp_path / "hf", model, plan), go(tmp_path / "gguf", local, plan)

    assert ours.manifest.fingerprint == theirs.manifest.fingerprint
    assert outcomes(ours) == outcomes(theirs)
    assert ours.scores["answer"].tolist() == theirs.scores["answer"].tolist()
    assert ours.responses["text"].tolist() == theirs.responses["text"].tolist()


@needs_torch
def test_what_identifies_it(model):
    info = model.info

    assert (info.backend, info.interface, info.engine) == ("hf", "completion", "transformers")
    assert (info.name, info.context, info.quantization) == ("stories260K", 512, "float32")
    assert len(info.sha256) == 64
    assert set(info.capabilities) == {"generate", "letters", "logprob"}


@needs_torch
def test_a_chat_model_gets_its_own_template(chat):
    with open_model(f"{chat}/", OpenOptions()) as model:
        assert model.info.interface == "chat"
        assert model.info.chat_template_sha256
        conversation = ask("Hello", ("assistant", "Hi"), "And?", max_tokens=4)
        ids = model._answerer._prompts.prompt(conversation)
        said = model._answerer._tokenizer.decode(ids)
        (control,) = answers(model, ask("a </s> b"))
    plain = OpenOptions(EngineOptions(interface="completion"))
    with open_model(f"{chat}/", plain) as model:
        assert model.info.interface == "completion"

    assert "user: Hello\nassistant: Hi\nuser: And?\nassistant:" in said
    assert control.error_kind == "prompt"
    assert "control token '</s>'" in control.error_message


@needs_torch
def test_what_does_not_fit_is_an_error_of_its_request(model):
    long, empty, none, fine = answers(
        model, ask("word " * 600), score(ONCE, ""), score(ONCE), ask(ONCE)
    )

    assert [r.error_kind for r in (long, empty, none, fine)] == [
        "context",
        "prompt",
        "prompt",
        None,
    ]


@needs_torch
def test_sampling_follows_its_seed(model):
    settings = {"temperature": 1.0, "max_tokens": 20}
    first, same, other = (
        answers(model, ask(ONCE, seed=seed, repeat=n, **settings))[0].text
        for n, seed in enumerate((1, 1, 2))
    )

    assert first == same != other


@needs_torch
def test_a_drained_model_answers_nothing_more():
    with open_model(f"{folder()}/", OpenOptions()) as model:
        stream = model.respond([ask(ONCE), ask("The cat")])
        next(stream)
        model.drain()

        assert list(stream) == []


@needs_torch
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda f: (f / "model.safetensors").unlink(), "holds no"),
        (lambda f: (f / "model.safetensors").write_bytes(b"x" * 50), "cannot load"),
        (lambda f: (f / "config.json").write_text('{"model_type": "nonsense"}'), "cannot load"),
        (lambda f: (f / "tokenizer.json").unlink(), "cannot load"),
    ],
)
def test_a_folder_that_cannot_be_loaded(chat, damage, words):
    damage(chat)

    with pytest.raises(ModelError, match=words):
        open_model(f"{chat}/", OpenOptions())


def test_options_that_would_have_no_effect_are_refused():
    with pytest.raises(ModelError, match="--slots is for local models"):
        open_model(f"{folder()}/", OpenOptions(EngineOptions(slots=2)))


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(ModelError, match=r"pip install 'harness-eval\[hf\]'"):
        open_model(f"{folder()}/", OpenOptions())
