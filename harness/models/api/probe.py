"""What answers at an address: a llama-server, or another server that speaks OpenAI's protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from harness.errors import ModelError
from harness.models.api.asking import Link
from harness.models.api.faults import Advice, understand
from harness.models.api.keys import Place
from harness.models.api.model import client_headers
from harness.models.loop import run_apart
from harness.models.transport import FailureKind, HttpClient, HttpFailure
from harness.models.wires import completions, openai

_SECONDS = 30.0
_TRIES = 4
_WAIT = 0.5
_ECHOED = "one two three"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """What a server says of itself; `models` are the ids it offers, None where it has no list."""

    llama_server: bool = False
    models: tuple[str, ...] | None = None
    owner: str | None = None
    context: int | None = None


def look_at(place: Place) -> Found:
    """Ask a server what it is and what it offers.

    Raises:
        ModelError: nobody answers there, or the key is refused.
    """
    # llama-server's own endpoints lie beside /v1, not below it.
    root = place.url.removesuffix("/v1")

    async def look(client: HttpClient) -> Found:
        props = await _offered(lambda: client.get_json("/props", deadline=_SECONDS))
        path = place.url[len(root) :] + "/models"
        listed = await _offered(lambda: client.get_json(path, deadline=_SECONDS))
        return _found(props, listed)

    return _with_client(Place(root, place.key), look)


def offers_echo(link: Link) -> bool:
    """Say whether a server gives log-likelihoods of a text that it is sent.

    Raises:
        ModelError: it does not answer.
    """
    call = completions.echo_call(_ECHOED, link.rules)

    async def ask(client: HttpClient) -> bool:
        path = call.path + link.suffix
        answer = await _offered(lambda: client.post_json(path, call.body, deadline=_SECONDS))
        return answer is not None and _is_echo(answer)

    return _with_client(link.place, ask)


def _found(props: Any, listed: Any) -> Found:
    rows = listed.get("data") if isinstance(listed, dict) else None
    rows = rows if isinstance(rows, list) else []
    models = [row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str)]
    first = models[0] if models else {}
    owner, context = first.get("owned_by"), first.get("max_model_len")
    return Found(
        llama_server=isinstance(props, dict) and "default_generation_settings" in props,
        models=None if listed is None else tuple(row["id"] for row in models),
        owner=owner if isinstance(owner, str) else None,
        context=context if isinstance(context, int) else None,
    )


def _is_echo(answer: Any) -> bool:
    try:
        completions.read_echo(answer, _ECHOED.rpartition(" ")[2])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, HttpFailure):
        return False
    return True


def _with_client(place: Place, use: Callable[[HttpClient], Awaitable[T]]) -> T:
    async def work() -> T:
        headers = client_headers(place, openai)
        client = HttpClient(place.url, headers=headers, secrets=place.secrets)
        try:
            return await use(client)
        finally:
            await client.close()

    try:
        return run_apart(work())
    except HttpFailure as failure:
        raise ModelError(
            f"{place.url} cannot be used: {understand(failure).words}; check the address and the "
            "key, and that the server runs"
        ) from failure


async def _offered(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Return an answer, None where the server has none to give; raise HttpFailure for an outage."""
    for left in reversed(range(_TRIES)):
        try:
            return await ask()
        except HttpFailure as failure:
            if not _is_outage(failure):
                return None
            if left == 0 or understand(failure).advice is Advice.WRONG_KEY:
                raise
        await asyncio.sleep(_WAIT)
    return None


def _is_outage(failure: HttpFailure) -> bool:
    """Say whether a failure leaves open what the server offers."""
    if failure.kind is FailureKind.STATUS:
        # A plain 500 is how several servers refuse what they do not know.
        return failure.status in {401, 403, 408, 429, 502, 503, 504, 529}
    return failure.kind is not FailureKind.MALFORMED
