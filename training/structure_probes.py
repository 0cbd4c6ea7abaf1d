"""Heads on held-out code: from inside brackets to the innermost opener, from inside a string to its quote, to the line's start."""

import json

import torch

from bpe import Bpe
from paths import work
from structure import NONE, scan
from transformer import Transformer

WINDOW = 255
PYTHON = ("Python 3.11 standard library", "NumPy", "PyTorch")
SCRIPT = ("eslint", "zod", "onnxruntime", "@huggingface", "typescript", "undici", "rxjs", "@microsoft", "yaml", "mocha", "ajv", "markdown-it", "cheerio", "@azure", "underscore", "fast-check", "htmlparser2", "parse5")


BRACKET_PARTS = ("python", "script", "within 32 tokens")
NAMES = ("bracket", "quote", "line start", "first token (sink)", "self", "previous token", *BRACKET_PARTS)


def language(source: str) -> str | None:
    """"python", "script", or nothing for prose and declarations with few brackets."""
    if source.startswith(PYTHON):
        return "python"
    return "script" if source.startswith(SCRIPT) and "lib.*.d.ts" not in source and "documentation" not in source else None


def windows(bpe: Bpe, limit: int) -> list[dict]:
    """Windows of held-out code, from a line's start: ids, and per token the index of its opener, quote and line start (or NONE)."""
    found = []
    for line in work("heldout.jsonl").open():
        document = json.loads(line)
        kind = language(document["source"])
        text = document["text"]
        if kind is None or len(text) < 1500:
            continue
        for start in starts(text):
            found.append(window(bpe, text[start : start + 2400], kind == "script"))
    step = max(1, len(found) // limit)
    return found[::step][:limit]


def starts(text: str) -> list[int]:
    """Up to four offsets in a document at which a line without indentation begins after an empty one."""
    at = [0] + [i + 2 for i in range(len(text) - 3) if text[i : i + 2] == "\n\n" and text[i + 2] not in " \n})]"]
    at = [i for i in at if i + 1200 < len(text)]
    return at[:: max(1, len(at) // 4)][:4]


def window(bpe: Bpe, text: str, script: bool) -> dict:
    """One window's ids (0 first) and what each token should find."""
    ids, char_token, offsets, at = [0], [], [0], 0
    for token in bpe.encode(text):
        if len(ids) > WINDOW:
            break
        size = len(bpe.text(token))
        ids.append(token)
        offsets.append(at)
        char_token += [len(ids) - 1] * size
        at += size
    structure = scan(text[:at], script)
    opener, quote, line = ([NONE] * len(ids) for _ in range(3))
    last_line = NONE
    for t in range(1, len(ids)):
        piece = bpe.text(ids[t])
        first = offsets[t] + (len(piece) - len(piece.lstrip(" ")) if piece.strip() else 0)
        if first >= at:
            break
        if structure.code[first] and structure.bracket[first] != NONE:
            opener[t] = char_token[structure.bracket[first]]
        if structure.quote[first] != NONE:
            quote[t] = char_token[structure.quote[first]]
        line[t] = last_line
        if piece.startswith(("\n", "\r")):
            last_line = t
    return {"language": "script" if script else "python", "ids": ids, "opener": opener, "quote": quote, "line": line}


def structure_scores(model: Transformer, probes: list[dict]) -> dict:
    """Mean weights per layer and head [L, H] for each of NAMES; and the counts."""
    shape = (model.shape.layers, model.shape.heads)
    sums = {name: torch.zeros(shape) for name in NAMES}
    counts = dict.fromkeys(sums, 0)
    for probe in probes:
        ids = torch.tensor([probe["ids"]])
        weights = torch.stack([w[0] for w in model.attentions(ids)[0]])
        every = torch.arange(2, ids.shape[1])
        pairs = {name: targets(probe[key]) for name, key in (("bracket", "opener"), ("quote", "quote"), ("line start", "line"))}
        query, key = pairs["bracket"]
        pairs["within 32 tokens"] = (query[query - key <= 32], key[query - key <= 32])
        pairs[probe["language"]] = (query, key)
        pairs["first token (sink)"] = (every, torch.zeros_like(every))
        pairs["self"] = (every, every)
        pairs["previous token"] = (every, every - 1)
        for name, (query, key) in pairs.items():
            sums[name] += weights[:, :, query, key].sum(-1)
            counts[name] += len(query)
    means = {name: sums[name] / max(1, counts[name]) for name in sums}
    return {"scores": means, "counts": counts, **{name: means[name] for name in BRACKET_PARTS}}


def targets(row: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """(queries, keys) of the tokens that have a target other than themselves."""
    query = [t for t, k in enumerate(row) if k != NONE and k != t]
    return torch.tensor(query, dtype=torch.long), torch.tensor([row[t] for t in query], dtype=torch.long)
