"""Greedy decoding and the logit lens by PyTorch, from the weights in the embedded ONNX files: generation.json.

Run from the repository's root: python3 test/golden/generation/make_golden.py
Each sequence is computed anew for each token, without a cache. The lens is the last norm and the unembedding applied to
the state before the first block and after each (nostalgebraist 2020).
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "training"))
from seq2seq import DateTransformer, attentions  # noqa: E402
from transformer import Shape, Transformer  # noqa: E402

MODELS = ROOT / "media" / "models"
COUNT = 5


def weights_of(model_id: str) -> dict[str, torch.Tensor]:
    """Stored values decoded as the file's own Cast and Mul do."""
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(MODELS / model_id / "model.onnx")).graph.initializer}
    found = {}
    for name, values in stored.items():
        if name.endswith(".int8"):
            base = name[: -len(".int8")]
            found[base] = values.astype(np.float32) * stored[f"{base}.scale"]
        elif name.endswith(".fp16"):
            found[name[: -len(".fp16")]] = values.astype(np.float32)
        elif not name.endswith(".scale"):
            found[name] = values
    return {name: torch.from_numpy(np.array(values)) for name, values in found.items()}


def load(model: torch.nn.Module, model_id: str) -> torch.nn.Module:
    missing, _ = model.load_state_dict(weights_of(model_id), strict=False)
    if missing:
        raise ValueError(f"{model_id} lacks {missing}")
    return model.eval()


def causal(model_id: str) -> Transformer:
    config = json.loads((MODELS / model_id / "config.json").read_text())
    card = json.loads((MODELS / model_id / "card.json").read_text())
    stored = weights_of(model_id)
    up = stored.get("blocks.0.mlp.up.weight")
    shape = Shape(
        vocab=config["vocab_size"],
        context=card["context"],
        layers=card["layers"],
        heads=card["heads"],
        d=card["dModel"],
        d_head=card["dHead"],
        mlp=0 if up is None else up.shape[0],
        positions=card["positions"]["scheme"],
        causal=True,
        tied="output" not in stored,
    )
    return load(Transformer(shape), model_id)


def top(logits: torch.Tensor) -> list[dict]:
    p, ids = torch.softmax(logits, dim=-1).topk(COUNT)
    return [{"id": int(i), "probability": round(float(v), 6)} for v, i in zip(p, ids)]


@torch.no_grad()
def continued(model: Transformer, ids: list[int], count: int, ends: list[int]) -> dict:
    given = len(ids)
    steps = []
    while len(ids) < given + count:
        logits = model(torch.tensor([ids]))[0, -1]
        best = int(logits.argmax())
        steps.append(top(logits))
        if best in ends:
            break
        ids = [*ids, best]
    seen, _ = model.attentions(torch.tensor([ids]))
    last = [[[round(float(w), 6) for w in head[-1]] for head in layer[0]] for layer in seen]
    return {"given": given, "ids": ids, "steps": steps, "lastRows": last, "lens": lens(model, ids)}


@torch.no_grad()
def lens(model: Transformer, ids: list[int]) -> list[list[dict]]:
    """[states][positions]: the likeliest token with its probability, and that of the model's own likeliest."""
    states = []
    hooks = [b.register_forward_pre_hook(lambda _, given: states.append(given[0])) for b in model.blocks]
    hooks.append(model.norm.register_forward_pre_hook(lambda _, given: states.append(given[0])))
    logits = model(torch.tensor([ids]))[0]
    for hook in hooks:
        hook.remove()
    best = logits.argmax(dim=-1)
    unembedding = (model.embedding.weight if model.output is None else model.output).t()
    rows = []
    for state in states:
        p = torch.softmax(model.norm(state)[0] @ unembedding, dim=-1)
        values, found = p.max(dim=-1)
        rows.append(
            [
                {"id": int(i), "probability": round(float(v), 6), "final": round(float(p[t, best[t]]), 6)}
                for t, (v, i) in enumerate(zip(values, found))
            ]
        )
    return rows


@torch.no_grad()
def decoded(model: DateTransformer, source: list[int], start: int, end: int, most: int) -> dict:
    ids, steps = [start], []
    while len(ids) <= most:
        logits = model(torch.tensor([source]), torch.tensor([ids]))[0, -1]
        steps.append(top(logits))
        best = int(logits.argmax())
        if best == end:
            break
        ids.append(best)
    seen, _ = attentions(model, torch.tensor([source]), torch.tensor([ids]))
    rows = {block: [[[round(float(w), 6) for w in head[-1]] for head in layer[0]] for layer in layers] for block, layers in seen.items()}
    return {"source": source, "ids": ids, "steps": steps, "lastRows": rows}


def main() -> None:
    texts = json.loads((Path(__file__).parent / "inputs.json").read_text())
    result = {"source": f"PyTorch {torch.__version__}, float32, the stored weights", "causal": [], "dates": []}
    for case in texts["causal"]:
        model = causal(case["model"])
        result["causal"].append({**case, **continued(model, case["ids"], case["count"], [0])})
    dates = load(DateTransformer(45, 2, 4, 64, 48, 48), "dates-2x4")
    for case in texts["dates"]:
        result["dates"].append({**case, **decoded(dates, case["ids"], 0, 1, 20)})
    (Path(__file__).parent / "generation.json").write_text(json.dumps(result) + "\n")


main()
