import { readFileSync } from "node:fs";
import path from "node:path";
import * as ort from "onnxruntime-web";
import { classifyMask, visibilityOf } from "../../src/core/mask";
import type { BlockOfRun, LayerOfRun, RunSummary } from "../../src/core/run";
import type { Tensor } from "../../src/core/tensor";
import { instrument } from "../../src/onnx/instrument";
import {
  CAPTURES,
  PROJECTION_PARTS,
  isProjectionPart,
  type CapturedOutput,
} from "../../src/onnx/instrumented";
import type { StandaloneRun, StandaloneTensor } from "../../src/protocol/standalone";
import { openTokenizer } from "../../src/tokenizer/tokenizer";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** A causal model in a folder (tokenizer.json; model.onnx there or in onnx/) run on a text, with everything that its graph hands over. */
export async function modelRun(folder: string, graph: string, text: string): Promise<StandaloneRun> {
  const read = (name: string) => readFileSync(path.join(folder, name));
  const tokenizer = openTokenizer({
    tokenizerJson: JSON.parse(read("tokenizer.json").toString()),
    tokenizerConfig: {},
  });
  const tokens = tokenizer.encode(text);
  const bytes = new Uint8Array(read(graph));
  const model = await instrument(
    { byteLength: bytes.length, read: async (from, length) => bytes.slice(from, from + length) },
    { capture: [...CAPTURES, ...PROJECTION_PARTS], backend: "wasm" },
  );
  const session = await ort.InferenceSession.create(model.bytes, {
    executionProviders: ["wasm"],
    logSeverityLevel: 3,
  });
  const n = tokens.length;
  const int64 = (values: readonly number[]) =>
    new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, n]);
  const feeds: Record<string, ort.Tensor> = {};
  for (const { name } of model.inputs) {
    if (/mask/.test(name)) feeds[name] = int64(Array<number>(n).fill(1));
    else if (/position/.test(name)) feeds[name] = int64(tokens.map((_, i) => i));
    else if (/token_type/.test(name)) feeds[name] = int64(Array<number>(n).fill(0));
    else feeds[name] = int64(tokens.map(({ id }) => id));
  }
  const outputs = await session.run(feeds);
  const tensors: StandaloneTensor[] = model.captured.map((captured) => {
    const { block, layer, what, name } = captured;
    return { block, layer, what, ...arranged(outputs[name]!, captured) };
  });
  const blocks = model.report.blocks.map(({ kind, layers }): BlockOfRun => {
    const infos = layers.map(({ layer, has, projection }): LayerOfRun => {
      const of = (what: string) =>
        tensors.find((t) => t.layer === layer && t.block === kind && t.what === what)!;
      const [nHeads = 0, nQueries = 0, nKeys = 0] = of("weights").dims;
      const first = { dims: [nQueries, nKeys], data: of("weights").data.subarray(0, nQueries * nKeys) };
      const { kind: mask, window, reach } = classifyMask(visibilityOf(undefined, first));
      const nKeyHeads = of("k")?.dims[0] ?? nHeads;
      const shape = { layer, nHeads, nKeyHeads, nQueries, nKeys };
      return { ...shape, mask: { kind: mask, window, reach }, has, projection };
    });
    return { kind, queries: "source", keys: "source", layers: infos };
  });
  const run: RunSummary = {
    runId: `${path.basename(folder)}-${n}`,
    model: {
      id: path.basename(folder),
      name: path.basename(folder),
      source: "embedded",
      kind: "causal",
      nLayers: blocks[0]?.layers.length ?? 0,
      nHeads: blocks[0]?.layers[0]?.nHeads ?? 0,
      hasTokenizer: true,
    },
    text,
    tokens,
    blocks,
    backend: { name: "wasm", threads: 1 },
    durations: { loadMs: 0, tokenizeMs: 0, runMs: 0, totalMs: 0 },
    notices: [],
    hasPredictions: false,
  };
  return { run, tensors, predictions: [] };
}

/** [heads, rows, columns], batch 1, whatever the order of the axes; "h" and "g" together count heads. */
function arranged(tensor: ort.Tensor, { axes, what }: CapturedOutput): Tensor {
  const source = tensor.data as Float32Array;
  if (isProjectionPart(what)) {
    const width = tensor.dims.at(-1) ?? 1;
    return { dims: [source.length / width, width], data: source };
  }
  const size = (axis: string) => (axes.includes(axis) ? tensor.dims[axes.indexOf(axis)]! : 1);
  const stride = (axis: string) =>
    axes.includes(axis) ? tensor.dims.slice(axes.indexOf(axis) + 1).reduce((a, b) => a * b, 1) : 0;
  const head = axes.includes("bh") ? "bh" : "h";
  const [row, column] = axes.includes("q") ? ["q", "k"] : ["p", "d"];
  const [nH, nG, nR, nC] = [size(head), size("g"), size(row!), size(column!)];
  const data = new Float32Array(nH * nG * nR * nC);
  let at = 0;
  for (let h = 0; h < nH; h++)
    for (let g = 0; g < nG; g++)
      for (let r = 0; r < nR; r++)
        for (let c = 0; c < nC; c++)
          data[at++] = source[h * stride(head) + g * stride("g") + r * stride(row!) + c * stride(column!)]!;
  return { dims: [nH * nG, nR, nC], data };
}
