"""Rows of training: windows of the corpus, token sequences that repeat, and generated nested code; with where brackets and quotes opened."""

import numpy as np
import torch
from torch import Tensor

from paths import work

IGNORED = -100


class Rows:
    """Draws rows by a seeded generator; every row starts with <|endoftext|> (id 0)."""

    def __init__(self, seed: int, vocabulary: int):
        self.rng = np.random.default_rng(seed)
        self.vocabulary = vocabulary
        self.corpus, self.lesson = np.load(work("train.npz"))["ids"], np.load(work("lesson.npy"))
        nested = np.load(work("nested.npz"))
        self.nested, self.nested_lesson = nested["ids"], nested["lesson"]

    def start(self, ids: np.ndarray, length: int) -> int:
        return int(self.rng.integers(0, len(ids) - length))

    def repeated(self, length: int) -> tuple[np.ndarray, int]:
        """Random tokens (half of the time shuffled ones of the corpus), then the same again and again; and the first copy's length."""
        period = int(self.rng.integers(8, length // 2))
        if self.rng.random() < 0.5:
            segment = self.rng.integers(1, self.vocabulary, period)
        else:
            start = self.start(self.corpus, period)
            segment = self.rng.permutation(self.corpus[start : start + period].astype(np.int64))
        return np.tile(segment, length // period + 1)[:length], period

    def batch(self, rows: int, length: int, repeat_share: float, nested_share: float) -> tuple[Tensor, Tensor, Tensor]:
        """ids [rows, length]; the targets, the next token or IGNORED; and the lesson [2, rows, length], tokens back to the opener and to the quote (0: none)."""
        ids = np.zeros((rows, length + 1), dtype=np.int64)
        lesson = np.zeros((2, rows, length + 1), dtype=np.int64)
        targets = np.empty((rows, length), dtype=np.int64)
        for r in range(rows):
            roll = self.rng.random()
            unscored = 0
            if roll < repeat_share:
                ids[r, 1:], unscored = self.repeated(length)
            else:
                nested = roll < repeat_share + nested_share
                source, told = (self.nested, self.nested_lesson) if nested else (self.corpus, self.lesson)
                start = self.start(source, length)
                ids[r, 1:], lesson[:, r, 1:] = source[start : start + length], told[:, start : start + length]
            targets[r] = ids[r, 1:]
            targets[r, :unscored] = IGNORED
        lesson[lesson >= np.arange(length + 1)] = 0
        return torch.from_numpy(ids[:, :length].copy()), torch.from_numpy(targets), torch.from_numpy(lesson[:, :, :length].copy())


def validation(length: int, limit: int) -> Tensor:
    """Held-out windows [n, length + 1], id 0 first, cut one after the other and thinned evenly to `limit` rows."""
    ids = np.load(work("heldout.npz"))["ids"].astype(np.int64)
    starts = np.linspace(0, len(ids) - length - 1, limit).astype(int)
    return torch.from_numpy(np.stack([np.concatenate(([0], ids[s : s + length])) for s in starts]))
