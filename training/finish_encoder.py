"""From encoder.last.pt to media/models/encoder-4x8.

    python3 finish_encoder.py
"""

import json

import numpy as np
import torch

from bpe import load, special_token
from card import LICENCE, attention_difference, config_sizes, head_of, sizes, write_folder
from export import export
from oracle import text_cases, write_oracle
from oracle_texts import ENCODER_TEXTS
from paths import GOLDEN, MODELS, work
from stored import snap
from train_encoder import CONTEXT, MASK, MASKED, START, held_out, prose, windows
from transformer import Shape, Transformer
from verify import attention_error

ID = "encoder-4x8"
PRECISION = "int8"
MASK_TEXT = "[MASK]"
PROBE = "64 x 127 tokens of held-out English and Python"
SAMPLES = [
    ("A function's name", "for i in [MASK](10):\n    print(i)", None, "Look at the fill-in predictions of the masked token."),
    ("It", "The cat did not cross the street because [MASK] was too tired.", None, "The word that is asked for stands between both its neighbours: every token sees the whole text."),
    ("Next token", "She closed the red box, and then she opened the green one.", "next token", "This head looks ahead, which no causal model can."),
    ("Previous token", "She closed the red box, and then she opened the green one.", "previous token", "The same in the other direction."),
    ("An import", "import os\n[MASK] sys\n\nprint(sys.argv)\n", None, "The lines around it tell the word."),
    ("A bracket", "print(len(names)[MASK]\n\nreturn names\n", None, "What is still open on the left decides."),
]


def main() -> None:
    torch.set_num_threads(1)
    state = torch.load(work("encoder.last.pt"))
    shape = Shape(**state["shape"])
    model = Transformer(shape)
    model.load_state_dict(state["model"])
    corpus, held = prose("train"), prose("heldout")
    unsnapped = held_out(model, held, 512)
    snap(model, PRECISION)
    model.half(False).eval()
    loss, accuracy = held_out(model, held, 512)
    baselines = baseline_accuracies(corpus, held)
    heads = heads_of_note(model, held)

    path = MODELS / ID / "model.onnx"
    export(model, {"input_ids": torch.randint(1, MASK, (1, 12))}, path, PRECISION)
    bpe = load(work("code.tokenizer.json"))
    texts = [(text, encode(bpe, text)) for text in ENCODER_TEXTS]
    cases, inputs, references = text_cases(model, "encoder", texts, 6, predicts=False)
    write_oracle(GOLDEN / f"{ID}.json", ID, cases)
    error = attention_error(path, inputs, references)

    tokenizer = json.loads(work("code.tokenizer.json").read_text())
    # The space before a masked word belongs to the mask: the tokens that it hides begin with their space.
    tokenizer["added_tokens"].append({**special_token(MASK_TEXT, MASK), "lstrip": True})
    tokenizer["model"]["vocab"][MASK_TEXT] = MASK
    losses = {"masked, held out, nats a token": round(loss, 3), "the same before int8": round(unsnapped[0], 3), "training, last batch": state["line"]["train"]}
    metrics = {"masked accuracy, held out": round(accuracy, 3), **{k: round(v, 3) for k, v in baselines.items()}}
    write_folder(MODELS / ID, config(shape), tokenizer, card(model, state, losses, metrics, heads, error))
    print(json.dumps({"losses": losses, "metrics": metrics, "heads": [(h["behaviour"], h["layer"], h["head"], h["score"]) for h in heads], "error": error, "size": path.stat().st_size}, indent=1))
    for _, text, _, _ in SAMPLES:
        show_fill(model, bpe, text)


def encode(bpe, text: str) -> list[int]:
    """As the tokenizer.json does it: the start, and the mask with the spaces before it."""
    ids = [START]
    for i, part in enumerate(text.split(MASK_TEXT)):
        if i:
            ids.append(MASK)
        ids += bpe.encode(part.rstrip(" ") if i < text.count(MASK_TEXT) else part)
    return ids


def baseline_accuracies(corpus: np.ndarray, held: np.ndarray) -> dict[str, float]:
    """Accuracy on the same masked places of the commonest token, and of the commonest token after the left neighbour."""
    rng = np.random.default_rng(11)
    text = windows(rng, held, 512)
    asked = rng.random(text.shape) < MASKED
    asked[:, 0] = False
    counts = np.zeros((MASK, MASK), dtype=np.int32)
    np.add.at(counts, (corpus[:-1], corpus[1:]), 1)
    commonest, after = counts.sum(0).argmax(), counts.argmax(1)
    left = np.roll(text, 1, axis=1)
    return {
        "the commonest token would be right": float((text[asked] == commonest).mean()),
        "the commonest token after its left neighbour would be right": float((text[asked] == after[left[asked]]).mean()),
    }


def heads_of_note(model: Transformer, held: np.ndarray) -> list[dict]:
    ids = torch.from_numpy(windows(np.random.default_rng(5), held, 64))
    weights = torch.stack(model.attentions(ids)[0]).mean(1)  # [L, H, T, T]
    query = torch.arange(1, CONTEXT - 1)
    places = {"previous token": query - 1, "next token": query + 1, "self": query}
    return [head_of(name, "encoder", weights[:, :, query, key].mean(-1), PROBE) for name, key in places.items()]


def show_fill(model: Transformer, bpe, text: str) -> None:
    ids = encode(bpe, text)
    if MASK in ids:
        with torch.no_grad():
            p, found = torch.softmax(model(torch.tensor([ids]))[0, ids.index(MASK)], -1).topk(5)
        print(repr(text), [(bpe.text(int(i)) if i < MASK else MASK_TEXT, round(float(v), 2)) for v, i in zip(p, found)])


def card(model: Transformer, state: dict, losses: dict, metrics: dict, heads: list[dict], error: float) -> dict:
    shape = model.shape
    found = {h["behaviour"]: h for h in heads}
    return {
        "id": ID,
        "name": "English and Python, bidirectional encoder, 4 layers x 8 heads",
        "source": "embedded",
        "kind": "encoder",
        **sizes(shape),
        "positions": {"scheme": "sinusoidal", "base": 10000},
        "objective": "masked tokens",
        "scoring": "scaled-dot-product",
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": PRECISION,
        "licence": LICENCE,
        "trainedOn": "Python sources, English documentation and generated stories; see training/README.md",
        "steps": state["step"],
        "tokensSeen": state["step"] * 4096,
        "cpuMinutes": round(state["cpu"] / 60, 1),
        "losses": losses,
        "metrics": metrics,
        "headsOfNote": heads,
        "samples": [{"title": title, "text": text, **({"layer": found[b]["layer"], "head": found[b]["head"]} if b else {}), "note": note} for title, text, b, note in SAMPLES],
        "limits": [
            "It fills in a token from its close neighbours; which name a pronoun means it does not know.",
            f"It reads at most {CONTEXT} tokens.",
            f"Write {MASK_TEXT} for the token to fill in; the space before it belongs to it.",
            "It takes one text at a time: there is no padding mask.",
        ],
        "attentionError": attention_difference(error, "20 texts"),
    }


def config(shape: Shape) -> dict:
    return {
        "model_type": "headlight-encoder",
        "architectures": ["Transformer"],
        "is_encoder_decoder": False,
        **config_sizes(shape),
        "hidden_act": "relu2",
        "vocab_size": shape.vocab,
        "max_position_embeddings": shape.context,
        "position_embedding_type": "sinusoidal",
        "tie_word_embeddings": True,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
        "mask_token_id": MASK,
    }


if __name__ == "__main__":
    main()
