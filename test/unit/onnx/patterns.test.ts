import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { CAPTURES } from "../../../src/onnx/instrumented";
import type { InstrumentedModel } from "../../../src/onnx/instrumented";
import { instrument } from "../../../src/onnx/instrument";
import { sourceOf } from "./fixtures";
import { FUNCTION_DOMAIN, modelBytes, wave } from "./graphBuilder";
import type { NodeParts } from "./graphBuilder";
import { layersOf, openSession, softmaxError, valueError } from "./runtime";

const WIDTH = 8;
const TOKENS = 5;

/** softmax(q·kᵀ)·v of one head, with names that say nothing. */
function attention(input: string, output: string, prefix = ""): NodeParts[] {
  const name = (part: string) => prefix + part;
  return [
    { op: "MatMul", inputs: [input, "wa"], outputs: [name("t1")] },
    { op: "MatMul", inputs: [input, "wb"], outputs: [name("t2")] },
    { op: "MatMul", inputs: [input, "wc"], outputs: [name("t3")] },
    { op: "Transpose", inputs: [name("t2")], outputs: [name("t4")], ints: { perm: [0, 2, 1] } },
    { op: "MatMul", inputs: [name("t1"), name("t4")], outputs: [name("t5")] },
    { op: "Softmax", inputs: [name("t5")], outputs: [name("t6")], ints: { axis: -1 } },
    { op: "MatMul", inputs: [name("t6"), name("t3")], outputs: [output] },
  ];
}

const weights = { wa: wave(WIDTH, WIDTH), wb: wave(WIDTH, WIDTH), wc: wave(WIDTH, WIDTH) };
const inputs = { x: ["batch", "tokens", WIDTH] };
const x = () => {
  const numbers = Float32Array.from({ length: TOKENS * WIDTH }, (_, at) => Math.cos(at * 0.9));
  return new ort.Tensor("float32", numbers, [1, TOKENS, WIDTH]);
};

async function taken(bytes: Uint8Array): Promise<InstrumentedModel> {
  return instrument(sourceOf(bytes), { capture: CAPTURES, backend: "wasm" });
}

/** Runs it plain and instrumented; the model's own outputs must not change, and weights x values be what it passed on. */
async function check(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<InstrumentedModel> {
  const model = await taken(bytes);
  const [plain, ours] = [await openSession(bytes), await openSession(model.bytes)];
  const [own, results] = [await plain.run(feeds), await ours.run(feeds)];
  for (const name of plain.outputNames) expect(results[name]?.data).toEqual(own[name]?.data);
  for (const layer of layersOf(model).values()) {
    expect(valueError(results, layer, 1)).toBeLessThan(1e-5);
    expect(softmaxError(results, layer, 1)).toBeLessThan(1e-5);
  }
  return model;
}

describe("attention is found by its dataflow", () => {
  it("in one head without batch folding", async () => {
    const model = await check(modelBytes({ nodes: attention("x", "y"), weights, inputs, outputs: ["y"] }), {
      x: x(),
    });
    expect(model.report.blocks).toMatchObject([{ kind: "encoder", layers: [{ layer: 0 }] }]);
  });

  it("in an Einsum whose queries have an axis for the heads that share a key head", async () => {
    const nodes: NodeParts[] = [
      { op: "Einsum", inputs: ["q", "k"], outputs: ["s"], texts: { equation: "bqhgd,bkhd->bhgqk" } },
      { op: "Softmax", inputs: ["s"], outputs: ["p"], ints: { axis: -1 } },
      { op: "Einsum", inputs: ["p", "v"], outputs: ["y"], texts: { equation: "bhgqk,bkhd->bqhgd" } },
    ];
    const keys = ["batch", "tokens", 2, 4];
    const grouped = { q: ["batch", "tokens", 2, 3, 4], k: keys, v: keys };
    const wavy = (...dims: number[]) =>
      new ort.Tensor("float32", Float32Array.from(wave(...dims).numbers), dims);
    const model = await check(modelBytes({ nodes, inputs: grouped, outputs: ["y"] }), {
      q: wavy(1, TOKENS, 2, 3, 4),
      k: wavy(1, TOKENS, 2, 4),
      v: wavy(1, TOKENS, 2, 4),
    });
    const axesOf = (wanted: string) => model.captured.find(({ what }) => what === wanted)?.axes.join("");
    expect(["weights", "q", "k"].map(axesOf)).toEqual(["bhgqk", "bphgd", "bphd"]);
  });

  it("in both branches of an If, as one layer", async () => {
    const bytes = modelBytes({
      nodes: [
        {
          op: "If",
          inputs: ["choice"],
          outputs: ["y"],
          graphs: {
            then_branch: { nodes: attention("x", "a", "then."), outputs: ["a"] },
            else_branch: { nodes: attention("x", "b", "else."), outputs: ["b"] },
          },
        },
      ],
      weights,
      inputs: { ...inputs, choice: [1] },
      types: { choice: 9 },
      outputs: ["y"],
    });
    for (const choice of [0, 1]) {
      const feeds = { x: x(), choice: new ort.Tensor("bool", Uint8Array.of(choice), [1]) };
      const model = await check(bytes, feeds);
      expect(model.captured.filter(({ what }) => what === "weights")).toHaveLength(1);
    }
  });

  it("inside a function of the model, once for each call", async () => {
    const call = (input: string, output: string): NodeParts => ({
      op: "Mix",
      domain: FUNCTION_DOMAIN,
      inputs: [input, "wa", "wb", "wc"],
      outputs: [output],
    });
    const bytes = modelBytes({ nodes: [call("x", "h"), call("h", "y")], weights, inputs, outputs: ["y"] }, [
      { name: "Mix", inputs: ["in", "wa", "wb", "wc"], outputs: ["out"], nodes: attention("in", "out") },
    ]);
    const model = await check(bytes, { x: x() });
    expect(model.report.blocks[0]?.layers).toHaveLength(2);
  });

  it("but not where a router weighs experts by a stored matrix", async () => {
    const nodes: NodeParts[] = [
      { op: "MatMul", inputs: ["x", "wa"], outputs: ["gate"] },
      { op: "Softmax", inputs: ["gate"], outputs: ["shares"], ints: { axis: -1 } },
      { op: "MatMul", inputs: ["x", "wb"], outputs: ["expert"] },
      { op: "Transpose", inputs: ["expert"], outputs: ["experts"], ints: { perm: [0, 2, 1] } },
      { op: "MatMul", inputs: ["shares", "experts"], outputs: ["y"] },
    ];
    const model = await taken(modelBytes({ nodes, weights, inputs, outputs: ["y"] }));
    expect(model.captured).toEqual([]);
    expect(model.report.notFound).toEqual([]);
  });

  it("in a loop it is refused with the reason", async () => {
    const body = {
      nodes: [...attention("state", "next"), { op: "Identity", inputs: ["go"], outputs: ["on"] }],
      inputs: { i: [], go: [], state: ["batch", "tokens", WIDTH] },
      types: { i: 7, go: 9 },
      outputs: ["on", "next"],
    };
    const nodes: NodeParts[] = [{ op: "Loop", inputs: ["n", "", "x"], outputs: ["y"], graphs: { body } }];
    const model = await taken(
      modelBytes({ nodes, weights, inputs: { ...inputs, n: [] }, types: { n: 7 }, outputs: ["y"] }),
    );
    expect(model.captured).toEqual([]);
    expect(model.report.notFound[0]?.reason).toContain("loop");
  });
});

describe("attention of fused operators", () => {
  const heads = { num_heads: 2 };
  const projected = (names: readonly string[]): NodeParts[] =>
    names.map((name, at) => ({ op: "MatMul", inputs: ["x", ["wa", "wb", "wc"][at] ?? ""], outputs: [name] }));

  it("MultiHeadAttention hands over what it computed", async () => {
    const nodes: NodeParts[] = [
      ...projected(["q", "k", "v"]),
      {
        op: "MultiHeadAttention",
        domain: "com.microsoft",
        inputs: ["q", "k", "v"],
        outputs: ["y"],
        ints: { ...heads, unidirectional: 1 },
      },
    ];
    const model = await check(modelBytes({ nodes, weights, inputs, outputs: ["y"] }), { x: x() });
    expect(model.report.blocks).toMatchObject([{ kind: "decoder", layers: [{ nHeads: 2, mask: "causal" }] }]);
  });

  it("DecoderMaskedMultiHeadAttention hands over the one row that it computes, over the keys of before and its own", async () => {
    const nodes: NodeParts[] = [
      ...projected(["q", "k", "v"]),
      {
        op: "DecoderMaskedMultiHeadAttention",
        domain: "com.microsoft",
        inputs: ["q", "k", "v", "", "", "pastKey", "pastValue", "nPast"],
        outputs: ["y", "presentKey", "presentValue"],
        ints: { ...heads, past_present_share_buffer: 1 },
      },
    ];
    // Buffers of 6 places, of which 3 are taken: the runtime refuses any other form.
    const past = ["batch", 2, 6, WIDTH / 2];
    const bytes = modelBytes({
      nodes,
      weights,
      inputs: { x: ["batch", 1, WIDTH], pastKey: past, pastValue: past, nPast: [1] },
      types: { nPast: 6 },
      outputs: ["y", "presentKey", "presentValue"],
    });
    const wavy = (...dims: number[]) =>
      new ort.Tensor("float32", Float32Array.from(wave(...dims).numbers), dims);
    const feeds = {
      x: wavy(1, 1, WIDTH),
      pastKey: wavy(1, 2, 6, WIDTH / 2),
      pastValue: wavy(1, 2, 6, WIDTH / 2),
      nPast: new ort.Tensor("int32", Int32Array.of(3), [1]),
    };
    const model = await check(bytes, feeds);
    expect(model.captured.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["weights", "scores", "q", "k", "v", "output"]),
    );
    const results = await (await openSession(model.bytes)).run(feeds);
    const { name } = model.captured.find(({ what }) => what === "weights")!;
    expect(results[name]!.dims).toEqual([1, 2, 1, 4]);
  });

  it("Attention with its projection inside is recomputed, the same to rounding", async () => {
    const nodes: NodeParts[] = [
      {
        op: "Attention",
        domain: "com.microsoft",
        inputs: ["x", "packed", "bias"],
        outputs: ["y"],
        ints: { ...heads, unidirectional: 1 },
      },
    ];
    const packed = { packed: wave(WIDTH, WIDTH * 3), bias: wave(WIDTH * 3) };
    await check(modelBytes({ nodes, weights: packed, inputs, outputs: ["y"] }), { x: x() });
  });

  it("one that runs on CUDA only is named", async () => {
    const nodes: NodeParts[] = [
      { op: "PagedAttention", domain: "com.microsoft", inputs: ["x"], outputs: ["y"] },
    ];
    const model = await taken(modelBytes({ nodes, inputs, outputs: ["y"] }));
    expect(model.report.notFound[0]?.reason).toContain("CUDA");
  });
});
