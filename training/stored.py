"""Weights as they ship: int8 with a scale per row, or fp16, first in torch (so that references use them), then in the ONNX file."""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

SMALLEST = 1024  # elements; smaller tensors and tables of positions stay in float32


def snap(model: nn.Module, precision: str, keep: tuple[str, ...] = ()) -> None:
    """Replaces each large parameter by the values its stored form decodes to."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim == 2 and p.numel() >= SMALLEST and name not in keep:
                p.copy_(torch.from_numpy(decode(*encode(p.numpy(), precision))))


def encode(values: np.ndarray, precision: str) -> tuple[np.ndarray, np.ndarray | None]:
    """(stored values, scale per row or None)."""
    if precision == "fp16":
        return values.astype(np.float16), None
    scale = (np.abs(values).max(axis=1, keepdims=True) / 127).astype(np.float32)
    scale[scale == 0] = 1
    return np.clip(np.round(values / scale), -127, 127).astype(np.int8), scale


def decode(stored: np.ndarray, scale: np.ndarray | None) -> np.ndarray:
    """float32, by the same product as Cast and Mul in the file."""
    values = stored.astype(np.float32)
    return values if scale is None else values * scale


def pack(model: onnx.ModelProto, precision: str, snapped: set[str]) -> onnx.ModelProto:
    """The same graph whose snapped initialisers are stored small and decoded by Cast (and Mul)."""
    initialisers, nodes = [], []
    for tensor in model.graph.initializer:
        if tensor.name not in snapped:
            initialisers.append(tensor)
            continue
        values = numpy_helper.to_array(tensor)
        stored, scale = encode(values, precision)
        if not np.array_equal(decode(stored, scale), values):
            raise ValueError(f"{tensor.name} was not snapped to {precision} before the export.")
        initialisers.append(numpy_helper.from_array(stored, f"{tensor.name}.{precision}"))
        target = tensor.name if scale is None else f"{tensor.name}.float"
        nodes.append(helper.make_node("Cast", [f"{tensor.name}.{precision}"], [target], name=f"{tensor.name}.cast", to=TensorProto.FLOAT))
        if scale is not None:
            initialisers.append(numpy_helper.from_array(scale, f"{tensor.name}.scale"))
            nodes.append(helper.make_node("Mul", [target, f"{tensor.name}.scale"], [tensor.name], name=f"{tensor.name}.rescale"))
    nodes += list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(initialisers)
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model
