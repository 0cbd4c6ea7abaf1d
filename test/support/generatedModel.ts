import { copyFile, mkdir, open, writeFile } from "node:fs/promises";
import path from "node:path";
import { PbfWriter } from "pbf";
import { modelPieces, type NodeParts } from "../unit/onnx/graphBuilder";

/** Sizes of a causal transformer with rotary positions. */
export interface GeneratedSizes {
  readonly nLayers: number;
  readonly nHeads: number;
  readonly dHead: number;
  readonly context: number;
  readonly vocab: number;
  readonly seed?: number;
  /** Whether it takes the keys and values of tokens read before, and hands them over. */
  readonly hasCache?: boolean;
}

/**
 * Writes a causal transformer with rotary positions and random weights into a folder: no trained model, but its
 * attention is real, and of any size. The same sizes and seed give the same bytes. `tokenizer` is a tokenizer.json.
 */
export async function writeGeneratedModel(
  folder: string,
  sizes: GeneratedSizes,
  tokenizer?: string,
): Promise<void> {
  const { nLayers, nHeads, dHead, context, vocab } = sizes;
  await mkdir(folder, { recursive: true });
  const { before, graph } = modelPieces(graphOf(sizes));
  let length = graph.byteLength;
  for (const { name, dims } of weightShapes(sizes)) {
    const byteLength = 4 * dims.reduce((product, dim) => product * dim, 1);
    length += weightStart(name, dims, byteLength).byteLength + byteLength;
  }
  const file = await open(path.join(folder, "model.onnx"), "w");
  try {
    const start = new PbfWriter();
    start.writeVarint((7 << 3) | 2);
    start.writeVarint(length);
    for (const bytes of [before, start.finish(), graph]) await file.write(bytes);
    const random = uniform(sizes.seed ?? 1);
    for (const { name, dims, fill } of weightShapes(sizes)) {
      const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
      fill(data, random);
      await file.write(weightStart(name, dims, data.byteLength));
      await file.write(new Uint8Array(data.buffer));
    }
  } finally {
    await file.close();
  }
  const config = {
    model_type: "generated",
    num_hidden_layers: nLayers,
    num_attention_heads: nHeads,
    head_dim: dHead,
    hidden_size: nHeads * dHead,
    vocab_size: vocab,
    max_position_embeddings: context,
    rope_theta: 10_000,
  };
  await writeFile(path.join(folder, "config.json"), JSON.stringify(config));
  if (tokenizer) await copyFile(tokenizer, path.join(folder, "tokenizer.json"));
}

interface Weight {
  readonly name: string;
  readonly dims: readonly number[];
  fill(data: Float32Array, random: () => number): void;
}

/** A TensorProto up to its data, as a field of a GraphProto. */
function weightStart(name: string, dims: readonly number[], byteLength: number): Uint8Array {
  const inner = new PbfWriter();
  for (const dim of dims) inner.writeVarintField(1, dim);
  inner.writeVarintField(2, 1);
  inner.writeStringField(8, name);
  inner.writeVarint((9 << 3) | 2);
  inner.writeVarint(byteLength);
  const content = inner.finish();
  const outer = new PbfWriter();
  outer.writeVarint((5 << 3) | 2);
  outer.writeVarint(content.byteLength + byteLength);
  return Buffer.concat([outer.finish(), content]);
}

function* weightShapes({ nLayers, nHeads, dHead, vocab }: GeneratedSizes): Generator<Weight> {
  const width = nHeads * dHead;
  /** Uniform numbers of that standard deviation, which are made faster than normal ones. */
  const random = (name: string, deviation: number, ...dims: number[]): Weight => ({
    name,
    dims,
    fill: (data, next) => {
      for (let i = 0; i < data.length; i++) data[i] = (next() - 0.5) * deviation * Math.sqrt(12);
    },
  });
  yield random("embedding", 1, vocab, width);
  for (let layer = 0; layer < nLayers; layer++) {
    // Scores of a few units: sharp heads and flat ones.
    for (const part of ["q", "k"]) {
      yield random(`${part}.${layer}`, (0.5 + layer / nLayers) / Math.sqrt(width), width, width);
    }
    yield random(`v.${layer}`, 1 / Math.sqrt(width), width, width);
    yield random(`o.${layer}`, 1 / Math.sqrt(width), width, width);
    yield random(`up.${layer}`, 1 / Math.sqrt(width), width, 4 * width);
    yield random(`down.${layer}`, 0.5 / Math.sqrt(width), 4 * width, width);
  }
  yield random("unembedding", 1 / Math.sqrt(width), width, vocab);
  yield { name: "gain", dims: [width], fill: (data) => data.fill(1) };
  yield { name: "scale", dims: [], fill: (data) => data.fill(1 / Math.sqrt(dHead)) };
  yield { name: "lowest", dims: [], fill: (data) => data.fill(-1e9) };
  yield {
    name: "frequencies",
    dims: [dHead / 2],
    fill: (data) => data.forEach((_, pair) => (data[pair] = 10_000 ** ((-2 * pair) / dHead))),
  };
}

function graphOf({ nLayers, nHeads, dHead, vocab, hasCache = false }: GeneratedSizes) {
  const nodes: NodeParts[] = [];
  let nNames = 0;
  const add = (
    op: string,
    inputs: readonly string[],
    ints: NodeParts["ints"] = {},
    output = `t${nNames++}`,
  ) => {
    nodes.push({ op, inputs, outputs: [output], ints });
    return output;
  };
  const whole = (...numbers: number[]) => {
    const name = `i${nNames++}`;
    integers[name] = numbers;
    return name;
  };
  const integers: Record<string, readonly number[]> = {};
  const length = add("Gather", [add("Shape", ["input_ids"]), whole(1)], { axis: 0 });
  const one = (name: string) => add("Reshape", [name, whole(1)]);
  const range = (from: string, to: string) =>
    add("Range", [add("Squeeze", [from]), add("Squeeze", [to]), add("Squeeze", [whole(1)])]);
  const cache = (layer: number, part: string) => `past_key_values.${layer}.${part}`;
  const nPast = hasCache
    ? one(add("Gather", [add("Shape", [cache(0, "key")]), whole(2)], { axis: 0 }))
    : whole(0);
  const end = hasCache ? add("Add", [nPast, one(length)]) : one(length);
  const places = range(nPast, end);
  const keyPlaces = hasCache ? range(whole(0), end) : places;
  const angle = add("Mul", [add("Unsqueeze", [add("Cast", [places], { to: 1 }), whole(1)]), "frequencies"]);
  const angles = add("Concat", [angle, angle], { axis: -1 });
  const cos = add("Cos", [angles]);
  const sin = add("Sin", [angles]);
  const later = add("Less", [add("Unsqueeze", [places, whole(1)]), add("Unsqueeze", [keyPlaces, whole(0)])]);
  const mask = add("Mul", [add("Cast", [later], { to: 1 }), "lowest"]);
  const heads = (name: string) =>
    add("Transpose", [add("Reshape", [name, whole(0, 0, nHeads, dHead)])], { perm: [0, 2, 1, 3] });
  const part = (name: string, start: number, end: number) =>
    add("Slice", [name, whole(start), whole(end), whole(-1)]);
  const turned = (name: string) => {
    const back = add("Neg", [part(name, dHead / 2, dHead)]);
    const swapped = add("Concat", [back, part(name, 0, dHead / 2)], { axis: -1 });
    return add("Add", [add("Mul", [name, cos]), add("Mul", [swapped, sin])]);
  };
  let stream = add("Gather", ["embedding", "input_ids"], { axis: 0 });
  for (let layer = 0; layer < nLayers; layer++) {
    const normed = add("LayerNormalization", [stream, "gain"], { axis: -1 });
    const project = (name: string) => heads(add("MatMul", [normed, `${name}.${layer}`]));
    const q = turned(project("q"));
    const withPast = (name: string, part: string) =>
      hasCache ? add("Concat", [cache(layer, part), name], { axis: 2 }, `present.${layer}.${part}`) : name;
    const k = withPast(turned(project("k")), "key");
    const product = add("MatMul", [q, add("Transpose", [k], { perm: [0, 1, 3, 2] })]);
    const weights = add("Softmax", [add("Add", [add("Mul", [product, "scale"]), mask])], { axis: -1 });
    const mixed = add("Transpose", [add("MatMul", [weights, withPast(project("v"), "value")])], {
      perm: [0, 2, 1, 3],
    });
    const joined = add("Reshape", [mixed, whole(0, 0, nHeads * dHead)]);
    stream = add("Add", [stream, add("MatMul", [joined, `o.${layer}`])]);
    const inner = add("LayerNormalization", [stream, "gain"], { axis: -1 });
    const up = add("Relu", [add("MatMul", [inner, `up.${layer}`])]);
    stream = add("Add", [stream, add("MatMul", [up, `down.${layer}`])]);
  }
  add("MatMul", [add("LayerNormalization", [stream, "gain"], { axis: -1 }), "unembedding"], {}, "logits");
  const caches = hasCache
    ? Array.from({ length: nLayers }, (_, layer) => [`${layer}.key`, `${layer}.value`]).flat()
    : [];
  return {
    nodes,
    integers,
    inputs: {
      input_ids: ["batch", "length"],
      ...Object.fromEntries(
        caches.map((name) => [`past_key_values.${name}`, ["batch", nHeads, "past", dHead]]),
      ),
    },
    types: { input_ids: 7 },
    outputs: ["logits", ...caches.map((name) => `present.${name}`)],
    outputDims: { logits: ["batch", "length", vocab] },
  };
}

/** Numbers in [0, 1): mulberry32. */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
