"""Generation, letters and log-likelihoods with transformers, one request at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.models.hf.prompts import Prompts, UnfitError
from harness.models.letters import letter_logprobs
from harness.records import Decoding, Request, RequestKind

__all__ = ["Answerer", "UnfitError"]

_TOP = 64
"""As many of the most probable tokens as the local engine looks at for letters."""


class Answerer:
    """Answers from one network; `context` is the most tokens of a prompt with its answer."""

    def __init__(self, network: Any, tokenizer: Any, prompts: Prompts, context: int | None) -> None:
        self._network = network
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._context = context
        ends = network.generation_config.eos_token_id
        ends = tokenizer.eos_token_id if ends is None else ends
        self._ends = [ends] if isinstance(ends, int) else list(ends or ())

    def answer(self, request: Request) -> dict[str, Any]:
        """Return the facts of a Response.

        Raises:
            UnfitError: the request cannot be asked of this model.
        """
        if request.kind is RequestKind.LOGPROB:
            return self._score(request)
        if request.decoding is None:
            raise UnfitError("prompt", "a generate request needs its decoding (max_tokens, ...)")
        return self._generate(request, request.decoding)

    def _generate(self, request: Request, decoding: Decoding) -> dict[str, Any]:
        prompt = self._prompts.prompt(request)
        self._check_fits(len(prompt), decoding.max_tokens)
        ids, first = self._continued(prompt, decoding)
        ended = bool(ids) and ids[-1] in self._ends
        text = self._text(prompt, ids)
        cut = min((at for at in map(text.find, decoding.stop) if at >= 0), default=None)
        letters = letter_logprobs(request.letters, first) if request.letters else (None, None)
        return {
            "text": text[:cut],
            "finish_reason": "stop" if ended or cut is not None else "length",
            "prompt_tokens": len(prompt),
            "output_tokens": len(ids),
            "letter_logprobs": letters[0],
            "letter_bound": letters[1],
        }

    def _continued(
        self, prompt: list[int], decoding: Decoding
    ) -> tuple[list[int], list[tuple[str, float]]]:
        """Return the new tokens, and the most probable tokens of the first position."""
        import torch

        given = torch.tensor([prompt], device=self._network.device)
        torch.manual_seed(decoding.seed)
        with torch.inference_mode():
            done = self._network.generate(
                given,
                attention_mask=torch.ones_like(given),
                generation_config=self._config(decoding),
                stopping_criteria=[self._stopped(prompt, decoding.stop)],
            )
        logprobs = torch.log_softmax(done.logits[0][0].float(), dim=-1)
        top = torch.topk(logprobs, min(_TOP, len(logprobs)))
        tokens = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        first = [(self._tokenizer.decode([token]), value) for token, value in tokens]
        return done.sequences[0][len(prompt) :].tolist(), first

    def _config(self, decoding: Decoding) -> Any:
        """Everything is stated: what lies beside the weights would be a silent setting."""
        from transformers import GenerationConfig

        samples = decoding.temperature > 0
        sampling = {"temperature": decoding.temperature, "top_p": decoding.top_p, "top_k": 0}
        config = GenerationConfig(
            max_new_tokens=decoding.max_tokens,
            do_sample=samples,
            repetition_penalty=1.0,
            eos_token_id=self._ends,
            pad_token_id=self._ends[0] if self._ends else 0,
            return_dict_in_generate=True,
            output_logits=True,
            **(sampling if samples else {}),
        )
        self._network.generation_config = config  # generate() fills gaps from there
        return config

    def _stopped(self, prompt: list[int], stops: Sequence[str]) -> Any:
        import torch

        def found(ids: Any, _scores: Any, **_: Any) -> Any:
            text = self._text(prompt, ids[0][len(prompt) :].tolist()) if stops else ""
            ended = any(stop in text for stop in stops)
            return torch.tensor([ended], device=ids.device)

        return found

    def _text(self, prompt: list[int], ids: list[int]) -> str:
        """Return what `ids` add to the prompt: alone, many tokenizers drop their first space."""
        before, whole = (
            str(self._tokenizer.decode(tokens, skip_special_tokens=True,
                                       clean_up_tokenization_spaces=False))
            for tokens in (prompt, prompt + ids)
        )  # fmt: skip
        return whole[len(before) :]

    def _score(self, request: Request) -> dict[str, Any]:
        """Return log-likelihoods as lm-eval defines them: see its `_encode_pair`.

        White space at the end of the context belongs to the continuation.
        """
        context = request.prompt.rstrip()
        tail = request.prompt[len(context) :]
        before = self._prompts.plain(context)
        given = before or self._ends[:1]
        found = []
        for text in request.continuations:
            whole = self._prompts.plain(context + tail + text)
            wanted = whole[len(before) :]
            if not wanted:
                raise UnfitError("prompt", "a logprob request needs continuations of a token")
            self._check_fits(len(given), len(wanted))
            found.append((*self._likelihood(given + wanted, len(wanted)), len(wanted)))
        if not found:
            raise UnfitError("prompt", "a logprob request needs continuations")
        return {
            "logprobs": tuple(total for total, _, _ in found),
            "greedy": tuple(greedy for _, greedy, _ in found),
            "prompt_tokens": len(given),
            "output_tokens": sum(count for _, _, count in found),
        }

    def _likelihood(self, ids: list[int], count: int) -> tuple[float, bool]:
        """Return the log-probability (nats) of the last `count` tokens, and if all are greedy."""
        import torch

        given = torch.tensor([ids], device=self._network.device)
        with torch.inference_mode():
            logits = self._network(given).logits[0, -count - 1 : -1].float()
        logprobs = torch.log_softmax(logits, dim=-1)
        wanted = given[0, -count:]
        total = logprobs.gather(1, wanted[:, None]).double().sum()
        return float(total), bool((logits.argmax(dim=-1) == wanted).all())

    def _check_fits(self, n_prompt: int, n_more: int) -> None:
        if self._context is not None and n_prompt + n_more > self._context:
            raise UnfitError(
                "context",
                f"the prompt has {n_prompt:,} tokens and the answer may have {n_more:,}; "
                f"the model holds {self._context:,}",
            )
