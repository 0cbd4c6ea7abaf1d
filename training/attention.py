"""Attention as it is trained and exported: MatMul, scale, added mask, Softmax, MatMul."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Linear(nn.Module):
    """A matrix product without bias; in bfloat16 where `half` is set (training on CPUs with AVX-512 BF16)."""

    def __init__(self, d_in: int, d_out: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(d_out, d_in) / math.sqrt(d_in))
        self.half_precision = False

    def forward(self, x: Tensor) -> Tensor:
        if self.half_precision:
            return F.linear(x.bfloat16(), self.weight.bfloat16())
        return F.linear(x, self.weight)


class Rope(nn.Module):
    """Rotary positions (Su et al. 2021, eq. 34), dimension i paired with i + d/2."""

    def __init__(self, d_head: int, base: float = 10_000.0):
        super().__init__()
        self.register_buffer("inv_freq", 1.0 / base ** (torch.arange(0, d_head, 2).float() / d_head))

    def forward(self, length_like: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin, [T, d_head], for as many positions as `length_like` [B, T] has."""
        position = torch.arange(length_like.shape[1], dtype=torch.float32)
        angle = position[:, None] * self.inv_freq[None, :]
        angle = torch.cat((angle, angle), dim=-1)
        return angle.cos(), angle.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x [B, H, T, d] turned by its position."""
    half = x.shape[-1] // 2
    turned = torch.cat((-x[..., half:], x[..., :half]), dim=-1)
    return x * cos + turned * sin


def causal_mask(length_like: Tensor) -> Tensor:
    """[1, 1, T, T]: 0 where key <= query, else the lowest float; T is that of `length_like` [B, T]."""
    position = torch.arange(length_like.shape[1])
    later = position[None, :] > position[:, None]
    return torch.where(later, torch.tensor(torch.finfo(torch.float32).min), torch.tensor(0.0))[None, None]


def weights_of(q: Tensor, k: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(q kT / sqrt(d) + mask), [B, H, Tq, Tk] (Vaswani et al. 2017, eq. 1)."""
    scores = torch.matmul(q, k.transpose(-1, -2)) * (1.0 / math.sqrt(q.shape[-1]))
    if mask is not None:
        scores = scores + mask
    return torch.softmax(scores, dim=-1)


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence on itself or on `memory`; `seen` keeps the last weights where `keep` is set."""

    def __init__(self, d: int, heads: int, d_head: int):
        super().__init__()
        self.heads, self.d_head = heads, d_head
        self.query, self.key, self.value = (Linear(d, heads * d_head) for _ in range(3))
        self.output = Linear(heads * d_head, d)
        self.keep = False
        self.seen: Tensor | None = None
        self.watch: tuple[int, Tensor] | None = None
        self.watched: Tensor | None = None

    def split(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], x.shape[1], self.heads, self.d_head).transpose(1, 2)

    def forward(self, x: Tensor, mask: Tensor | None, rope: tuple[Tensor, Tensor] | None, memory: Tensor | None = None) -> Tensor:
        source = x if memory is None else memory
        if self.query.half_precision and memory is None:
            matrices = torch.cat((self.query.weight, self.key.weight, self.value.weight))
            q, k, v = (self.split(part) for part in F.linear(x.bfloat16(), matrices.bfloat16()).chunk(3, dim=-1))
        else:
            q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        if rope is not None:
            q, k = rotate(q, *rope), rotate(k, *rope)
        if self.query.half_precision:
            mixed, self.watched = causal_in_chunks(q.bfloat16(), k.bfloat16(), v, mask, self.watch)
        else:
            weights = weights_of(q, k, mask)
            if self.keep:
                self.seen = weights
            mixed = torch.matmul(weights, v)
        return self.output(mixed.transpose(1, 2).reshape(x.shape[0], x.shape[1], self.heads * self.d_head))


CHUNK = 128


def causal_in_chunks(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, watch: tuple[int, Tensor] | None) -> tuple[Tensor, Tensor | None]:
    """The same attention for training: under a causal mask, queries go in chunks that skip keys no query of theirs may see.

    `watch` names a head and a key per query, [B, T]; that head's weights on those keys come back beside the result.
    """
    if mask is None:
        return torch.matmul(torch.softmax(torch.matmul(q * (1.0 / math.sqrt(q.shape[-1])), k.transpose(-1, -2)), dim=-1), v), None
    q, mask = q * (1.0 / math.sqrt(q.shape[-1])), mask.bfloat16()
    parts, watched, length = [], [], q.shape[2]
    for start in range(0, length, CHUNK):
        end = min(start + CHUNK, length)
        scores = torch.matmul(q[:, :, start:end], k[:, :, :end].transpose(-1, -2))
        weights = torch.softmax(scores.add_(mask[:, :, start:end, :end]), dim=-1)
        parts.append(torch.matmul(weights, v[:, :, :end]))
        if watch is not None:
            watched.append(weights[:, watch[0]].gather(2, watch[1][:, start:end, None])[..., 0])
    return torch.cat(parts, dim=2), torch.cat(watched, dim=1).float() if watched else None
