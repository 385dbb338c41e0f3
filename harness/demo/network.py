"""The network of the bundled models in torch: llama's architecture, small.

Root-mean-square norms, rotary positions over neighbouring pairs, gated feed-forward layers, and
one matrix for reading and writing tokens: what llama.cpp runs as architecture `llama`.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

ROPE_BASE = 10_000.0
EPSILON = 1e-5
_SPREAD = 0.05


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a model; `hidden` is the width of the feed-forward layers."""

    width: int
    layers: int
    heads: int
    hidden: int
    context: int = 512

    @property
    def head(self) -> int:
        """Width of one attention head."""
        return self.width // self.heads


class Block(nn.Module):
    """One layer: attention, then a gated feed-forward network, each added to its input."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width, hidden = shape.width, shape.hidden
        self.heads = shape.heads
        self.attn_norm = nn.RMSNorm(width, eps=EPSILON)
        self.attn_q = nn.Linear(width, width, bias=False)
        self.attn_k = nn.Linear(width, width, bias=False)
        self.attn_v = nn.Linear(width, width, bias=False)
        self.attn_output = nn.Linear(width, width, bias=False)
        self.ffn_norm = nn.RMSNorm(width, eps=EPSILON)
        self.ffn_gate = nn.Linear(width, hidden, bias=False)
        self.ffn_up = nn.Linear(width, hidden, bias=False)
        self.ffn_down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor, angles: Tensor) -> Tensor:
        """Map (batch, length, width) to the same shape."""
        x = x + self._attend(self.attn_norm(x), angles)
        y = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(y)) * self.ffn_up(y))

    def _attend(self, x: Tensor, angles: Tensor) -> Tensor:
        batch, length, width = x.shape

        def split(y: Tensor) -> Tensor:
            return y.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

        q, k = (_rotate(split(project(x)), angles) for project in (self.attn_q, self.attn_k))
        v = split(self.attn_v(x))
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.attn_output(y.transpose(1, 2).reshape(batch, length, width))


class Network(nn.Module):
    """The whole model: token ids of shape (batch, length) to logits over the vocabulary."""

    def __init__(self, shape: Shape, vocabulary: int) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, eps=EPSILON)
        self._initialise()

    def _initialise(self) -> None:
        nn.init.normal_(self.token_embd.weight, std=_SPREAD)
        with torch.no_grad():
            # Without a part that all tokens share, no head can attend by position alone, and the
            # letter of an option is found long after everything else, if at all.
            self.token_embd.weight.add_(_SPREAD * torch.randn(self.shape.width))
        for block in self.blk:
            for name, layer in block.named_children():
                if isinstance(layer, nn.Linear):
                    added = name in ("attn_output", "ffn_down")
                    scale = (2 * self.shape.layers) ** -0.5 if added else 1.0
                    nn.init.normal_(layer.weight, std=scale * layer.in_features**-0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the last hidden states, shape (batch, length, width)."""
        angles = _angles(ids.shape[1], self.shape.head)
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, angles)
        return self.output_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """Return (..., vocabulary) logits of hidden states (..., width)."""
        return functional.linear(hidden, self.token_embd.weight)


def _angles(length: int, head: int) -> Tensor:
    """Return the rotations as complex numbers, shape (length, head / 2)."""
    frequencies = ROPE_BASE ** (-torch.arange(0, head, 2) / head)
    return torch.polar(
        torch.ones(length, head // 2), torch.outer(torch.arange(length).float(), frequencies)
    )


def _rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turn neighbouring pairs of (batch, heads, length, head) by their position's angle."""
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * angles).flatten(-2)
