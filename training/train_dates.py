"""Trains one of the four date models.

    python3 train_dates.py dates-2x4 | dates-additive | dates-dot | dates-scaled        (two to five CPU minutes each)
"""

import sys
import time
from collections import defaultdict

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from dates import CHARACTERS, SOURCE_LIMIT, TARGET_LIMIT, TARGET_ROWS, Example, examples, source_ids, target_ids
from paths import work
from seq2seq import DateGru, DateTransformer, attentions

VOCABULARY = len(CHARACTERS.vocab)
SCORING = {"dates-additive": "additive", "dates-dot": "dot-product", "dates-scaled": "scaled-dot-product"}
STEPS = {"dates-2x4": 3000}
GRU_STEPS = 1000
ROWS = 64
UNSEEN = 1000
# Left alone, the one head of a recurrent model often settled on the character beside a month or a day (0.64 to 0.86 of the
# weight on the field itself, by seed and scoring): for the first steps a fading loss asks it to look at the field.
SCAFFOLD = 500  # steps
SCAFFOLD_WEIGHT = 0.2


def build(model_id: str) -> nn.Module:
    """A fresh model; the three scoring variants share every size."""
    if model_id in SCORING:
        return DateGru(VOCABULARY, SCORING[model_id], d=96, d_embedding=32)
    return DateTransformer(VOCABULARY, layers=2, heads=4, d=64, source_limit=SOURCE_LIMIT, target_limit=TARGET_LIMIT)


def data() -> tuple[list[Example], list[Example]]:
    """Training examples and 1,000 whose date is in none of them."""
    unseen = examples(UNSEEN, seed=7)
    return examples(60_000, seed=3, avoid=frozenset(e.target for e in unseen)), unseen


def main() -> None:
    model_id = sys.argv[1]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = build(model_id)
    training, unseen = data()
    buckets = by_length(training)
    sizes = np.array([len(b[0]) for b in buckets], dtype=float)
    rng = np.random.default_rng(0)
    steps = STEPS.get(model_id, GRU_STEPS)
    rate = 2e-3 if model_id == "dates-2x4" else 4e-3
    optimizer = torch.optim.AdamW(model.parameters(), rate, betas=(0.9, 0.98), weight_decay=0.02)
    begun, exact_at = time.process_time(), None
    for step in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = rate * min(1, step / 100, 1.05 - step / steps)
        source, target, fields = buckets[rng.choice(len(buckets), p=sizes / sizes.sum())]
        chosen = torch.from_numpy(rng.integers(0, len(source), ROWS))
        scaffolded = model_id in SCORING and step < SCAFFOLD
        if scaffolded:
            model.attention.keep = True
        logits = model(source[chosen], target[chosen, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), target[chosen, 1:].flatten())
        if scaffolded:
            model.attention.keep = False
            loss = loss + SCAFFOLD_WEIGHT * (1 - step / SCAFFOLD) * field_loss(model.attention.seen[:, 0], fields[chosen])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 250 == 0:
            spent = time.process_time() - begun
            exact, mass = exact_share(model, unseen[:200]), alignment(model, unseen[:200])
            exact_at = spent if exact_at is None and exact >= 0.99 else exact_at
            print(step, f"{loss.item():.4f} exact {exact:.3f}", {f: [round(float(v), 2) for v in m.flatten()] for f, m in mass.items()}, f"{spent:.0f} s", flush=True)
    state = {"model": model.state_dict(), "step": steps, "cpu": time.process_time() - begun, "loss": loss.item(), "exactAt": exact_at, "tokens": steps * ROWS * 11}
    torch.save(state, work(f"{model_id}.pt"))


def by_length(items: list[Example], smallest: int = 50) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """(sources, targets, fields' characters) per source length, so that no row needs padding; lengths rarer than `smallest` are left out."""
    groups = defaultdict(list)
    for e in items:
        groups[len(e.source)].append(e)
    return [(torch.tensor([source_ids(e) for e in g]), torch.tensor([target_ids(e) for e in g]), field_masks(g)) for _, g in sorted(groups.items()) if len(g) >= smallest]


def field_masks(items: list[Example]) -> torch.Tensor:
    """[items, 11, source] bool: for each row of the decoder that foresees a field, the field's characters in the source."""
    masks = torch.zeros(len(items), 11, len(items[0].source), dtype=torch.bool)
    for i, e in enumerate(items):
        for field, rows in TARGET_ROWS.items():
            masks[i, list(rows), slice(*e.spans[field])] = True
    return masks


def field_loss(weights: torch.Tensor, fields: torch.Tensor) -> torch.Tensor:
    """Mean -log of the weight [rows, 11, source] that falls on the field, over the rows that foresee one."""
    mass = (weights * fields).sum(-1)
    return -mass[fields.any(-1)].clamp_min(1e-4).log().mean()


@torch.no_grad()
def exact_share(model: nn.Module, items: list[Example]) -> float:
    """Share of examples whose ten characters and end come out right when generated greedily from the start symbol."""
    right = 0
    for source, target, _ in by_length(items, smallest=1):
        made = target[:, :1]
        for _ in range(target.shape[1] - 1):
            made = torch.cat((made, model(source, made)[:, -1:].argmax(-1)), dim=1)
        right += (made == target).all(1).sum().item()
    return right / len(items)


def alignment(model: nn.Module, items: list[Example]) -> dict[str, torch.Tensor]:
    """Per field, the mean share [layer, head] of cross-attention that falls on the field's span in the rows that foresee it."""
    sums = {field: 0.0 for field in TARGET_ROWS}
    for e in items:
        seen, _ = attentions(model, torch.tensor([source_ids(e)]), torch.tensor([target_ids(e)[:-1]]))
        cross = torch.stack([w[0] for w in seen["cross"]])
        for field, rows in TARGET_ROWS.items():
            start, end = e.spans[field]
            sums[field] = sums[field] + cross[:, :, list(rows), start:end].sum(-1).mean(-1)
    return {field: total / len(items) for field, total in sums.items()}


if __name__ == "__main__":
    main()
