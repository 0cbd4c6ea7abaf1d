"""What the heads of a causal code model do: on repeated random tokens, and on held-out code with its brackets and strings."""

import torch
from torch import Tensor
from torch.nn import functional as F

from transformer import Transformer

PERIOD = 100


def repeated_ids(rows: int, vocabulary: int, seed: int = 12345, period: int = PERIOD) -> Tensor:
    """[rows, 1 + 2 * period]: id 0, random tokens, the same tokens again."""
    generator = torch.Generator().manual_seed(seed)
    segment = torch.randint(1, vocabulary, (rows, period), generator=generator)
    return torch.cat((torch.zeros(rows, 1, dtype=torch.long), segment, segment), dim=1)


def repeat_scores(model: Transformer, ids: Tensor) -> dict:
    """Mean weight per layer and head [L, H] on the previous token and on the token after the earlier copy; accuracy in the second copy."""
    seen, logits = model.attentions(ids)
    period = (ids.shape[1] - 1) // 2
    query = torch.arange(1, ids.shape[1])
    second = torch.arange(period + 1, ids.shape[1])
    previous = torch.stack([w[:, :, query, query - 1].mean((0, 2)) for w in seen])
    induction = torch.stack([w[:, :, second, second - period + 1].mean((0, 2)) for w in seen])
    # The second copy's first token cannot be foreseen: positions that see at least one repeated token are scored.
    guessed = logits[:, period + 1 : -1].argmax(-1)
    accuracy = (guessed == ids[:, period + 2 :]).float().mean().item()
    return {"previous": previous, "induction": induction, "accuracy": accuracy}


def validation_loss(model: Transformer, windows: Tensor) -> tuple[float, float]:
    """Cross-entropy in nats a token and top-1 accuracy on held-out windows [n, T + 1], in float32."""
    model.half(False).eval()
    loss, right, n = 0.0, 0, 0
    with torch.no_grad():
        for rows in windows.split(16):
            logits = model(rows[:, :-1]).flatten(0, 1)
            wanted = rows[:, 1:].flatten()
            loss += F.cross_entropy(logits, wanted, reduction="sum").item()
            right += (logits.argmax(-1) == wanted).sum().item()
            n += len(wanted)
    return loss / n, right / n


def quick_scores(model: Transformer, windows: Tensor) -> dict:
    """The numbers of the training log."""
    loss, top1 = validation_loss(model, windows)
    repeats = repeat_scores(model, repeated_ids(8, model.shape.vocab))
    return {
        "validation": round(loss, 4),
        "top1": round(top1, 4),
        "previous": round(repeats["previous"].max().item(), 3),
        "induction": round(repeats["induction"].max().item(), 3),
        "repeat": round(repeats["accuracy"], 3),
    }
