"""What single models take differently, known before the first request and recorded with the run.

The rules go by the model's name, because a parameter that a provider refuses fails every request,
and one that it ignores would be a silent change of the protocol:

- OpenAI's reasoning models (o1, o3, ..., gpt-5 and later, not the -chat ones) refuse temperature,
  top_p, stop and log-probabilities;
- Claude from Opus 4.7 on refuses temperature and top_p; no Claude takes a seed;
- OpenAI itself wants `max_completion_tokens` where everybody else knows `max_tokens`;
- reasoning models, Claude from 5 on and Gemini from 2.5 on think before they speak, and their
  thinking counts against the length of the reply.

What is wrong or missing here a registry row or `--omit` sets right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_OPENAI_REASONS = re.compile(r"(?:ft:)?(?:o\d|codex|gpt-(?:[6-9]|5(?!.*-chat)))")
_CLAUDE_SAMPLES = re.compile(
    r"claude-(?:\d|instant|(?:opus|sonnet|haiku)-4(?:-[0-6])?(?:-\d{8}|-latest)?$)"
)
_CLAUDE_REASONS = re.compile(r"claude-[a-z]+-(?:[5-9]|\d\d)(?!\d)")
_GEMINI_REASONS = re.compile(r"gemini-(?:2\.5|[3-9])")

OMITTABLE = ("temperature", "top_p", "stop", "seed")
"""Fields of the decoding that can be left to the provider."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How requests to one model are written.

    `model` is the id that is sent; `omit` names fields of the decoding that are not; `room` is
    tokens of thinking allowed beyond the protocol's max_tokens; `top` is how many of the most
    probable tokens are asked for where letters are wanted.
    """

    model: str
    length_field: str = "max_tokens"
    omit: frozenset[str] = field(default_factory=frozenset)
    reasons: bool = False
    room: int = 0
    top: int = 20


def known_rules(provider: str, model: str) -> Rules:
    """Return what is known of a model by its provider ("openai", ...) and name."""
    if provider == "openai":
        reasons = _OPENAI_REASONS.match(model) is not None
        omit = {"temperature", "top_p", "stop"} if reasons else set()
        return Rules(model, "max_completion_tokens", frozenset(omit), reasons)
    if provider == "anthropic":
        samples = _CLAUDE_SAMPLES.match(model) is not None
        omit = {"seed"} if samples else {"seed", "temperature", "top_p"}
        reasons = _CLAUDE_REASONS.match(model) is not None
        return Rules(model, omit=frozenset(omit), reasons=reasons)
    if provider == "gemini":
        return Rules(model, reasons=_GEMINI_REASONS.match(model) is not None)
    return Rules(model)
