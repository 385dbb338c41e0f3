"""What prefix reuse saves: real five-shot questions, cold and reused rounds in turn.

    python tests/bench/prefix_reuse.py                 trained tiny model, 100 questions
    python tests/bench/prefix_reuse.py --shape 0.6b    random weights of a real size

One process, one model, one slot. The number of tokens evaluated is deterministic; times are
compared within a round only, because machines are shared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import pyarrow.parquet as pq  # noqa: E402

from gguf_files import SHAPE_06B, write_phi3  # noqa: E402
from harness.models.llamacpp.cores import usable_cores  # noqa: E402
from harness.models.llamacpp.model import LlamaCppModel  # noqa: E402
from harness.models.llamacpp.options import EngineOptions  # noqa: E402
from harness.records import Decoding, Message, Request, RequestKind, Response  # noqa: E402
from shared_data import shared_folder  # noqa: E402

ONE_TOKEN = Decoding(max_tokens=1, stop=(), temperature=0.0, top_p=1.0, seed=0)


@dataclass(frozen=True)
class Round:
    """One pass over all questions: answers by request, wall seconds, tokens evaluated."""

    texts: dict[str, str | None]
    seconds: float
    evaluated: int
    prefill_seconds: float


def main() -> None:
    arguments = _arguments()
    _check_load(arguments)
    requests = mmlu_requests(arguments.subject, arguments.questions)
    options = EngineOptions(path=str(_model(arguments.shape)), context=arguments.context)
    with LlamaCppModel.open(options) as model:
        list(model.respond(requests[:1]))
        unique = _unique_tokens(model, requests)
        rounds = []
        for number in range(arguments.rounds):
            cold = _round(model.respond_cold(requests))
            # Something else in the cache, so that every round pays its shared prefix.
            list(model.respond([_request("Something else entirely.")]))
            warm = _round(model.respond(requests))
            assert warm.texts == cold.texts, "prefix reuse changed an answer"
            rounds.append((cold, warm))
            print(f"round {number + 1}: cold {cold.seconds:.2f} s, reused {warm.seconds:.2f} s")
    _report(arguments, rounds, unique)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=["tiny", "0.6b"], default="tiny")
    parser.add_argument("--subject", default="anatomy")
    parser.add_argument("--questions", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--context", type=int)
    parser.add_argument("--anyway", action="store_true", help="run on a busy machine too")
    arguments = parser.parse_args()
    tiny = arguments.shape == "tiny"
    arguments.questions = arguments.questions or (100 if tiny else 10)
    arguments.context = arguments.context or (16384 if tiny else 4096)
    return arguments


def _check_load(arguments: argparse.Namespace) -> None:
    load, cores = os.getloadavg()[0], usable_cores()
    if load <= cores:
        return
    print(f"load average {load:.1f} exceeds the {cores} cores: times would mean little")
    if not arguments.anyway:
        sys.exit("refused; wait, or add --anyway (token counts stay exact)")


def _model(shape: str) -> Path:
    folder = shared_folder()
    assert folder is not None, "needs the shared data (set HARNESS_SHARED)"
    if shape == "tiny":
        return folder / "data/hub/models/local/stories260K-gguf/stories260K-f32-ctx16k.gguf"
    path = Path(tempfile.gettempdir()) / "harness-bench" / "phi3-0.6b-q4_0.gguf"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        part = write_phi3(
            path.with_suffix(".part"), shape=SHAPE_06B, quantization="Q4_0", words=_mmlu_words()
        )
        part.rename(path)
    return path


def _rows(subject: str, split: str) -> list[dict]:
    folder = shared_folder()
    assert folder is not None, "needs the shared data (set HARNESS_SHARED)"
    [path] = (folder / "data/hub/datasets/cais/mmlu" / subject).glob(f"{split}*.parquet")
    return pq.read_table(path).to_pylist()


def mmlu_requests(subject: str, n_questions: int) -> list[Request]:
    """Five-shot requests for the first questions of one MMLU subject."""
    title = subject.replace("_", " ")
    shots = "\n\n".join(_question(row, answered=True) for row in _rows(subject, "dev")[:5])
    head = f"The following are multiple choice questions (with answers) about {title}.\n\n{shots}"
    questions = _rows(subject, "test")[:n_questions]
    return [_request(f"{head}\n\n{_question(row, answered=False)}") for row in questions]


def _question(row: dict, *, answered: bool) -> str:
    choices = "\n".join(
        f"{letter}. {text}" for letter, text in zip("ABCD", row["choices"], strict=True)
    )
    answer = f" {'ABCD'[row['answer']]}" if answered else ""
    return f"{row['question'].strip()}\n{choices}\nAnswer:{answer}"


def _request(text: str) -> Request:
    return Request(RequestKind.GENERATE, (Message("user", text),), decoding=ONE_TOKEN)


def _mmlu_words() -> list[str]:
    text = " ".join(
        f"{row['question']} {' '.join(row['choices'])}"
        for subject in ("anatomy", "astronomy", "philosophy", "management")
        for row in _rows(subject, "test")
    )
    return [word for word, _ in Counter(text.split()).most_common(5000)]


def _unique_tokens(model: LlamaCppModel, requests: Sequence[Request]) -> int:
    """Tokens that have to be computed at least: each prompt without what the last one shared."""
    prompts = sorted(model._loop.run(model._prompts.tokens(request)) for request in requests)
    total = len(prompts[0])
    for before, after in pairwise(prompts):
        pairs = zip(before, after, strict=False)
        shared = next((i for i, (a, b) in enumerate(pairs) if a != b), len(before))
        total += len(after) - shared
    return total


def _round(stream: Sequence[Response]) -> Round:
    started = time.perf_counter()
    responses = list(stream)
    seconds = time.perf_counter() - started
    failures = [response.error_message for response in responses if response.error_kind]
    assert not failures, failures[0]
    return Round(
        {response.request_key: response.text for response in responses},
        seconds,
        sum(response.prompt_tokens - response.reused_tokens for response in responses),
        sum(response.prefill_seconds for response in responses),
    )


def _report(
    arguments: argparse.Namespace, rounds: Sequence[tuple[Round, Round]], unique: int
) -> None:
    cold, warm = rounds[0]
    assert all((c.evaluated, w.evaluated) == (cold.evaluated, warm.evaluated) for c, w in rounds)
    ratios = [c.seconds / w.seconds for c, w in rounds]
    floors = [unique * c.prefill_seconds / c.evaluated / w.seconds for c, w in rounds]
    print(f"{arguments.shape}: {arguments.questions} questions of {arguments.subject}, five-shot")
    print(
        f"tokens evaluated: cold {cold.evaluated:,}, reused {warm.evaluated:,}: "
        f"{cold.evaluated / warm.evaluated:.2f} times fewer (unique tokens: {unique:,})"
    )
    print(f"time: {_spread(ratios)} times faster (median of {len(rounds)} rounds, min to max)")
    print(f"fraction of the floor (unique tokens at cold prefill speed): {_spread(floors)}")
    print("answers: equal in every round")


def _spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
