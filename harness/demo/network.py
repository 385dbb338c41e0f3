"""The network of the bundled models in torch: llama's architecture, small.

Root-mean-square norms, rotary positions over neighbouring pairs, gated feed-forward layers, and
one matrix for reading and writing tokens: what llama.cpp runs as architecture `llama`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from harness.demo.shape import EPSILON, ROPE_BASE, Shape

_SPREAD = 0.05
# How far back a head looks, and whether a letter stands there, else a value: "A. red" has the
# letter two tokens before its text, "red.\nAnswer: A" the text five before its letter.
_LOOKING_BACK = ((2, True), (5, False), (3, True))
_TURNING, _SHARPNESS = 4, 5.0  # pairs that turn fast, and how sharply they tell places apart
_MATCHING, _COPYING, _QUIET = 2.0, 0.3, 0.2


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
            # Without a part that all tokens share, no head can attend by position alone.
            shared = torch.randn(self.shape.width)
            self.token_embd.weight.add_(_SPREAD * shared)
        for block in self.blk:
            for name, layer in block.named_children():
                if isinstance(layer, nn.Linear):
                    added = name in ("attn_output", "ffn_down")
                    scale = _QUIET if added else 1.0
                    nn.init.normal_(layer.weight, std=scale * layer.in_features**-0.5)
        self._begin_by_matching(shared)

    @torch.no_grad()
    def _begin_by_matching(self, shared: Tensor) -> None:
        """Let two layers begin with what finds the letter of an option, then train all of it.

        Heads of the first layer look a fixed number of tokens back and copy what is there: an
        option's text learns its letter, the place of the answer learns the value found before.
        A head of the second layer looks for the same value and copies the letter. Left to
        chance, this is learnt long after everything else, or not at all.
        """
        shape, first, second = self.shape, self.blk[0], self.blk[1]
        half = shape.head // 2
        value, found, letter, told = _subspaces(shape, shared)
        for number, (back, of_letter) in enumerate(_LOOKING_BACK):
            rows = slice(number * shape.head, (number + 1) * shape.head)
            query, key = _looking_back(back, shape.head)
            direction = shared / shared.square().sum()
            first.attn_q.weight[rows] += torch.outer(query, direction)
            first.attn_k.weight[rows] += torch.outer(key, direction)
            _copy(first, rows, *((letter, told) if of_letter else (value, found)))
        # Pairs that turn slowly compare what lies far apart.
        second.attn_q.weight[:half] = second.attn_k.weight[:half] = 0.0
        second.attn_q.weight[half : shape.head] = _MATCHING * found[:half]
        second.attn_k.weight[half : shape.head] = _MATCHING * value[:half]
        _copy(second, slice(0, shape.head), told, letter)

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


def _subspaces(shape: Shape, shared: Tensor) -> tuple[Tensor, ...]:
    """Return four sets of directions, (head / 2, width) each, orthonormal and across `shared`."""
    half = shape.head // 2
    drawn = torch.cat((shared[:, None], torch.randn(shape.width, 4 * half)), 1)
    return torch.linalg.qr(drawn)[0].T[1:].split(half)


def _looking_back(back: int, head: int) -> tuple[Tensor, Tensor]:
    """Return a query and a key, (head,) each, whose product peaks `back` tokens apart."""
    angle = back * _frequencies(head)[:_TURNING]
    query, key = torch.zeros(2, head // 2, 2)
    key[:_TURNING, 0] = _SHARPNESS
    query[:_TURNING] = _SHARPNESS * torch.stack((torch.cos(angle), -torch.sin(angle)), -1)
    return query.flatten(), key.flatten()


def _copy(block: Block, rows: slice, seen: Tensor, written: Tensor) -> None:
    """Let a head add what it attends to: what stands in some directions, in other ones."""
    half = slice(rows.start, rows.start + len(seen))
    block.attn_v.weight[rows] = 0.0
    block.attn_v.weight[half] = seen
    block.attn_output.weight[:, rows] = 0.0
    block.attn_output.weight[:, half] = _COPYING * written.T


def _angles(length: int, head: int) -> Tensor:
    """Return the rotations as complex numbers, shape (length, head / 2)."""
    turns = torch.outer(torch.arange(length).float(), _frequencies(head))
    return torch.polar(torch.ones_like(turns), turns)


def _frequencies(head: int) -> Tensor:
    """Return by how much each pair turns from token to token, in radians."""
    return ROPE_BASE ** (-torch.arange(0, head, 2) / head)


def _rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Turn neighbouring pairs of (batch, heads, length, head) by their position's angle."""
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * angles).flatten(-2)
