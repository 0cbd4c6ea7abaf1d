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

/** Reads [batch, head] of a tensor by the names of its axes; "h" and "g" (or "w", windows) together count heads. */
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
    else if (axis === "w") base += Math.floor(head / size("h")) * stride;
    else if (axis === "h" && axes.includes("w")) base += (head % size("h")) * stride;
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
    if (axis === "h" || axis === "g" || axis === "w") heads *= dim;
    if (axis === "bh") heads *= dim / nBatches;
  });
  return heads;
}

/** A model's layers as they came out of one run, for checks that hold whatever operator computed them. */
export function layersOf(model: InstrumentedModel): Map<string, CapturedOutput[]> {
  const layers = new Map<string, CapturedOutput[]>();
  for (const one of model.captured) {
    const key = `${one.block} ${one.layer}`;
    layers.set(key, [...(layers.get(key) ?? []), one]);
  }
  return layers;
}

/** Largest |weights x v - output| over all heads of one layer: weights that are not the model's own cannot pass. */
export function valueError(
  results: Readonly<Record<string, ort.Tensor>>,
  layer: readonly CapturedOutput[],
  nBatches: number,
): number {
  const find = (what: string) => {
    const captured = layer.find((one) => one.what === what);
    const tensor = captured && results[captured.name];
    if (!captured || !tensor) throw new Error(`no ${what}`);
    return { captured, tensor };
  };
  const [weights, values, output] = [find("weights"), find("v"), find("output")];
  const nHeads = headsIn(weights.tensor, weights.captured, nBatches);
  const nValueHeads = headsIn(values.tensor, values.captured, nBatches);
  let worst = 0;
  for (let batch = 0; batch < nBatches; batch++) {
    for (let head = 0; head < nHeads; head++) {
      const w = matrixOf(weights.tensor, weights.captured, nBatches, batch, head);
      const v = matrixOf(
        values.tensor,
        values.captured,
        nBatches,
        batch,
        Math.floor((head * nValueHeads) / nHeads),
      );
      const o = matrixOf(output.tensor, output.captured, nBatches, batch, head);
      if (w.columns !== v.rows || w.rows !== o.rows)
        throw new Error(`${w.rows}x${w.columns} by ${v.rows} is not ${o.rows}`);
      for (let row = 0; row < o.rows; row++) {
        for (let column = 0; column < o.columns; column++) {
          let sum = 0;
          for (let key = 0; key < w.columns; key++) sum += w.at(row, key) * v.at(key, column);
          const difference = Math.abs(sum - o.at(row, column));
          worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
        }
      }
    }
  }
  return worst;
}

/** Largest |softmax(scores) - weights|; rows without any key are left out. */
export function softmaxError(
  results: Readonly<Record<string, ort.Tensor>>,
  layer: readonly CapturedOutput[],
  nBatches: number,
): number {
  const [weights, scores] = ["weights", "scores"].map((what) => layer.find((one) => one.what === what));
  if (!weights || !scores) throw new Error("no weights or scores");
  const [weightsTensor, scoresTensor] = [results[weights.name], results[scores.name]];
  if (!weightsTensor || !scoresTensor) throw new Error("no tensor");
  let worst = 0;
  for (let batch = 0; batch < nBatches; batch++) {
    for (let head = 0; head < headsIn(weightsTensor, weights, nBatches); head++) {
      const w = matrixOf(weightsTensor, weights, nBatches, batch, head);
      const s = matrixOf(scoresTensor, scores, nBatches, batch, head);
      for (let row = 0; row < w.rows; row++) {
        const numbers = Array.from({ length: w.columns }, (_, key) => s.at(row, key));
        const most = Math.max(...numbers);
        const exponents = numbers.map((number) => Math.exp(number - most));
        const total = exponents.reduce((a, b) => a + b, 0);
        const isMasked = !(most > -1e30) || numbers.every((_, key) => w.at(row, key) === 0);
        if (isMasked) continue;
        exponents.forEach((number, key) => {
          const difference = Math.abs(number / total - w.at(row, key));
          worst = Math.max(worst, Number.isNaN(difference) ? Infinity : difference);
        });
      }
    }
  }
  return worst;
}
