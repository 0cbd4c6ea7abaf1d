"""Cross-entropy of a tied output layer, row by row, so that the [tokens, vocabulary] matrix never leaves the cache."""

import torch
from torch import Tensor

ROWS = 512


class TiedLoss(torch.autograd.Function):
    """mean -log softmax(h Et)[target] over the targets >= 0; products in bfloat16, gradients made in the forward pass."""

    @staticmethod
    def forward(ctx, hidden: Tensor, embedding: Tensor, targets: Tensor) -> Tensor:
        scored = targets >= 0
        hidden_rows, targets = hidden[scored], targets[scored]
        half_embedding = embedding.bfloat16()
        d_rows = torch.empty_like(hidden_rows)
        d_embedding = torch.zeros_like(embedding)
        total, n = 0.0, len(targets)
        for start in range(0, n, ROWS):
            rows = hidden_rows[start : start + ROWS].bfloat16()
            wanted = targets[start : start + ROWS, None]
            p = torch.softmax(torch.matmul(rows, half_embedding.t()).float(), dim=-1)
            chosen = p.gather(1, wanted)
            total += -chosen.clamp_min(1e-12).log().sum().item()
            p.scatter_(1, wanted, chosen - 1)
            p = p.bfloat16()
            d_rows[start : start + ROWS] = torch.matmul(p, half_embedding)
            d_embedding += torch.matmul(p.t(), rows)
        d_hidden = torch.zeros_like(hidden)
        d_hidden[scored] = d_rows / n
        ctx.save_for_backward(d_hidden, d_embedding / n)
        return torch.tensor(total / n)

    @staticmethod
    def backward(ctx, grad: Tensor):
        d_hidden, d_embedding = ctx.saved_tensors
        return d_hidden * grad, d_embedding * grad, None
