"""What is recorded about a hosted model, and what its user should know beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness.models.api.asking import Link
from harness.models.prices import table_version
from harness.models.spec import ModelSpec
from harness.models.transport import is_loopback
from harness.models.wires import anthropic, completions
from harness.records import ModelInfo

_DATED = {
    "openai": re.compile(r".*-\d{4}(?:-\d{2}-\d{2})?(?::.*)?"),
    # From 4.6 on a Claude's name without a date is a fixed snapshot too.
    "anthropic": re.compile(r".*-\d{8}|claude-[a-z]+-(?:4-(?:[6-9]|\d\d)|[5-9](?:-\d{1,2})?)"),
    "gemini": re.compile(r".*-(?:\d{3}|\d{2}-\d{2}|\d{2}-\d{4})"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a registry row or the server itself says of a model.

    `nameless`: its name is the server's own and says nothing of the weights behind it.
    """

    capabilities: tuple[str, ...]
    engine: str | None = None
    context: int | None = None
    nameless: bool = False


def is_undated(provider: str, api_id: str) -> bool:
    """Say whether the snapshot behind a provider's model name may change."""
    return _DATED[provider].fullmatch(api_id) is None


def _undated(spec: ModelSpec, provider: str, api_id: str) -> bool:
    """A row vouches for a server of its own; what a provider calls its models is known here."""
    stated = spec.entry is not None and spec.entry.undated
    return stated or (spec.url is None and is_undated(provider, api_id))


def model_info(spec: ModelSpec, link: Link, told: Told) -> ModelInfo:
    """Return everything that identifies the system that answers; never a key."""
    entry, rules = spec.entry, link.rules
    provider, api_id = str(spec.kind), rules.model
    settings = {
        "undated": told.nameless or _undated(spec, provider, api_id),
        "not_sent": sorted(rules.omit),
        "length_field": rules.length_field,
        "reasoning_room": rules.room,
    }
    if link.wire is anthropic:
        settings["api_version"] = anthropic.VERSION
    return ModelInfo(
        name=spec.name,
        backend=provider,
        interface="completion" if link.wire is completions else "chat",
        capabilities=tuple(sorted(told.capabilities)),
        snapshot=api_id,
        source=link.place.url,
        family=entry.family if entry else None,
        parameters=entry.parameters if entry else None,
        quantization=entry.quantization if entry else None,
        context=entry.context if entry else told.context,
        engine=told.engine,
        licence=entry.licence if entry else None,
        settings=settings,
    )


def notes(info: ModelInfo, link: Link, told: Told) -> Iterator[str]:
    """Yield what the user should know before the first request."""
    rules, url = link.rules, link.place.url
    if info.settings["undated"] and not told.nameless:
        yield (
            f"{info.snapshot} is an undated alias: the provider decides which snapshot answers; "
            "name a dated one for anything that is kept"
        )
    missing = sorted(rules.omit - {"seed"})
    if missing:
        yield f"{info.name} is asked without {', '.join(missing)}: the provider decides about that"
    if rules.reasons and not rules.room:
        yield (
            f"{info.name} thinks before it answers, which counts against the length of its reply; "
            "--reasoning-room N allows N tokens of it"
        )
    if link.price is None:
        yield (
            f"nobody knows what {info.name} costs ({table_version()} has no price of it): its "
            "cost is stored as unknown; --price INPUT,OUTPUT states it, in $ per million tokens"
        )
    insecure = urlsplit(url).scheme == "http" and not is_loopback(url)
    if insecure and link.place.key is not None:
        yield f"the key travels unencrypted to {url}"
