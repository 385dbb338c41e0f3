"""Plain completions as OpenAI defined them: text without a template, and likelihoods of given text.

Log-likelihood rests on `echo`: the server repeats the prompt with the log-probability of each
of its tokens. vLLM and llama-cpp-python do; llama-server and OpenAI's chat models do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.models.wires import openai
from harness.models.wires.base import Call, Reply, finish, malformed, refuse_error
from harness.models.wires.rules import Rules
from harness.records import Request

headers = openai.headers


def call(request: Request, rules: Rules, *, letters: bool, stream: bool) -> Call:
    """Return the completion that continues the plain text of `request`."""
    body = openai.common(request, rules, stream=stream) | {"prompt": request.prompt}
    if letters:
        body["logprobs"] = rules.top
    return Call("/completions", body)


def read(answer: Any) -> Reply:
    """Return what a completion says."""
    refuse_error(answer)
    choice = answer["choices"][0]
    reason = finish(choice["finish_reason"], openai.FINISHES)
    if choice["text"] is None:
        raise malformed("the answer has no text")
    return Reply(
        choice["text"],
        reason,
        **openai.usage(answer),
        first=_first(choice.get("logprobs")),
        model_version=answer.get("model"),
        system_fingerprint=answer.get("system_fingerprint"),
    )


def _first(logprobs: Mapping[str, Any] | None) -> tuple[tuple[str, float], ...] | None:
    """Read the first position in OpenAI's old form, or in that of chat (llama-server)."""
    if not logprobs:
        return None
    if logprobs.get("content"):
        return openai.first_position(logprobs["content"][0])
    tops = logprobs.get("top_logprobs")
    return tuple((text, float(p)) for text, p in tops[0].items()) if tops and tops[0] else None


def whole(events: Sequence[Any]) -> dict[str, Any]:
    """Return the completion that the chunks of a stream amount to."""
    chat = openai.whole([{**event, "choices": _as_chat(event)} for event in events])
    choice = chat["choices"][0]
    return chat | {"choices": [choice | {"text": choice["message"]["content"]}]}


def says(event: Any) -> bool:
    """Say whether a chunk brings visible text."""
    choices = event.get("choices")
    return bool(choices and choices[0].get("text"))


def _as_chat(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    choices = event.get("choices") or ()
    return [{**choice, "delta": {"content": choice.get("text")}} for choice in choices]


def echo_call(text: str, rules: Rules) -> Call:
    """Return the completion that repeats `text` with the log-probability of each token."""
    # One token is generated because some servers refuse to generate none.
    body = {"model": rules.model, "prompt": text, "max_tokens": 1, "temperature": 0.0}
    return Call("/completions", body | {"echo": True, "logprobs": 1})


def read_echo(answer: Any, continuation: str) -> tuple[float, bool, int]:
    """Return the log-likelihood of the text's end, whether it is greedy, and its tokens.

    The tokens of `continuation` are the last ones of the echoed text that together hold it; a
    token that also holds the end of the context counts whole, as everywhere in the project.
    """
    refuse_error(answer)
    told = answer["choices"][0]["logprobs"]
    tokens, values = told["tokens"], told["token_logprobs"]
    end = _end_of_echo(answer, tokens, continuation)
    start, held = end, ""
    while len(held) < len(continuation):
        start -= 1
        held = tokens[start] + held
    total = sum(float(value) for value in values[start:end])
    tops = told.get("top_logprobs") or [None] * end
    greedy = all(
        value >= max((top or {}).values(), default=value)
        for value, top in zip(values[start:end], tops[start:end], strict=True)
    )
    return total, greedy, end - start


def _end_of_echo(answer: Any, tokens: Sequence[str], continuation: str) -> int:
    """Return how many tokens are not generated ones: servers differ in whether they list those."""
    generated = bool((answer.get("usage") or {}).get("completion_tokens", 1))
    for extra in (int(generated), int(not generated)):
        end = len(tokens) - extra
        if "".join(tokens[max(0, end - len(continuation)) : end]).endswith(continuation):
            return end
    raise malformed("the server did not echo the text that was sent")
