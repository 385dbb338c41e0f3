"""From a Request to token ids by the tokenizer's own rules and chat template."""

from __future__ import annotations

from typing import Any

from harness.records import Request


class UnfitError(Exception):
    """A request cannot be asked; `kind` is the error kind of its response."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Prompts:
    """Makes the prompts of one model. transformers renders templates in a Jinja sandbox."""

    def __init__(self, tokenizer: Any, chat: bool) -> None:
        self._tokenizer = tokenizer
        self.chat = chat

    @property
    def template(self) -> str | None:
        """The chat template, None where there is none."""
        return self._tokenizer.chat_template or None

    def prompt(self, request: Request) -> list[int]:
        """Return the token ids of a generate request's prompt.

        Raises:
            UnfitError: the template refuses the messages, or they hold control tokens.
        """
        if not self.chat:
            return self.plain(request.prompt)
        self._refuse_controls(request)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        try:
            text = self._tokenizer.apply_chat_template(
                messages, tokenize=False, add_generation_prompt=True
            )
        except Exception as error:
            # A template is a program that came with the weights: it may raise anything.
            message = f"the chat template refused the messages: {error!s:.300}"
            raise UnfitError("template", message) from error
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def plain(self, text: str) -> list[int]:
        """Return the token ids of plain text, with whatever the model begins every text with."""
        return list(self._tokenizer(text, split_special_tokens=True)["input_ids"])

    def _refuse_controls(self, request: Request) -> None:
        said = "\n".join(message.content for message in request.messages)
        for control in self._tokenizer.all_special_tokens:
            if control in said:
                raise UnfitError(
                    "prompt", f"a message holds the control token {control!r} as text, which this "
                    "tokenizer could not tell from the template's own"
                )  # fmt: skip
