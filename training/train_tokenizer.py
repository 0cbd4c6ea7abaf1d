"""Trains the code tokenizer on the corpus and encodes the corpus with it: code.tokenizer.json, train.npz, heldout.npz.

    python3 train_tokenizer.py        (two minutes)
"""

import json
import time
from collections import Counter

import numpy as np

from bpe import PIECES, Bpe, tokenizer_json, train
from paths import work

VOCABULARY = 4096


def main() -> None:
    started = time.process_time()
    documents = {part: [json.loads(line) for line in work(f"{part}.jsonl").open()] for part in ("train", "heldout")}
    counts: Counter = Counter()
    for document in documents["train"]:
        counts.update(PIECES.findall(document["text"]))
    frequent = Counter({piece: n for piece, n in counts.items() if n >= 3})
    print(f"{len(counts)} pieces, {len(frequent)} occur three times or more", flush=True)
    data = tokenizer_json(train(frequent, VOCABULARY))
    work("code.tokenizer.json").write_text(json.dumps(data, ensure_ascii=False))
    bpe = Bpe(data)
    print("vocabulary", len(bpe.vocab), f"{time.process_time() - started:.0f} CPU s", flush=True)

    for part, items in documents.items():
        encoded = [np.array([0, *bpe.encode(d["text"])], dtype=np.uint16) for d in items]
        total = sum(map(len, encoded))
        np.savez(work(f"{part}.npz"), ids=np.concatenate(encoded), lengths=np.array([len(e) for e in encoded]))
        print(f"{part}: {total} tokens, {sum(len(d['text']) for d in items) / total:.2f} characters a token", flush=True)
    print(f"{time.process_time() - started:.0f} CPU s")


if __name__ == "__main__":
    main()
