"""From a Request to a Response over llama-server: generation, letters, log-likelihood."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from harness.models.llamacpp.client import Completion, LlamaClient, Token
from harness.models.llamacpp.prompt import PromptError, Prompts
from harness.models.transport import FailureKind, HttpFailure
from harness.records import Decoding, Request, RequestKind, Response

TOP_TOKENS = 64
"""How many of the most probable tokens are asked for where letters or continuations are wanted."""

_SPACES = " \u2581"


@dataclass(frozen=True, slots=True)
class Asking:
    """How one request is sent: to which slot (None: the server chooses), with the cache or not."""

    slot: int | None
    cache: bool

    def body(self, prompt: Sequence[int], n_predict: int) -> dict[str, Any]:
        """Return the fields that every /completion has."""
        body = {"prompt": list(prompt), "n_predict": n_predict, "cache_prompt": self.cache}
        return body if self.slot is None else {**body, "id_slot": self.slot}


@dataclass
class _Scoring:
    """One logprob request under way: what is known after each prefix of each continuation."""

    context: list[int]
    asking: Asking
    known: dict[tuple[int, ...], dict[int, float]] = field(default_factory=dict)
    best: dict[tuple[int, ...], int] = field(default_factory=dict)
    completions: list[Completion] = field(default_factory=list)

    def known_length(self, continuation: Sequence[int]) -> int:
        """Return how many leading tokens of `continuation` have their log-probability."""
        for i, token in enumerate(continuation):
            if token not in self.known.get(tuple(continuation[:i]), {}):
                return i
        return len(continuation)

    def learn(self, prefix: Sequence[int], tokens: Sequence[Token]) -> None:
        """Keep what one completion told about the positions after `prefix`."""
        path = tuple(prefix)
        for token in tokens:
            here = self.known.setdefault(path, {})
            here.update({i: logprob for i, (_, logprob) in token.top.items()})
            here[token.id] = token.logprob
            self.best[path] = token.best_id
            path = (*path, token.id)

    def result(self, continuation: Sequence[int]) -> tuple[float, bool]:
        """Return log-likelihood and whether every token was the most probable one."""
        paths = [(tuple(continuation[:i]), token) for i, token in enumerate(continuation)]
        total = math.fsum(self.known[path][token] for path, token in paths)
        return total, all(self.best[path] == token for path, token in paths)


class Answerer:
    """Asks one llama-server; every method returns a Response or raises HttpFailure.

    Only failures that say something about the server itself are raised (connection, hanging
    template); what concerns one request becomes a Response with `error_kind`.
    """

    def __init__(
        self, client: LlamaClient, prompts: Prompts, limit: int, peak: Callable[[], int | None]
    ) -> None:
        self._client = client
        self._prompts = prompts
        self._limit = limit
        self._peak = peak
        self._token_grammar = True

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
            answered_at=_now(),
            **facts,
        )

    async def size(self, request: Request) -> int:
        """Return the tokens `request` needs: prompt and answer."""
        if request.kind is RequestKind.LOGPROB:
            context, continuations = await self._prompts.continuations(request)
            return len(context) + max(map(len, continuations), default=0)
        return len(await self._prompts.tokens(request)) + _decoding(request).max_tokens

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
        body = asking.body(prompt, decoding.max_tokens) | _sampling(decoding)
        if request.letters:
            body["n_probs"] = TOP_TOKENS
        done = await self._client.complete(body)
        return {
            "text": done.text,
            "finish_reason": "length" if done.stop_type == "limit" else "stop",
            "letter_logprobs": _letters(request.letters, done.tokens),
            "prompt_tokens": len(prompt),
            "reused_tokens": done.reused,
            "output_tokens": done.n_tokens,
            "prefill_seconds": done.prompt_seconds,
            "decode_seconds": done.decode_seconds,
            # llama.cpp's prompt time ends when the first token is sampled.
            "first_token_seconds": done.prompt_seconds,
        }

    async def _score(self, request: Request, asking: Asking) -> dict[str, Any]:
        context, continuations = await self._prompts.continuations(request)
        self._check_fits(len(context), max(map(len, continuations), default=0))
        if not continuations or not all(continuations):
            raise PromptError(
                "prompt", "a logprob request needs continuations of one token or more"
            )
        scoring = _Scoring(context, asking)
        # In token order, continuations that start alike follow each other and share their start.
        for continuation in sorted(continuations):
            await self._complete_knowledge(scoring, continuation)
        results = [scoring.result(continuation) for continuation in continuations]
        first, *others = scoring.completions
        return {
            "logprobs": tuple(total for total, _ in results),
            "greedy": tuple(greedy for _, greedy in results),
            "prompt_tokens": len(context),
            "reused_tokens": first.reused,
            "output_tokens": sum(map(len, continuations)),
            "prefill_seconds": first.prompt_seconds,
            "decode_seconds": first.decode_seconds
            + math.fsum(c.prompt_seconds + c.decode_seconds for c in others),
            "first_token_seconds": first.prompt_seconds,
        }

    async def _complete_knowledge(self, scoring: _Scoring, continuation: list[int]) -> None:
        while (at := scoring.known_length(continuation)) < len(continuation):
            rest = continuation[at:] if self._token_grammar else continuation[at : at + 1]
            prompt = scoring.context + continuation[:at]
            done = await self._force(prompt, rest, scoring.asking)
            if done is not None:
                scoring.completions.append(done)
                scoring.learn(continuation[:at], done.tokens)

    async def _force(
        self, prompt: list[int], tokens: list[int], asking: Asking
    ) -> Completion | None:
        """Make the model say `tokens` after `prompt`; None where this server cannot (try one).

        llama.cpp takes log-probabilities from the logits before any forcing, so they are exact.
        """
        body = asking.body(prompt, len(tokens)) | _forcing(tokens)
        try:
            done = await self._client.complete(body)
        except HttpFailure as failure:
            if failure.kind is not FailureKind.STATUS or len(tokens) == 1:
                raise
            self._token_grammar = False
            return None
        if [token.id for token in done.tokens] == tokens:
            return done
        if len(tokens) == 1:
            raise PromptError("prompt", f"the model cannot be made to say token {tokens[0]}")
        self._token_grammar = False
        return None


def failed(request: Request, kind: str, message: str) -> Response:
    """Return the response that says that there is none."""
    return Response(
        request_key=request.key, error_kind=kind, error_message=message, answered_at=_now()
    )


def _decoding(request: Request) -> Decoding:
    if request.decoding is None:
        raise PromptError("prompt", "a generate request needs its decoding (max_tokens, ...)")
    return request.decoding


def _sampling(decoding: Decoding) -> dict[str, Any]:
    # Named samplers replace the server's defaults (top_k 40, min_p 0.05, ...), which move scores.
    common = {"stop": list(decoding.stop), "seed": decoding.seed}
    if decoding.temperature <= 0:
        return {**common, "temperature": 0.0, "samplers": ["temperature"]}
    return {
        **common,
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "samplers": ["top_p", "temperature"],
    }


def _forcing(tokens: Sequence[int]) -> dict[str, Any]:
    body: dict[str, Any] = {"temperature": 0.0, "samplers": ["temperature"], "n_probs": TOP_TOKENS}
    if len(tokens) == 1:
        return {**body, "logit_bias": [[tokens[0], 1e6]]}
    return {**body, "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in tokens)}


def _letters(letters: Sequence[str], tokens: Sequence[Token]) -> tuple[float | None, ...] | None:
    """Return the log-probability of each letter at the first position.

    It is the joint mass of all surface forms of the letter among the most probable tokens: those
    whose text, without leading spaces, equals it. None where no form is among them: its mass is
    then below that of the last of them.
    """
    if not letters:
        return None
    top = tokens[0].top if tokens else {}
    return tuple(_mass(letter, top) for letter in letters)


def _mass(letter: str, top: Mapping[int, tuple[str, float]]) -> float | None:
    forms = [logprob for text, logprob in top.values() if text.lstrip(_SPACES) == letter]
    if not forms:
        return None
    peak = max(forms)
    return peak + math.log(math.fsum(math.exp(form - peak) for form in forms))


def _request_failure(failure: HttpFailure) -> tuple[str, str]:
    if failure.status is not None and "exceed_context_size" in failure.text:
        return "context", failure.text
    return failure.kind.value, str(failure)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
