"""What the user may choose about asking hosted models."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from harness.errors import ModelError
from harness.models.api.policy import Policy
from harness.models.prices import FlatPrice
from harness.models.wires.rules import OMITTABLE

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

WireName = Literal["openai", "anthropic", "gemini"]


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """How a hosted model is asked.

    `wire` insists on a wire format for an address http://..., so that even a llama-server is
    asked as an API. `concurrency` is the most requests in flight; `stream` asks for streams,
    which tell the time to the first token. Keys come from `environment`, from the variable
    `key_env` where that is given. `omit` names fields of the decoding that are left to the
    provider, `reasoning_room` is tokens of thinking allowed beyond a task's max_tokens: both may
    move answers and are recorded with the model. `price` is what the user says that it charges.
    Without `needs_key` a model is opened that nothing can be asked. `batch` asks by batches.
    """

    wire: WireName | None = None
    concurrency: int = 16
    stream: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    key_env: str | None = None
    omit: tuple[str, ...] = ()
    reasoning_room: int = 0
    price: FlatPrice | None = None
    needs_key: bool = True
    batch: bool = False
    policy: Policy = field(default_factory=Policy)

    def check(self) -> None:
        """Raise ModelError for a choice that cannot be meant."""
        if self.wire not in {None, *get_args(WireName)}:
            known = ", ".join(get_args(WireName))
            raise ModelError(f"api {self.wire!r} is unknown, expected one of {known}")
        for name in self.omit:
            if name not in OMITTABLE:
                raise ModelError(f"{name!r} cannot be omitted, only {', '.join(OMITTABLE)}")
        if self.key_env is not None and not _VARIABLE.fullmatch(self.key_env):
            # It may be the key itself, so it is not shown.
            raise ModelError("--key-env takes the name of the variable that holds the key")
        if self.concurrency < 1:
            raise ModelError(f"concurrency is {self.concurrency}, expected 1 or more")
        if self.batch and self.stream:
            raise ModelError("a batch cannot be streamed; leave out --stream or --batch")
        if self.reasoning_room < 0:
            raise ModelError(f"reasoning_room is {self.reasoning_room}, expected 0 or more")
