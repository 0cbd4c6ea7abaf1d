import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { instrument } from "../../../src/onnx/instrument";
import { sourceOf } from "./fixtures";
import { modelBytes, wave, type GraphParts, type NodeParts } from "./graphBuilder";
import { openSession } from "./runtime";

type Kind = "pre-norm" | "post-norm" | "parallel" | "skip-norm" | "skip-norm with the last sum";

const D = 6;
const VOCAB = 9;
const N_LAYERS = 2;
const COUNT = 3;

/** One layer of one head over 4 positions of width 6; `x` in, `y` out. */
function layer(kind: Kind, n: number, x: string, y: string): NodeParts[] {
  const of = (name: string) => `${name}${n}`;
  const add = (a: string, b: string, sum: string): NodeParts => ({
    op: "Add",
    inputs: [a, b],
    outputs: [sum],
  });
  const product = (a: string, b: string, c: string): NodeParts => ({
    op: "MatMul",
    inputs: [a, b],
    outputs: [c],
  });
  const norm = (from: string, to: string): NodeParts => ({
    op: "LayerNormalization",
    inputs: [from, "gain"],
    outputs: [to],
  });
  const isPost = kind === "post-norm";
  const reads = isPost ? x : of("normed");
  const mlpReads = isPost ? of("middle") : kind === "parallel" ? of("normed") : of("normed_middle");
  return [
    ...(isPost ? [] : [norm(x, of("normed"))]),
    product(reads, of("w_q"), of("q")),
    product(reads, of("w_k"), of("k")),
    product(reads, of("w_v"), of("v")),
    { op: "Transpose", inputs: [of("k")], outputs: [of("k_t")], ints: { perm: [0, 2, 1] } },
    product(of("q"), of("k_t"), of("scores")),
    { op: "Softmax", inputs: [of("scores")], outputs: [of("weights")], ints: { axis: -1 } },
    product(of("weights"), of("v"), of("mixed")),
    product(of("mixed"), of("w_o"), of("attended")),
    add(x, of("attended"), isPost ? of("sum") : of("middle")),
    ...(isPost ? [norm(of("sum"), of("middle"))] : []),
    ...(kind === "pre-norm" ? [norm(of("middle"), of("normed_middle"))] : []),
    product(mlpReads, of("w_mlp"), of("up")),
    { op: "Tanh", inputs: [of("up")], outputs: [of("mlp")] },
    add(of("middle"), of("mlp"), isPost ? of("sum_mlp") : y),
    ...(isPost ? [norm(of("sum_mlp"), y)] : []),
  ];
}

/** The pre-norm layers as the runtime's optimiser fuses them: each norm with the sum before it. */
function fusedModel(givesLastSum: boolean): GraphParts {
  const whole = model("pre-norm");
  const normOf = (sum: string) =>
    whole.nodes.find(({ op, inputs }) => op === "LayerNormalization" && inputs[0] === sum);
  const nodes = whole.nodes.flatMap((node): NodeParts[] => {
    const isSum = node.op === "Add";
    if (node.op === "LayerNormalization" && node.inputs[0] !== "x") return [];
    if (!isSum) return [node];
    const [sum = ""] = node.outputs;
    const [normed = ""] = normOf(sum)!.outputs;
    const isLast = sum === `y${N_LAYERS - 1}`;
    const outputs = [normed, ...(isLast && !givesLastSum ? [] : ["", "", sum])];
    const inputs = [...node.inputs, "gain", "zeros"];
    return [{ op: "SkipLayerNormalization", domain: "com.microsoft", inputs, outputs }];
  });
  return {
    ...whole,
    nodes,
    weights: { ...whole.weights, zeros: { dims: [D], numbers: new Array<number>(D).fill(0) } },
    outputs: givesLastSum ? ["logits", `y${N_LAYERS - 1}`] : ["logits"],
  };
}

function graphOf(kind: Kind): GraphParts {
  if (kind === "skip-norm") return fusedModel(false);
  return kind === "skip-norm with the last sum" ? fusedModel(true) : model(kind);
}

function model(kind: Kind): GraphParts {
  const names = Array.from({ length: N_LAYERS }, (_, n) =>
    ["w_q", "w_k", "w_v", "w_o", "w_mlp"].map((name) => `${name}${n}`),
  ).flat();
  return {
    nodes: [
      ...Array.from({ length: N_LAYERS }, (_, n) => layer(kind, n, n ? `y${n - 1}` : "x", `y${n}`)).flat(),
      ...(kind === "post-norm"
        ? [{ op: "MatMul", inputs: [`y${N_LAYERS - 1}`, "unembed"], outputs: ["logits"] }]
        : [
            { op: "LayerNormalization", inputs: [`y${N_LAYERS - 1}`, "gain"], outputs: ["last"] },
            { op: "MatMul", inputs: ["last", "unembed"], outputs: ["logits"] },
          ]),
    ],
    weights: {
      ...Object.fromEntries(names.map((name, at) => [name, shifted(at)])),
      unembed: wave(D, VOCAB),
      gain: { dims: [D], numbers: [1, 0.5, 2, 1, 1.5, 1] },
    },
    inputs: { x: [1, 4, D] },
    outputs: ["logits"],
    outputDims: { logits: [1, 4, VOCAB] },
  };
}

/** A matrix unlike the others. */
function shifted(at: number) {
  const { dims, numbers } = wave(D, D);
  return { dims, numbers: numbers.map((value, i) => value * Math.cos(at + i)) };
}

async function lensOf(kind: Kind) {
  const made = await instrument(sourceOf(modelBytes(graphOf(kind))), {
    capture: [],
    backend: "wasm",
    lens: { count: COUNT, vocab: VOCAB },
  });
  const lens = made.lens!;
  if (lens.rows.length === 0) return { lens, rows: [], logits: new Float32Array() };
  const session = await openSession(made.bytes);
  const x = new ort.Tensor("float32", Float32Array.from(wave(1, 4, D).numbers), [1, 4, D]);
  const results = await session.run({ x });
  const rows = lens.rows.map(({ layer, values, ids, final }) => ({
    layer,
    values: results[values]!.data as Float32Array,
    ids: Array.from(results[ids]!.data as BigInt64Array, Number),
    final: results[final]!.data as Float32Array,
  }));
  return { lens, rows, logits: results.logits!.data as Float32Array };
}

const softmax = (row: readonly number[]) => {
  const sum = row.reduce((total, value) => total + Math.exp(value), 0);
  return row.map((value) => Math.exp(value) / sum);
};

/** norm(x) times the unembedding, in float64. */
function unembedded(x: readonly number[]): number[] {
  const mean = x.reduce((a, b) => a + b) / D;
  const variance = x.reduce((total, value) => total + (value - mean) ** 2, 0) / D;
  const gain = [1, 0.5, 2, 1, 1.5, 1];
  const normed = x.map((value, d) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gain[d]!);
  const { numbers } = wave(D, VOCAB);
  return Array.from({ length: VOCAB }, (_, id) =>
    normed.reduce((total, value, d) => total + value * numbers[d * VOCAB + id]!, 0),
  );
}

describe("the logit lens of a graph", () => {
  it.each(["skip-norm", "skip-norm with the last sum"] as const)(
    "with %s reads what the same layers give where sums and norms stand apart",
    async (kind) => {
      const [fused, apart] = [await lensOf(kind), await lensOf("pre-norm")];
      expect(fused.lens.missing).toBeUndefined();
      expect(fused.rows.map((row) => row.layer)).toEqual(["embedding", 0, 1]);
      fused.rows.forEach((row, at) => {
        const expected = apart.rows[at]!;
        expect(row.ids).toEqual(expected.ids);
        // The fused operation's epsilon is 1e-12 where none is said, LayerNormalization's 1e-5.
        for (const [i, value] of row.values.entries()) expect(value).toBeCloseTo(expected.values[i]!, 4);
        for (const [i, value] of row.final.entries()) expect(value).toBeCloseTo(expected.final[i]!, 4);
      });
    },
  );

  it.each(["pre-norm", "parallel"] as const)(
    "with %s layers begins at the embedding and ends in the model's own predictions",
    async (kind) => {
      const { rows, logits } = await lensOf(kind);
      expect(rows.map((row) => row.layer)).toEqual(["embedding", 0, 1]);
      for (let position = 0; position < 4; position++) {
        const own = softmax([...logits.subarray(position * VOCAB, (position + 1) * VOCAB)]);
        const x = wave(1, 4, D).numbers.slice(position * D, (position + 1) * D);
        const first = softmax(unembedded(x));
        for (const [row, expected] of [
          [rows.at(-1)!, own],
          [rows[0]!, first],
        ] as const) {
          const best = [...expected.keys()].sort((a, b) => expected[b]! - expected[a]!);
          for (let rank = 0; rank < COUNT; rank++) {
            const at = position * COUNT + rank;
            expect(row.ids[at]).toBe(best[rank]);
            expect(row.values[at]).toBeCloseTo(expected[best[rank]!]!, 5);
          }
          const final = [...own.keys()].sort((a, b) => own[b]! - own[a]!)[0]!;
          expect(row.final[position]).toBeCloseTo(expected[final]!, 5);
        }
      }
    },
  );

  it("with norms after the sublayers is refused with the reason", async () => {
    const { lens } = await lensOf("post-norm");
    expect(lens.rows).toEqual([]);
    expect(lens.missing).toContain("norms come after the sublayers");
  });
});
