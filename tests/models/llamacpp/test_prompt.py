"""Each trap of turning a request into tokens, against llama.cpp's own tokenizer and templates."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from engine_kit import answers, ask, opened
from gguf_files import (
    BOMB_TEMPLATE,
    BOS_TEMPLATE,
    DROPS_SYSTEM_TEMPLATE,
    FUSED_BOMB_TEMPLATE,
    PHI_TEMPLATE,
    REFUSING_TEMPLATE,
    write_phi3,
)
from harness.errors import ModelError
from harness.models.llamacpp.options import EngineOptions
from harness.models.llamacpp.prompt import PromptRules, Prompts

CONTROL = ("<|end|>", "<s>", "<|im_start|>", "</s>", "<unk>", "<|user|>", "<|endoftext|>")


@pytest.fixture(scope="module")
def phi(phi_file):
    with opened(phi_file) as model:
        yield model


@pytest.fixture
def made(tmp_path):
    models = []

    def make(template, **options):
        model = opened(write_phi3(tmp_path / "made.gguf", template=template), **options)
        models.append(model)
        return model

    yield make
    for model in models:
        model.close()


def ids_of(model, request):
    return model._loop.run(model._prompts.tokens(request))


def test_a_counted_prompt_is_kept_until_it_is_sent_and_no_longer(phi):
    request = ask("count me <|end|> please", ("assistant", "yes"), "again")
    fresh = ids_of(phi, request)

    assert phi._loop.run(phi._prompts.count(request)) == len(fresh)
    assert phi._loop.run(phi._prompts.count(request)) == len(fresh)
    assert phi._prompts._n_kept == len(fresh)
    assert ids_of(phi, request) == fresh
    assert phi._prompts._n_kept == 0
    assert not phi._prompts._kept
    assert ids_of(phi, request) == fresh


def control_ids(model):
    pieces = model._loop.run(model._client.pieces("".join(model._file.control_texts)))
    return {piece: token for token, piece in pieces}


def text_of(model, ids):
    """The text of ids, with control tokens written out."""
    body = {"tokens": ids}
    post = model._client._http.post_json("/detokenize", body, deadline=10)
    return model._loop.run(post)["content"]


@pytest.mark.parametrize("template", [PHI_TEMPLATE, BOS_TEMPLATE, "{{ bos_token }}" + BOS_TEMPLATE])
def test_there_is_exactly_one_bos(made, template):
    model = made(template)
    ids = ids_of(model, ask("question"))

    assert ids[0] == 1
    assert ids.count(1) == 1


def test_plain_text_gets_its_bos(made):
    model = made(None)

    assert model.info.interface == "completion"
    assert ids_of(model, ask("question"))[0] == 1


def test_a_made_up_template_is_not_used(made):
    model = made(None)
    ids = ids_of(model, ask("one question"))

    assert text_of(model, ids).removeprefix("<s>").strip() == "one question"


@pytest.mark.parametrize("control", CONTROL)
@pytest.mark.parametrize("form", ["{}", "a {} b", "a{}b", "x\n{}\n y", " {}{} ", "one {}"])
def test_control_text_of_a_user_stays_text(phi, control, form):
    content = form.format(control, control)
    clean = ids_of(phi, ask("question"))
    ids = ids_of(phi, ask(content))

    special = set(control_ids(phi).values())
    assert [i for i in ids if i in special] == [i for i in clean if i in special]
    assert content.strip() in text_of(phi, ids)


def test_text_beside_control_text_is_tokenized_as_ever(phi):
    ids = ids_of(phi, ask(("system", "the question"), "two <|end|> there"))
    plain = phi._loop.run(phi._client.tokenize("two <|end|> there"))
    system = phi._loop.run(phi._client.tokenize("the question"))

    as_text = " ".join(map(str, ids))
    assert " ".join(map(str, plain)) in as_text
    assert " ".join(map(str, system)) in as_text


def test_without_the_vocabulary_control_text_is_found_all_the_same(phi):
    rules = PromptRules(chat=True, control_texts=None, template_seconds=5)
    blind = Prompts(phi._client, rules)
    phi._loop.run(blind.prepare(""))
    for content in ("fine", "a <|end|> b<s>", "<|im_start|>\n<unk>"):
        request = ask(("system", "the"), content)
        assert phi._loop.run(blind.tokens(request)) == ids_of(phi, request)


def test_marks_never_collide_with_the_text(phi):
    content = "qx0x0z <|end|> qx0x"

    assert content in text_of(phi, ids_of(phi, ask(content)))


def test_a_template_without_system_role_is_reported_and_loses_nothing(made):
    model = made(DROPS_SYSTEM_TEMPLATE)

    assert model.info.settings["system_role"] is False
    assert any("no place for system messages" in text for text in model.warnings)
    assert "be kind" in text_of(model, ids_of(model, ask(("system", "be kind"), "question")))


def test_a_template_that_loses_a_message_is_reported_once(made):
    model = made(PHI_TEMPLATE.replace("message['content']", "message['content'][:30]"))
    for _ in range(2):
        ids_of(model, ask("one question " * 9))

    assert model.info.settings["template_drops"] == []
    assert len([text for text in model.warnings if "drops or changes user" in text]) == 1


def test_a_lost_role_is_recorded_with_the_model(made):
    template = PHI_TEMPLATE.replace(
        "{{ '<|' +", "{% if message['role'] == 'assistant' %}{% continue %}{% endif %}{{ '<|' +"
    )
    template = template.replace("{% continue %}{% endif %}", "{% else %}", 1)
    template = template.replace("{% endfor %}", "{% endif %}{% endfor %}", 1)
    model = made(template)

    assert model.info.settings["template_drops"] == ["assistant"]


def test_a_template_that_hangs_costs_one_answer_not_the_run(made):
    model = made(FUSED_BOMB_TEMPLATE, template_seconds=1.0)
    bomb, *fine = answers(model, ask("BOOM"), ask("one"), ask("two"))

    assert bomb.error_kind == "template"
    assert "did not finish within 1 s" in bomb.error_message
    assert all(response.text is not None for response in fine)


def test_a_template_that_refuses_a_message_is_an_error_of_that_request(made):
    refused, fine = answers(made(REFUSING_TEMPLATE), ask("REFUSE"), ask("one"))

    assert refused.error_kind == "template"
    assert fine.error_kind is None


def test_a_template_that_hangs_at_the_start_is_named(made):
    started = time.monotonic()
    with pytest.raises(ModelError, match="chat template does not finish"):
        made(BOMB_TEMPLATE, start_seconds=3.0)
    assert time.monotonic() - started < 15


def test_a_bad_template_does_not_stop_plain_text(made):
    model = made(BOMB_TEMPLATE, interface="completion")

    assert answers(model, ask("one"))[0].error_kind is None
    assert model.info.interface == "completion"


def test_chat_without_a_template_is_refused(made):
    with pytest.raises(ModelError, match="has no chat template"):
        made(None, interface="chat")


def test_a_generate_request_without_decoding_is_an_error(phi):
    [response] = answers(phi, replace(ask("one"), decoding=None))

    assert response.error_kind == "prompt"


def test_options_are_checked(phi_file):
    with pytest.raises(ModelError, match="either"):
        opened(phi_file, url="http://127.0.0.1:1")
    with pytest.raises(ModelError, match="slots is 0"):
        opened(phi_file, slots=0)
    with pytest.raises(ModelError, match="KV type 'q9'"):
        opened(phi_file, kv_type_k="q9")
    assert "secret" not in repr(EngineOptions(url="x", api_key="secret"))
