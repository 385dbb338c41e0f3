"""Train the bundled models from scratch on a CPU.

    pip install -e '.[train]'
    python -m harness.demo.train nano --seed 1 --out models/

Everything follows from the seed: the text, the order, the first weights. Interrupted, the same
command goes on from the last checkpoint; finished, it writes the GGUF files beside it.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from harness.demo.chats import CHAT
from harness.demo.examples import Example, documents, example
from harness.demo.export import export_all
from harness.demo.items import MATH, MC
from harness.demo.network import Network
from harness.demo.shape import Shape
from harness.demo.tokens import ASSISTANT, SPECIAL, texts
from harness.demo.training import training_documents

_POOL = 4  # batches that are sorted by length together
_CHECKPOINT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is trained: documents a step, steps, and the highest learning rate."""

    shape: Shape
    steps: int
    rate: float
    batch: int = 24
    warm_up: int = 100
    clip: float = 1.0


RECIPES = {
    "nano": Recipe(Shape(width=160, layers=5, heads=5, hidden=448), steps=6000, rate=1.5e-3),
    "pico": Recipe(
        Shape(width=96, layers=3, heads=3, hidden=224), steps=3000, rate=2e-3, warm_up=500
    ),
}


def batches(seed: int, size: int) -> Iterator[list[Example]]:
    """Yield batches of documents of like length, without end."""
    shuffle = torch.Generator().manual_seed(seed)
    text = documents(seed)
    while True:
        pool = [example(shown) for shown in islice(text, _POOL * size)]
        pool.sort(key=lambda one: len(one.ids))
        for place in torch.randperm(_POOL, generator=shuffle).tolist():
            yield pool[place * size : (place + 1) * size]


def tensors(batch: Sequence[Example]) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, targets and weights, each (batch, length); padding weighs nothing."""
    length = max(len(one.ids) for one in batch)
    ids = torch.zeros(len(batch), length, dtype=torch.long)
    weights = torch.zeros(len(batch), length)
    for row, one in enumerate(batch):
        ids[row, : len(one.ids)] = torch.tensor(one.ids)
        weights[row, : len(one.ids)] = torch.tensor(one.weights)
    return ids[:, :-1], ids[:, 1:], weights[:, 1:]


def loss(network: Network, batch: Sequence[Example]) -> Tensor:
    """Return the weighted mean cross-entropy of a batch, in nats."""
    inputs, targets, weights = tensors(batch)
    counted = weights > 0
    logits = network.logits(network(inputs)[counted])
    each = functional.cross_entropy(logits, targets[counted], reduction="none")
    return (each * weights[counted]).sum() / weights.sum()


def rate_at(step: int, recipe: Recipe) -> float:
    """Return the factor of the learning rate: a linear warm-up, then a cosine down to zero."""
    if step < recipe.warm_up:
        return (step + 1) / recipe.warm_up
    done = (step - recipe.warm_up) / max(1, recipe.steps - recipe.warm_up)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


class Training:
    """A model on its way, with everything that has to be saved to go on later."""

    def __init__(self, name: str, seed: int, folder: Path) -> None:
        torch.manual_seed(seed)
        self.recipe = RECIPES[name]
        self.seed = seed
        self.network = Network(self.recipe.shape, len(texts()))
        # Muon learnt sums sooner, but had not found the letters after three times the steps.
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), lr=self.recipe.rate, betas=(0.9, 0.98), weight_decay=0.0
        )
        self.step = 0
        self.seconds = 0.0
        self.path = folder / f"{name}-{seed}.pt"

    def load(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        if not self.path.exists():
            return
        saved = torch.load(self.path)
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.step, self.seconds = saved["step"], saved["seconds"]

    def save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        part = self.path.with_suffix(".part")
        saved = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        torch.save(saved | {"step": self.step, "seconds": self.seconds}, part)
        part.replace(self.path)

    def advance(self, batch: Sequence[Example]) -> float:
        """Take one step and return the loss before it."""
        factor = rate_at(self.step, self.recipe)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.rate * factor
        self.optimizer.zero_grad(set_to_none=True)
        value = loss(self.network, batch)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        return value.item()

    def run(self) -> None:
        """Train to the end, saying now and then how it goes."""
        stream = islice(batches(self.seed, self.recipe.batch), self.step, self.recipe.steps)
        begun = saved = time.monotonic() - self.seconds
        for batch in stream:
            value = self.advance(batch)
            now = time.monotonic()
            self.seconds = now - begun
            if self.step % 200 == 0:
                self._say(value)
            if now - saved > _CHECKPOINT_SECONDS:
                self.save()
                saved = now
        self.save()

    def _say(self, value: float) -> None:
        right = "  ".join(f"{kind} {share:.0%}" for kind, share in self.exact().items())
        print(f"{self.step:6} {self.seconds:7.0f} s  loss {value:.3f}  {right}", flush=True)

    @torch.no_grad()
    def exact(self, count: int = 96) -> dict[str, float]:
        """Return, by kind of text, how often the last reply would be generated exactly."""
        found = {}
        for kind in (MC, MATH, CHAT):
            shown = islice(training_documents(-1, (kind,)), count)
            found[kind] = exact_share(self.network, [example(dialogue) for dialogue in shown])
        return found


def exact_share(network: Network, asked: Sequence[Example]) -> float:
    """Return the share of examples whose last reply greedy decoding would write exactly."""
    inputs, targets, _ = tensors(asked)
    said = network.logits(network(inputs)).argmax(-1)
    speaker = SPECIAL.index(ASSISTANT)
    right = 0
    for row, one in enumerate(asked):
        start = max(place for place, token in enumerate(one.ids) if token == speaker)
        place = slice(start, len(one.ids) - 1)
        right += bool((said[row, place] == targets[row, place]).all())
    return right / len(asked)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(RECIPES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--threads", type=int, default=1)
    said = parser.parse_args()
    torch.set_num_threads(said.threads)
    torch.use_deterministic_algorithms(mode=True)
    said.out.mkdir(parents=True, exist_ok=True)
    training = Training(said.name, said.seed, said.out)
    count = sum(p.numel() for p in training.network.parameters())
    print(f"{said.name}: {count:,} parameters, {training.recipe.steps} steps", flush=True)
    training.load()
    training.run()
    weights = {name: value.numpy() for name, value in training.network.state_dict().items()}
    export_all(weights, training.recipe.shape, said.out, said.name)


if __name__ == "__main__":
    main()
