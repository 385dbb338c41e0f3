"""From a Request to token ids: the model's own template, one BOS, and text that stays text.

Everything is asked of llama.cpp's own tokenizer and template engine, which run in the child
process: a hostile template can hang or break the child, never this process.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.models.llamacpp.client import LlamaClient
from harness.models.transport import FailureKind, HttpFailure
from harness.records import Message, Request, RequestKind

_LONGEST_TOKEN = 32
_MOST_KEPT = 4_000_000
"""Token ids, 4 bytes each, kept between counting a prompt and sending it."""


class PromptError(Exception):
    """A request cannot be made into a prompt; `kind` is the error kind of its response."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class TemplateHangError(PromptError):
    """The chat template did not finish; the process that renders it has to be ended."""


@dataclass(frozen=True, slots=True)
class PromptRules:
    """How prompts are made. `control_texts` is None where the vocabulary cannot be read."""

    chat: bool
    control_texts: tuple[str, ...] | None
    template_seconds: float


@dataclass(frozen=True, slots=True, order=True)
class Continuation:
    """A text to be scored; `plain_ascii` says that each of its tokens is whole characters."""

    tokens: tuple[int, ...]
    plain_ascii: bool


class Prompts:
    """Makes the prompts of one model; `warnings` tells what its template did to messages."""

    def __init__(self, client: LlamaClient, rules: PromptRules) -> None:
        self._client = client
        self._rules = rules
        self._bos: list[int] = []
        self._controls: dict[int, bool] = {}
        self._warned: dict[str, str] = {}
        self._kept: dict[str, array[int]] = {}
        self._n_kept = 0
        self.start_text = ""
        self.plain_id = 0

    @property
    def warnings(self) -> list[str]:
        """What users should know, each said once."""
        return list(self._warned.values())

    async def prepare(self, start_text: str) -> None:
        """Learn what this model puts before every text.

        `start_text` is the token (as text) that stands for an empty context where nothing is;
        `plain_id` becomes a token that is a whole character.
        """
        bare = await self._client.tokenize("a")
        with_special = await self._client.tokenize("a", bos=True)
        # Only what comes before counts: some models also append an end token, wrong in a prompt.
        starts = range(len(with_special) - len(bare) + 1)
        at = next((i for i in starts if with_special[i : i + len(bare)] == bare), 0)
        self._bos = with_special[:at]
        self.start_text = start_text
        self.plain_id = bare[-1]

    async def count(self, request: Request) -> int:
        """Return how many tokens the prompt of `request` has, and keep them until it is sent."""
        ids = await self.tokens(request)
        if self._n_kept + len(ids) <= _MOST_KEPT:
            self._kept[request.key] = array("i", ids)
            self._n_kept += len(ids)
        return len(ids)

    async def tokens(self, request: Request) -> list[int]:
        """Return the token ids of the prompt of `request`."""
        kept = self._kept.pop(request.key, None)
        if kept is not None:
            self._n_kept -= len(kept)
            return kept.tolist()
        if not self._rules.chat or request.kind is RequestKind.LOGPROB:
            return self._with_bos(await self._client.tokenize(request.prompt))
        return self._with_bos(await self._chat_tokens(request.messages))

    async def continuations(self, request: Request) -> tuple[list[int], list[Continuation]]:
        """Return the context's token ids and each continuation, as lm-eval cuts them.

        White space at the end of the context belongs to the continuation, because tokens begin
        with their space; a continuation is what is left after the context's tokens.
        """
        context = request.prompt.rstrip()
        tail = request.prompt[len(context) :]
        ids = await self._client.tokenize(context) if context else []
        start = self._with_bos(ids) or await self._client.tokenize(self.start_text, special=True)
        continuations = []
        for text in request.continuations:
            whole = await self._client.tokenize(context + tail + text)
            near = context[-_LONGEST_TOKEN:] + tail + text
            plain = near.isascii() and "\0" not in near
            continuations.append(Continuation(tuple(whole[len(ids) :]), plain))
        return start, continuations

    async def dropped_roles(self, messages: Sequence[Message]) -> list[str]:
        """Return the roles of `messages` whose text the template loses; warn about them.

        A template that refuses a role (by raising) loses nothing silently: that is an error of
        each request that uses the role.
        """
        try:
            rendered = await self._render(messages)
        except TemplateHangError:
            raise
        except PromptError:
            return []
        self._check_present(messages, rendered)
        return list(dict.fromkeys(m.role for m in messages if m.content not in rendered))

    def _with_bos(self, ids: list[int]) -> list[int]:
        bos = self._bos
        while bos and ids[: len(bos)] == bos:  # the template wrote it (or wrote it twice)
            ids = ids[len(bos) :]
        return bos + ids

    async def _chat_tokens(self, messages: Sequence[Message]) -> list[int]:
        masked, restored = await self._mask(messages)
        rendered = await self._render(masked)
        self._check_present(masked, rendered)
        if not restored:
            return await self._client.tokenize(rendered, special=True)
        return await self._tokens_of_masked(rendered, restored)

    async def _render(self, messages: Sequence[Message]) -> str:
        try:
            return await self._client.render(messages, deadline=self._rules.template_seconds)
        except HttpFailure as failure:
            if failure.kind is FailureKind.TIMEOUT:
                raise TemplateHangError(
                    "template",
                    f"the chat template did not finish within {self._rules.template_seconds:g} s; "
                    "use the completion interface or a file with a repaired template",
                ) from failure
            if failure.kind is FailureKind.STATUS:
                raise PromptError(
                    "template", f"the chat template refused the messages: {failure.text[:300]}"
                ) from failure
            raise

    def _check_present(self, messages: Sequence[Message], rendered: str) -> None:
        for message in messages:
            if message.content.strip() not in rendered and message.role not in self._warned:
                self._warned[message.role] = (
                    f"the chat template drops or changes {message.role} messages: "
                    f"{message.content.strip()[:80]!r} is not in the rendered prompt"
                )

    # Text of control tokens inside messages is data. It is replaced by marks before the template
    # sees it, so that every control token of the rendered prompt is the template's own; then the
    # stretch of plain text around each mark is tokenized with the original text, as plain text.

    async def _mask(self, messages: Sequence[Message]) -> tuple[list[Message], dict[str, str]]:
        everything = "\n".join(message.content for message in messages)
        found = await self._controls_in(everything)
        if not found:
            return list(messages), {}
        prefix = _unused_prefix(everything)
        longest_first = sorted(found, key=len, reverse=True)
        pattern = re.compile("|".join(re.escape(text) for text in longest_first))
        marks = {text: f"{prefix}{i}z" for i, text in enumerate(longest_first)}
        masked = [
            replace(m, content=pattern.sub(lambda match: marks[match[0]], m.content))
            for m in messages
        ]
        return masked, {mark: text for text, mark in marks.items()}

    async def _controls_in(self, text: str) -> set[str]:
        if self._rules.control_texts is not None:
            return {control for control in self._rules.control_texts if control in text}
        found: set[str] = set()
        rest = text
        while new := await self._named_controls(rest):
            found |= new
            for control in new:
                rest = rest.replace(control, " ")
        return found

    async def _named_controls(self, text: str) -> set[str]:
        plain = set(await self._client.tokenize(text))
        pieces = {(i, piece) for i, piece in await self._client.pieces(text) if i not in plain}
        return {piece for i, piece in pieces if piece in text and await self._is_control(i, piece)}

    async def _is_control(self, token: int, piece: str) -> bool:
        if self._rules.control_texts is not None:
            return piece in self._rules.control_texts
        if token not in self._controls:
            named = await self._client.tokenize(piece, special=True)
            self._controls[token] = named == [token] != await self._client.tokenize(piece)
        return self._controls[token]

    async def _tokens_of_masked(self, rendered: str, restored: dict[str, str]) -> list[int]:
        ids: list[int] = []
        stretch: list[int] = []
        position = 0
        for token, piece in await self._client.pieces(rendered):
            if not await self._is_control(token, piece):
                stretch.append(token)
                continue
            at = rendered.index(piece, position)
            ids += await self._plain(rendered[position:at], stretch, restored)
            ids.append(token)
            stretch = []
            position = at + len(piece)
        return ids + await self._plain(rendered[position:], stretch, restored)

    async def _plain(self, text: str, ids: list[int], restored: dict[str, str]) -> list[int]:
        if not any(mark in text for mark in restored):
            return ids
        # Some control tokens swallow the white space beside them: find out which was swallowed.
        for stripped in dict.fromkeys((text, text.rstrip(), text.lstrip(), text.strip())):
            if await self._client.tokenize(stripped) == ids:
                for mark, original in restored.items():
                    stripped = stripped.replace(mark, original)  # noqa: PLW2901 - see the loop
                return await self._client.tokenize(stripped)
        raise PromptError(
            "prompt", f"control tokens in a message cannot be kept as text: {text[:120]!r}"
        )


def _unused_prefix(text: str) -> str:
    number = 0
    while f"qx{number}x" in text:
        number += 1
    return f"qx{number}x"
