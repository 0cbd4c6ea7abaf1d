import { describe, expect, it } from "vitest";
import { instrument } from "../../../src/onnx/instrument";
import { sourceOf } from "./fixtures";
import { modelBytes, wave, type NodeParts } from "./graphBuilder";

const ints = (name: string, ...value_ints: number[]): NodeParts => ({
  op: "Constant",
  inputs: [],
  outputs: [name],
  ints: { value_ints },
});
const slice = (from: string, to: string, start: string, end: string, steps: string): NodeParts => ({
  op: "Slice",
  inputs: [from, start, end, "last", steps],
  outputs: [to],
});

/** One head of 4 dimensions whose queries and keys are turned; `cut` takes "x" apart into "x_a" and "x_b". */
function rotary(cut: (x: string) => readonly NodeParts[], join: (x: string) => readonly NodeParts[]) {
  const turned = (x: string): NodeParts[] => [
    { op: "MatMul", inputs: ["input", `w_${x}`], outputs: [x] },
    ...cut(x),
    { op: "Neg", inputs: [`${x}_b`], outputs: [`${x}_n`] },
    ...join(x),
    { op: "Mul", inputs: [x, "cos"], outputs: [`${x}_1`] },
    { op: "Mul", inputs: [`${x}_s`, "sin"], outputs: [`${x}_2`] },
    { op: "Add", inputs: [`${x}_1`, `${x}_2`], outputs: [`${x}_r`] },
  ];
  return modelBytes({
    nodes: [
      ints("0", 0),
      ints("1", 1),
      ints("2", 2),
      ints("4", 4),
      ints("last", -1),
      ints("shape", 1, 3, 2, 2),
      ints("flat", 1, 3, 4),
      { op: "Mul", inputs: ["places", "frequencies"], outputs: ["angle"] },
      { op: "Cos", inputs: ["angle"], outputs: ["cos"] },
      { op: "Sin", inputs: ["angle"], outputs: ["sin"] },
      ...turned("q"),
      ...turned("k"),
      { op: "MatMul", inputs: ["input", "w_v"], outputs: ["v"] },
      { op: "Transpose", inputs: ["k_r"], outputs: ["k_t"], ints: { perm: [0, 2, 1] } },
      { op: "MatMul", inputs: ["q_r", "k_t"], outputs: ["scores"] },
      { op: "Softmax", inputs: ["scores"], outputs: ["weights"], ints: { axis: -1 } },
      { op: "MatMul", inputs: ["weights", "v"], outputs: ["y"] },
    ],
    weights: {
      w_q: wave(4, 4),
      w_k: wave(4, 4),
      w_v: wave(4, 4),
      places: { dims: [3, 1], numbers: [0, 1, 2] },
      frequencies: { dims: [1, 4], numbers: [1, 0.01, 1, 0.01] },
    },
    inputs: { input: [1, 3, 4] },
    outputs: ["y"],
  });
}

const joined = (x: string): NodeParts[] => [
  { op: "Concat", inputs: [`${x}_n`, `${x}_a`], outputs: [`${x}_s`], ints: { axis: -1 } },
];

describe("the dimensions that a rotation turns together", () => {
  it.each([
    ["halves", rotary((x) => [slice(x, `${x}_a`, "0", "2", "1"), slice(x, `${x}_b`, "2", "4", "1")], joined)],
    [
      "halves",
      rotary(
        (x) => [{ op: "Split", inputs: [x], outputs: [`${x}_a`, `${x}_b`], ints: { axis: -1 } }],
        joined,
      ),
    ],
    [
      "neighbours",
      rotary((x) => [slice(x, `${x}_a`, "0", "4", "2"), slice(x, `${x}_b`, "1", "4", "2")], joined),
    ],
    [
      "neighbours",
      rotary(
        (x) => [
          { op: "Reshape", inputs: [x, "shape"], outputs: [`${x}_p`] },
          { op: "Gather", inputs: [`${x}_p`, "0"], outputs: [`${x}_a`], ints: { axis: 3 } },
          { op: "Gather", inputs: [`${x}_p`, "1"], outputs: [`${x}_b`], ints: { axis: 3 } },
        ],
        (x) => [
          { op: "Concat", inputs: [`${x}_n`, `${x}_a`], outputs: [`${x}_j`], ints: { axis: -1 } },
          { op: "Reshape", inputs: [`${x}_j`, "flat"], outputs: [`${x}_s`] },
        ],
      ),
    ],
  ])("are %s where the graph takes the queries apart so", async (pairs, bytes) => {
    const { report } = await instrument(sourceOf(bytes), { capture: [], backend: "wasm" });
    expect(report.positions).toMatchObject({ scheme: "rope", parameters: { pairs } });
  });
});
