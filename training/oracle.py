"""Reference outputs kept with the tests: ids, and for each layer and head some rows of the weights as torch computed them.

A row is a query's weights over all keys. Rows are float32, little-endian, base64, in the order of `rows`:
for each layer [heads, len(rows), keys].
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor


def rows_of(length: int, count: int) -> list[int]:
    """At most `count` query positions, the last among them, evenly spread."""
    return sorted({int(r) for r in np.linspace(0, length - 1, min(count, length))})


def packed(weights: list[Tensor], rows: list[int]) -> list[str]:
    """Per layer, the chosen rows of [1, H, Tq, Tk]."""
    return [base64.b64encode(w[0][:, rows].contiguous().numpy().astype("<f4").tobytes()).decode() for w in weights]


def text_cases(model, block: str, texts: list[tuple[str, list[int]]], count: int, predicts: bool) -> tuple[list[dict], list[dict], list[list]]:
    """Of each text with its ids: the case with `count` rows, the input, and torch's weights of every layer."""
    cases, inputs, references = [], [], []
    for text, ids in texts:
        weights, logits = model.attentions(torch.tensor([ids]))
        rows = rows_of(len(ids), count)
        case = {"text": text, "ids": ids, "blocks": {block: {"rows": rows, "weights": packed(weights, rows)}}}
        cases.append({**case, "next": top_of(logits)} if predicts else case)
        inputs.append({"input_ids": ids})
        references.append([w.numpy() for w in weights])
    return cases, inputs, references


def write_oracle(path: Path, model_id: str, cases: list[dict]) -> None:
    """Cases: {text, ids, [targetText, targetIds], blocks: {block: {rows, weights}}, logits: {row, top}}."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"model": model_id, "source": f"PyTorch {torch.__version__}, float32, the stored weights", "cases": cases}
    path.write_text(json.dumps(data, ensure_ascii=False) + "\n")


def top_of(logits: Tensor, count: int = 5) -> list[dict]:
    """The likeliest next tokens after the last position of [1, T, V]: id and probability."""
    p, ids = torch.softmax(logits[0, -1], dim=-1).topk(count)
    return [{"id": int(i), "probability": round(float(v), 6)} for v, i in zip(p, ids)]
