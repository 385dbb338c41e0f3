"""The providers' own SDKs as oracles: they read the same bytes and must see the same reply."""

from __future__ import annotations

import warnings

import pytest

from api_kit import answers, ask, at
from api_stub import ApiStub, Reply
from harness.models.wires import anthropic, completions, gemini, openai
from harness.models.wires.rules import Rules

KEY = "sk-canary-0123456789"
REPLIES = {
    "stop": Reply("B it is"),
    "length": Reply("B it", finish="length"),
    "filter": Reply("", finish="content_filter"),
    "unicode": Reply("é \u2603 \U0001f600\n\tB"),
}
every_reply = pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
both_ways = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
# What an SDK does at its import or with its connections is not under test.
pytestmark = pytest.mark.filterwarnings("ignore")


def ours(stub, address, stream):
    with at(stub, address, stream=stream) as model:
        (response,) = answers(model, ask("a question", max_tokens=5))
    return response


def sdk(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"the SDK {name} is not installed")


def openai_client(stub):
    return sdk("openai").OpenAI(base_url=f"{stub.url}/v1", api_key=KEY, max_retries=0)


@every_reply
@both_ways
def test_openai_sees_the_same(reply, stream):
    messages = [{"role": "user", "content": "a question"}]
    with ApiStub(lambda _: reply) as stub, openai_client(stub) as client:
        response = ours(stub, "openai/gpt-4o-2024-08-06", stream)
        create = client.chat.completions.create
        if stream:
            options = {"include_usage": True}
            chunks = list(create(model="m", messages=messages, stream=True, stream_options=options))
            said = [c.choices[0] for c in chunks if c.choices]
            text = "".join(choice.delta.content or "" for choice in said)
            finish, last = said[-1].finish_reason, chunks[-1]
        else:
            last = create(model="m", messages=messages)
            text, finish = last.choices[0].message.content, last.choices[0].finish_reason
        usage = last.usage

    assert (response.text, response.finish_reason) == (text, finish)
    assert response.prompt_tokens == usage.prompt_tokens
    assert response.output_tokens == usage.completion_tokens
    assert response.reused_tokens == usage.prompt_tokens_details.cached_tokens
    assert response.reasoning_tokens == usage.completion_tokens_details.reasoning_tokens
    assert response.model_version == last.model
    assert response.system_fingerprint == last.system_fingerprint


def test_openai_sees_the_same_log_probabilities():
    top = [("B", -0.25), (" A", -2.5), ("\u2603", -6.0)]
    with ApiStub(lambda _: Reply("B", top=top)) as stub, openai_client(stub) as client:
        with at(stub) as model:
            (response,) = answers(model, ask("a question", letters=("A", "B", "C")))
        theirs = client.chat.completions.create(
            model="m", messages=[], logprobs=True, top_logprobs=3
        )
    position = theirs.choices[0].logprobs.content[0]

    told = {t.token: t.logprob for t in position.top_logprobs}
    assert response.letter_logprobs == (told[" A"], told["B"], None)
    assert response.letter_bound == min(told.values())


@every_reply
@both_ways
def test_anthropic_sees_the_same(reply, stream):
    anthropic_sdk = sdk("anthropic")
    finishes = {"end_turn": "stop", "max_tokens": "length", "refusal": "refusal"}
    asked = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}
    with (
        ApiStub(lambda _: reply) as stub,
        anthropic_sdk.Anthropic(base_url=stub.url, api_key=KEY, max_retries=0) as client,
    ):
        response = ours(stub, "anthropic/claude-3-haiku-20240307", stream)
        if stream:
            with client.messages.stream(**asked) as events:
                theirs = events.get_final_message()
        else:
            theirs = client.messages.create(**asked)
    usage = theirs.usage

    assert response.text == "".join(block.text for block in theirs.content)
    assert response.finish_reason == finishes[theirs.stop_reason]
    cached = usage.cache_read_input_tokens
    written = usage.cache_creation_input_tokens
    assert response.prompt_tokens == usage.input_tokens + cached + written
    assert response.reused_tokens == cached
    assert response.output_tokens == usage.output_tokens
    assert response.reasoning_tokens == usage.output_tokens_details.thinking_tokens
    assert response.model_version == theirs.model


@every_reply
@both_ways
def test_gemini_sees_the_same(reply, stream):
    genai = sdk("google.genai")
    finishes = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter"}
    with ApiStub(lambda _: reply) as stub:
        response = ours(stub, "gemini/gemini-2.0-flash-001", stream)
        options = genai.types.HttpOptions(base_url=stub.url)
        client = genai.Client(api_key=KEY, http_options=options)
        if stream:
            chunks = list(client.models.generate_content_stream(model="m", contents="x"))
            text = "".join(chunk.text or "" for chunk in chunks)
            last = chunks[-1]
        else:
            last = client.models.generate_content(model="m", contents="x")
            text = last.text or ""
        client.close()
    usage = last.usage_metadata

    assert response.text == text
    assert response.finish_reason == finishes[last.candidates[0].finish_reason.value]
    thoughts = usage.thoughts_token_count
    assert response.prompt_tokens == usage.prompt_token_count
    assert response.reused_tokens == usage.cached_content_token_count
    assert response.output_tokens == usage.candidates_token_count + thoughts
    assert response.reasoning_tokens == thoughts
    assert response.model_version == last.model_version


TALK = ask(("system", "Be brief."), "Hi", ("assistant", "Hello."), "Bye", stop=("END",))


def call(wire, *, stream):
    return wire.call(TALK, Rules("m"), letters=True, stream=stream).body


@both_ways
def test_openai_would_send_no_other_fields(stream):
    chat = sdk("openai.types.chat.completion_create_params")
    plain = sdk("openai.types.completion_create_params")
    variant = "CompletionCreateParamsStreaming" if stream else "CompletionCreateParamsNonStreaming"

    for wire, params in ((openai, chat), (completions, plain)):
        body, kind = call(wire, stream=stream), getattr(params, variant)
        known = {*params.CompletionCreateParamsBase.__annotations__, *kind.__annotations__}
        assert set(body) <= known
        assert kind.__required_keys__ <= set(body)


def test_anthropic_would_send_no_other_fields():
    params = sdk("anthropic.types.message_create_params")
    body = call(anthropic, stream=True)

    known = set(params.MessageCreateParamsBase.__annotations__)
    # The newest version of its API has no temperature; the one that is sent has.
    assert set(body) <= known | {"stream", "temperature"}
    assert params.MessageCreateParamsBase.__required_keys__ <= set(body)


def test_gemini_would_send_no_other_fields():
    types = sdk("google.genai.types")
    body = call(gemini, stream=False)

    types.GenerateContentConfig.model_validate(body["generationConfig"])
    types.Content.model_validate(body["systemInstruction"])
    for turn in body["contents"]:
        types.Content.model_validate(turn)
