import * as ort from "onnxruntime-web";
import type { CapturedOutput, InstrumentedModel } from "../../../src/onnx/instrumented";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

export type OptimizationLevel = "disabled" | "basic" | "extended" | "all";

export function openSession(
  bytes: Uint8Array,
  level: OptimizationLevel = "all",
): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    graphOptimizationLevel: level,
    logSeverityLevel: 3,
  });
}

/** Inputs from nested lists, as the reference files give them. */
export function feedsOf(
  model: InstrumentedModel,
  inputs: Readonly<Record<string, unknown>>,
): Record<string, ort.Tensor> {
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name, type } of model.inputs) {
    const given = inputs[name];
    if (given === undefined) throw new Error(`no input ${name}`);
    const dims: number[] = [];
    for (let at: unknown = given; Array.isArray(at); at = at[0]) dims.push(at.length);
    const numbers = (given as unknown[]).flat(Infinity) as number[];
    feeds[name] =
      type === "int64"
        ? new ort.Tensor("int64", BigInt64Array.from(numbers, BigInt), dims)
        : new ort.Tensor("float32", Float32Array.from(numbers), dims);
  }
  return feeds;
}

/** One head of one record of a captured tensor. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  at(row: number, column: number): number;
}

/** Reads [batch, head] of a tensor by the names of its axes; "h" and "g" together count heads. */
export function matrixOf(
  tensor: ort.Tensor,
  captured: CapturedOutput,
  nBatches: number,
  batch: number,
  head: number,
): Matrix {
  const { axes } = captured;
  const dims = tensor.dims;
  const data = tensor.data as Float32Array;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((a, b) => a * b, 1));
  const [rowAxis, columnAxis] = axes.includes("q") ? ["q", "k"] : ["p", "d"];
  const size = (name: string) => dims[axes.indexOf(name)] ?? 1;
  let base = 0;
  axes.forEach((axis, index) => {
    const stride = strides[index] ?? 0;
    if (axis === "b") base += (size("b") === 1 ? 0 : batch) * stride;
    else if (axis === "bh") base += (batch * (size("bh") / nBatches) + head) * stride;
    else if (axis === "h") base += (axes.includes("g") ? Math.floor(head / size("g")) : head) * stride;
    else if (axis === "g") base += (head % size("g")) * stride;
  });
  const rowStride = strides[axes.indexOf(rowAxis)] ?? 0;
  const columnStride = strides[axes.indexOf(columnAxis)] ?? 0;
  return {
    rows: size(rowAxis),
    columns: size(columnAxis),
    at: (row, column) => data[base + row * rowStride + column * columnStride] ?? Number.NaN,
  };
}

export function headsIn(tensor: ort.Tensor, captured: CapturedOutput, nBatches: number): number {
  let heads = 1;
  captured.axes.forEach((axis, index) => {
    const dim = tensor.dims[index] ?? 1;
    if (axis === "h" || axis === "g") heads *= dim;
    if (axis === "bh") heads *= dim / nBatches;
  });
  return heads;
}
