"""Value- and norm-weighted attention of exported models, and statistics of heads, by NumPy in float64 from the stored weights.

Run in this folder with onnx and NumPy, ../shared/fixtures beside the checkout: python3 make_measures.py
(made with onnx 1.12.0, NumPy 1.24.2). The forward passes are written out from the architectures' papers; each is
held against the attention that PyTorch returned (reference_attentions.json) before anything is written.
"""

import json
import re
from math import erf
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

here = Path(__file__).parent
fixtures = here / "../../../../shared/fixtures/models"


def load(name):
    graph = onnx.load(str(fixtures / name / "onnx/model.onnx")).graph
    weights = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in graph.initializer if t.data_type == 1}
    # The exporter names the transposed weights of linear layers by number, in the order in which they are used.
    linear = [weights[key] for key in sorted((k for k in weights if k.startswith("onnx::MatMul")), key=lambda k: int(k.split("_")[1]))]
    reference = json.loads((fixtures / name / "reference_attentions.json").read_text())
    return weights, linear, reference


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def layer_norm(x, eps, gain=1.0, shift=0.0):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * gain + shift


def rms_norm(x, gain, eps=1e-5):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + eps) * gain


def heads_of(x, n):
    """[T, n * d] to [n, T, d]"""
    return x.reshape(len(x), n, -1).swapaxes(0, 1)


def causal(scores):
    return np.where(np.tril(np.ones(scores.shape[-2:])) > 0, scores, -np.inf)


def measures(p, v, w_o):
    """Of one layer: p [H, T, T], v [H, T, d], w_o [H * d, D]. Kobayashi et al. 2020, eq. 3: the vector that each key adds, then its length."""
    vectors = np.einsum("hqk,hkd->hqkd", p, v)
    projected = np.einsum("hqkd,hdm->hqkm", vectors, w_o.reshape(v.shape[0], v.shape[2], -1))
    return {"valueWeighted": np.linalg.norm(vectors, axis=-1), "normWeighted": np.linalg.norm(projected, axis=-1)}


def gpt2(ids):
    """Radford et al. 2019; biases of zeros are left out of the file."""
    w, _, reference = load("gpt2-eager-ts-opset14")
    name = "m.transformer"
    x = w[f"{name}.wte.weight"][ids] + w[f"{name}.wpe.weight"][: len(ids)]
    found, attentions = [], []
    for layer in range(2):
        block = f"{name}.h.{layer}"
        y = layer_norm(x, 1e-5)
        q, k, v = (heads_of(part, 4) for part in np.split(y @ w[f"{block}.attn.c_attn.weight"], 3, -1))
        p = softmax(causal(q @ k.swapaxes(-1, -2) / np.sqrt(8)))
        w_o = w[f"{block}.attn.c_proj.weight"]
        found.append(measures(p, v, w_o))
        attentions.append(p)
        x = x + (p @ v).swapaxes(0, 1).reshape(len(ids), -1) @ w_o
        h = layer_norm(x, 1e-5) @ w[f"{block}.mlp.c_fc.weight"]
        h = 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
        x = x + h @ w[f"{block}.mlp.c_proj.weight"]
    return found, attentions, reference


def llama(ids):
    """Touvron et al. 2023: 8 query heads on 4 key heads, RoPE by halves."""
    w, linear, reference = load("llama-stories260K-eager-ts-opset17")
    x = w["m.model.embed_tokens.weight"][ids]
    angle = np.arange(len(ids))[:, None] / 10000 ** (np.arange(4) / 4)[None, :]

    def turned(part):
        a, b = part[..., :4], part[..., 4:]
        return np.concatenate((a * np.cos(angle) - b * np.sin(angle), b * np.cos(angle) + a * np.sin(angle)), -1)

    found, attentions = [], []
    for layer in range(5):
        w_q, w_k, w_v, w_o, gate, up, down = linear[7 * layer : 7 * layer + 7]
        y = rms_norm(x, w[f"m.model.layers.{layer}.input_layernorm.weight"])
        q, k, v = turned(heads_of(y @ w_q, 8)), turned(heads_of(y @ w_k, 4)), heads_of(y @ w_v, 4)
        k, v = k.repeat(2, 0), v.repeat(2, 0)
        p = softmax(causal(q @ k.swapaxes(-1, -2) / np.sqrt(8)))
        found.append(measures(p, v, w_o))
        attentions.append(p)
        x = x + (p @ v).swapaxes(0, 1).reshape(len(ids), -1) @ w_o
        y = rms_norm(x, w[f"m.model.layers.{layer}.post_attention_layernorm.weight"])
        g = y @ gate
        x = x + (g / (1 + np.exp(-g)) * (y @ up)) @ down
    return found, attentions, reference


def bert(ids):
    """Devlin et al. 2019: every token sees every other, norms after the sums."""
    w, linear, reference = load("bert-eager-ts-opset14")
    x = w["m.embeddings.word_embeddings.weight"][ids] + w["m.embeddings.position_embeddings.weight"][: len(ids)]
    x = layer_norm(x + w["m.embeddings.token_type_embeddings.weight"][0], 1e-12)
    found, attentions = [], []
    for layer in range(2):
        w_q, w_k, w_v, w_o, widen, narrow = linear[6 * layer : 6 * layer + 6]
        q, k, v = (heads_of(x @ part, 4) for part in (w_q, w_k, w_v))
        p = softmax(q @ k.swapaxes(-1, -2) / np.sqrt(4))
        found.append(measures(p, v, w_o))
        attentions.append(p)
        x = layer_norm(x + (p @ v).swapaxes(0, 1).reshape(len(ids), -1) @ w_o, 1e-12)
        h = x @ widen
        # The Gaussian's distribution function, by the error function of the standard library.
        h = h * 0.5 * (1 + np.vectorize(erf)(h / np.sqrt(2)))
        x = layer_norm(x + h @ narrow, 1e-12)
    return found, attentions, reference


def weighted():
    cases = []
    for name, forward, most in (
        ("gpt2-eager-ts-opset14", gpt2, 9),
        ("llama-stories260K-eager-ts-opset17", llama, 8),
        ("bert-eager-ts-opset14", bert, None),
    ):
        whole = json.loads((fixtures / name / "reference_attentions.json").read_text())[0]["inputs"]["input_ids"][0]
        ids = whole[:most]
        found, attentions, reference = forward(np.array(ids))
        given = reference[0]["attentions"]
        # A causal model's first tokens do not see what comes after them.
        worst = max(np.abs(p - np.array(layer[0])[:, : len(ids), : len(ids)]).max() for p, layer in zip(attentions, given))
        print(name, "attention differs from PyTorch's by at most", worst)
        assert worst < 1e-5
        cases.append({"model": name, "ids": ids, "layers": found})
    return cases


def means(weights, relations):
    """Mean over the queries that have any such key of the weight on all of them, for boolean relations [T, T]."""
    found = {}
    for name, related in relations.items():
        queries = related.any(-1)
        if queries.any():
            found[name] = (weights * related).sum(-1)[..., queries].mean(-1)
    return found


def place_relations(ids):
    n = len(ids)
    q, k = np.arange(n)[:, None], np.arange(n)[None, :]
    same = np.array(ids)[:, None] == np.array(ids)[None, :]
    follows = np.zeros((n, n), bool)
    # Key k follows an earlier copy of the query when the token before k is one.
    follows[:, 1:] = same[:, :-1] & (k[:, :-1] < q)
    np.fill_diagonal(follows, False)
    return {
        "previousToken": k == q - 1,
        "nextToken": k == q + 1,
        "firstToken": (k == 0) & (q > 0),
        "self": k == q,
        "neighbours": abs(k - q) <= 1,
        "induction": follows,
        "duplicate": same & (k < q),
    }


def row_statistics(weights):
    n = weights.shape[-1]
    distance = abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    logs = np.log2(np.where(weights > 0, weights, 1))
    return {
        "entropy": -(weights * logs).sum(-1).mean(-1),
        "largest": weights.max(-1).mean(-1),
        "distance": (weights * distance).sum(-1).mean(-1),
    }


def of_fixture():
    """Of every head of the Llama, from the attention that PyTorch returned for its first text."""
    name = "llama-stories260K-eager-ts-opset17"
    reference = json.loads((fixtures / name / "reference_attentions.json").read_text())[0]
    ids = reference["inputs"]["input_ids"][0]
    layers = [np.array(layer[0]) for layer in reference["attentions"]]
    return {
        "model": name,
        "layers": [{**row_statistics(p), **means(p, place_relations(ids))} for p in layers],
    }


def of_text():
    """A piece of code whose tokens end inside words: brackets, words, punctuation and line breaks, found in the whole text."""
    tokens = ["call", "(", "un", "known", "_x", ",", " [", "a", "]", ")", "\n", "if", " un", "believ", "able", ":", "\n  ", "go", "(", ")"]
    text = "".join(tokens)
    starts = np.cumsum([0] + [len(token) for token in tokens])
    token_at = lambda place: int(np.searchsorted(starts, place, side="right") - 1)
    n = len(tokens)
    bracket = np.zeros((n, n), bool)
    open_places = []
    for place, sign in enumerate(text):
        if sign in "([":
            open_places.append(place)
        elif sign in ")]":
            bracket[token_at(place), token_at(open_places.pop())] = True
    inside = np.zeros((n, n), bool)
    depth = []
    for index, token in enumerate(tokens):
        # Each of these tokens holds one bracket at most: what closes is outside already, what opens not yet inside.
        if token in ")]":
            depth.pop()
        if depth:
            inside[index, depth[-1]] = True
        if token.strip() in ("(", "["):
            depth.append(index)
    word = np.zeros((n, n), bool)
    for match in re.finditer(r"\w+", text):
        members = range(token_at(match.start()), token_at(match.end() - 1) + 1)
        for query in members:
            word[query, [key for key in members if key < query]] = True
    is_delimiter = np.array([re.fullmatch(r"\s*[^\w\s]+\s*", token) is not None for token in tokens])
    is_newline = np.array(["\n" in token for token in tokens])

    def after_first(members):
        return members[None, :] & (np.arange(n)[:, None] > members.argmax())

    weights = softmax(np.random.default_rng(3).standard_normal((2, n, n)) * 2).astype(np.float32).astype(np.float64)
    relations = {"bracket": bracket, "insideBracket": inside, "sameWord": word, "delimiter": after_first(is_delimiter), "newline": after_first(is_newline)}
    return {"tokens": tokens, "weights": weights, "values": means(weights, relations)}


def write(name, content):
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, np.ndarray):
            return plain(value.tolist())
        if isinstance(value, list):
            return [plain(each) for each in value]
        return float(f"{value:.7g}") if isinstance(value, (float, np.floating)) else value

    (here / f"{name}.json").write_text(json.dumps(plain(content), separators=(",", ":")) + "\n")


write("weighted", weighted())
write("statistics", {"fixture": of_fixture(), "text": of_text()})
