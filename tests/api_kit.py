"""What tests of hosted models share: models at a stub, impatient policies."""

from __future__ import annotations

import pytest

from api_stub import ApiStub
from engine_kit import answers, ask, score
from harness.models.api.options import ApiOptions
from harness.models.api.policy import Policy
from harness.models.open import OpenOptions, open_model

__all__ = ["PROVIDERS", "QUICK", "answers", "ask", "at", "every_provider", "first", "one", "score"]

PROVIDERS = [
    "openai/gpt-4o-2024-08-06",
    "anthropic/claude-3-haiku-20240307",
    "gemini/gemini-2.0-flash-001",
]
every_provider = pytest.mark.parametrize("address", PROVIDERS, ids=lambda a: a.partition("/")[0])
QUICK = Policy(deadline=2.0, first_wait=0.001, longest_wait=0.2, drain=1.0)


def at(stub: ApiStub, address: str = "openai/gpt-4o-2024-08-06", **options):
    """A model of a provider that is really the stub."""
    settings = {"environment": stub.environment(), "policy": QUICK, **options}
    return open_model(address, OpenOptions(api=ApiOptions(**settings)))


def first(fault, then="B", times=1):
    """Fail the first calls of every request, then answer."""
    return lambda asked: fault if asked.attempt <= times else then


def one(stub, *, requests=None, **options):
    with at(stub, **options) as model:
        (response,) = answers(model, *(requests or [ask("a question")]))
    return response
