"""A trained torch module as a plain ONNX file: opset 17, dynamic batch and length, logits and nothing else."""

import io
from pathlib import Path

import onnx
import torch
from torch import nn

from stored import SMALLEST, pack

OPSET = 17


def export(model: nn.Module, inputs: dict[str, torch.Tensor], path: Path, precision: str, fold: bool = False, keep: tuple[str, ...] = ()) -> None:
    """Writes `path`; the model's large matrices must have been snapped to `precision` ("int8", "fp16") unless it is "fp32"."""
    model.eval()
    buffer = io.BytesIO()
    axes = {name: {0: "batch", 1: f"{name}_length"} for name in inputs}
    last = list(inputs)[-1]
    torch.onnx.export(
        model,
        tuple(inputs.values()),
        buffer,
        input_names=list(inputs),
        output_names=["logits"],
        dynamic_axes={**axes, "logits": {0: "batch", 1: f"{last}_length"}},
        opset_version=OPSET,
        do_constant_folding=fold,
    )
    proto = onnx.load_from_string(buffer.getvalue())
    proto.doc_string = ""
    for node in proto.graph.node:
        node.doc_string = ""
    if precision != "fp32":
        large = {t.name for t in proto.graph.initializer if len(t.dims) == 2 and t.dims[0] * t.dims[1] >= SMALLEST and t.data_type == onnx.TensorProto.FLOAT}
        trained = {name for name, _ in model.named_parameters()}
        pack(proto, precision, (large & trained) - set(keep))
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, str(path))
