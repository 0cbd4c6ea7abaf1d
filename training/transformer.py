"""The body that the causal model, the letters and the encoder share: pre-norm blocks, tied embedding."""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from attention import Linear, Rope, SelfAttention, causal_mask


@dataclass(frozen=True)
class Shape:
    """What a model is built from; `mlp` 0 leaves attention only."""

    vocab: int
    context: int
    layers: int
    heads: int
    d: int
    d_head: int
    mlp: int
    positions: str  # "rope" | "learned" | "sinusoidal"
    causal: bool
    tied: bool = True

    def as_dict(self) -> dict:
        return asdict(self)


def sinusoidal(context: int, d: int) -> Tensor:
    """[context, d]: sines in even, cosines in odd dimensions (Vaswani et al. 2017, section 3.5)."""
    angle = torch.arange(context).float()[:, None] / 10_000 ** (torch.arange(0, d, 2).float() / d)[None, :]
    return torch.stack((angle.sin(), angle.cos()), dim=-1).reshape(context, d)


class Mlp(nn.Module):
    """Two matrices with a squared ReLU between them (So et al. 2021)."""

    def __init__(self, d: int, hidden: int):
        super().__init__()
        self.up, self.down = Linear(d, hidden), Linear(hidden, d)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.up(x))
        return self.down(h * h)


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.attention = SelfAttention(shape.d, shape.heads, shape.d_head)
        self.attention_norm = nn.LayerNorm(shape.d)
        self.mlp = Mlp(shape.d, shape.mlp) if shape.mlp else None
        self.mlp_norm = nn.LayerNorm(shape.d) if shape.mlp else None

    def forward(self, x: Tensor, mask: Tensor | None, rope: tuple[Tensor, Tensor] | None) -> Tensor:
        x = x + self.attention(self.attention_norm(x), mask, rope)
        return x if self.mlp is None else x + self.mlp(self.mlp_norm(x))


class Transformer(nn.Module):
    """ids [B, T] -> logits [B, T, vocab]."""

    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocab, shape.d)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.output = None if shape.tied else nn.Parameter(0.02 * torch.randn(shape.vocab, shape.d))
        self.rope = Rope(shape.d_head) if shape.positions == "rope" else None
        if shape.positions == "learned":
            self.position = nn.Embedding(shape.context, shape.d)
            nn.init.normal_(self.position.weight, std=0.02)
        if shape.positions == "sinusoidal":
            self.register_buffer("position_table", sinusoidal(shape.context, shape.d))
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.d)
        for block in self.blocks:
            block.attention.output.weight.data.zero_()
            if block.mlp is not None:
                block.mlp.down.weight.data.zero_()

    def hidden(self, ids: Tensor) -> Tensor:
        """The state after the last norm, [B, T, d]."""
        x = self.embedding(ids)
        length = ids.shape[1]
        if self.shape.positions == "learned":
            x = x + self.position(torch.arange(length))[None]
        if self.shape.positions == "sinusoidal":
            x = x * math.sqrt(self.shape.d) + self.position_table[:length][None]
        mask = causal_mask(ids) if self.shape.causal else None
        rope = None if self.rope is None else self.rope(ids)
        for block in self.blocks:
            x = block(x, mask, rope)
        return self.norm(x)

    def forward(self, ids: Tensor) -> Tensor:
        return torch.matmul(self.hidden(ids), (self.embedding.weight if self.output is None else self.output).t())

    def half(self, on: bool) -> "Transformer":
        """Switches the linear layers and attention between bfloat16 (training) and float32 (everything else)."""
        for module in self.modules():
            if isinstance(module, Linear):
                module.half_precision = on
        return self

    @torch.no_grad()
    def attentions(self, ids: Tensor) -> tuple[list[Tensor], Tensor]:
        """Weights per layer, each [B, H, T, T], and the logits, in float32."""
        self.half(False).eval()
        for block in self.blocks:
            block.attention.keep = True
        logits = self(ids)
        seen = [block.attention.seen for block in self.blocks]
        for block in self.blocks:
            block.attention.keep = False
        return seen, logits
