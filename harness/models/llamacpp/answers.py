"""From a Request to a Response over llama-server: generation, letters, log-likelihood."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from harness.models.letters import letter_logprobs
from harness.models.llamacpp.asking import TOP_TOKENS, Asking, Probe, sampling
from harness.models.llamacpp.client import Completion, LlamaClient
from harness.models.llamacpp.loglikelihood import Loglikelihood
from harness.models.llamacpp.prompt import Continuation, PromptError, Prompts
from harness.models.transport import FailureKind, HttpFailure
from harness.records import Decoding, Request, RequestKind, Response


class Answerer:
    """Asks one llama-server; every method returns a Response or raises HttpFailure.

    Only failures that say something about the server itself are raised (connection, hanging
    template); what concerns one request becomes a Response with `error_kind`. `cost_usd` is the
    price of a response, None where nobody knows.
    """

    def __init__(
        self,
        client: LlamaClient,
        prompts: Prompts,
        limit: int,
        peak: Callable[[], int | None],
        cost_usd: float | None,
    ) -> None:
        self._client = client
        self._prompts = prompts
        self._probe = Probe(client, prompts.plain_id)
        self._limit = limit
        self._peak = peak
        self._cost_usd = cost_usd

    async def answer(self, request: Request, asking: Asking) -> Response:
        """Return the response to `request`."""
        started = time.monotonic()
        try:
            if request.kind is RequestKind.LOGPROB:
                facts = await self._score(request, asking)
            else:
                facts = await self._generate(request, asking)
        except PromptError as error:
            if type(error) is not PromptError:
                raise
            return failed(request, error.kind, str(error))
        except HttpFailure as failure:
            if failure.kind is FailureKind.CONNECTION:
                raise
            return failed(request, *_request_failure(failure))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            return failed(request, "malformed", f"unexpected answer of llama-server: {error!r}")
        return Response(
            request_key=request.key,
            total_seconds=time.monotonic() - started,
            peak_memory_bytes=self._peak(),
            cost_usd=self._cost_usd,
            answered_at=_now(),
            **facts,
        )

    async def size(self, request: Request) -> int:
        """Return the tokens `request` needs: prompt and answer."""
        if request.kind is RequestKind.LOGPROB:
            context, continuations = await self._prompts.continuations(request)
            return len(context) + _longest(continuations)
        return await self._prompts.count(request) + _decoding(request).max_tokens

    def _check_fits(self, n_prompt: int, n_more: int) -> None:
        if n_prompt + n_more > self._limit:
            raise PromptError(
                "context",
                f"the prompt has {n_prompt:,} tokens and the answer may have {n_more:,}: "
                f"{n_prompt + n_more:,} together, the context holds {self._limit:,}; "
                "raise --context or shorten the prompt",
            )

    async def _generate(self, request: Request, asking: Asking) -> dict[str, Any]:
        decoding = _decoding(request)
        prompt = await self._prompts.tokens(request)
        self._check_fits(len(prompt), decoding.max_tokens)
        body = asking.body(prompt, decoding.max_tokens) | sampling(decoding)
        if request.letters:
            body |= {"n_probs": TOP_TOKENS, "return_tokens": True}
        done = await self._client.complete(body)
        return {
            "text": done.text,
            "finish_reason": "length" if done.stop_type == "limit" else "stop",
            **await self._letters(request.letters, prompt, done, asking),
            "prompt_tokens": len(prompt),
            "reused_tokens": done.reused,
            "output_tokens": done.n_tokens,
            "prefill_seconds": done.prompt_seconds,
            "decode_seconds": done.decode_seconds,
            # llama.cpp's prompt time ends when the first token is sampled.
            "first_token_seconds": done.prompt_seconds,
        }

    async def _letters(
        self, letters: Sequence[str], prompt: list[int], done: Completion, asking: Asking
    ) -> dict[str, Any]:
        """Return the log-probability of each letter at the first position, and their bound."""
        if not letters:
            return {}
        first = done.tokens[0] if done.tokens else None
        if first is None or first.id != done.first_id:  # it began within a character, or stopped
            first = await self._probe.position(prompt, TOP_TOKENS, asking)
        values, bound = letter_logprobs(letters, first.top.values())
        return {"letter_logprobs": values, "letter_bound": bound}

    async def _score(self, request: Request, asking: Asking) -> dict[str, Any]:
        context, continuations = await self._prompts.continuations(request)
        self._check_fits(len(context), _longest(continuations))
        if not continuations or not all(c.tokens for c in continuations):
            raise PromptError("prompt", "a logprob request needs continuations of a token or more")
        measured = Loglikelihood(self._probe, context, asking)
        results = await measured.measure(continuations)
        first, *others = measured.completions
        return {
            "logprobs": tuple(total for total, _ in results),
            "greedy": tuple(greedy for _, greedy in results),
            "prompt_tokens": len(context),
            "reused_tokens": first.reused,
            "output_tokens": sum(len(c.tokens) for c in continuations),
            "prefill_seconds": first.prompt_seconds,
            "decode_seconds": first.decode_seconds
            + math.fsum(c.prompt_seconds + c.decode_seconds for c in others),
            "first_token_seconds": first.prompt_seconds,
        }


def failed(request: Request, kind: str, message: str) -> Response:
    """Return the response that says that there is none."""
    return Response(
        request_key=request.key, error_kind=kind, error_message=message, answered_at=_now()
    )


def _longest(continuations: Sequence[Continuation]) -> int:
    return max((len(continuation.tokens) for continuation in continuations), default=0)


def _decoding(request: Request) -> Decoding:
    if request.decoding is None:
        raise PromptError("prompt", "a generate request needs its decoding (max_tokens, ...)")
    return request.decoding


def _request_failure(failure: HttpFailure) -> tuple[str, str]:
    if failure.status is not None and "exceed_context_size" in failure.text:
        return "context", failure.text
    return failure.kind.value, str(failure)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
