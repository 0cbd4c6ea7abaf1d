"""Where two heads of the code model are taught to look: per token of the corpus, how far back its opener and its quote stand."""

import json

import numpy as np

from bpe import Bpe, load
from nested import make_nested
from paths import work
from structure import NONE, scan
from structure_probes import language

FARTHEST = 500


def main() -> None:
    """lesson.npz beside train.npz, and nested.npz in place of nested.npy (two minutes)."""
    bpe = load(work("code.tokenizer.json"))
    lengths = np.load(work("train.npz"))["lengths"]
    parts = []
    for line, length in zip(work("train.jsonl").open(), lengths):
        document = json.loads(line)
        kind = language(document["source"])
        text = document["text"]
        parts.append(distances(bpe, text, kind == "script", length)[1] if kind and text.isascii() else np.zeros((2, length), dtype=np.int16))
    np.save(work("lesson.npy"), np.concatenate(parts, axis=1))
    nested = [distances(bpe, text, text.rstrip().endswith((";", "}")), None) for text in make_nested(NESTED_BYTES)]
    np.savez(work("nested.npz"), ids=np.concatenate([ids for ids, _ in nested]), lesson=np.concatenate([d for _, d in nested], axis=1))


NESTED_BYTES = 6_000_000


def distances(bpe: Bpe, text: str, script: bool, length: int | None) -> tuple[np.ndarray, np.ndarray]:
    """ids (0 first), and [2, tokens] int16: how many tokens back the innermost opener and the opening quote stand; 0 for none."""
    ids = [0, *bpe.encode(text)]
    if length is not None and len(ids) != length:
        raise ValueError("train.npz was made from another corpus.")
    pieces = [bpe.text(i) for i in ids[1:]]
    structure = scan(text, script)
    token_of = np.repeat(np.arange(1, len(ids)), [len(p) for p in pieces])
    found = np.zeros((2, len(ids)), dtype=np.int16)
    at = 0
    for t, piece in enumerate(pieces, start=1):
        first = at + (len(piece) - len(piece.lstrip(" ")) if piece.strip() else 0)
        at += len(piece)
        opener = structure.bracket[first] if structure.code[first] else NONE
        for row, place in enumerate((opener, structure.quote[first])):
            if place != NONE and 0 < t - token_of[place] <= FARTHEST:
                found[row, t] = t - token_of[place]
    return np.array(ids, dtype=np.uint16), found


if __name__ == "__main__":
    main()
