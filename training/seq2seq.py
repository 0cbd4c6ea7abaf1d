"""Encoder-decoders for dates: a transformer, and recurrent ones with one attention head between their two halves."""

import math

import torch
from torch import Tensor, nn

from attention import SelfAttention, causal_mask
from transformer import Mlp


class EncoderBlock(nn.Module):
    def __init__(self, d: int, heads: int):
        super().__init__()
        self.attention = SelfAttention(d, heads, d // heads)
        self.mlp = Mlp(d, 4 * d)
        self.attention_norm, self.mlp_norm = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), None, None)
        return x + self.mlp(self.mlp_norm(x))


class DecoderBlock(nn.Module):
    def __init__(self, d: int, heads: int):
        super().__init__()
        self.attention = SelfAttention(d, heads, d // heads)
        self.cross = SelfAttention(d, heads, d // heads)
        self.mlp = Mlp(d, 4 * d)
        self.attention_norm, self.cross_norm, self.mlp_norm = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x: Tensor, mask: Tensor, memory: Tensor) -> Tensor:
        x = x + self.attention(self.attention_norm(x), mask, None)
        x = x + self.cross(self.cross_norm(x), None, None, memory)
        return x + self.mlp(self.mlp_norm(x))


class DateTransformer(nn.Module):
    """(input_ids [B, S], decoder_input_ids [B, T]) -> logits [B, T, vocab] (Vaswani et al. 2017)."""

    def __init__(self, vocab: int, layers: int, heads: int, d: int, source_limit: int, target_limit: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab, d)
        self.source_position, self.target_position = nn.Embedding(source_limit, d), nn.Embedding(target_limit, d)
        for table in (self.embedding, self.source_position, self.target_position):
            nn.init.normal_(table.weight, std=0.3)
        self.encoder = nn.ModuleList(EncoderBlock(d, heads) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderBlock(d, heads) for _ in range(layers))
        self.memory_norm, self.norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.output = nn.Linear(d, vocab, bias=False)

    def forward(self, input_ids: Tensor, decoder_input_ids: Tensor) -> Tensor:
        memory = self.embedding(input_ids) + self.source_position(torch.arange(input_ids.shape[1]))[None]
        for block in self.encoder:
            memory = block(memory)
        memory = self.memory_norm(memory)
        x = self.embedding(decoder_input_ids) + self.target_position(torch.arange(decoder_input_ids.shape[1]))[None]
        mask = causal_mask(decoder_input_ids)
        for block in self.decoder:
            x = block(x, mask, memory)
        return self.output(self.norm(x))

    def attention_modules(self) -> dict[str, list[SelfAttention]]:
        return {
            "encoder": [b.attention for b in self.encoder],
            "decoder": [b.attention for b in self.decoder],
            "cross": [b.cross for b in self.decoder],
        }


class Scorer(nn.Module):
    """softmax over the source of a score between each decoder state and each encoder state; one head."""

    def __init__(self, d: int, scoring: str):
        super().__init__()
        self.d, self.scoring = d, scoring
        self.query, self.key, self.value = (nn.Linear(d, d, bias=False) for _ in range(3))
        if scoring == "additive":
            self.v = nn.Parameter(torch.randn(d, 1) / math.sqrt(d))
        self.keep, self.seen = False, None

    def scores(self, q: Tensor, k: Tensor) -> Tensor:
        """[B, T, S]: v tanh(q + k) (Bahdanau et al. 2015, A.1.2), q k (Luong et al. 2015), or q k / sqrt(d) (Vaswani et al. 2017)."""
        if self.scoring == "additive":
            return torch.matmul(torch.tanh(q[:, :, None, :] + k[:, None, :, :]), self.v).squeeze(-1)
        scores = torch.matmul(q, k.transpose(1, 2))
        return scores if self.scoring == "dot-product" else scores * (1.0 / math.sqrt(self.d))

    def forward(self, states: Tensor, memory: Tensor) -> Tensor:
        weights = torch.softmax(self.scores(self.query(states), self.key(memory)), dim=-1)
        if self.keep:
            self.seen = weights[:, None]
        return torch.matmul(weights, self.value(memory))


class DateGru(nn.Module):
    """A bidirectional GRU reads the source, a GRU the target so far; the head alone carries the source over (Luong et al. 2015)."""

    def __init__(self, vocab: int, scoring: str, d: int, d_embedding: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab, d_embedding)
        self.source = nn.GRU(d_embedding, d // 2, batch_first=True, bidirectional=True)
        self.target = nn.GRU(d_embedding, d, batch_first=True)
        self.attention = Scorer(d, scoring)
        self.mix = nn.Linear(2 * d, d)
        self.output = nn.Linear(d, vocab)

    def forward(self, input_ids: Tensor, decoder_input_ids: Tensor) -> Tensor:
        memory, _ = self.source(self.embedding(input_ids))
        states, _ = self.target(self.embedding(decoder_input_ids))
        found = self.attention(states, memory)
        return self.output(torch.tanh(self.mix(torch.cat((found, states), dim=-1))))

    def attention_modules(self) -> dict[str, list[Scorer]]:
        return {"cross": [self.attention]}


@torch.no_grad()
def attentions(model: nn.Module, source: Tensor, target: Tensor) -> tuple[dict[str, list[Tensor]], Tensor]:
    """Weights [B, H, Tq, Tk] per block and layer, and the logits."""
    modules = model.attention_modules()
    for module in (m for group in modules.values() for m in group):
        module.keep = True
    logits = model(source, target)
    seen = {block: [m.seen for m in group] for block, group in modules.items()}
    for module in (m for group in modules.values() for m in group):
        module.keep = False
    return seen, logits
