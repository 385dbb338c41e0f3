"""What the tests of the local engine share: files, short ways to write requests."""

from __future__ import annotations

import os
from pathlib import Path

from harness.models.llamacpp.model import LlamaCppModel
from harness.models.llamacpp.options import EngineOptions
from harness.records import Decoding, Message, Request, RequestKind, Response
from shared_data import shared_folder


def stories(name: str = "stories260K-f32") -> str:
    folder = shared_folder()
    assert folder is not None
    return str(folder / f"data/hub/models/local/stories260K-gguf/{name}.gguf")


def ask(*contents: str, **settings) -> Request:
    """A generate request: the contents are user turns, or (role, content) where a tuple."""
    letters = settings.pop("letters", ())
    repeat = settings.pop("repeat", 0)
    defaults = {"max_tokens": 8, "stop": (), "temperature": 0.0, "top_p": 1.0, "seed": 0}
    messages = tuple(Message("user", c) if isinstance(c, str) else Message(*c) for c in contents)
    decoding = Decoding(**{**defaults, **settings})
    return Request(
        RequestKind.GENERATE, messages, decoding=decoding, letters=letters, repeat=repeat
    )


def score(context: str, *continuations: str) -> Request:
    message = Message("user", context)
    return Request(RequestKind.LOGPROB, (message,), continuations=continuations)


def answers(model: LlamaCppModel, *requests: Request, cold: bool = False) -> list[Response]:
    """The responses in the order of the requests; every one exactly once."""
    respond = model.respond_cold if cold else model.respond
    responses = list(respond(requests))
    by_key = {response.request_key: response for response in responses}
    assert len(responses) == len(requests) == len(by_key)
    return [by_key[request.key] for request in requests]


def opened(path: str | Path, **options) -> LlamaCppModel:
    options.setdefault("threads", 1)  # two that wait for each other on a busy machine crawl
    return LlamaCppModel.open(EngineOptions(path=str(path), **options))


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
