"""Exact log-likelihood of continuations, in as few round trips as the server allows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.models.llamacpp.asking import ALL_TOKENS, Asking, Probe, forcing
from harness.models.llamacpp.client import Completion, Token
from harness.models.llamacpp.prompt import Continuation, PromptError
from harness.models.transport import FailureKind, HttpFailure


class Loglikelihood:
    """One logprob request under way: what is known after each prefix of each continuation.

    The context stays in the slot's cache, so a round trip computes its own tokens only. The most
    probable tokens of every position come with each answer: continuations of one token (the
    letters of a question) mostly need a single round trip together.
    """

    def __init__(self, probe: Probe, context: list[int], asking: Asking) -> None:
        self._probe = probe
        self._context = context
        self._asking = asking
        self._known: dict[tuple[int, ...], dict[int, float]] = {}
        self._best: dict[tuple[int, ...], int] = {}
        self.completions: list[Completion] = []

    async def measure(self, continuations: Sequence[Continuation]) -> list[tuple[float, bool]]:
        """Return log-likelihood and whether every token was the most probable, for each."""
        # In token order, continuations that start alike follow each other and share their start.
        for continuation in sorted(continuations):
            await self._complete(continuation)
        return [self._result(continuation.tokens) for continuation in continuations]

    def _result(self, continuation: Sequence[int]) -> tuple[float, bool]:
        paths = [(tuple(continuation[:i]), token) for i, token in enumerate(continuation)]
        total = math.fsum(self._known[path][token] for path, token in paths)
        return total, all(self._best[path] == token for path, token in paths)

    def _known_length(self, continuation: Sequence[int]) -> int:
        for i, token in enumerate(continuation):
            if token not in self._known.get(tuple(continuation[:i]), {}):
                return i
        return len(continuation)

    def _learn(self, prefix: Sequence[int], tokens: Sequence[Token]) -> None:
        path = tuple(prefix)
        for token in tokens:
            here = self._known.setdefault(path, {})
            here.update({i: logprob for i, (_, logprob) in token.top.items()})
            here[token.id] = token.logprob
            self._best[path] = token.best_id
            path = (*path, token.id)

    async def _complete(self, continuation: Continuation) -> None:
        """Learn about every token: all at once where the server can, else one by one."""
        tokens = list(continuation.tokens)
        at = self._known_length(tokens)
        # llama.cpp aborts where a grammar's tokens end within a character or begin with NUL,
        # taking the server along.
        by_grammar = continuation.plain_ascii and not self._asking.stepwise
        if by_grammar and len(tokens) - at > 1:
            await self._force(tokens[:at], tokens[at:])
        while (at := self._known_length(tokens)) < len(tokens):
            if not await self._force(tokens[:at], [tokens[at]]):
                await self._look(tokens[:at], tokens[at])

    async def _force(self, prefix: list[int], tokens: list[int]) -> bool:
        """Make the model say `tokens` after `prefix`; False where that shows nothing."""
        body = self._asking.body(self._context + prefix, len(tokens)) | forcing(tokens)
        try:
            done = await self._probe.client.complete(body)
        except HttpFailure as failure:
            # Several tokens are given as a grammar over token ids, which older servers refuse.
            if failure.kind is not FailureKind.STATUS or len(tokens) == 1:
                raise
            return False
        self.completions.append(done)
        if [token.id for token in done.tokens] != tokens:
            return False
        self._learn(prefix, done.tokens)
        return True

    async def _look(self, prefix: list[int], token: int) -> None:
        """Read a token that ends within a character off the whole distribution."""
        prompt = self._context + prefix
        position = await self._probe.position(prompt, ALL_TOKENS, self._asking)
        if token not in position.top:
            raise PromptError("prompt", f"the server tells nothing about token {token}")
        self._learn(prefix, [position])
