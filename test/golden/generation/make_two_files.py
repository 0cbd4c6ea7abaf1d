"""What the encoder-decoders of test/support/twoFileModel.ts decode and attend to, in float64 NumPy: two_files.json.

Run from the repository's root: python3 test/golden/generation/make_two_files.py
Each target is computed anew for each token, without a cache.
"""

import json
from pathlib import Path

import numpy as np

WIDTH, HEADS, WORDS, MELS = 8, 2, 12, 3
SOURCE = [3, 5, 7, 5, 2]
COUNT = 6


def numbers(seed: float, *dims: int) -> np.ndarray:
    i = np.arange(np.prod(dims))
    # Stored as float32 in the graph.
    return (np.sin(0.37 * i * i + seed) / 2).astype(np.float32).astype(np.float64).reshape(dims)


WORD_TABLE, PLACE_TABLE, UNEMBEDDING = numbers(1, WORDS, WIDTH), numbers(2, 40, WIDTH), numbers(4, WIDTH, WORDS)
FILTER = numbers(3, WIDTH, MELS, 3)
FEATURES = numbers(5, MELS, 9)


def norm(x: np.ndarray) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attend(seed: float, x: np.ndarray, of: np.ndarray, causal: bool = False) -> tuple[np.ndarray, np.ndarray]:
    heads = lambda y: y.reshape(len(y), HEADS, -1).transpose(1, 0, 2)  # noqa: E731
    q, k, v = (heads(y @ numbers(seed + i, WIDTH, WIDTH)) for i, y in enumerate((x, of, of)))
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS)
    if causal:
        scores = np.where(np.tri(len(x), len(of), dtype=bool), scores, -1e9)
    weights = softmax(scores)
    joined = (weights @ v).transpose(1, 0, 2).reshape(len(x), WIDTH)
    return joined @ numbers(seed + 3, WIDTH, WIDTH), weights


def encoded(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = norm(x)
    added, weights = attend(10, x, x)
    return norm(x + added), weights


def text() -> tuple[np.ndarray, np.ndarray]:
    return encoded(WORD_TABLE[SOURCE] + PLACE_TABLE[2 : 2 + len(SOURCE)])


def sound() -> tuple[np.ndarray, np.ndarray]:
    padded = np.pad(FEATURES, ((0, 0), (1, 1)))
    frames = [(FILTER * padded[None, :, at : at + 3]).sum((1, 2)) for at in range(0, FEATURES.shape[1], 2)]
    x = np.maximum(0, np.stack(frames))
    return encoded(x + PLACE_TABLE[: len(x)])


def decoded(target: list[int], states: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = norm(WORD_TABLE[target] + PLACE_TABLE[2 : 2 + len(target)])
    added, own = attend(20, x, x, causal=True)
    x = norm(x + added)
    added, cross = attend(30, x, states)
    return norm(x + added) @ UNEMBEDDING, own, cross


def greedy(prompt: list[int], encoder: tuple[np.ndarray, np.ndarray]) -> dict:
    states, weights = encoder
    target, steps = list(prompt), []
    for _ in range(COUNT):
        shares = softmax(decoded(target, states)[0][-1])
        target.append(int(shares.argmax()))
        steps.append({"id": target[-1], "probability": float(shares.max())})
    _, own, cross = decoded(target, states)
    rows = {"encoder": weights, "decoder": own, "cross": cross}
    return {
        "target": target,
        "steps": steps,
        "weights": {block: np.round(values, 8).tolist() for block, values in rows.items()},
    }


found = {
    "source": SOURCE,
    "text": greedy([2, 0], text()),
    "sound": {**greedy([2, 9, 4], sound()), "features": FEATURES.tolist()},
}
Path(__file__).with_name("two_files.json").write_text(json.dumps(found) + "\n")
for kind in ("text", "sound"):
    print(kind, found[kind]["target"], [round(step["probability"], 4) for step in found[kind]["steps"]])
