"""`HfModel`: a folder of safetensors behind the Model seam, one request at a time."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from harness.errors import ModelError
from harness.models.digests import sha256_of
from harness.models.hf.answers import Answerer, UnfitError
from harness.models.hf.prompts import Prompts
from harness.records import ModelInfo, Request, Response, content_hash

_HINT = "pip install 'harness-eval[hf]'"


@dataclass(frozen=True, slots=True)
class HfOptions:
    """A model in `folder` (config.json, tokenizer, *.safetensors) and how it is run.

    `interface` is "chat", "completion", or None for chat where the tokenizer has a template.
    `dtype` and `device` are torch's names; both may move answers and are recorded.
    """

    folder: Path
    name: str
    source: str
    interface: str | None = None
    dtype: str = "float32"
    device: str = "cpu"


class HfModel:
    """Weights as transformers runs them; respond raises nothing, every failure is a Response."""

    def __init__(self, info: ModelInfo, answerer: Answerer) -> None:
        self._info = info
        self._answerer = answerer
        self._draining = False

    @classmethod
    def open(cls, options: HfOptions) -> Self:
        """Load the weights; code that lies beside them is never run, pickles are not read.

        Raises:
            ModelError: transformers is not installed, or it cannot load the folder.
        """
        torch, transformers = _libraries(options)
        weights = sorted(options.folder.glob("*.safetensors"))
        if not weights:
            raise ModelError(f"{options.folder} holds no *.safetensors, the only form that is read")
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(
                options.folder, trust_remote_code=False, local_files_only=True
            )
            network = transformers.AutoModelForCausalLM.from_pretrained(
                options.folder,
                dtype=getattr(torch, options.dtype),
                trust_remote_code=False,
                use_safetensors=True,
                local_files_only=True,
            )
        except Exception as error:  # whatever the libraries below raise for a broken file
            raise ModelError(
                f"transformers cannot load {options.folder}: {error!s:.300}"
            ) from error
        network = network.to(options.device).eval()
        prompts = Prompts(tokenizer, _is_chat(tokenizer, options))
        context = int(getattr(network.config, "max_position_embeddings", 0)) or None
        info = _info(options, weights, prompts, network)
        return cls(info, Answerer(network, tokenizer, prompts, context))

    @property
    def info(self) -> ModelInfo:
        """Which weights these are, and what runs them."""
        return self._info

    @property
    def warnings(self) -> Sequence[str]:
        """There is nothing to warn of."""
        return ()

    def respond(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield the answers in the order of the requests; nothing is shared between two."""
        for request in requests:
            if self._draining:
                return
            yield self._answer(request)

    def respond_cold(self, requests: Sequence[Request]) -> Iterator[Response]:
        """Yield the answers; there are no speed-ups to leave out."""
        return self.respond(requests)

    def drain(self) -> None:
        """Answer nothing more."""
        self._draining = True

    def close(self) -> None:
        """Do nothing: the weights go with the object."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _answer(self, request: Request) -> Response:
        began = time.monotonic()
        try:
            facts = self._answerer.answer(request)
        except UnfitError as error:
            facts = {"error_kind": error.kind, "error_message": str(error)}
        return Response(
            request_key=request.key,
            total_seconds=time.monotonic() - began,
            cost_usd=0.0,
            answered_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            **facts,
        )


def _libraries(options: HfOptions) -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ModelError(
            f"{options.folder} holds unconverted weights, which need transformers and torch "
            f"({_HINT}); a GGUF file of them needs neither"
        ) from error
    return torch, transformers


def _is_chat(tokenizer: Any, options: HfOptions) -> bool:
    known = {None, "chat", "completion"}
    if options.interface not in known:
        raise ModelError(
            f"interface {options.interface!r} is unknown, expected 'chat' or 'completion'"
        )
    if options.interface == "chat" and not tokenizer.chat_template:
        raise ModelError(
            f"{options.name} has no chat template; leave out --interface to run it as a base model"
        )
    return options.interface != "completion" and bool(tokenizer.chat_template)


def _info(options: HfOptions, weights: Sequence[Path], prompts: Prompts, network: Any) -> ModelInfo:
    import transformers

    digests = {path.name: sha256_of(path) for path in weights}
    template = prompts.template
    return ModelInfo(
        name=options.name,
        backend="hf",
        interface="chat" if prompts.chat else "completion",
        capabilities=("generate", "letters", "logprob"),
        sha256=next(iter(digests.values())) if len(digests) == 1 else content_hash(digests),
        source=options.source,
        quantization=options.dtype,
        parameters=sum(int(p.numel()) for p in network.parameters()),
        file_bytes=sum(path.stat().st_size for path in weights),
        context=getattr(network.config, "max_position_embeddings", None),
        chat_template_sha256=content_hash(template) if template else None,
        engine="transformers",
        engine_version=str(transformers.__version__),
        settings={"dtype": options.dtype, "device": options.device},
        hardware={"machine": platform.machine()},
    )
