import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { modelBytes, type GraphParts, type NodeParts } from "../unit/onnx/graphBuilder";

/** Sizes that test/golden/generation/make_two_files.py shares. */
export const TWO_FILES = { width: 8, nHeads: 2, words: 12, mels: 3 } as const;
const { width, nHeads, words, mels } = TWO_FILES;
const dHead = width / nHeads;

/** Reads text with learned positions that begin at 2 (as BART's do), or sound through a convolution (as Whisper's). */
export type TwoFileKind = "text" | "sound";

/**
 * Writes an encoder-decoder as Hugging Face folders have it: onnx/encoder_model.onnx and onnx/decoder_model.onnx, or one
 * decoder_model_merged.onnx that goes on from its caches where `use_cache_branch` says so. One layer each.
 */
export async function writeTwoFileModel(
  folder: string,
  kind: TwoFileKind,
  config: Readonly<Record<string, unknown>>,
  { merged = false } = {},
): Promise<void> {
  await mkdir(path.join(folder, "onnx"), { recursive: true });
  const write = (name: string, graph: GraphParts) =>
    writeFile(path.join(folder, "onnx", name), modelBytes(graph));
  await write("encoder_model.onnx", kind === "text" ? textEncoder() : soundEncoder());
  if (merged) await write("decoder_model_merged.onnx", mergedDecoder());
  else await write("decoder_model.onnx", decoder());
  const shared = { is_encoder_decoder: true, vocab_size: words, d_model: width };
  await writeFile(path.join(folder, "config.json"), JSON.stringify({ ...shared, ...config }));
}

/** sin(0.37 i² + seed) / 2: numbers of every size, the same in any language. */
function numbers(seed: number, ...dims: number[]) {
  const length = dims.reduce((product, dim) => product * dim, 1);
  return { dims, numbers: Array.from({ length }, (_, i) => Math.sin(0.37 * i * i + seed) / 2) };
}

const embedding = { words: numbers(1, words, width), places: numbers(2, 40, width) };
const norm = {
  gain: { dims: [width], numbers: new Array<number>(width).fill(1) },
  scale: { dims: [], numbers: [1 / Math.sqrt(dHead)] },
  lowest: { dims: [], numbers: [-1e9] },
};
const projections = (name: string, seed: number) =>
  Object.fromEntries(
    ["q", "k", "v", "o"].map((part, i) => [`${name}.${part}`, numbers(seed + i, width, width)]),
  );
const textInput = { inputs: { input_ids: ["batch", "tokens"] }, types: { input_ids: 7 } } as const;

/** Nodes of one graph, each named by what it makes. */
class Nodes {
  readonly nodes: NodeParts[] = [];
  readonly integers: Record<string, readonly number[]> = {};
  #count = 0;

  constructor(private readonly prefix = "t") {}

  add(op: string, inputs: readonly string[], ints: NodeParts["ints"] = {}, output = this.#name()): string {
    this.nodes.push({ op, inputs, outputs: [output], ints });
    return output;
  }

  whole(...values: number[]): string {
    const name = this.#name();
    this.integers[name] = values;
    return name;
  }

  /** first, first + 1, … to before `end`, both names of one whole number. */
  range(first: string, end: string): string {
    const scalar = (name: string) => this.add("Squeeze", [name]);
    return this.add("Range", [scalar(first), scalar(end), scalar(this.whole(1))]);
  }

  length(of: string, axis: number): string {
    return this.add("Gather", [this.add("Shape", [of]), this.whole(axis)], { axis: 0 });
  }

  norm(x: string, output?: string): string {
    return this.add("LayerNormalization", [x, "gain"], { axis: -1 }, output);
  }

  heads(x: string): string {
    const split = this.add("Reshape", [x, this.whole(0, 0, nHeads, dHead)]);
    return this.add("Transpose", [split], { perm: [0, 2, 1, 3] });
  }

  #name(): string {
    return `${this.prefix}${this.#count++}`;
  }

  /** softmax(q·k + mask)·v through W_O; k and v [1, heads, keys, dHead]. */
  attend(name: string, x: string, k: string, v: string, mask?: string): string {
    const q = this.add("Mul", [this.heads(this.add("MatMul", [x, `${name}.q`])), "scale"]);
    const product = this.add("MatMul", [q, this.add("Transpose", [k], { perm: [0, 1, 3, 2] })]);
    const scores = mask ? this.add("Add", [product, mask]) : product;
    const mixed = this.add("MatMul", [this.add("Softmax", [scores], { axis: -1 }), v]);
    const joined = this.add("Reshape", [
      this.add("Transpose", [mixed], { perm: [0, 2, 1, 3] }),
      this.whole(0, 0, width),
    ]);
    return this.add("MatMul", [joined, `${name}.o`]);
  }

  keysAndValues(name: string, of: string, outputs: readonly (string | undefined)[] = []): [string, string] {
    const made = (part: string, output?: string) => {
      const heads = this.heads(this.add("MatMul", [of, `${name}.${part}`]));
      return output ? this.add("Identity", [heads], {}, output) : heads;
    };
    return [made("k", outputs[0]), made("v", outputs[1])];
  }
}

/** LN(x + attention(x)), as BART has it. */
function encoderLayer(graph: Nodes, x: string): string {
  const [k, v] = graph.keysAndValues("encoder", x);
  return graph.norm(graph.add("Add", [x, graph.attend("encoder", x, k, v)]), "last_hidden_state");
}

function textEncoder(): GraphParts {
  const graph = new Nodes();
  const places = graph.add("Add", [
    graph.range(graph.whole(0), graph.length("input_ids", 1)),
    graph.whole(2),
  ]);
  const x = graph.add("Add", [
    graph.add("Gather", ["words", "input_ids"], { axis: 0 }),
    graph.add("Gather", ["places", places], { axis: 0 }),
  ]);
  encoderLayer(graph, graph.norm(x));
  const { nodes, integers } = graph;
  const weights = { ...embedding, ...norm, ...projections("encoder", 10) };
  return { nodes, integers, weights, ...textInput, outputs: ["last_hidden_state"] };
}

function soundEncoder(): GraphParts {
  const graph = new Nodes();
  const seen = graph.add("Conv", ["input_features", "filter"], {
    kernel_shape: [3],
    strides: [2],
    pads: [1, 1],
  });
  const frames = graph.add("Transpose", [graph.add("Relu", [seen])], { perm: [0, 2, 1] });
  const places = graph.range(graph.whole(0), graph.length(frames, 1));
  encoderLayer(
    graph,
    graph.norm(graph.add("Add", [frames, graph.add("Gather", ["places", places], { axis: 0 })])),
  );
  return {
    nodes: graph.nodes,
    integers: graph.integers,
    weights: {
      ...norm,
      ...projections("encoder", 10),
      places: embedding.places,
      filter: numbers(3, width, mels, 3),
    },
    inputs: { input_features: ["batch", mels, "frames"] },
    outputs: ["last_hidden_state"],
  };
}

const CACHES = ["decoder.key", "decoder.value", "encoder.key", "encoder.value"] as const;
const decoderWeights = {
  ...embedding,
  ...norm,
  ...projections("self", 20),
  ...projections("cross", 30),
  unembedding: numbers(4, width, words),
};
const decoderInputs = {
  inputs: { input_ids: ["batch", "target"], encoder_hidden_states: ["batch", "source", width] },
  types: { input_ids: 7 },
} as const;

/** The decoder's nodes; `prefix` stands before its outputs where they are a branch's. */
function decoderNodes(
  graph: Nodes,
  prefix: string,
  hasPast: boolean,
): { readonly nodes: readonly NodeParts[]; readonly outputs: readonly string[] } {
  const outputs = ["logits", ...CACHES.map((cache) => `present.0.${cache}`)].map((name) => prefix + name);
  const [, ownKey, ownValue, sourceKey, sourceValue] = outputs;
  const past = (cache: (typeof CACHES)[number]) => `past_key_values.0.${cache}`;
  const nPast = hasPast ? graph.length(past("decoder.key"), 2) : graph.whole(0);
  const end = graph.add("Add", [nPast, graph.length("input_ids", 1)]);
  const queries = graph.range(nPast, end);
  const keys = graph.range(graph.whole(0), end);
  const later = graph.add("Less", [
    graph.add("Unsqueeze", [queries, graph.whole(1)]),
    graph.add("Unsqueeze", [keys, graph.whole(0)]),
  ]);
  const mask = graph.add("Mul", [graph.add("Cast", [later], { to: 1 }), "lowest"]);
  let x = graph.norm(
    graph.add("Add", [
      graph.add("Gather", ["words", "input_ids"], { axis: 0 }),
      graph.add("Gather", ["places", graph.add("Add", [queries, graph.whole(2)])], { axis: 0 }),
    ]),
  );
  const [newKey, newValue] = graph.keysAndValues("self", x, hasPast ? [] : [ownKey, ownValue]);
  const [k, v] = hasPast
    ? [
        graph.add("Concat", [past("decoder.key"), newKey], { axis: 2 }, ownKey),
        graph.add("Concat", [past("decoder.value"), newValue], { axis: 2 }, ownValue),
      ]
    : [newKey, newValue];
  x = graph.norm(graph.add("Add", [x, graph.attend("self", x, k, v, mask)]));
  const [ck, cv] = hasPast
    ? [
        graph.add("Identity", [past("encoder.key")], {}, sourceKey),
        graph.add("Identity", [past("encoder.value")], {}, sourceValue),
      ]
    : graph.keysAndValues("cross", "encoder_hidden_states", [sourceKey, sourceValue]);
  x = graph.norm(graph.add("Add", [x, graph.attend("cross", x, ck, cv)]));
  graph.add("MatMul", [x, "unembedding"], {}, outputs[0]);
  return { nodes: graph.nodes, outputs };
}

function decoder(): GraphParts {
  const graph = new Nodes();
  const { nodes, outputs } = decoderNodes(graph, "", false);
  const outputDims = { logits: ["batch", "target", words] };
  return { nodes, outputs, integers: graph.integers, weights: decoderWeights, ...decoderInputs, outputDims };
}

function mergedDecoder(): GraphParts {
  const branch = (prefix: string, hasPast: boolean): GraphParts => {
    const graph = new Nodes(prefix);
    return { ...decoderNodes(graph, prefix, hasPast), integers: graph.integers };
  };
  const outputs = ["logits", ...CACHES.map((cache) => `present.0.${cache}`)];
  const graphs = { then_branch: branch("then.", true), else_branch: branch("else.", false) };
  const caches = CACHES.map((cache) => [
    `past_key_values.0.${cache}`,
    ["batch", nHeads, cache.startsWith("decoder") ? "past_target" : "past_source", dHead],
  ]);
  return {
    nodes: [{ op: "If", inputs: ["use_cache_branch"], outputs, graphs }],
    outputs,
    weights: decoderWeights,
    inputs: {
      ...decoderInputs.inputs,
      ...(Object.fromEntries(caches) as Record<string, (number | string)[]>),
      use_cache_branch: [1],
    },
    types: { input_ids: 7, use_cache_branch: 9 },
    outputDims: { logits: ["batch", "target", words] },
  };
}
