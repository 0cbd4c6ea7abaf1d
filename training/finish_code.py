"""From a checkpoint of train_code.py to media/models/code-4x8: stored precision, scores, export, card, oracle.

    python3 finish_code.py [name of the checkpoint, "code.last"]
"""

import json
import sys

import numpy as np
import torch

from batches import validation
from bpe import load
from card import LICENCE, attention_difference, config_sizes, head_of, sizes, write_folder
from code_probes import repeat_scores, repeated_ids, validation_loss
from code_samples import LIMITS, SAMPLES
from export import export
from oracle import text_cases, write_oracle
from oracle_texts import CODE_TEXTS
from paths import GOLDEN, MODELS, work
from stored import snap
from structure_probes import structure_scores, windows
from train_code import LESSON, LESSON_FROM, TAUGHT
from transformer import Shape, Transformer
from verify import attention_error

ID = "code-4x8"
REPEATS = "200 random tokens, a sequence of 100 repeated once; not in training"
HELD_OUT = "held-out code"


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    checkpoint = sys.argv[1] if len(sys.argv) > 1 else "code.last"
    state = torch.load(work(f"{checkpoint}.pt"))
    shape = Shape(**state["shape"])
    model = Transformer(shape)
    model.load_state_dict(state["model"])
    unsnapped = validation_loss(model, validation(511, 192))[0]
    snap(model, "int8")
    model.half(False).eval()

    scores = evaluate(model)
    print(json.dumps({k: v for k, v in scores.items() if k != "heads"}, indent=1))
    path = MODELS / ID / "model.onnx"
    export(model, {"input_ids": torch.randint(1, shape.vocab, (1, 12))}, path, "int8")
    cases, error = oracle(model, path)
    write_oracle(GOLDEN / f"{ID}.json", ID, cases)

    log = [json.loads(line) for line in work(f"{checkpoint.split('.')[0]}.log.jsonl").open()]
    card = {
        "id": ID,
        "name": "Code and English, 4 layers x 8 heads",
        "source": "embedded",
        "kind": "causal",
        **sizes(shape),
        "positions": {"scheme": "rope", "base": 10000},
        "objective": "next token",
        "scoring": "scaled-dot-product",
        "parameters": sum(p.numel() for p in model.parameters()),
        "precision": "int8",
        "licence": LICENCE,
        "taught": f"From step {LESSON_FROM:,} on a loss of weight {LESSON} on their attention taught head {TAUGHT[0][1]} of layer {TAUGHT[0][0]} to look at the innermost open bracket and head {TAUGHT[1][1]} of layer {TAUGHT[1][0]} at the opening quote; all other heads came by themselves.",
        "trainedOn": "Python, TypeScript and JavaScript sources and their documentation, and generated stories and nested code; see training/README.md",
        "steps": state["step"],
        "tokensSeen": state["step"] * 4096,
        "cpuMinutes": round(state["cpu"] / 60, 1),
        "losses": {"validation, nats a token, context 511": round(scores["loss"], 3), "the same before int8": round(unsnapped, 3), "validation, context 255": round(scores["loss 255"], 3), "training, last batch": log[-1]["train"]},
        "metrics": scores["metrics"],
        "headsOfNote": scores["heads"],
        "samples": samples(scores["heads"]),
        "limits": LIMITS,
        "attentionError": attention_difference(error, "20 texts"),
    }
    write_folder(MODELS / ID, config(shape), json.loads(work("code.tokenizer.json").read_text()), card)
    print("attention error", error, "size", path.stat().st_size)


def evaluate(model: Transformer) -> dict:
    """Losses, metrics and the best head of each behaviour."""
    loss, top1 = validation_loss(model, validation(511, 192))
    loss_255, _ = validation_loss(model, validation(255, 192))
    repeats = repeat_scores(model, repeated_ids(32, model.shape.vocab))
    bpe = load(work("code.tokenizer.json"))
    probes = windows(bpe, 200)
    structure = structure_scores(model, probes)
    scores, counts = structure["scores"], structure["counts"]
    heads = [
        head_of("previous token", "decoder", repeats["previous"], REPEATS),
        head_of("induction", "decoder", repeats["induction"], REPEATS),
        head_of("first token (sink)", "decoder", scores["first token (sink)"], f"{counts['self']} tokens of {HELD_OUT}"),
        head_of("bracket", "decoder", scores["bracket"], f"{counts['bracket']} tokens inside brackets of {HELD_OUT}, weight on the innermost opener"),
        head_of("quote", "decoder", scores["quote"], f"{counts['quote']} tokens inside strings of {HELD_OUT}, weight on the opening quote"),
        head_of("line start", "decoder", scores["line start"], f"{counts['line start']} tokens of {HELD_OUT}, weight on the newline before the line"),
        head_of("self", "decoder", scores["self"], f"{counts['self']} tokens of {HELD_OUT}"),
    ]
    metrics = {
        "top-1 accuracy, held out": round(top1, 3),
        "repeat accuracy (second copy predicted right)": round(repeats["accuracy"], 3),
        "previous token, on held-out code": round(scores["previous token"].max().item(), 3),
        **{f"bracket, {part}": round(structure[part].max().item(), 3) for part in structure if part.startswith("within") or part in ("python", "script")},
    }
    return {"loss": loss, "loss 255": loss_255, "metrics": metrics, "heads": heads}


def oracle(model: Transformer, path) -> tuple[list[dict], float]:
    """The 20 cases, and the largest difference of onnxruntime-web's attention from torch's on them."""
    bpe = load(work("code.tokenizer.json"))
    texts = [(text, [0, *bpe.encode(text)]) for text in CODE_TEXTS]
    cases, inputs, references = text_cases(model, "decoder", texts, 5, predicts=True)
    return cases, attention_error(path, inputs, references)


def config(shape: Shape) -> dict:
    return {
        "model_type": "headlight-causal",
        "architectures": ["Transformer"],
        "is_encoder_decoder": False,
        "is_decoder": True,
        **config_sizes(shape),
        "hidden_act": "relu2",
        "vocab_size": shape.vocab,
        "max_position_embeddings": shape.context,
        "rope_theta": 10000.0,
        "tie_word_embeddings": True,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
    }


def samples(heads: list[dict]) -> list[dict]:
    """The sample texts, each with the head of note that it shows."""
    found = {h["behaviour"]: h for h in heads}
    return [{**{k: v for k, v in s.items() if k != "behaviour"}, **({"layer": found[s["behaviour"]]["layer"], "head": found[s["behaviour"]]["head"]} if "behaviour" in s else {})} for s in SAMPLES]


if __name__ == "__main__":
    main()
