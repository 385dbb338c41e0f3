"""A model made of a function: for tests, and for trying a pipeline without any model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from harness.records import ModelInfo, Request, Response

Handler = Callable[[Request], str | Sequence[float] | Response]


class MockModel:
    """Answers each request with what `handler` returns for it.

    A string is a finished reply, a sequence of floats the log-likelihoods of the request's
    continuations; a Response is taken as it is, with its `request_key` filled in.

        MockModel(lambda request: "B")
    """

    def __init__(self, handler: Handler, *, name: str = "mock", snapshot: str = "1") -> None:
        self._handler = handler
        self._draining = False
        self._info = ModelInfo(
            name=name,
            backend="mock",
            interface="chat",
            capabilities=("generate", "logprob"),
            snapshot=snapshot,
            engine="mock",
        )

    @property
    def info(self) -> ModelInfo:
        """Which mock this is."""
        return self._info

    @property
    def warnings(self) -> Sequence[str]:
        """There is nothing to warn of."""
        return ()

    def respond(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield the handler's answers in the order of the requests."""
        for request in requests:
            if self._draining:
                return
            yield _response(request, self._handler(request))

    def respond_cold(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield the handler's answers; a mock has no speed-ups to leave out."""
        return self.respond(requests)

    def drain(self) -> None:
        """Answer nothing more."""
        self._draining = True

    def close(self) -> None:
        """Do nothing; a mock holds nothing."""


def _response(request: Request, answer: str | Sequence[float] | Response) -> Response:
    if isinstance(answer, Response):
        return replace(answer, request_key=request.key)
    if isinstance(answer, str):
        return Response(request.key, text=answer, finish_reason="stop")
    best = max(answer)
    return Response(
        request.key, logprobs=tuple(answer), greedy=tuple(value == best for value in answer)
    )
