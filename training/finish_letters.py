"""From letters.pt to media/models/letters-2x2.

    python3 finish_letters.py
"""

import json

import torch

from card import LICENCE, attention_difference, config_sizes, head_of, sizes, write_folder
from characters import Characters
from export import export
from oracle import text_cases, write_oracle
from oracle_texts import LETTER_TEXTS
from paths import GOLDEN, MODELS, work
from stored import snap
from train_letters import ROWS, SCAFFOLD, TOKENIZER, letter_scores
from transformer import Shape, Transformer
from verify import attention_error

ID = "letters-2x2"
PRECISION = "fp16"
PROBE = "24 distinct letters in random order, repeated once; 64 rows not in training"


def main() -> None:
    torch.set_num_threads(1)
    state = torch.load(work("letters.pt"))
    shape = Shape(**state["shape"])
    model = Transformer(shape)
    model.load_state_dict(state["model"])
    snap(model, PRECISION, keep=("position.weight",))
    model.eval()
    scores = letter_scores(model)
    heads = [
        head_of("previous token", "decoder", scores["previous"], PROBE, layers=[0]),
        head_of("induction", "decoder", scores["induction"], PROBE, layers=[1]),
    ]
    path = MODELS / ID / "model.onnx"
    export(model, {"input_ids": torch.randint(2, shape.vocab, (1, 12))}, path, PRECISION, keep=("position.weight",))

    characters = Characters(TOKENIZER)
    texts = [(text, [0, *characters.encode(text)]) for text in LETTER_TEXTS]
    cases, inputs, references = text_cases(model, "decoder", texts, 8, predicts=True)
    write_oracle(GOLDEN / f"{ID}.json", ID, cases)
    error = attention_error(path, inputs, references)
    write_folder(MODELS / ID, config(shape), TOKENIZER, card(model, state, scores, heads, error))
    print(json.dumps(heads, indent=1), scores["accuracy"], "attention error", error, path.stat().st_size)


def card(model: Transformer, state: dict, scores: dict, heads: list[dict], error: float) -> dict:
    shape = model.shape
    previous, induction = heads
    return {
        "id": ID,
        "name": "Letters, attention only, 2 layers x 2 heads",
        "source": "embedded",
        "kind": "causal",
        **sizes(shape),
        "positions": {"scheme": "learned"},
        "objective": "next letter, scored where an earlier occurrence tells it",
        "scoring": "scaled-dot-product",
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": PRECISION,
        "licence": LICENCE,
        "trainedOn": "generated sequences of letters and made-up words, each said twice",
        "steps": state["step"],
        "tokensSeen": state["step"] * ROWS * shape.context,
        "cpuMinutes": round(state["cpu"] / 60, 1),
        "losses": {"training, nats a foreseeable letter": round(state["loss"], 3)},
        "metrics": {"second copy predicted right": round(scores["accuracy"], 3)},
        "headsOfNote": heads,
        "samples": [
            {"title": "The two-step circuit", "text": "abcdefgabcdefg", "layer": induction["layer"], "head": induction["head"], "note": "In the second copy each letter looks at what came after its first copy (Elhage et al. 2021; Olsson et al. 2022)."},
            {"title": "Its first step", "text": "abcdefgabcdefg", "layer": previous["layer"], "head": previous["head"], "note": "Each letter looks at the one before it: that is what the second layer's head searches for."},
            {"title": "Made-up words", "text": "kato mira kato mira", "layer": induction["layer"], "head": induction["head"], "note": "Words that come back."},
            {"title": "The cat", "text": "the cat the cat", "layer": induction["layer"], "head": induction["head"], "note": "t stands twice in each copy; the letters after it tell which."},
        ],
        "limits": [
            "It knows the space and the letters a to z; capitals are lowered, everything else is one symbol.",
            "It reads at most 64 symbols.",
            "It knows no language: it only continues what it has just read.",
            f"For the first {SCAFFOLD} steps a fading auxiliary loss asked one head of layer 0 for the previous token; the heads of layer 1 were never told what to look at.",
            "It takes one text at a time: there is no padding mask.",
        ],
        "attentionError": attention_difference(error, "20 texts"),
    }


def config(shape: Shape) -> dict:
    return {
        "model_type": "headlight-causal",
        "architectures": ["Transformer"],
        "is_encoder_decoder": False,
        "is_decoder": True,
        **config_sizes(shape),
        "vocab_size": shape.vocab,
        "max_position_embeddings": shape.context,
        "position_embedding_type": "absolute",
        "tie_word_embeddings": False,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
        "unk_token_id": 1,
    }


if __name__ == "__main__":
    main()
