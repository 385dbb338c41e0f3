"""An independent scorer of a small llama-architecture GGUF file: numpy, float32, no cache.

Written from the architecture (Touvron et al. 2023: RMSNorm, rotary positions on adjacent pairs,
grouped-query attention, SwiGLU), so that it shares no code with the engine it checks. Only the
tokenizer is not its own.
"""

import gguf
import numpy as np

_ROWS = 64  # queries at a time: what is worked on stays in the processor's cache


class NumpyLlama:
    """The weights of an F32 GGUF file, and the log-probabilities they give."""

    def __init__(self, path):
        reader = gguf.GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items()}
        self.weights = {t.name: np.array(t.data, dtype=np.float32) for t in reader.tensors}
        self.layers = fields["llama.block_count"]
        self.heads = fields["llama.attention.head_count"]
        self.kv_heads = fields["llama.attention.head_count_kv"]
        self.epsilon = fields["llama.attention.layer_norm_rms_epsilon"]
        self.base = fields.get("llama.rope.freq_base", 10_000.0)

    def logprobs(self, tokens, last):
        """Log-probabilities (natural) of every next token after each of the `last` positions."""
        hidden = self.weights["token_embd.weight"][tokens]
        for layer in range(self.layers):
            hidden = hidden + self._attention(hidden, f"blk.{layer}.")
            hidden = hidden + self._feed_forward(hidden, f"blk.{layer}.")
        output = self.weights.get("output.weight", self.weights["token_embd.weight"])
        logits = self._norm(hidden[-last:], "output_norm.weight") @ output.T
        shifted = logits - logits.max(axis=-1, keepdims=True)
        return shifted - np.log(np.exp(shifted.astype(np.float64)).sum(axis=-1, keepdims=True))

    def _norm(self, values, name):
        scale = np.sqrt((values * values).mean(axis=-1, keepdims=True) + self.epsilon)
        return values / scale * self.weights[name]

    def _project(self, values, name, heads):
        projected = values @ self.weights[name].T
        return projected.reshape(len(values), heads, -1)

    def _rotate(self, values):
        length, _, size = values.shape
        # Angles in single precision, multiplied up as the engine does it: at position 8,000 the
        # exact ones differ by enough to move a log-probability by 2e-3.
        scale = np.float32(self.base) ** np.float32(-2.0 / size)
        angles = [np.arange(length, dtype=np.float32)]
        while len(angles) < size // 2:
            angles.append(angles[-1] * scale)
        angle = np.stack(angles, axis=1)[:, None, :]
        cos, sin = np.cos(angle), np.sin(angle)
        even, odd = values[..., 0::2], values[..., 1::2]
        rotated = np.empty_like(values)
        rotated[..., 0::2] = even * cos - odd * sin
        rotated[..., 1::2] = even * sin + odd * cos
        return rotated

    def _attention(self, hidden, prefix):
        values = self._norm(hidden, prefix + "attn_norm.weight")
        queries = self._rotate(self._project(values, prefix + "attn_q.weight", self.heads))
        keys = self._rotate(self._project(values, prefix + "attn_k.weight", self.kv_heads))
        contents = self._project(values, prefix + "attn_v.weight", self.kv_heads)
        group = self.heads // self.kv_heads
        mixed = np.empty_like(queries)
        for head in range(self.heads):
            mixed[:, head] = self._attend(
                queries[:, head], keys[:, head // group], contents[:, head // group]
            )
        return mixed.reshape(len(hidden), -1) @ self.weights[prefix + "attn_output.weight"].T

    @staticmethod
    def _attend(queries, keys, contents):
        mixed = np.empty((len(queries), contents.shape[1]), dtype=np.float32)
        queries = queries * np.float32(1 / np.sqrt(queries.shape[1]))
        for start in range(0, len(queries), _ROWS):
            end = min(start + _ROWS, len(queries))
            scores = queries[start:end] @ keys[:end].T
            scores[:, start:][np.triu_indices(end - start, 1)] = -np.inf
            scores -= scores.max(axis=1, keepdims=True)
            np.exp(scores, out=scores)
            mixed[start:end] = scores @ contents[:end]
            mixed[start:end] /= scores.sum(axis=1, keepdims=True)
        return mixed

    def _feed_forward(self, hidden, prefix):
        values = self._norm(hidden, prefix + "ffn_norm.weight")
        gate = values @ self.weights[prefix + "ffn_gate.weight"].T
        up = values @ self.weights[prefix + "ffn_up.weight"].T
        return (gate / (1 + np.exp(-gate)) * up) @ self.weights[prefix + "ffn_down.weight"].T
