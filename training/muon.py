"""Muon: momentum whose matrix updates are orthogonalised (Jordan et al. 2024); it needed fewer tokens here than AdamW."""

import torch
from torch import Tensor


def orthogonalised(g: Tensor) -> Tensor:
    """Five Newton-Schulz steps towards U Vt of g = U S Vt, in bfloat16; coefficients of Jordan et al. 2024."""
    a, b, c = 3.4445, -4.7750, 2.0315
    tall = g.shape[0] > g.shape[1]
    x = (g.t() if tall else g).bfloat16()
    x = x / (x.float().norm() + 1e-7).bfloat16()
    for _ in range(5):
        s = x @ x.t()
        x = a * x + (b * s + c * (s @ s)) @ x
    return (x.t() if tall else x).float()


class Muon(torch.optim.Optimizer):
    """For the matrices of the blocks; embeddings and norms belong to AdamW."""

    def __init__(self, params, lr: float, momentum: float = 0.95, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(p)
                m = state["momentum"].mul_(group["momentum"]).add_(p.grad)
                update = orthogonalised(p.grad + group["momentum"] * m)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update, alpha=-group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)
