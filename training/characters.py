"""Tokenizers whose tokens are single characters: byte-pair encoding without pairs."""

from bpe import bpe_model, first_token, special_token


def character_tokenizer(specials: list[str], characters: str, unknown: str | None, first: str | None, lowercase: bool = False) -> dict:
    """A tokenizer.json: specials take the first ids, then the characters; `unknown` stands for every other character."""
    vocab = {symbol: i for i, symbol in enumerate([*specials, *characters])}
    model = bpe_model(vocab, [])
    model["unk_token"] = unknown
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [special_token(s, vocab[s]) for s in specials],
        "normalizer": {"type": "Lowercase"} if lowercase else None,
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"[\s\S]"}, "behavior": "Isolated", "invert": False},
        "post_processor": first_token(first, vocab[first]) if first else None,
        "decoder": {"type": "Fuse"},
        "model": model,
    }


class Characters:
    """Encodes and decodes with such a file's vocabulary."""

    def __init__(self, data: dict):
        self.vocab: dict[str, int] = data["model"]["vocab"]
        self.names = {i: s for s, i in self.vocab.items()}
        self.unknown = self.vocab.get(data["model"]["unk_token"])
        self.lowercase = data["normalizer"] is not None

    def encode(self, text: str) -> list[int]:
        """Ids of the characters; the post-processor's first token is the caller's."""
        text = text.lower() if self.lowercase else text
        return [self.vocab.get(c, self.unknown) for c in text]

    def decode(self, ids: list[int]) -> str:
        return "".join(self.names[i] for i in ids)
