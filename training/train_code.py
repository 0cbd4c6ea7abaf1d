"""Trains code-4x8, the default model: a causal transformer on code and English.

    python3 train_code.py --steps 6200            (resumes from its last checkpoint)
    python3 train_code.py --fork sharp --at 6200 --decay 200 --scale 0.1 --repeats 0.3      (trains on from a kept checkpoint, under another name)

The rate warms up, stays, and falls linearly to zero over the last `--decay` steps (Hägele et al. 2024), so that a
checkpoint of the flat part can be cooled down at any time. Measured in CPU time: the machine is shared.
"""

import argparse
import json
import time

import torch

from batches import Rows, validation
from code_probes import quick_scores
from muon import Muon
from paths import work
from tied_loss import TiedLoss
from transformer import Shape, Transformer

SHAPE = Shape(vocab=4096, context=512, layers=4, heads=8, d=256, d_head=32, mlp=1024, positions="rope", causal=True)
TOKENS = 4096  # a batch
WARMUP = 100
KEEP = 500
# Two heads are taught, from a step on, by a small loss on their weights: left alone, the best ones had put 0.27 on the
# innermost opener and 0.39 on the opening quote at that step.
TAUGHT = ((3, 5), (2, 7))  # (layer, head) for brackets, for quotes
LESSON, LESSON_FROM = 0.1, 2500


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="code")
    parser.add_argument("--steps", type=int, default=6200)
    parser.add_argument("--decay", type=int, default=1700)
    parser.add_argument("--long", type=int, default=1500, help="the last steps, at full context")
    parser.add_argument("--muon", type=float, default=0.01)
    parser.add_argument("--adam", type=float, default=3e-3)
    parser.add_argument("--fork", help="train on under this name from a kept checkpoint")
    parser.add_argument("--at", type=int)
    parser.add_argument("--scale", type=float, default=1.0, help="of both rates")
    parser.add_argument("--repeats", type=float, help="share of repeated rows, in place of the schedule")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    train(options)


def train(options: argparse.Namespace) -> None:
    model = Transformer(SHAPE)
    matrices = [p for block in model.blocks for p in block.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    optimizers = [Muon(matrices, options.muon, weight_decay=0.02), torch.optim.AdamW(others, options.adam, betas=(0.9, 0.98), weight_decay=0.0)]
    rates = [options.muon * options.scale, options.adam * options.scale]
    name, step, cpu = options.name, 0, 0.0
    if options.fork:
        name, step, cpu = options.fork, *restore(work(f"{options.name}.{options.at}.pt"), model, optimizers)
        options.steps = step + options.decay
    elif work(f"{name}.last.pt").exists():
        step, cpu = restore(work(f"{name}.last.pt"), model, optimizers)
    held = validation(255, 96)
    begun = time.process_time()
    rows = None
    while step < options.steps:
        if rows is None or step % KEEP == 0:
            rows = Rows(1000 + step // KEEP, SHAPE.vocab)
        factor = rate_factor(step, options)
        for optimizer, rate in zip(optimizers, rates):
            optimizer.param_groups[0]["lr"] = rate * factor
        taught = step >= LESSON_FROM
        length = 512 if step >= options.steps - options.long and not options.fork else 256
        progress = step / options.steps
        repeat_share = max(0.08, 0.36 * (1 - step / 2500)) if options.repeats is None else options.repeats
        ids, targets, lesson = rows.batch(TOKENS // length, length, repeat_share, 0.05 if progress < 0.5 else 0.10)
        for (layer, head), back in zip(TAUGHT, lesson):
            model.blocks[layer].attention.watch = (head, torch.arange(length)[None] - back) if taught else None
        hidden = model.half(True).train().hidden(ids)
        loss = TiedLoss.apply(hidden.reshape(-1, SHAPE.d), model.embedding.weight, targets.reshape(-1))
        (loss + LESSON * sum(lesson_loss(model, place, back) for place, back in zip(TAUGHT, lesson)) if taught else loss).backward()
        torch.nn.utils.clip_grad_norm_(others, 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 125 == 0 or step == options.steps:
            spent = cpu + time.process_time() - begun
            scores = quick_scores(model, held) if step % 250 == 0 or step == options.steps else {}
            line = {"step": step, "tokens": step * TOKENS, "cpuMinutes": round(spent / 60, 2), "train": round(loss.item(), 3), **scores}
            print(json.dumps(line), flush=True)
            with work(f"{name}.log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
        if step % KEEP == 0 or step == options.steps:
            state = {"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "step": step, "cpu": cpu + time.process_time() - begun, "shape": SHAPE.as_dict()}
            torch.save(state, work(f"{name}.last.pt"))
            torch.save(state, work(f"{name}.{step}.pt"))


def lesson_loss(model: Transformer, place: tuple[int, int], back: torch.Tensor) -> torch.Tensor:
    """Mean -log of the taught head's weight on the opener (or the quote), over the tokens inside one."""
    return -model.blocks[place[0]].attention.watched[back > 0].clamp_min(1e-4).log().mean()


def rate_factor(step: int, options: argparse.Namespace) -> float:
    """Linear warm-up, flat, linear fall to zero at the last step."""
    return min(1.0, (step + 1) / WARMUP, (options.steps - step) / options.decay)


def restore(path, model: Transformer, optimizers: list) -> tuple[int, float]:
    """Loads a checkpoint; its step and CPU seconds."""
    state = torch.load(path)
    model.load_state_dict(state["model"])
    for optimizer, saved in zip(optimizers, state["optimizers"]):
        optimizer.load_state_dict(saved)
    return state["step"], state["cpu"]


if __name__ == "__main__":
    main()
