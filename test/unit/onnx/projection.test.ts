import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import type { AroundProjection } from "../../../src/core/run";
import { instrument } from "../../../src/onnx/instrument";
import { PROJECTION_PARTS } from "../../../src/onnx/instrumented";
import { sourceOf } from "./fixtures";
import { modelBytes, wave, type GraphParts, type NodeParts } from "./graphBuilder";
import { openSession } from "./runtime";

/** Self-attention of 4 positions, 2 heads of 3, up to the heads' outputs "mixed" [1, 2, 4, 3] and "side" [1, 4, 6]. */
const attention: readonly NodeParts[] = [
  ...["q", "k", "v"].flatMap((name): NodeParts[] => [
    { op: "MatMul", inputs: ["x", `w_${name}`], outputs: [`${name}_flat`] },
    { op: "Reshape", inputs: [`${name}_flat`, "split"], outputs: [`${name}_split`] },
    {
      op: "Transpose",
      inputs: [`${name}_split`],
      outputs: [name],
      ints: { perm: name === "k" ? [0, 2, 3, 1] : [0, 2, 1, 3] },
    },
  ]),
  { op: "MatMul", inputs: ["q", "k"], outputs: ["scores"] },
  { op: "Softmax", inputs: ["scores"], outputs: ["weights"], ints: { axis: -1 } },
  { op: "MatMul", inputs: ["weights", "v"], outputs: ["mixed"] },
  { op: "Transpose", inputs: ["mixed"], outputs: ["back"], ints: { perm: [0, 2, 1, 3] } },
  { op: "Reshape", inputs: ["back", "join"], outputs: ["side"] },
];
const constants: readonly NodeParts[] = [
  { op: "Constant", inputs: [], outputs: ["split"], ints: { value_ints: [1, 4, 2, 3] } },
  { op: "Constant", inputs: [], outputs: ["join"], ints: { value_ints: [1, 4, 6] } },
  { op: "Constant", inputs: [], outputs: ["flat"], ints: { value_ints: [4, 6] } },
];
const weights = { w_q: wave(5, 6), w_k: wave(5, 6), w_v: wave(5, 6) };

function graph(after: readonly NodeParts[], more: GraphParts["weights"]): GraphParts {
  return {
    nodes: [...constants, ...attention, ...after],
    weights: { ...weights, ...more },
    inputs: { x: [1, 4, 5] },
    outputs: ["y"],
  };
}

/** Everything of the projection for one input, and what was said of it. */
async function project(parts: GraphParts) {
  const bytes = modelBytes(parts);
  const model = await instrument(sourceOf(bytes), { capture: PROJECTION_PARTS, backend: "wasm" });
  const session = await openSession(model.bytes);
  const x = new ort.Tensor("float32", Float32Array.from(wave(1, 4, 5).numbers), [1, 4, 5]);
  const results = await session.run({ x });
  const of = (what: string) => {
    const captured = model.captured.find((each) => each.what === what);
    return captured && (results[captured.name]!.data as Float32Array);
  };
  return { of, y: results.y!.data as Float32Array, ...model.report.blocks[0]!.layers[0]!.projection };
}

/** concat [4, 6] times W_O [6, 5] with its bias. */
function product(of: (what: string) => Float32Array | undefined): Float32Array {
  const [concat, w, bias] = [of("concat")!, of("projection")!, of("projectionBias")];
  expect([concat.length, w.length]).toEqual([24, 30]);
  return Float32Array.from({ length: 20 }, (_, at) => {
    const [row, column] = [Math.floor(at / 5), at % 5];
    let sum = bias?.[column] ?? 0;
    for (let i = 0; i < 6; i++) sum += concat[row * 6 + i]! * w[i * 5 + column]!;
    return sum;
  });
}

const add: NodeParts = { op: "Add", inputs: ["x", "z"], outputs: ["y"] };
const cases: readonly (readonly [string, GraphParts, readonly AroundProjection[], boolean])[] = [
  [
    "a MatMul with a bias",
    graph(
      [
        { op: "MatMul", inputs: ["side", "w_o"], outputs: ["p"] },
        { op: "Add", inputs: ["b_o", "p"], outputs: ["z"] },
        add,
      ],
      { w_o: wave(6, 5), b_o: wave(5) },
    ),
    [],
    true,
  ],
  [
    "a transposed Gemm of flattened positions",
    graph(
      [
        { op: "Reshape", inputs: ["side", "flat"], outputs: ["rows"] },
        { op: "Gemm", inputs: ["rows", "w_o", "b_o"], outputs: ["p"], ints: { transB: 1 } },
        { op: "Constant", inputs: [], outputs: ["unflat"], ints: { value_ints: [1, 4, 5] } },
        { op: "Reshape", inputs: ["p", "unflat"], outputs: ["z"] },
        add,
      ],
      { w_o: wave(5, 6), b_o: wave(5) },
    ),
    [],
    true,
  ],
  [
    "stored weights that a Transpose turns",
    graph(
      [
        { op: "Transpose", inputs: ["w_o"], outputs: ["turned"], ints: { perm: [1, 0] } },
        { op: "MatMul", inputs: ["side", "turned"], outputs: ["z"] },
        add,
      ],
      { w_o: wave(5, 6) },
    ),
    [],
    true,
  ],
  [
    "weights with a leading axis of 1",
    graph([{ op: "MatMul", inputs: ["side", "w_o"], outputs: ["z"] }, add], { w_o: wave(1, 6, 5) }),
    [],
    true,
  ],
  [
    "a gate on the heads' outputs",
    graph(
      [
        { op: "Sigmoid", inputs: ["q_flat"], outputs: ["gate"] },
        { op: "Mul", inputs: ["side", "gate"], outputs: ["gated"] },
        { op: "MatMul", inputs: ["gated", "w_o"], outputs: ["z"] },
        add,
      ],
      { w_o: wave(6, 5) },
    ),
    ["changed-before"],
    true,
  ],
  [
    "a scale before the addition",
    graph(
      [
        { op: "MatMul", inputs: ["side", "w_o"], outputs: ["p"] },
        { op: "Mul", inputs: ["p", "gain"], outputs: ["z"] },
        add,
      ],
      { w_o: wave(6, 5), gain: wave(5) },
    ),
    ["changed-after"],
    true,
  ],
  [
    "a feed-forward part beside the attention",
    graph(
      [
        { op: "MatMul", inputs: ["side", "w_o"], outputs: ["p"] },
        { op: "MatMul", inputs: ["x", "w_up"], outputs: ["up"] },
        { op: "Add", inputs: ["p", "up"], outputs: ["z"] },
        add,
      ],
      { w_o: wave(6, 5), w_up: wave(5, 5) },
    ),
    ["joined"],
    true,
  ],
  [
    "no residual stream",
    graph([{ op: "MatMul", inputs: ["side", "w_o"], outputs: ["y"] }], { w_o: wave(6, 5) }),
    ["no-residual"],
    false,
  ],
];

describe("the output projection", () => {
  it.each(cases)("is read from %s", async (_, parts, around, hasResidual) => {
    const found = await project(parts);
    expect(found.missing).toBeUndefined();
    expect(found.around).toEqual(around);
    const projected = found.of("projected")!;
    product(found.of).forEach((value, i) => expect(value).toBeCloseTo(projected[i]!, 5));
    expect(found.has.includes("before")).toBe(hasResidual);
    if (!hasResidual) return;
    expect([...found.of("before")!]).toEqual([...Float32Array.from(wave(1, 4, 5).numbers)]);
    expect([...found.of("after")!]).toEqual([...found.y]);
  });

  it.each([
    [
      "joined with something else",
      graph(
        [
          { op: "Concat", inputs: ["side", "x"], outputs: ["both"], ints: { axis: -1 } },
          { op: "MatMul", inputs: ["both", "w_o"], outputs: ["y"] },
        ],
        { w_o: wave(11, 5) },
      ),
    ],
    ["no product with stored weights", graph([{ op: "Identity", inputs: ["side"], outputs: ["y"] }], {})],
  ])("is missing with a reason: %s", async (reason, parts) => {
    const found = await project(parts);
    expect(found.has).toEqual([]);
    expect(found.missing).toContain(reason);
  });
});
