"""A model's folder: config.json, tokenizer.json, card.json and the card.md that is made from it."""

import json
from pathlib import Path

from transformer import Shape

LICENCE = "MIT"


def write_folder(folder: Path, config: dict, tokenizer: dict, card: dict) -> None:
    """Everything but model.onnx, which must be there already."""
    folder.mkdir(parents=True, exist_ok=True)
    card = {"schema": 1, **card, "sizeBytes": (folder / "model.onnx").stat().st_size}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"clean_up_tokenization_spaces": False, "model_max_length": card["context"]}, indent=2) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False) + "\n")
    (folder / "card.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
    (folder / "card.md").write_text(markdown(card))


def sizes(shape: Shape) -> dict:
    """A transformer's sizes, as its card names them."""
    return {"layers": shape.layers, "heads": shape.heads, "dModel": shape.d, "dHead": shape.d_head, "vocab": shape.vocab, "context": shape.context}


def config_sizes(shape: Shape) -> dict:
    """The same as config.json names them; the vocabulary and the context stand with what is special to each model."""
    return {
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.heads,
        "head_dim": shape.d_head,
        "hidden_size": shape.d,
        "intermediate_size": shape.mlp,
    }


def attention_difference(error: float, inputs: str) -> dict:
    return {"max": error, "comparedWith": f"PyTorch in float32 on {inputs}, run by onnxruntime-web on WASM"}


def markdown(card: dict) -> str:
    """The card for a reader."""
    positions = card["positions"]["scheme"] + (f", base {card['positions']['base']:g}" if "base" in card["positions"] else "")
    facts = [
        ("kind", card["kind"]),
        ("layers x heads", f"{card['layers']} x {card['heads']}"),
        ("d_model, d_head", f"{card['dModel']}, {card['dHead']}"),
        ("vocabulary, context", f"{card['vocab']}, {card['context']} tokens"),
        ("positions", positions),
        ("scoring", card["scoring"]),
        ("objective", card["objective"]),
        ("parameters", f"{card['parameters']:,}"),
        ("stored", f"{card['precision']}, {card['sizeBytes'] / 1e6:.2f} MB"),
        ("licence of the weights", card["licence"]),
        ("trained on", card["trainedOn"]),
        ("training", f"{card['steps']:,} steps, {card['tokensSeen']:,} tokens, {card['cpuMinutes']:.1f} CPU minutes"),
    ]
    if "taught" in card:
        facts.append(("taught heads", card["taught"]))
    lines = [f"# {card['name']}", "", f"`{card['id']}`, made by this project with the scripts in `training/`. Generated from `card.json`.", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in facts]
    lines += ["", "## Losses and scores", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in {**card["losses"], **card["metrics"]}.items()]
    if card["headsOfNote"]:
        lines += ["", "## Heads of note", "", "| behaviour | block | layer | head | score | measured on |", "|---|---|---|---|---|---|"]
        lines += [f"| {h['behaviour']} | {h['block']} | {h['layer']} | {h['head']} | {h['score']:.2f} | {h['probe']} |" for h in card["headsOfNote"]]
    lines += ["", "## What to look at", ""]
    for sample in card["samples"]:
        place = f" (layer {sample['layer']}, head {sample['head']})" if "layer" in sample else ""
        lines += [f"**{sample['title']}**{place}: {sample['note']}", "", "```", sample["text"], *(["", sample["targetText"]] if "targetText" in sample else []), "```", ""]
    lines += ["## Limits", ""] + [f"- {sentence}" for sentence in card["limits"]]
    error = card["attentionError"]
    lines += ["", f"Attention differs from {error['comparedWith']} by {error['max']:.1e} at most.", ""]
    return "\n".join(lines)


def head_of(behaviour: str, block: str, scores, probe: str, layers=None) -> dict:
    """The best head of a [L, H] tensor of scores, among `layers` if given."""
    scores = scores.clone()
    if layers is not None:
        keep = scores.new_full(scores.shape, -1.0)
        keep[layers] = scores[layers]
        scores = keep
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    return {"behaviour": behaviour, "block": block, "layer": layer, "head": head, "score": round(scores[layer, head].item(), 3), "probe": probe}
