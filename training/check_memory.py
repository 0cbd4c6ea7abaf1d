"""Does the default model recite? Continues 200 passages of its training text and counts how far it repeats them; looks for addresses in what it writes.

    python3 check_memory.py [checkpoint, "code.last"]        (a few CPU minutes)
"""

import json
import sys

import numpy as np
import torch

from bpe import load
from clean import EMAIL, URL
from paths import work
from stored import snap
from transformer import Shape, Transformer

PROMPT, CONTINUATION, PASSAGES = 64, 64, 200


def main() -> None:
    torch.set_num_threads(1)
    state = torch.load(work(f"{sys.argv[1] if len(sys.argv) > 1 else 'code.last'}.pt"))
    model = Transformer(Shape(**state["shape"]))
    model.load_state_dict(state["model"])
    snap(model, "int8")
    model.half(False).eval()
    bpe = load(work("code.tokenizer.json"))

    ids = np.load(work("train.npz"))["ids"].astype(np.int64)
    starts = np.random.default_rng(21).integers(0, len(ids) - PROMPT - CONTINUATION, PASSAGES)
    passages = torch.from_numpy(np.stack([ids[s : s + PROMPT + CONTINUATION] for s in starts]))
    made = continue_greedily(model, torch.cat((torch.zeros(PASSAGES, 1, dtype=torch.long), passages[:, :PROMPT]), 1))
    same = (made == passages[:, PROMPT:]).long()
    run = same.cumprod(1).sum(1)
    print(f"tokens repeated from the passage's continuation before the first difference: median {run.median()}, 95 % {run.float().quantile(0.95):.0f}, longest {run.max()}")
    print(f"passages repeated for {CONTINUATION} tokens: {(run == CONTINUATION).sum()} of {PASSAGES}")
    for row in (run >= 32).nonzero()[:, 0].tolist():
        print(f"  {int(run[row])} tokens:", repr("".join(bpe.text(int(t)) for t in made[row, : run[row]]))[:160])

    texts = ["".join(bpe.text(int(t)) for t in row) for row in made]
    print("e-mail addresses written:", sum(bool(EMAIL.search(t)) for t in texts), "web addresses:", sum(bool(URL.search(t)) for t in texts))
    corpus = "".join(json.loads(line)["text"] for line in work("train.jsonl").open())
    print("e-mail addresses in the corpus:", len(EMAIL.findall(corpus)), "web addresses:", len(URL.findall(corpus)))


@torch.no_grad()
def continue_greedily(model: Transformer, ids: torch.Tensor) -> torch.Tensor:
    """[rows, CONTINUATION] likeliest tokens after ids."""
    for _ in range(CONTINUATION):
        following = torch.cat([model.hidden(part)[:, -1] for part in ids.split(50)]) @ model.embedding.weight.t()
        ids = torch.cat((ids, following.argmax(-1, keepdim=True)), 1)
    return ids[:, -CONTINUATION:]


if __name__ == "__main__":
    main()
