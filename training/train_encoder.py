"""Trains encoder-4x8: a bidirectional transformer that fills in masked tokens, on English and Python.

    python3 train_encoder.py        (resumes from its last checkpoint)

30 % of the tokens are asked for (more than the usual 15 %: Wettig et al. 2023); of those 80 % show [MASK], 10 % another
token, 10 % themselves (Devlin et al. 2019). Held-out scores are at 15 %.
"""

import argparse
import json
import time

import numpy as np
import torch
from torch.nn import functional as F

from muon import Muon
from paths import work
from tied_loss import TiedLoss
from transformer import Shape, Transformer

START, MASK = 0, 4096  # <|endoftext|> of the code tokenizer, and one id more
CONTEXT = 128
SHAPE = Shape(vocab=4097, context=CONTEXT, layers=4, heads=8, d=192, d_head=24, mlp=768, positions="sinusoidal", causal=False)
PROSE = ("Python 3.11", "own stories", "CMake", "fastify", "Node.js API", "NumPy", "PyTorch")
TOKENS = 4096
WARMUP = 100
KEEP = 250
MUON_RATE, ADAM_RATE = 0.01, 3e-3
ASKED, MASKED = 0.3, 0.15  # shares in training, in evaluation
IGNORED = -100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=2700)
    parser.add_argument("--decay", type=int, default=900)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Transformer(SHAPE)
    matrices = [p for block in model.blocks for p in block.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    optimizers = [Muon(matrices, MUON_RATE, weight_decay=0.02), torch.optim.AdamW(others, ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)]
    step, cpu = 0, 0.0
    if work("encoder.last.pt").exists():
        state = torch.load(work("encoder.last.pt"))
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        step, cpu = state["step"], state["cpu"]
    corpus, held = prose("train"), prose("heldout")
    begun, rng = time.process_time(), None
    while step < options.steps:
        if rng is None or step % KEEP == 0:
            rng = np.random.default_rng(500 + step // KEEP)
        factor = min(1.0, (step + 1) / WARMUP, (options.steps - step) / options.decay)
        for optimizer, rate in zip(optimizers, (MUON_RATE, ADAM_RATE)):
            optimizer.param_groups[0]["lr"] = rate * factor
        ids, targets = masked(rng, windows(rng, corpus, TOKENS // CONTEXT))
        hidden = model.half(True).train().hidden(ids)
        loss = TiedLoss.apply(hidden.reshape(-1, SHAPE.d), model.embedding.weight, targets.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % KEEP == 0 or step == options.steps:
            spent = cpu + time.process_time() - begun
            validation, accuracy = held_out(model, held)
            line = {"step": step, "tokens": step * TOKENS, "cpuMinutes": round(spent / 60, 2), "train": round(loss.item(), 3), "validation": round(validation, 4), "accuracy": round(accuracy, 4)}
            print(json.dumps(line), flush=True)
            state = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "step": step, "cpu": spent, "shape": SHAPE.as_dict(), "line": line}
            torch.save(state, work("encoder.last.pt"))


def prose(part: str) -> np.ndarray:
    """Ids of the documents that are English or Python, one after the other."""
    packed = np.load(work(f"{part}.npz"))
    ids, ends = packed["ids"], np.cumsum(packed["lengths"])
    names = [json.loads(line)["source"] for line in work(f"{part}.jsonl").open()]
    kept = [ids[end - n : end] for name, end, n in zip(names, ends, packed["lengths"]) if name.startswith(PROSE)]
    return np.concatenate(kept).astype(np.int64)


def windows(rng: np.random.Generator, ids: np.ndarray, rows: int) -> np.ndarray:
    """[rows, CONTEXT]: START, then a piece of text."""
    starts = rng.integers(0, len(ids) - CONTEXT, rows)
    return np.stack([np.concatenate(([START], ids[s : s + CONTEXT - 1])) for s in starts])


def masked(rng: np.random.Generator, ids: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """What the model sees, and what is asked of it."""
    asked = rng.random(ids.shape) < ASKED
    asked[:, 0] = False
    roll = rng.random(ids.shape)
    seen = np.where(asked & (roll < 0.8), MASK, ids)
    seen = np.where(asked & (roll >= 0.8) & (roll < 0.9), rng.integers(1, MASK, ids.shape), seen)
    return torch.from_numpy(seen), torch.from_numpy(np.where(asked, ids, IGNORED))


@torch.no_grad()
def held_out(model: Transformer, ids: np.ndarray, rows: int = 256) -> tuple[float, float]:
    """Loss and accuracy on held-out text where every asked token shows <|mask|>, in float32."""
    model.half(False).eval()
    rng = np.random.default_rng(11)
    text = windows(rng, ids, rows)
    asked = rng.random(text.shape) < MASKED
    asked[:, 0] = False
    seen, wanted = torch.from_numpy(np.where(asked, MASK, text)), torch.from_numpy(text)[torch.from_numpy(asked)]
    logits = torch.cat([model(part) for part in seen.split(32)])[torch.from_numpy(asked)]
    return F.cross_entropy(logits, wanted).item(), (logits.argmax(-1) == wanted).float().mean().item()


if __name__ == "__main__":
    main()
