"""Rows of training: windows of the corpus, token sequences that repeat, and generated nested code."""

import numpy as np
import torch
from torch import Tensor

from bpe import load
from nested import make_nested
from paths import work

NESTED_BYTES = 6_000_000
IGNORED = -100


class Rows:
    """Draws rows by a seeded generator; every row starts with <|endoftext|> (id 0)."""

    def __init__(self, seed: int, vocabulary: int):
        self.rng = np.random.default_rng(seed)
        self.vocabulary = vocabulary
        self.corpus = np.load(work("train.npz"))["ids"]
        self.nested = nested_ids()

    def window(self, ids: np.ndarray, length: int) -> np.ndarray:
        start = self.rng.integers(0, len(ids) - length)
        return ids[start : start + length].astype(np.int64)

    def repeated(self, length: int) -> tuple[np.ndarray, int]:
        """Random tokens (half of the time shuffled ones of the corpus), then the same again and again; and the first copy's length."""
        period = int(self.rng.integers(8, length // 2))
        if self.rng.random() < 0.5:
            segment = self.rng.integers(1, self.vocabulary, period)
        else:
            segment = self.rng.permutation(self.window(self.corpus, period))
        return np.tile(segment, length // period + 1)[:length], period

    def batch(self, rows: int, length: int, repeat_share: float, nested_share: float) -> tuple[Tensor, Tensor]:
        """ids [rows, length] and the targets, the next token or IGNORED."""
        ids = np.zeros((rows, length + 1), dtype=np.int64)
        targets = np.empty((rows, length), dtype=np.int64)
        for r in range(rows):
            roll = self.rng.random()
            unscored = 0
            if roll < repeat_share:
                ids[r, 1:], unscored = self.repeated(length)
            elif roll < repeat_share + nested_share:
                ids[r, 1:] = self.window(self.nested, length)
            else:
                ids[r, 1:] = self.window(self.corpus, length)
            targets[r] = ids[r, 1:]
            targets[r, :unscored] = IGNORED
        return torch.from_numpy(ids[:, :length].copy()), torch.from_numpy(targets)


def nested_ids() -> np.ndarray:
    """The generated nested code as ids, kept in the work folder."""
    path = work("nested.npy")
    if not path.exists():
        bpe = load(work("code.tokenizer.json"))
        np.save(path, np.array([i for text in make_nested(NESTED_BYTES) for i in (0, *bpe.encode(text))], dtype=np.uint16))
    return np.load(path)


def validation(length: int, limit: int) -> Tensor:
    """Held-out windows [n, length + 1], id 0 first, cut one after the other and thinned evenly to `limit` rows."""
    ids = np.load(work("heldout.npz"))["ids"].astype(np.int64)
    starts = np.linspace(0, len(ids) - length - 1, limit).astype(int)
    return torch.from_numpy(np.stack([np.concatenate(([0], ids[s : s + length])) for s in starts]))
