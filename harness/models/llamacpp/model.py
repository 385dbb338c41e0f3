"""`LlamaCppModel`: a GGUF file, or a running llama-server, behind the Model seam."""

from __future__ import annotations

import asyncio
import queue
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from harness.errors import ModelError
from harness.models.base import Misfit
from harness.models.llamacpp.answers import Answerer
from harness.models.llamacpp.client import LlamaClient
from harness.models.llamacpp.cores import usable_cores
from harness.models.llamacpp.facts import Observed, choose_interface, model_info, template_of
from harness.models.llamacpp.gguf_file import GgufFacts, inspect_gguf
from harness.models.llamacpp.memory import check_memory
from harness.models.llamacpp.options import (
    BINARY_VARIABLE,
    KV_BYTES,
    SMALLEST_CONTEXT,
    EngineOptions,
)
from harness.models.llamacpp.prompt import (
    PromptError,
    PromptRules,
    Prompts,
    TemplateHangError,
)
from harness.models.llamacpp.schedule import Engine, Schedule
from harness.models.llamacpp.server import (
    ChildServer,
    Launch,
    RemoteServer,
    Server,
    start_seconds,
)
from harness.models.llamacpp.settle import largest_context, settle
from harness.models.loop import LoopThread
from harness.models.transport import HttpFailure, is_loopback
from harness.records import Message, ModelInfo, Request, Response

_AT_ONCE = 16
_TEMPLATE_BYTES = 1_024
_TURN_BYTES = 64


class LlamaCppModel:
    """A local model; `open` starts it, `close` ends it. See EngineOptions for the choices.

    Its child process is restarted when it dies; a request under which it dies twice gets a
    response with error kind "crash". `respond` raises ModelError only where that does not help.
    """

    def __init__(self, options: EngineOptions) -> None:
        _check_options(options)
        self._asked_context = options.context
        self._file = None if options.path is None else inspect_gguf(options.path)
        self._options = options = options if self._file is None else settle(options, self._file)
        self._threads = None if options.path is None else _threads(options)
        self._server = _make_server(options, self._file, self._threads)
        self._client = LlamaClient(seconds=options.request_seconds)
        self._loop = LoopThread()
        self._draining = False
        try:
            self._loop.run(self._start())
        except BaseException:
            self.close()
            raise

    @classmethod
    def open(cls, options: EngineOptions) -> LlamaCppModel:
        """Check the file, start the engine and return the model; raise ModelError if it cannot."""
        return cls(options)

    @property
    def info(self) -> ModelInfo:
        """Which system this is."""
        return self._info

    @property
    def warnings(self) -> list[str]:
        """What the user should know about this model's template and context, each once."""
        return [*self._notes, *self._prompts.warnings]

    def respond(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield one response for each request, prefix neighbours one after the other."""
        return self._stream(requests, cache=True)

    def respond_cold(self, requests: Sequence[Request]) -> Iterator[Response]:
        """As `respond`, but compute every prompt from its first token: the check of the cache."""
        return self._stream(requests, cache=False)

    def preflight(self, requests: Sequence[Request]) -> list[Misfit]:
        """Return the requests that do not fit the context; nothing is sent to the model."""
        return self._loop.run(self._misfits(requests))

    def count_tokens(self, requests: Sequence[Request]) -> list[int]:
        """Return the tokens of each request's prompt; 0 where it gets an error when asked."""
        return self._loop.run(self._counted(requests))

    def drain(self) -> None:
        """Send nothing more; `respond` ends once what is in flight came back. Signal-safe.

        It is for good: a pass that begins later ends at once.
        """
        self._draining = True

    def close(self) -> None:
        """End the child process and the connections; safe to call twice."""
        self._loop.finish(self._client.close())
        self._server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _stream(self, requests: Sequence[Request], *, cache: bool) -> Iterator[Response]:
        # The loop runs in its own thread: a consumer that takes its time delays no answer.
        arrived: queue.SimpleQueue[Response | None] = queue.SimpleQueue()
        schedule = Schedule(self._engine, emit=arrived.put, draining=lambda: self._draining)
        work = self._loop.submit(schedule.run(requests, self._options.slots, cache=cache))
        work.add_done_callback(lambda _: arrived.put(None))
        try:
            while (response := arrived.get()) is not None:
                yield response
            work.result()
        finally:
            work.cancel()

    async def _start(self) -> None:
        await asyncio.to_thread(self._server.start)
        await self._client.connect(self._server.address, self._server.key)
        try:
            await self._get_to_know()
        except (HttpFailure, PromptError) as failure:
            raise ModelError(
                f"{self._subject} cannot be used: {failure}{self._advice}"
            ) from failure

    async def _get_to_know(self) -> None:
        props = await self._client.props()
        template = template_of(self._file, props)
        interface = choose_interface(self._options.interface, template, self._subject)
        rules = PromptRules(
            chat=interface == "chat",
            control_texts=self._file.control_texts if self._file else None,
            template_seconds=self._options.template_seconds,
        )
        self._prompts = Prompts(self._client, rules)
        await self._prompts.prepare(str(props.get("eos_token", "")))
        drops = await _dropped_roles(self._prompts) if rules.chat else []
        observed = Observed(props, await self._client.model_meta(), drops)
        self._info = model_info(
            self._options,
            self._file,
            self._server,
            observed,
            interface=interface,
            threads=self._threads,
        )
        self._notes = _context_notes(self._asked_context, self._info)
        if rules.chat and not observed.system_role:
            self._notes.append(
                "the chat template has no place for system messages: llama.cpp puts their text "
                "in front of the first user message"
            )
        url = self._options.url
        answerer = Answerer(
            self._client,
            self._prompts,
            observed.context,
            self._server.peak_memory_bytes,
            0.0 if url is None or is_loopback(url) else None,
        )
        self._engine = Engine(self._server, self._client, answerer)

    async def _counted(self, requests: Sequence[Request]) -> list[int]:
        counts = []
        for batch in _batches(requests, _AT_ONCE):
            sizes = await asyncio.gather(*(self._size(request) for request in batch))
            pairs = zip(batch, sizes, strict=True)
            counts += [
                max(0, size - (request.decoding.max_tokens if request.decoding else 0))
                for request, size in pairs
            ]
        return counts

    async def _misfits(self, requests: Sequence[Request]) -> list[Misfit]:
        limit = self._info.context or 0
        misfits = []
        doubtful = [request for request in requests if _most_tokens(request) > limit]
        for batch in _batches(doubtful, _AT_ONCE):
            sizes = await asyncio.gather(*(self._size(request) for request in batch))
            pairs = zip(batch, sizes, strict=True)
            misfits += [Misfit(r.key, tokens, limit) for r, tokens in pairs if tokens > limit]
        return misfits

    async def _size(self, request: Request) -> int:
        """Return the tokens `request` needs; 0 where it gets an error of its own when asked."""
        try:
            return await self._engine.answerer.size(request)
        except TemplateHangError as error:
            # Its thread would compute on beside every answer: no way but to end the process.
            raise ModelError(f"{self._subject}: {error}") from error
        except PromptError:
            return 0

    @property
    def _advice(self) -> str:
        if self._options.url is None:
            return ""
        return (
            "; a llama-server is expected there: check the address, or start one with "
            "`llama-server -m model.gguf --port 8080`"
        )

    @property
    def _subject(self) -> str:
        return str(self._options.path or self._options.url)


def _most_tokens(request: Request) -> int:
    """Bound the tokens of a request without a tokenizer: none stands for less than a byte.

    What a chat template adds is guessed generously; the exact check is made when asking.
    """
    shown = len(request.prompt.encode("utf-8", "replace"))
    more = max((len(text.encode("utf-8", "replace")) for text in request.continuations), default=0)
    answer = request.decoding.max_tokens if request.decoding else more
    return shown + answer + _TEMPLATE_BYTES + _TURN_BYTES * len(request.messages)


def _batches(requests: Sequence[Request], size: int) -> Iterator[Sequence[Request]]:
    return (requests[start : start + size] for start in range(0, len(requests), size))


def _check_options(options: EngineOptions) -> None:
    binary = options.binary
    if binary is not None and shutil.which(binary) is None:
        raise ModelError(
            f"llama-server {binary!r}: no such program; check --llama-server or {BINARY_VARIABLE}"
        )
    if (options.path is None) == (options.url is None):
        raise ModelError("a local model needs either the path of a .gguf file or a server's URL")
    for name in ("slots", "context", "threads"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ModelError(f"{name} is {value}, expected 1 or more")
    for kind in (options.kv_type_k, options.kv_type_v):
        if kind is not None and kind not in KV_BYTES:
            raise ModelError(f"KV type {kind!r} is unknown, expected one of {', '.join(KV_BYTES)}")
    if options.flash_attention not in {None, "auto", "on", "off"}:
        raise ModelError(
            f"flash_attention is {options.flash_attention!r}, expected 'auto', 'on' or 'off'"
        )


def _threads(options: EngineOptions) -> int:
    cores = usable_cores()
    return min(options.threads or cores, cores)


def _make_server(options: EngineOptions, file: GgufFacts | None, threads: int | None) -> Server:
    if file is None or threads is None:
        return RemoteServer(str(options.url), options.api_key)
    context = options.context or SMALLEST_CONTEXT
    check_memory(file, options, context)
    return ChildServer(
        Launch(
            path=str(Path(file.path).resolve()),
            binary=options.binary and shutil.which(options.binary),
            context=context,
            slots=options.slots,
            threads=threads,
            kv_type_k=options.kv_type_k or "f16",
            kv_type_v=options.kv_type_v or "f16",
            flash_attention=options.flash_attention or "auto",
            # llama.cpp runs a file's template at its start; one that is not wanted must not.
            template="chatml" if options.interface == "completion" else None,
            start_seconds=options.start_seconds or start_seconds(file.file_bytes),
        )
    )


async def _dropped_roles(prompts: Prompts) -> list[str]:
    """Return the roles whose messages the template loses, found with a small conversation."""
    roles = ("system", "user", "assistant", "user")
    return await prompts.dropped_roles([Message(r, f"q{r}{i}q") for i, r in enumerate(roles)])


def _context_notes(asked: int | None, info: ModelInfo) -> list[str]:
    got, trained = info.context, info.trained_context
    notes = []
    if asked is None and got and trained and got < largest_context(trained):
        notes.append(f"memory allows {got:,} tokens of context; --context N insists on another")
    if asked and trained and asked > trained:
        notes.append(f"the context asked for ({asked:,} tokens) is above the trained {trained:,}")
    if asked and got and got < asked:
        notes.append(f"the engine gives {got:,} tokens of context, not the {asked:,} asked for")
    return notes
