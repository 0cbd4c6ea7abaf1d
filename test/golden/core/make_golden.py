"""Expected numbers for test/unit/core, computed in float64 by NumPy and SciPy from the published definitions.

Run in this folder: python3 make_golden.py   (made with NumPy 2.4.6, SciPy 1.17.1)
Each part writes <part>.json; inputs are stored beside the results, rounded to float32 first.
"""

import json
import math
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import entropy, pearsonr

here = Path(__file__).parent


def write(name, content):
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items()}
        if isinstance(value, np.ndarray):
            return plain(value.tolist())
        if isinstance(value, (list, tuple)):
            return [plain(each) for each in value]
        if isinstance(value, (float, np.floating)):
            return "-inf" if value == -np.inf else float(f"{value:.9g}")
        if isinstance(value, np.integer):
            return int(value)
        return value

    (here / f"{name}.json").write_text(json.dumps(plain(content)) + "\n")


def float32(array):
    return np.asarray(array, dtype=np.float32).astype(np.float64)


def steps():
    """Scaled dot-product attention (Vaswani et al. 2017, eq. 1) of 5 queries on 5 keys, causal; and T5's: no scale, bias by distance."""
    rng = np.random.default_rng(5)
    n, d_k, d_v = 5, 4, 3
    q, k, v = (float32(rng.standard_normal((n, d))) for d in (d_k, d_k, d_v))
    product = q @ k.T
    causal = np.where(np.tril(np.ones((n, n))) > 0, product / math.sqrt(d_k), -np.inf)
    by_distance = float32(rng.standard_normal(2 * n - 1))
    bias = np.array([[by_distance[j - i + n - 1] for j in range(n)] for i in range(n)])
    relative = product + bias
    write(
        "steps",
        {
            "q": q,
            "k": k,
            "v": v,
            "product": product,
            "causal": {"scores": causal, "weights": softmax(causal, -1), "output": softmax(causal, -1) @ v},
            "relative": {"bias": bias, "scores": relative, "weights": softmax(relative, -1), "output": softmax(relative, -1) @ v},
        },
    )


def positions():
    """Tables and biases from the papers' formulas; the buckets in float32, step by step as T5's authors published them."""
    n, d = 7, 6
    pair = np.arange(d) // 2
    angle = np.arange(n)[:, None] / 10_000 ** (2 * pair / d)
    table = np.where(np.arange(d) % 2 == 0, np.sin(angle), np.cos(angle))

    rng = np.random.default_rng(7)
    x = float32(rng.standard_normal((4, 8)))
    theta = 500.0 ** (-2 * np.arange(3) / 6)  # rotates 6 of the 8 dimensions

    def turned(x, first, second):
        out = x.copy()
        for p in range(len(x)):
            for i in range(3):
                z = complex(x[p, first(i)], x[p, second(i)]) * np.exp(1j * (p + 2) * theta[i])
                out[p, first(i)], out[p, second(i)] = z.real, z.imag
        return out

    theta8 = 10_000.0 ** (-2 * np.arange(8) / 16)
    partial = np.cumsum(np.exp(1j * np.arange(40)[:, None] * theta8), axis=1)

    def bucket(relative, bidirectional, n_buckets, max_distance):
        result = 0
        if bidirectional:
            n_buckets //= 2
            result += n_buckets if relative > 0 else 0
            relative = abs(relative)
        else:
            relative = -min(relative, 0)
        exact = n_buckets // 2
        if relative < exact:
            return result + relative
        share = np.log(np.float32(relative) / np.float32(exact)) / np.float32(math.log(max_distance / exact))
        return result + min(n_buckets - 1, exact + int(np.float32(share * np.float32(n_buckets - exact))))

    reach = 300
    span = range(-reach, reach + 1)
    w = float32(softmax(rng.standard_normal((4, 4)), -1))
    write(
        "positions",
        {
            "sinusoidal": table,
            "rope": {
                "input": x,
                "theta": theta,
                "neighbours": turned(x, lambda i: 2 * i, lambda i: 2 * i + 1),
                "halves": turned(x, lambda i: i, lambda i: i + 3),
                "bound": np.abs(partial).mean(axis=1),
            },
            "buckets": {
                "reach": reach,
                "encoder": [bucket(r, True, 32, 128) for r in span],
                "decoder": [bucket(r, False, 32, 128) for r in span],
                "small": [bucket(r, True, 8, 20) for r in span],
            },
            "distance": {
                "weights": w,
                "all": [np.mean(np.diag(w, -k)) for k in range(-3, 4)],
                "causal": [np.mean(np.diag(w, -k)) for k in range(0, 4)],
            },
            "similarity": (table @ table.T) / np.outer(np.linalg.norm(table, axis=1), np.linalg.norm(table, axis=1)),
        },
    )


def scoring():
    """Additive scores (Bahdanau et al. 2015, A.1.2) and the softmax's state under dot products with and without 1/sqrt(d_k)."""
    rng = np.random.default_rng(11)
    n, m, d = 3, 4, 5
    q, k = float32(rng.standard_normal((n, d))), float32(rng.standard_normal((m, d)))
    w_q, w_k, v = float32(rng.standard_normal((d, d))), float32(rng.standard_normal((d, d))), float32(rng.standard_normal(d))
    projected_q, projected_k = float32(q @ w_q.T), float32(k @ w_k.T)
    additive = np.tanh(projected_q[:, None] + projected_k[None]) @ v

    def state(scores):
        w = softmax(scores, -1)
        jacobians = [np.linalg.norm(np.diag(row) - np.outer(row, row)) for row in w]
        return {
            "scoreVariance": scores.var(),
            "entropyBits": entropy(w, base=2, axis=-1).mean(),
            "largestWeight": w.max(-1).mean(),
            "gradientNorm": np.mean(jacobians),
        }

    write(
        "scoring",
        {
            "projectedQ": projected_q,
            "projectedK": projected_k,
            "v": v,
            "additive": additive,
            "q": q,
            "k": k,
            "plain": state(q @ k.T),
            "scaled": state(q @ k.T / math.sqrt(d)),
        },
    )


def compare():
    """Jensen-Shannon divergence in bits and Pearson's correlation, by SciPy."""
    rng = np.random.default_rng(13)
    a, b = (float32(softmax(2 * rng.standard_normal((4, 6)), -1)) for _ in range(2))
    a[3, 2:] = 0  # a row with zeros; it need not sum to 1
    write(
        "compare",
        {
            "a": a,
            "b": b,
            "divergence": [jensenshannon(p, q, base=2) ** 2 for p, q in zip(a, b)],
            "correlation": pearsonr(a.ravel(), b.ravel()).statistic,
            "lower": pearsonr(a[np.tril_indices(4, 0, 6)], b[np.tril_indices(4, 0, 6)]).statistic,
        },
    )


def measures():
    """Norms (Kobayashi et al. 2020), rollout as written (Abnar & Zuidema 2020, eq. 1), and flow as a linear program."""
    rng = np.random.default_rng(17)
    n, d_v, d_model, n_layers = 4, 3, 6, 3
    w, v, w_o = (
        float32(softmax(rng.standard_normal((n, n)), -1)),
        float32(rng.standard_normal((n, d_v))),
        float32(rng.standard_normal((d_v, d_model))),
    )
    layers = [float32(np.tril(softmax(2 * rng.standard_normal((n, n)), -1))) for _ in range(n_layers)]
    layers = [float32(layer / layer.sum(-1, keepdims=True)) for layer in layers]
    residual = [0.5 * layer + 0.5 * np.eye(n) for layer in layers]
    residual = [layer / layer.sum(-1, keepdims=True) for layer in residual]

    rolled, results = np.eye(n), []
    for layer in residual:
        rolled = layer @ rolled
        results.append(rolled)

    def flow(query, key):
        # One variable per edge: layer l, from token i above to token j below. Balance at every inner node.
        size = n_layers * n * n
        edge = lambda layer, i, j: (layer * n + i) * n + j
        balance = []
        for level in range(1, n_layers):
            for token in range(n):
                row = np.zeros(size)
                row[[edge(level, i, token) for i in range(n)]] = 1
                row[[edge(level - 1, token, j) for j in range(n)]] -= 1
                balance.append(row)
        bounds = []
        for layer in range(n_layers):
            for i in range(n):
                for j in range(n):
                    closed = (layer == n_layers - 1 and i != query) or (layer == 0 and j != key)
                    bounds.append((0, 0 if closed else residual[layer][i, j]))
        gain = np.zeros(size)
        gain[[edge(n_layers - 1, query, j) for j in range(n)]] = -1
        return -linprog(gain, A_eq=np.array(balance), b_eq=np.zeros(len(balance)), bounds=bounds).fun

    write(
        "measures",
        {
            "weights": w,
            "v": v,
            "wOutput": w_o,
            "valueWeighted": w * np.linalg.norm(v, axis=1),
            "normWeighted": np.linalg.norm(w[:, :, None] * (v @ w_o)[None], axis=-1),
            "layers": layers,
            "rollout": results,
            "flow": [[flow(query, key) for key in range(n)] for query in range(n)],
        },
    )


def main():
    steps()
    positions()
    scoring()
    compare()
    measures()


if __name__ == "__main__":
    main()
