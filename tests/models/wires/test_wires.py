"""Requests to JSON and JSON to replies, format by format; nothing here uses the network."""

import json
from dataclasses import replace

import pytest

from api_stub import Asked, Reply, streamed, whole
from engine_kit import ask
from harness.models.transport import FailureKind, HttpFailure
from harness.models.wires import anthropic, completions, gemini, openai
from harness.models.wires.base import NOTHING_SAID
from harness.models.wires.rules import Rules, known_rules

RULES = Rules("m-1")
TALK = ask(("system", "Be brief."), "Hi", ("assistant", "Hello."), "Bye", stop=("\n", "END"))
PATHS = {
    openai: "/v1/chat/completions",
    completions: "/v1/completions",
    anthropic: "/v1/messages",
    gemini: "/v1beta/models/m:generateContent",
}
TOP = [("B", -0.1), (" A", -3.0)]


def name(value):
    return getattr(value, "__name__", None) and value.__name__.rpartition(".")[2]


every_wire = pytest.mark.parametrize("wire", PATHS, ids=name)


def test_a_chat_completion():
    call = openai.call(TALK, RULES, letters=True, stream=False)

    assert call.path == "/chat/completions"
    assert call.body == {
        "model": "m-1",
        "max_tokens": 8,
        "temperature": 0.0,
        "top_p": 1.0,
        "seed": 0,
        "stop": ["\n", "END"],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "Bye"},
        ],
        "logprobs": True,
        "top_logprobs": 20,
    }


def test_a_plain_completion_has_the_text_that_a_base_model_gets():
    request = ask("Once upon", " a time", max_tokens=3)
    call = completions.call(request, replace(RULES, top=5), letters=True, stream=True)

    assert call.path == "/completions"
    assert call.body["prompt"] == request.prompt == "Once upon a time"
    assert (call.body["logprobs"], call.body["max_tokens"]) == (5, 3)
    assert call.body["stream_options"] == {"include_usage": True}


def test_a_message_of_anthropic():
    call = anthropic.call(TALK, RULES, letters=True, stream=True)

    assert call.path == "/v1/messages"
    assert call.body == {
        "model": "m-1",
        "max_tokens": 8,
        "temperature": 0.0,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "Bye"},
        ],
        "stop_sequences": ["END"],
        "stream": True,
    }
    assert anthropic.headers("k") == {"x-api-key": "k", "anthropic-version": "2023-06-01"}


def test_one_of_two_samplings_goes_to_anthropic_unless_both_restrict():
    greedy = anthropic.call(ask("x", top_p=0.9), RULES, letters=False, stream=False)
    sampled = anthropic.call(ask("x", temperature=0.5), RULES, letters=False, stream=False)
    both = anthropic.call(ask("x", temperature=0.5, top_p=0.9), RULES, letters=False, stream=False)

    assert "top_p" not in greedy.body
    assert "top_p" not in sampled.body
    assert both.body["top_p"] == 0.9


def test_a_call_of_gemini():
    call = gemini.call(TALK, RULES, letters=True, stream=False)

    assert call.path == "/v1beta/models/m-1:generateContent"
    assert call.body == {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {"role": "model", "parts": [{"text": "Hello."}]},
            {"role": "user", "parts": [{"text": "Bye"}]},
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {
            "maxOutputTokens": 8,
            "temperature": 0.0,
            "topP": 1.0,
            "seed": 0,
            "stopSequences": ["\n", "END"],
            "responseLogprobs": True,
            "logprobs": 20,
        },
    }
    tuned = gemini.call(TALK, Rules("tunedModels/x"), letters=False, stream=True)
    assert tuned.path == "/v1beta/tunedModels/x:streamGenerateContent?alt=sse"


def test_no_more_stops_than_a_provider_takes():
    request = ask("x", stop=tuple("abcdefg"))

    assert len(openai.call(request, RULES, letters=False, stream=False).body["stop"]) == 4
    config = gemini.call(request, RULES, letters=False, stream=False).body["generationConfig"]
    assert len(config["stopSequences"]) == 5


@pytest.mark.parametrize("wire", [anthropic, gemini], ids=name)
def test_an_empty_turn_is_put_into_words_where_none_is_taken(wire):
    call = wire.call(ask("Hi", ("assistant", ""), "Bye"), RULES, letters=False, stream=False)

    assert NOTHING_SAID in json.dumps(call.body)


@every_wire
def test_what_is_omitted_is_not_sent(wire):
    rules = replace(RULES, omit=frozenset({"temperature", "top_p", "seed", "stop"}), room=100)
    call = wire.call(TALK, rules, letters=False, stream=False)
    body = call.body.get("generationConfig", call.body)

    sent = {"temperature", "top_p", "topP", "seed", "stop", "stop_sequences", "stopSequences"}
    assert not sent & set(body)
    assert 108 in body.values()


@every_wire
def test_a_sound_reply_is_read(wire):
    reply = wire.read(whole(Asked(PATHS[wire], {}, {}), Reply("B it is", top=TOP)))

    assert (reply.text, reply.finish_reason) == ("B it is", "stop")
    assert reply.prompt_tokens == 20
    assert reply.reused_tokens == 8
    assert reply.output_tokens == 5
    assert reply.reasoning_tokens == 2
    assert reply.model_version == "stub-2024-08-06"
    assert reply.first == (None if wire is anthropic else tuple(TOP))


@every_wire
def test_a_stream_amounts_to_the_same_reply(wire):
    path = PATHS[wire].replace("generateContent", "streamGenerateContent?alt=sse")
    asked = Asked(path, {}, {"stream": True})
    events = [event for event in streamed(asked, Reply("B it is", top=TOP)) if event != "[DONE]"]

    assert wire.read(wire.whole(events)) == wire.read(whole(asked, Reply("B it is", top=TOP)))
    assert sum(wire.says(event) for event in events) == len("B it is")


@every_wire
@pytest.mark.parametrize(
    ("finish", "expected"),
    [("length", "length"), ("content_filter", {"content_filter", "refusal"})],
)
def test_finish_reasons_are_put_into_our_words(wire, finish, expected):
    reply = wire.read(whole(Asked(PATHS[wire], {}, {}), Reply("B", finish=finish)))

    assert reply.finish_reason in expected


@pytest.mark.parametrize(
    ("wire", "theirs", "ours"),
    [
        (openai, "eos_token", "stop"),
        (openai, "tool_calls", "tool_calls"),
        (anthropic, "stop_sequence", "stop"),
        (anthropic, "model_context_window_exceeded", "length"),
        (anthropic, "refusal", "refusal"),
        (gemini, "RECITATION", "content_filter"),
        (gemini, "PROHIBITED_CONTENT", "content_filter"),
    ],
)
def test_further_finish_reasons(wire, theirs, ours):
    reply = wire.read(whole(Asked(PATHS[wire], {}, {}), Reply("B", finish=theirs)))

    assert reply.finish_reason == ours


@every_wire
@pytest.mark.parametrize("finish", [None, "error", "OTHER", "pause_turn"])
def test_an_answer_that_was_cut_off_is_no_reply(wire, finish):
    with pytest.raises(HttpFailure) as caught:
        wire.read(whole(Asked(PATHS[wire], {}, {}), Reply("B", finish=finish)))

    assert caught.value.kind is FailureKind.MALFORMED


@every_wire
def test_an_early_end_of_a_stream_is_no_reply(wire):
    path = PATHS[wire].replace("generateContent", "streamGenerateContent?alt=sse")
    events = streamed(Asked(path, {}, {"stream": True}), Reply("B it is"))[:4]

    with pytest.raises(HttpFailure, match="without a finish reason"):
        wire.read(wire.whole([event for event in events if event != "[DONE]"]))


@pytest.mark.parametrize("wire", [openai, gemini], ids=name)
def test_a_stop_without_content_is_no_reply(wire):
    with pytest.raises(HttpFailure, match="without any content"):
        wire.read(whole(Asked(PATHS[wire], {}, {}), Reply(None)))


@pytest.mark.parametrize("wire", [openai, anthropic, gemini], ids=name)
def test_a_thought_that_used_up_the_length_is_a_cut_reply(wire):
    reply = wire.read(whole(Asked(PATHS[wire], {}, {}), Reply(None, finish="length")))

    assert (reply.text, reply.finish_reason) == ("", "length")


def test_a_refusal_is_told_as_one():
    answer = whole(Asked("/v1/chat/completions", {}, {}), Reply(None, refusal="I cannot."))
    reply = openai.read(answer)

    assert (reply.text, reply.finish_reason) == ("I cannot.", "refusal")


def test_a_prompt_that_is_blocked_is_filtered():
    reply = gemini.read({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}})

    assert (reply.text, reply.finish_reason) == ("", "content_filter")


def test_thoughts_are_not_what_was_said():
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    answer = whole(Asked("/v1/messages", {}, {}), Reply("B"))
    answer["content"].insert(0, thinking)
    assert anthropic.read(answer).text == "B"

    answer = whole(Asked(PATHS[gemini], {}, {}), Reply("B"))
    answer["candidates"][0]["content"]["parts"].insert(0, {"text": "Hm.", "thought": True})
    assert gemini.read(answer).text == "B"


@every_wire
@pytest.mark.parametrize(("code", "status"), [(429, 429), ("insufficient_quota", 500)])
def test_an_error_with_status_200_is_an_error(wire, code, status):
    with pytest.raises(HttpFailure) as caught:
        wire.read({"error": {"message": "no", "code": code}})

    assert (caught.value.kind, caught.value.status) == (FailureKind.STATUS, status)


@pytest.mark.parametrize(
    ("wire", "event"),
    [
        (openai, {"error": {"message": "overloaded", "code": 503}}),
        (anthropic, {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
        (gemini, {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_an_error(wire, event):
    path = PATHS[wire].replace("generateContent", "streamGenerateContent?alt=sse")
    events = streamed(Asked(path, {}, {"stream": True}), Reply("B it is"))[:3]

    with pytest.raises(HttpFailure) as caught:
        wire.read(wire.whole([*events, event]))

    assert caught.value.kind is FailureKind.STATUS


def test_input_tokens_of_anthropic_leave_out_the_cache():
    answer = whole(Asked("/v1/messages", {}, {}), Reply("B"))
    answer["usage"] = {
        "input_tokens": 5,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 7,
        "output_tokens": 2,
    }
    reply = anthropic.read(answer)

    assert (reply.prompt_tokens, reply.reused_tokens, reply.output_tokens) == (112, 100, 2)


@every_wire
def test_no_usage_is_not_zero(wire):
    answer = whole(Asked(PATHS[wire], {}, {}), Reply("B"))
    answer.pop("usage", None)
    answer.pop("usageMetadata", None)
    reply = wire.read(answer)

    assert (reply.prompt_tokens, reply.output_tokens, reply.reasoning_tokens) == (None, None, None)


def echo(tokens, values, *, generated=1, tops=None):
    told = {"tokens": tokens, "token_logprobs": values, "top_logprobs": tops}
    return {
        "choices": [{"text": "".join(tokens), "logprobs": told, "finish_reason": "length"}],
        "usage": {"completion_tokens": generated},
    }


def test_the_likelihood_of_given_text_is_that_of_its_last_tokens():
    call = completions.echo_call("2 + 2 = 4", RULES)
    assert call.body["echo"] is True
    assert call.body["max_tokens"] == 1

    tokens, values = (
        ["<s>", "2", " +", " 2", " =", " ", "4", "!"],
        [None, -1, -2, -3, -4, -5, -6, -7],
    )
    tops = [None, *({token: value} for token, value in zip(tokens[1:], values[1:], strict=True))]
    tops[6] = {"5": -0.5, "4": -6}

    assert completions.read_echo(echo(tokens, values, tops=tops), " 4") == (-11.0, False, 2)
    tops[6] = {"4": -6}
    assert completions.read_echo(echo(tokens, values, tops=tops), " 4") == (-11.0, True, 2)


@pytest.mark.parametrize("generated", [0, 1])
def test_servers_that_list_no_generated_token_are_understood(generated):
    answer = echo(["a", " b", " c"], [None, -1.0, -2.0], generated=generated)

    assert completions.read_echo(answer, " c")[0] == -2.0


def test_a_server_that_ignores_echo_is_found_out():
    with pytest.raises(HttpFailure, match="did not echo"):
        completions.read_echo(echo([" a"], [-1.0]), " continuation")


@pytest.mark.parametrize(
    ("provider", "model", "omitted", "reasons"),
    [
        ("openai", "gpt-4o-2024-08-06", set(), False),
        ("openai", "gpt-3.5-turbo-0125", set(), False),
        ("openai", "gpt-5-chat-latest", set(), False),
        ("openai", "gpt-5-mini-2025-08-07", {"temperature", "top_p", "stop"}, True),
        ("openai", "gpt-5.4", {"temperature", "top_p", "stop"}, True),
        ("openai", "o3-2025-04-16", {"temperature", "top_p", "stop"}, True),
        ("openai", "ft:o4-mini:org", {"temperature", "top_p", "stop"}, True),
        ("anthropic", "claude-3-5-haiku-20241022", {"seed"}, False),
        ("anthropic", "claude-opus-4-20250514", {"seed"}, False),
        ("anthropic", "claude-sonnet-4-5-20250929", {"seed"}, False),
        ("anthropic", "claude-opus-4-6", {"seed"}, False),
        ("anthropic", "claude-opus-4-7", {"seed", "temperature", "top_p"}, False),
        ("anthropic", "claude-opus-5-5", {"seed", "temperature", "top_p"}, True),
        ("anthropic", "claude-sonnet-5", {"seed", "temperature", "top_p"}, True),
        ("gemini", "gemini-2.0-flash-001", set(), False),
        ("gemini", "gemini-2.5-flash", set(), True),
        ("gemini", "gemini-3-pro", set(), True),
        ("elsewhere", "gpt-5", set(), False),
    ],
)
def test_what_is_known_of_single_models(provider, model, omitted, reasons):
    rules = known_rules(provider, model)

    assert (rules.omit, rules.reasons) == (omitted, reasons)
    assert rules.length_field == ("max_completion_tokens" if provider == "openai" else "max_tokens")
