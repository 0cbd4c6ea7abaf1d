"""From <id>.pt to media/models/<id>, for the four date models.

    python3 finish_dates.py dates-2x4 | dates-additive | dates-dot | dates-scaled
"""

import json
import sys

import torch

from card import LICENCE, attention_difference, head_of, write_folder
from dates import CHARACTERS, END, FIELDS, OTHER, SOURCE_LIMIT, START, TARGET_LIMIT, TOKENIZER
from export import export
from oracle import packed, rows_of, top_of, write_oracle
from paths import GOLDEN, MODELS, work
from seq2seq import attentions
from stored import snap
from train_dates import SCAFFOLD, SCORING, VOCABULARY, alignment, build, data, exact_share
from verify import attention_error

PRECISION = "fp16"
NAMES = {
    "dates-2x4": "Dates to ISO, encoder-decoder, 2 + 2 layers x 4 heads",
    "dates-additive": "Dates to ISO, GRU with additive attention",
    "dates-dot": "Dates to ISO, GRU with dot-product attention, unscaled",
    "dates-scaled": "Dates to ISO, GRU with scaled dot-product attention",
}
SAMPLES = [
    ("March 3rd, 2022", "2022-03-03", "Year, month and day stand in another order in the target: follow each to its place in the source."),
    ("the 21st of October 1994", "1994-10-21", "An ordinal and a written month."),
    ("Friday, 4 February 2022", "2022-02-04", "The weekday is not needed, and hardly looked at."),
    ("in 1969, on July 20", "1969-07-20", "Words that belong to no date."),
    ("7.8.2031", "2031-08-07", "Nothing but digits: only their order tells the day from the month."),
]


def main() -> None:
    model_id = sys.argv[1]
    torch.set_num_threads(1)
    state = torch.load(work(f"{model_id}.pt"))
    model = build(model_id)
    model.load_state_dict(state["model"])
    recurrent = model_id in SCORING
    keep = tuple(n for n, _ in model.named_parameters() if "position" in n or n.startswith(("source.", "target.")))
    snap(model, PRECISION, keep)
    model.eval()
    _, unseen = data()
    exact, mass, entropy = exact_share(model, unseen), alignment(model, unseen), mean_entropy(model, unseen[:200])
    path = MODELS / model_id / "model.onnx"
    example = {"input_ids": torch.tensor([CHARACTERS.encode("3 May 2022")]), "decoder_input_ids": torch.tensor([[0, 5, 3, 5]])}
    export(model, example, path, PRECISION, fold=recurrent, keep=keep)
    cases, inputs, references = oracle(model, unseen[:20])
    error = attention_error(path, inputs, references)
    write_oracle(GOLDEN / f"{model_id}.json", model_id, cases)
    heads = [head_of(field, "cross", mass[field], "1,000 unseen dates, weight on the field's characters in the rows that foresee it") for field in FIELDS]
    write_folder(MODELS / model_id, config(model_id), TOKENIZER, card(model_id, model, state, exact, entropy, heads, error))
    print(model_id, "exact", exact, [(h["behaviour"], h["layer"], h["head"], h["score"]) for h in heads], "error", error, path.stat().st_size)


def mean_entropy(model, items) -> float:
    """Of the cross-attention's rows, over heads and layers: 0 where all weight is on one character."""
    rows = []
    for e in items:
        seen, _ = attentions(model, torch.tensor([CHARACTERS.encode(e.source)]), torch.tensor([[0, *CHARACTERS.encode(e.target)]]))
        rows += [-(w * w.clamp_min(1e-12).log()).sum(-1).mean().item() for w in seen["cross"]]
    return sum(rows) / len(rows)


def oracle(model, items) -> tuple[list[dict], list, list]:
    """Cases for 20 unseen dates: the target is the right one, from the start symbol."""
    cases, inputs, references = [], [], []
    for e in items:
        source, target = CHARACTERS.encode(e.source), [0, *CHARACTERS.encode(e.target)]
        seen, logits = attentions(model, torch.tensor([source]), torch.tensor([target]))
        blocks = {}
        for block, weights in seen.items():
            rows = rows_of(weights[0].shape[2], 6 if len(seen) > 1 else 11)
            blocks[block] = {"rows": rows, "weights": packed(weights, rows)}
        cases.append({"text": e.source, "ids": source, "targetText": e.target, "targetIds": target, "blocks": blocks, "next": top_of(logits)})
        inputs.append({"input_ids": source, "decoder_input_ids": target})
        # Decoder layers hold their self-attention, then their cross-attention.
        decoder = [w for pair in zip(seen.get("decoder", []), seen["cross"]) for w in pair] if "decoder" in seen else [w[:, 0] for w in seen["cross"]]
        references.append([w.numpy() for w in [*seen.get("encoder", []), *decoder]])
    return cases, inputs, references


def card(model_id: str, model, state: dict, exact: float, entropy: float, heads: list[dict], error: float) -> dict:
    recurrent = model_id in SCORING
    best = {h["behaviour"]: h for h in heads}
    return {
        "id": model_id,
        "name": NAMES[model_id],
        "source": "embedded",
        "kind": "encoder-decoder",
        "layers": 1 if recurrent else 2,
        "heads": 1 if recurrent else 4,
        "dModel": 96 if recurrent else 64,
        "dHead": 96 if recurrent else 16,
        "vocab": VOCABULARY,
        "context": SOURCE_LIMIT,
        "positions": {"scheme": "none" if recurrent else "learned"},
        "objective": "next character of the ISO date",
        "scoring": SCORING.get(model_id, "scaled-dot-product"),
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": PRECISION + (", recurrent matrices in fp32" if recurrent else ", positions in fp32"),
        "licence": LICENCE,
        **({"taught": f"For the first {SCAFFOLD} of {state['step']:,} steps a fading loss asked the head to look at the field that is being written; it was not asked afterwards."} if recurrent else {}),
        "trainedOn": "60,000 generated dates of 1800 to 2199 in 24 forms",
        "steps": state["step"],
        "tokensSeen": state["tokens"],
        "cpuMinutes": round(state["cpu"] / 60, 1),
        "losses": {"training, last batch, nats a character": round(state["loss"], 5)},
        "metrics": {"exact on 1,000 unseen dates": exact, **{f"weight on the right {f}, best head": best[f]["score"] for f in FIELDS}, "entropy of a row of cross-attention, mean, nats": round(entropy, 3), **({"CPU seconds until 99 % of 200 unseen dates were right": round(state["exactAt"])} if state["exactAt"] else {})},
        "headsOfNote": heads,
        "samples": [{"title": text, "text": text, "targetText": target, "layer": best["month"]["layer"], "head": best["month"]["head"], "note": note} for text, target, note in SAMPLES],
        "limits": [
            "It knows nothing but dates written in English with a year of four digits, day before month where both are numbers and the year comes last.",
            f"It reads at most {SOURCE_LIMIT} characters and writes ten.",
            "It takes one pair at a time: there is no padding mask.",
        ],
        "attentionError": attention_difference(error, "20 unseen dates"),
    }


def config(model_id: str) -> dict:
    ids = CHARACTERS.vocab
    common = {
        "is_encoder_decoder": True,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": SOURCE_LIMIT,
        "max_source_positions": SOURCE_LIMIT,
        "max_target_positions": TARGET_LIMIT,
        "decoder_start_token_id": ids[START],
        "bos_token_id": ids[START],
        "eos_token_id": ids[END],
        "pad_token_id": ids[END],
        "unk_token_id": ids[OTHER],
    }
    if model_id in SCORING:
        return {"model_type": "headlight-recurrent-attention", "architectures": ["DateGru"], "num_hidden_layers": 1, "num_attention_heads": 1, "hidden_size": 96, "attention_scoring": SCORING[model_id], **common}
    return {
        "model_type": "headlight-encoder-decoder",
        "architectures": ["DateTransformer"],
        "num_hidden_layers": 2,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "num_attention_heads": 4,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "hidden_size": 64,
        "d_model": 64,
        "position_embedding_type": "absolute",
        **common,
    }


if __name__ == "__main__":
    main()
