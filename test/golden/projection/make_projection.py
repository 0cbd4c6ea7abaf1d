"""What each head adds to the residual stream, by a forward pass written out in NumPy from the stored weights by their names.

Run in this folder with onnx and NumPy: python3 make_projection.py   (made with onnx 1.12.0, NumPy 1.24.2)
The architecture is that of training/transformer.py: pre-norm blocks, RoPE by halves or a learned table, squared ReLU.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

here = Path(__file__).parent
models = here / "../../../media/models"


def weights_of(model_id):
    """By name, in float64: float as stored, int8 times its scale per row."""
    stored = {t.name: numpy_helper.to_array(t) for t in onnx.load(str(models / model_id / "model.onnx")).graph.initializer}
    whole = {}
    for name, values in stored.items():
        if name.endswith(".scale"):
            continue
        base = name.removesuffix(".fp16").removesuffix(".int8")
        scale = stored.get(f"{base}.scale", np.float32(1)) if name.endswith(".int8") else np.float32(1)
        whole[base] = values.astype(np.float32).astype(np.float64) * scale.astype(np.float64)
    return whole


def norm(x, gain, shift):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * gain + shift


def rotated(x, frequencies):
    """[heads, T, d], dimension i with i + d/2."""
    angle = np.arange(x.shape[1])[:, None] * frequencies[None, :]
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return np.concatenate((a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)), -1)


def additions(model_id, ids, query):
    """For each layer: what each head adds for one query, and the residual stream before and after."""
    w = weights_of(model_id)
    shape = json.loads((models / model_id / "config.json").read_text())
    heads, d_head = shape["num_attention_heads"], shape["head_dim"]
    length = len(ids)
    x = w["embedding.weight"][ids]
    if "position.weight" in w:
        x = x + w["position.weight"][:length]
    layers = []
    for layer in range(shape["num_hidden_layers"]):
        name = f"blocks.{layer}"
        y = norm(x, w[f"{name}.attention_norm.weight"], w[f"{name}.attention_norm.bias"])
        q, k, v = ((y @ w[f"{name}.attention.{part}.weight"].T).reshape(length, heads, d_head).swapaxes(0, 1) for part in ("query", "key", "value"))
        if "rope.inv_freq" in w:
            q, k = rotated(q, w["rope.inv_freq"]), rotated(k, w["rope.inv_freq"])
        scores = np.where(np.tril(np.ones((length, length))) > 0, q @ k.swapaxes(-1, -2) / np.sqrt(d_head), -np.inf)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (p / p.sum(-1, keepdims=True)) @ v
        w_o = w[f"{name}.attention.output.weight"].T
        # Each head alone, the others at 0: what it adds, without slicing W_O.
        alone = []
        for head in range(heads):
            only = np.zeros((length, heads, d_head))
            only[:, head] = mixed[head]
            alone.append((only.reshape(length, heads * d_head) @ w_o)[query])
        before = x[query]
        x = x + mixed.swapaxes(0, 1).reshape(length, heads * d_head) @ w_o
        layers.append({"heads": np.array(alone), "before": before, "after": x[query]})
        if f"{name}.mlp.up.weight" in w:
            h = np.maximum(norm(x, w[f"{name}.mlp_norm.weight"], w[f"{name}.mlp_norm.bias"]) @ w[f"{name}.mlp.up.weight"].T, 0)
            x = x + (h * h) @ w[f"{name}.mlp.down.weight"].T
    return layers


def rounded(value):
    return [rounded(each) for each in value] if isinstance(value, (list, np.ndarray)) else float(f"{value:.7g}")


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def case(model_id, ids, query):
    return {
        "model": model_id,
        "ids": ids,
        "query": query,
        "layers": [
            {
                "norms": rounded(np.linalg.norm(layer["heads"], axis=1)),
                "withSum": rounded([cosine(head, layer["heads"].sum(0)) for head in layer["heads"]]),
                "withResidual": rounded([cosine(head, layer["before"]) for head in layer["heads"]]),
                "firstOfEach": rounded(layer["heads"][:, :4]),
                "before": rounded(layer["before"][:8]),
                "after": rounded(layer["after"][:8]),
            }
            for layer in additions(model_id, ids, query)
        ],
    }


oracles = {name: json.loads((here / f"../models/{name}.json").read_text())["cases"][0]["ids"] for name in ("letters-2x2", "code-4x8")}
cases = [case(name, ids, query) for name, ids in oracles.items() for query in (1, len(ids) - 1)]
(here / "projection.json").write_text(json.dumps(cases) + "\n")
