"""From an address to an ApiModel: where, with which key, under which rules, recorded how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from harness.errors import ModelError
from harness.models.api.asking import Link
from harness.models.api.batch import BatchModel
from harness.models.api.identity import Told, model_info, notes
from harness.models.api.keys import PROVIDERS, Place, provider_place, server_place
from harness.models.api.model import ApiModel
from harness.models.api.options import ApiOptions
from harness.models.api.probe import Found, look_at, offers_echo
from harness.models.prices import FREE, FlatPrice, Price, list_price
from harness.models.spec import ModelSpec
from harness.models.transport import is_loopback
from harness.models.wires import anthropic, completions, gemini, openai
from harness.models.wires.base import Wire
from harness.models.wires.batches import AnthropicBatches, BatchWire, OpenAIBatches
from harness.models.wires.rules import Rules, known_rules

_BATCHES: Mapping[str, BatchWire] = {"openai": OpenAIBatches(), "anthropic": AnthropicBatches()}
_WIRES: Mapping[str, Wire] = {"openai": openai, "anthropic": anthropic, "gemini": gemini}
_OLD_COMPLETIONS_TOP = 5
"""As many tokens as OpenAI's own completions tell."""

_LLAMA_TOP = 64
"""As many as the local engine asks for, so that the letters are the same."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server at an address, and what it says of itself."""

    place: Place
    found: Found


def find_server(spec: ModelSpec, options: ApiOptions) -> Server:
    """Ask the server of an address http://... what it is.

    Raises:
        ModelError: nobody answers there, or the key is refused.
    """
    options.check()
    place = server_place(str(spec.url), options.environment, options.key_env)
    speaks_openai = options.wire in {None, "openai"}
    return Server(place, look_at(place) if speaks_openai else Found())


def open_provider(
    spec: ModelSpec, options: ApiOptions, interface: str | None
) -> ApiModel | BatchModel:
    """Open a provider's model, or that of a registry row with an address of its own.

    Raises:
        ModelError: there is no key, or the options do not fit the provider.
    """
    options.check()
    provider, entry = str(spec.kind), spec.entry
    key_env = options.key_env or (entry.key_env if entry else None)
    if spec.url is None:
        place = provider_place(provider, options.environment, key_env, required=options.needs_key)
    else:
        place = server_place(spec.url, options.environment, key_env)
    rules = _with_wishes(known_rules(provider, str(spec.api_id)), spec, options)
    if place.url != PROVIDERS["openai"].url and not place.is_azure:
        rules = replace(rules, length_field="max_tokens")
    link = _link(spec, place, rules, options, interface)
    stated = entry.capabilities if entry and entry.capabilities else None
    return _opened(spec, link, Told(stated or _usual(provider, rules)), options)


def open_server(
    spec: ModelSpec, server: Server, options: ApiOptions, interface: str | None
) -> ApiModel | BatchModel:
    """Open a model of a server that speaks the protocol of `options.wire` (OpenAI's if None).

    Raises:
        ModelError: the address leaves open which model is meant, or the server does not answer.
    """
    wire, found, place = options.wire or "openai", server.found, server.place
    api_id = spec.api_id or _only_model(spec, found)
    name = spec.name if spec.api_id else PurePosixPath(api_id).name
    spec = replace(spec, kind=wire, api_id=api_id, name=name)
    rules = _with_wishes(Rules(api_id), spec, options)
    if found.llama_server:
        rules = replace(rules, top=_LLAMA_TOP)
    if wire != "openai":
        place = replace(place, url=place.url.removesuffix("/v1"))
    link = _link(spec, place, rules, options, interface)
    capabilities = _usual(wire, rules)
    if wire == "openai" and offers_echo(link):
        capabilities = (*capabilities, "logprob")
    engine = "llama-server" if found.llama_server else found.owner
    told = Told(capabilities, engine=engine, context=found.context, nameless=True)
    return _opened(spec, link, told, options)


def _opened(spec: ModelSpec, link: Link, told: Told, options: ApiOptions) -> ApiModel | BatchModel:
    price = _price(spec, link.place, told, options)
    link = replace(link, letters="letters" in told.capabilities, price=price)
    info = model_info(spec, link, told)
    said = list(notes(info, link, told))
    if not options.batch:
        return ApiModel(info, link, options, said)
    batches = _BATCHES.get(str(spec.kind))
    if batches is None or told.nameless or link.place.is_azure:
        raise ModelError(
            f"{info.name} cannot be asked by batches, only models of openai/ and anthropic/ can; "
            "leave out --batch"
        )
    # The likelihood of given text is asked in several calls that depend on each other.
    able = tuple(name for name in info.capabilities if name != "logprob")
    return BatchModel(replace(info, capabilities=able), link, options, batches, said)


def _price(spec: ModelSpec, place: Place, told: Told, options: ApiOptions) -> Price | None:
    if options.price is not None:
        return options.price
    if spec.entry is not None and spec.entry.price is not None:
        return FlatPrice(*spec.entry.price, source="registry")
    if told.engine == "llama-server" and is_loopback(place.url):
        return FREE
    # What a server of somebody's own charges, the name of a model there does not tell.
    provider = None if told.nameless else str(spec.kind)
    return list_price(provider, place.url, str(spec.api_id), batch=options.batch)


def _with_wishes(rules: Rules, spec: ModelSpec, options: ApiOptions) -> Rules:
    stated = spec.entry.omit if spec.entry else ()
    omit = rules.omit | set(stated) | set(options.omit)
    return replace(rules, omit=omit, room=options.reasoning_room)


def _link(
    spec: ModelSpec, place: Place, rules: Rules, options: ApiOptions, interface: str | None
) -> Link:
    interface = interface or spec.interface or "chat"
    if interface not in {"chat", "completion"}:
        raise ModelError(f"interface {interface!r} is unknown, expected 'chat' or 'completion'")
    wire = _WIRES[str(spec.kind)]
    if interface == "completion":
        if wire is not openai:
            raise ModelError(f"{spec.kind} offers no plain completions; leave out --interface")
        wire = completions
        if place.url == PROVIDERS["openai"].url:
            rules = replace(rules, top=_OLD_COMPLETIONS_TOP)
    version = options.environment.get("OPENAI_API_VERSION")
    # Azure's addresses of a deployment need the version; its newer ones (/openai/v1) do not.
    suffix = f"?api-version={version}" if version and "/deployments/" in place.url else ""
    return Link(place, wire, rules, letters=False, stream=options.stream, suffix=suffix)


def _usual(provider: str, rules: Rules) -> tuple[str, ...]:
    tells_letters = provider != "anthropic" and not rules.reasons
    return ("generate", "letters") if tells_letters else ("generate",)


def _only_model(spec: ModelSpec, found: Found) -> str:
    models = found.models or ()
    if len(models) == 1:
        return models[0]
    several = f"it offers {', '.join(models[:8])}" if models else "it lists none"
    raise ModelError(
        f"{spec.address} leaves open which model is meant ({several}); "
        f"say {spec.address.partition('#')[0]}#<name of the model>"
    )
