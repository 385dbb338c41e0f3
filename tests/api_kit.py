"""What tests of hosted models share: models at a stub, impatient policies."""

from __future__ import annotations

from api_stub import ApiStub
from engine_kit import answers, ask, score
from harness.models.api.options import ApiOptions
from harness.models.api.policy import Policy
from harness.models.open import OpenOptions, open_model

__all__ = ["QUICK", "answers", "ask", "at", "score"]

QUICK = Policy(deadline=2.0, first_wait=0.001, longest_wait=0.2, drain=1.0)


def at(stub: ApiStub, address: str = "openai/gpt-4o-2024-08-06", **options):
    """A model of a provider that is really the stub."""
    settings = {"environment": stub.environment(), "policy": QUICK, **options}
    return open_model(address, OpenOptions(api=ApiOptions(**settings)))
