import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { unzipSync, zipSync } from "fflate";
import { dump, parse } from "npyjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verification } from "../../../src/core/verification";
import type { GraphReport } from "../../../src/onnx/instrumented";
import { modelBytes, wave, type GraphParts, type NodeParts } from "../onnx/graphBuilder";
import { headlightHere, temporaryFolder } from "./built";

const WIDTH = 8;
const TOKENS = 6;

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => rm(folder, { recursive: true }));

const node = (op: string, inputs: string, output: string, rest: Partial<NodeParts> = {}): NodeParts => ({
  op,
  inputs: inputs.split(" "),
  outputs: [output],
  ...rest,
});
const last = { ints: { axis: -1 } };
const swapped = { ints: { perm: [0, 2, 1] } };
const kept = { ints: { axes: [-1], keepdims: 1 } };

/** q, k, v and q·kᵀ of one head. */
const scores: NodeParts[] = [
  node("MatMul", "x wa", "q"),
  node("MatMul", "x wb", "k"),
  node("MatMul", "x wc", "v"),
  node("Transpose", "k", "kt", swapped),
  node("MatMul", "q kt", "s"),
];

function graph(nodes: readonly NodeParts[], more: Partial<GraphParts> = {}): GraphParts {
  const weights = { wa: wave(WIDTH, WIDTH), wb: wave(WIDTH, WIDTH), wc: wave(WIDTH, WIDTH), ...more.weights };
  return { inputs: { x: [1, TOKENS, WIDTH] }, outputs: ["y"], ...more, nodes, weights };
}

const scalar = (number: number) => ({ dims: [], numbers: [number] });

/** Writes the model and its inputs; the file's path and the arguments that name both. */
async function written(parts: GraphParts, opset?: number): Promise<{ file: string; from: string[] }> {
  const file = path.join(folder, "model.onnx");
  const inputs = path.join(folder, "in.npz");
  await writeFile(file, modelBytes(parts, [], opset));
  const numbers = Float32Array.from({ length: TOKENS * WIDTH }, (_, at) => Math.cos(at * 0.9));
  const npy = new Uint8Array(dump(numbers, [1, TOKENS, WIDTH]));
  const names = Object.keys(parts.inputs ?? {});
  await writeFile(inputs, zipSync(Object.fromEntries(names.map((name) => [`${name}.npy`, npy]))));
  return { file, from: ["--model", file, "--inputs", inputs] };
}

async function reported(parts: GraphParts): Promise<GraphReport> {
  const { file } = await written(parts);
  return JSON.parse((await headlightHere("graph", file, "--json")).stdout) as GraphReport;
}

async function verified(parts: GraphParts): Promise<Verification & { verdict: string }> {
  const { from } = await written(parts);
  const { stdout } = await headlightHere("verify", ...from, "--json");
  return JSON.parse(stdout) as Verification & { verdict: string };
}

describe("a softmax that is written otherwise is found, and computed again", () => {
  it("as exp of a LogSoftmax", async () => {
    const parts = graph([
      ...scores,
      node("LogSoftmax", "s", "l", last),
      node("Exp", "l", "p"),
      node("MatMul", "p v", "y"),
    ]);
    expect((await reported(parts)).blocks).toMatchObject([{ layers: [{ mask: "none" }] }]);
    expect((await verified(parts)).verdict).toBe("agrees");
  });

  it("with one more in its sum, as a sink whose score is 0 (softmax1, Miller 2023)", async () => {
    const parts = graph(
      [
        ...scores,
        node("ReduceMax", "s", "most", kept),
        node("Clip", "most zero", "m"),
        node("Sub", "s m", "d"),
        node("Exp", "d", "e"),
        node("ReduceSum", "e axes", "sum", { ints: { keepdims: 1 } }),
        node("Neg", "m", "minus"),
        node("Exp", "minus", "one"),
        node("Add", "sum one", "total"),
        node("Div", "e total", "p"),
        node("MatMul", "p v", "y"),
      ],
      { weights: { zero: scalar(0) }, integers: { axes: [-1] } },
    );
    const { blocks, positions } = await reported(parts);
    expect(blocks).toMatchObject([{ layers: [{ mask: "none", note: expect.stringContaining("a sink") }] }]);
    expect(positions.scheme).toBe("none");
    expect((await verified(parts)).verdict).toBe("agrees");
  });
});

describe("scores that are cut into rows and columns of an image", () => {
  it("with a bias on those are not computed again, with the reason, rather than wrongly", async () => {
    const parts = graph(
      [
        ...scores,
        node("Reshape", "s cut", "s5"),
        node("Add", "s5 bias", "b5"),
        node("Reshape", "b5 whole", "b"),
        node("Softmax", "b", "p", last),
        node("MatMul", "p v", "y"),
      ],
      {
        weights: { bias: wave(1, 2, 3, 2, 1) },
        integers: { cut: [1, 2, 3, 2, 3], whole: [1, 6, 6] },
      },
    );
    const { verdict, layers } = await verified(parts);
    expect(verdict).toBe("incomplete");
    expect(layers[0]!.missing).toBe("Add takes its scores cut into more axes than queries and keys");
  });

  it("a bias that is computed from the queries is no padding mask", async () => {
    const parts = graph(
      [
        ...scores,
        node("MatMul", "q rel", "r"),
        node("Add", "s r", "b"),
        node("Softmax", "b", "p", last),
        node("MatMul", "p v", "y"),
      ],
      { weights: { rel: wave(WIDTH, TOKENS) } },
    );
    expect((await reported(parts)).blocks[0]!.layers[0]!.mask).toBe("read from the run");
  });
});

describe("chunks of a text, each with its own keys", () => {
  it("are computed again with the mask of each chunk, which all heads share", async () => {
    const cut = (input: string, output: string) => [
      node("Reshape", `${input} chunks`, `${input}5`),
      node("Transpose", `${input}5`, output, { ints: { perm: [0, 3, 1, 2, 4] } }),
    ];
    const parts = graph(
      [
        ...scores.slice(0, 3),
        ...cut("q", "qc"),
        ...cut("k", "kc"),
        ...cut("v", "vc"),
        node("Einsum", "qc kc", "s", { texts: { equation: "bhnid,bhnjd->bhnij" } }),
        node("Add", "s mask", "b"),
        node("Softmax", "b", "p", last),
        node("Einsum", "p vc", "y", { texts: { equation: "bhnij,bhnjd->bhnid" } }),
      ],
      {
        // Key 0 of chunk 1 is hidden, from both heads.
        weights: { mask: { dims: [1, 1, 3, 1, 2], numbers: [0, 0, -1e9, 0, 0, 0] } },
        integers: { chunks: [1, 3, 2, 2, 4] },
      },
    );
    const { verdict, layers } = await verified(parts);
    expect([verdict, layers[0]!.ofRows]).toEqual(["agrees", 12]);
  });
});

describe("two softmaxes that are combined before the values", () => {
  it("are one layer, and its note says so", async () => {
    const parts = graph(
      [
        ...scores,
        node("Softmax", "s", "p1", last),
        node("MatMul", "x wc", "q2"),
        node("MatMul", "q2 kt", "s2"),
        node("Softmax", "s2", "p2", last),
        node("Mul", "p2 third", "p3"),
        node("Sub", "p1 p3", "p"),
        node("MatMul", "p v", "y"),
      ],
      { weights: { third: scalar(1 / 3) } },
    );
    const [block] = (await reported(parts)).blocks;
    expect(block!.layers).toHaveLength(1);
    expect(block!.layers[0]!.note).toMatch(/two softmaxes are combined/);
  });
});

describe("additive scores under a mask", () => {
  it("are computed again, the mask with them", async () => {
    const parts = graph(
      [
        ...scores.slice(0, 3),
        node("Unsqueeze", "q two", "q4"),
        node("Unsqueeze", "k one", "k4"),
        node("Add", "q4 k4", "sum"),
        node("Tanh", "sum", "t"),
        node("MatMul", "t vector", "s4"),
        node("Squeeze", "s4 last", "s"),
        node("Where", "seen s hidden", "b"),
        node("Softmax", "b", "p", last),
        node("MatMul", "p v", "y"),
      ],
      {
        weights: { vector: wave(WIDTH, 1), hidden: scalar(-1e9) },
        inputs: { x: [1, TOKENS, WIDTH] },
        integers: { two: [2], one: [1], last: [-1], zero: [0] },
      },
    );
    // Keys of which a number is positive are seen.
    const seen = [
      node("ReduceSum", "x all", "sums", { ints: { keepdims: 0 } }),
      node("Greater", "sums none", "positive"),
      node("Unsqueeze", "positive one", "seen"),
    ];
    const { verdict, layers } = await verified({
      ...parts,
      nodes: [...seen, ...parts.nodes],
      weights: { ...parts.weights, none: scalar(-0.5) },
      integers: { ...parts.integers, all: [-1] },
    });
    expect(layers[0]!.missing).toBeUndefined();
    expect([verdict, layers[0]!.nRows]).toEqual(["agrees", TOKENS]);
  });
});

describe("what has no softmax is not shown", () => {
  it.each([
    ["Relu", [node("Relu", "s", "p"), node("MatMul", "p v", "y")], /Relu takes the place of its softmax/],
    ["Sigmoid", [node("Sigmoid", "s", "p"), node("MatMul", "p v", "y")], /Sigmoid takes the place/],
    ["linear", [node("MatMul", "s v", "y")], /without a softmax between them/],
  ])("%s attention, with the reason", async (_, rest, reason) => {
    const { file, from } = await written(graph([...scores, ...rest]));
    const report = JSON.parse((await headlightHere("graph", file, "--json")).stdout) as GraphReport;
    expect(report.notFound).toHaveLength(1);
    expect(report.notFound[0]!.reason).toMatch(reason);
    const { code, stderr } = await headlightHere("inspect", ...from);
    expect([code, stderr]).toEqual([1, expect.stringMatching(reason)]);
  });
});

describe("what the runtime lacks is said in one sentence", () => {
  const softmax = [...scores, node("Softmax", "s", "p", last)];
  it("an operator, by its name", async () => {
    const parts = graph([
      ...softmax,
      node("MatMul", "p v", "o"),
      node("Frobnicate", "o", "y", { domain: "com.microsoft" }),
    ]);
    const { from } = await written(parts);
    expect(await headlightHere("inspect", ...from)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^The runtime cannot open model\.onnx: it uses the operator com\.microsoft[.:]Frobnicate, which the runtime lacks\. Export/,
      ),
    });
  });

  it("an opset, with the last one that it knows", async () => {
    const { from } = await written(graph([...softmax, node("MatMul", "p v", "y")]), 99);
    expect(await headlightHere("inspect", ...from)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /: it is of opset 99 of ai\.onnx, and the runtime knows at most \d\d\. Export/,
      ),
    });
  });
});

describe("an encoder and a decoder without attention between them (two towers)", () => {
  it("go into an .npz under the name of their block", async () => {
    const tower = (input: string, mark: string, mask: boolean): NodeParts[] =>
      [
        ...scores,
        ...(mask ? [node("Where", "ok s no", "b")] : []),
        node("Softmax", mask ? "b" : "s", "p", last),
        node("MatMul", "p v", "o"),
      ].map((one) => ({
        ...one,
        inputs: one.inputs.map((name) =>
          name === "x" ? input : /^(w.|ok|no)$/.test(name) ? name : mark + name,
        ),
        outputs: one.outputs.map((name) => mark + name),
      }));
    const ones = { dims: [TOKENS, TOKENS], numbers: new Array<number>(TOKENS * TOKENS).fill(1) };
    const { from } = await written(
      graph(
        [
          node("Trilu", "ones", "low", { ints: { upper: 0 } }),
          node("Cast", "low", "ok", { ints: { to: 9 } }),
          ...tower("x", "one.", false),
          ...tower("z", "two.", true),
          node("Add", "one.o two.o", "y"),
        ],
        {
          weights: { ones, no: scalar(-1e9) },
          inputs: { x: [1, TOKENS, WIDTH], z: [1, TOKENS, WIDTH] },
        },
      ),
    );
    const out = path.join(folder, "out.npz");
    expect(await headlightHere("inspect", ...from, "--out", out)).toMatchObject({ code: 0 });
    const entries = unzipSync(await readFile(out));
    expect(Object.keys(entries)).toEqual(
      expect.arrayContaining(["encoder.weights.0.npy", "decoder.weights.0.npy"]),
    );
    const { data } = parse(entries["decoder.weights.0.npy"]!.slice().buffer);
    expect((data as Float32Array)[1]).toBe(0);
  });
});
