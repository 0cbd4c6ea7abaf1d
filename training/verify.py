"""Runs an exported model under onnxruntime-web and compares its attention and logits with torch's."""

import json
import subprocess
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from paths import HERE, work


def attention_outputs(path: Path, target: Path) -> list[str]:
    """A copy of the model whose Softmax results are outputs too; their names in the graph's order."""
    model = onnx.load(str(path))
    names = [node.output[0] for node in model.graph.node if node.op_type == "Softmax"]
    model.graph.output.extend(helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in names)
    onnx.save(model, str(target))
    return names


def attention_error(path: Path, cases: list[dict[str, list[int]]], references: list[list[np.ndarray]]) -> float:
    """The largest difference over all cases and weights; cases map input names to ids, references are in the graph's order."""
    instrumented, request = work("verify.onnx"), work("verify.json")
    names = attention_outputs(path, instrumented)
    request.write_text(json.dumps({"model": str(instrumented), "outputs": names, "cases": cases, "to": str(work("verify.bin"))}))
    subprocess.run(["node", str(HERE / "run_onnx.mjs"), str(request)], check=True)
    values = np.fromfile(work("verify.bin"), dtype="<f4")
    at, worst = 0, 0.0
    for reference in references:
        for weights in reference:
            part = values[at : at + weights.size].reshape(weights.shape)
            worst = max(worst, float(np.abs(part - weights).max()))
            at += weights.size
    if at != values.size:
        raise ValueError(f"{path} gave {values.size} weights where torch gave {at}.")
    return worst
