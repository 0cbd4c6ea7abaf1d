"""Byte-level BPE: training, encoding, and the tokenizer.json that Hugging Face libraries read."""

import json
from collections import Counter, defaultdict
from functools import lru_cache

import regex

END_OF_TEXT = "<|endoftext|>"

# Every bracket, quote, comma, dot, colon, semicolon, backtick and digit stands alone; a newline keeps its indentation.
SPLIT = (
    r"\r?\n[ \t]*"
    r"| ?[()\[\]{}\"'`]"
    r"|[,.;:]"
    r"| ?\p{N}"
    r"| ?[\p{L}_]+"
    r"| ?[^\s\p{L}\p{N}_()\[\]{}\"'`,.;:]+"
    r"|[ \t]+(?!\S)"
    r"|\s"
)
PIECES = regex.compile(SPLIT)


def byte_alphabet() -> dict[int, str]:
    """The printable character that stands for each byte (Radford et al. 2019, GPT-2's encoder)."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    alphabet = {b: chr(b) for b in shown}
    hidden = [b for b in range(256) if b not in alphabet]
    alphabet.update({b: chr(256 + i) for i, b in enumerate(hidden)})
    return alphabet


ALPHABET = byte_alphabet()


def spell(piece: str) -> tuple[str, ...]:
    """A piece as byte characters."""
    return tuple(ALPHABET[b] for b in piece.encode())


def train(counts: Counter, size: int) -> list[tuple[str, str]]:
    """Merges for a vocabulary of `size` entries, the most frequent pair first (Sennrich et al. 2016); ties by spelling."""
    words = [(list(spell(piece)), n) for piece, n in counts.items()]
    pairs: Counter = Counter()
    where: defaultdict = defaultdict(set)
    for i, (symbols, n) in enumerate(words):
        for pair in zip(symbols, symbols[1:]):
            pairs[pair] += n
            where[pair].add(i)
    merges = []
    while len(merges) < size - 257:
        best = max(pairs, key=lambda p: (pairs[p], p))
        merges.append(best)
        for i in where.pop(best):
            symbols, n = words[i]
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] -= n
            merge_pair(symbols, best)
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += n
                where[pair].add(i)
        pairs.pop(best, None)
        if len(merges) % 256 == 0:
            pairs = +pairs
    return merges


def merge_pair(symbols: list[str], pair: tuple[str, str]) -> None:
    """Joins every occurrence of a pair, from the left, in place."""
    j = 0
    while j < len(symbols) - 1:
        if (symbols[j], symbols[j + 1]) == pair:
            symbols[j : j + 2] = [pair[0] + pair[1]]
        j += 1


class Bpe:
    """Encodes and decodes with the tables of a tokenizer.json written by `tokenizer_json`."""

    def __init__(self, data: dict):
        self.vocab: dict[str, int] = data["model"]["vocab"]
        self.names = {i: t for t, i in self.vocab.items()}
        self.rank = {tuple(m.split(" ")): r for r, m in enumerate(data["model"]["merges"])}
        self.bytes = {c: b for b, c in ALPHABET.items()}
        self.piece_ids = lru_cache(maxsize=None)(self._piece_ids)

    def _piece_ids(self, piece: str) -> tuple[int, ...]:
        symbols = list(spell(piece))
        while len(symbols) > 1:
            ranks = [self.rank.get(pair, 1 << 30) for pair in zip(symbols, symbols[1:])]
            low = min(ranks)
            if low == 1 << 30:
                break
            i = ranks.index(low)
            symbols[i : i + 2] = [symbols[i] + symbols[i + 1]]
        return tuple(self.vocab[s] for s in symbols)

    def encode(self, text: str) -> list[int]:
        """Ids without <|endoftext|>, which the caller (in tokenizer.json the post-processor) puts first."""
        return [i for piece in PIECES.findall(text) for i in self.piece_ids(piece)]

    def text(self, token: int) -> str:
        """A token's own text; bytes that are no whole character show as U+FFFD."""
        return bytes(self.bytes[c] for c in self.names[token]).decode("utf-8", "replace") if token else END_OF_TEXT


def tokenizer_json(merges: list[tuple[str, str]]) -> dict:
    """The file's content: <|endoftext|> is id 0 and always the first token of a text."""
    vocab = {END_OF_TEXT: 0}
    for symbol in [ALPHABET[b] for b in range(256)] + [a + b for a, b in merges]:
        vocab.setdefault(symbol, len(vocab))
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [special_token(END_OF_TEXT, 0)],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
            ],
        },
        "post_processor": first_token(END_OF_TEXT, 0),
        "decoder": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False},
        "model": bpe_model(vocab, [" ".join(m) for m in merges]),
    }


def bpe_model(vocab: dict[str, int], merges: list[str]) -> dict:
    """The model part of a tokenizer.json."""
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": vocab,
        "merges": merges,
    }


def special_token(content: str, token_id: int) -> dict:
    """An entry of `added_tokens`."""
    return {"id": token_id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}


def first_token(token: str, token_id: int) -> dict:
    """A post-processor that puts one special token before the text."""
    start = {"SpecialToken": {"id": token, "type_id": 0}}
    first, second = ({"Sequence": {"id": name, "type_id": 0}} for name in "AB")
    return {
        "type": "TemplateProcessing",
        "single": [start, first],
        "pair": [start, first, second],
        "special_tokens": {token: {"id": token, "ids": [token_id], "tokens": [token]}},
    }


def load(path) -> Bpe:
    """The tokenizer stored at `path`."""
    return Bpe(json.loads(path.read_text()))
