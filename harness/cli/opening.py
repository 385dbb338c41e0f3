"""The options that say how a model is opened: declared once, taken by every command that does."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.output import say

if TYPE_CHECKING:
    from harness.models.api.options import ApiOptions
    from harness.models.llamacpp.options import EngineOptions
    from harness.models.open import OpenOptions


@dataclass(frozen=True)
class Opening:
    """How a model is to be opened, as it was typed."""

    context: options.Context = None
    slots: options.Slots = 1
    threads: options.Threads = None
    interface: options.Interface = None
    kv_type: options.KvType = None
    flash_attention: options.FlashAttention = None
    llama_server: options.LlamaServer = None
    concurrency: options.Concurrency = 16
    env_file: options.EnvFile = None
    key_env: options.KeyEnv = None
    api: options.Api = None
    stream: options.Stream = False
    timeout: options.Timeout = 600.0
    reasoning_room: options.ReasoningRoom = 0
    omit: options.Omit = None
    batch: options.Batch = False
    price: options.Price = None
    registry: options.Registry = None
    accept_changed_weights: options.AcceptChanged = False

    def options(self, *, needs_key: bool = True) -> OpenOptions:
        """Turn what was typed into options; without `needs_key` nothing is going to be asked.

        Raises:
            UsageError: the price or the file of keys cannot be read.
        """
        from harness.models.open import OpenOptions

        return OpenOptions(
            self._engine(),
            self._hosted(needs_key=needs_key),
            self.registry,
            self.accept_changed_weights,
            note=say,
        )

    def _engine(self) -> EngineOptions:
        from harness.models.llamacpp.options import EngineOptions

        return EngineOptions(
            llama_server=self.llama_server,
            interface=self.interface,
            context=self.context,
            slots=self.slots,
            threads=self.threads,
            kv_type_k=self.kv_type,
            kv_type_v=self.kv_type,
            flash_attention=self.flash_attention,
        )

    def _hosted(self, *, needs_key: bool) -> ApiOptions:
        from harness.models.api.keys import with_file
        from harness.models.api.options import ApiOptions
        from harness.models.api.policy import Policy
        from harness.models.prices import stated_price

        return ApiOptions(
            wire=self.api,
            concurrency=self.concurrency,
            stream=self.stream,
            environment=with_file(self.env_file),
            key_env=self.key_env,
            omit=tuple(self.omit or ()),
            reasoning_room=self.reasoning_room,
            price=stated_price(self.price) if self.price else None,
            needs_key=needs_key,
            batch=self.batch,
            policy=Policy(deadline=self.timeout),
        )


UNSAID = Opening()


def opens_models(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of `Opening`, but for some, in the place of its `opening`."""
    offered = [
        parameter
        for name, parameter in inspect.signature(Opening, eval_str=True).parameters.items()
        if name not in without
    ]

    def dressed(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())
        place = [parameter.name for parameter in own].index("opening")

        @functools.wraps(command)
        def typed(**given: Any) -> None:
            chosen = {parameter.name: given.pop(parameter.name) for parameter in offered}
            command(**given, opening=Opening(**chosen))

        typed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [*own[:place], *offered, *own[place + 1 :]]
        )
        return typed

    return dressed
