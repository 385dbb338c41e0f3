"""The bodies of /completion: how a prompt is sent, sampled, or made to continue as given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.models.llamacpp.client import LlamaClient, Token
from harness.records import Decoding

TOP_TOKENS = 64
"""How many of the most probable tokens are asked for where letters or continuations are wanted."""

ALL_TOKENS = 10_000_000


@dataclass(frozen=True, slots=True)
class Asking:
    """How one request is sent: to which slot (None: the server chooses), with the cache or not.

    `stepwise` forces continuations token by token, never by a grammar.
    """

    slot: int | None
    cache: bool
    stepwise: bool = False

    def body(self, prompt: Sequence[int], n_predict: int) -> dict[str, Any]:
        """Return the fields that every /completion has."""
        body = {"prompt": list(prompt), "n_predict": n_predict, "cache_prompt": self.cache}
        return body if self.slot is None else {**body, "id_slot": self.slot}


def sampling(decoding: Decoding) -> dict[str, Any]:
    """Return the fields that sample as `decoding` says, and in no other way."""
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


def forcing(tokens: Sequence[int]) -> dict[str, Any]:
    """Return the fields that make the model say `tokens`.

    llama.cpp takes log-probabilities from the logits before any forcing, so they are exact.
    """
    body: dict[str, Any] = {"temperature": 0.0, "samplers": ["temperature"], "n_probs": TOP_TOKENS}
    if len(tokens) == 1:
        return {**body, "logit_bias": [[tokens[0], 1e6]]}
    return {**body, "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in tokens)}


@dataclass(frozen=True, slots=True)
class Probe:
    """Looks at what the model expects after a prompt, whatever it would say there.

    `plain_id` is a token that is a whole character: llama-server hides the probabilities of a
    token after which the text ends within a character, so a visible one is put in its place.
    """

    client: LlamaClient
    plain_id: int

    async def position(self, prompt: Sequence[int], n_top: int, asking: Asking) -> Token:
        """Return the `n_top` most probable tokens after `prompt`."""
        body = asking.body(prompt, 1) | forcing([self.plain_id]) | {"n_probs": n_top}
        return (await self.client.complete(body)).tokens[0]
