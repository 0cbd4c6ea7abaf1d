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


def main():
    steps()


if __name__ == "__main__":
    main()
