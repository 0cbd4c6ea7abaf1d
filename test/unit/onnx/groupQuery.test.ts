import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { instrument } from "../../../src/onnx/instrument";
import { sourceOf } from "./fixtures";
import { modelBytes, wave } from "./graphBuilder";
import { openSession } from "./runtime";

const N_HEADS = 4;
const N_KEY_HEADS = 2;
const D_HEAD = 16;
const TOKENS = 6;
const INT32 = 6;

/** A decoder's GroupQueryAttention with turned queries and keys, as exporters write it; nothing is cached yet. */
function model(ints: Record<string, number>): Uint8Array {
  const width = N_HEADS * D_HEAD;
  return modelBytes({
    nodes: [
      { op: "MatMul", inputs: ["x", "wq"], outputs: ["q"] },
      { op: "MatMul", inputs: ["x", "wk"], outputs: ["k"] },
      { op: "MatMul", inputs: ["x", "wv"], outputs: ["v"] },
      {
        op: "GroupQueryAttention",
        domain: "com.microsoft",
        inputs: ["q", "k", "v", "past_k", "past_v", "seqlens_k", "total", "cos", "sin"],
        outputs: ["y", "present_k", "present_v"],
        ints: { num_heads: N_HEADS, kv_num_heads: N_KEY_HEADS, do_rotary: 1, ...ints },
      },
    ],
    weights: {
      wq: wave(width, width),
      wk: wave(width, N_KEY_HEADS * D_HEAD),
      wv: wave(width, N_KEY_HEADS * D_HEAD),
      cos: table(Math.cos),
      sin: table(Math.sin),
    },
    inputs: {
      x: [1, "tokens", width],
      past_k: [1, N_KEY_HEADS, "past", D_HEAD],
      past_v: [1, N_KEY_HEADS, "past", D_HEAD],
      seqlens_k: [1],
      total: [1],
    },
    types: { seqlens_k: INT32, total: INT32 },
    outputs: ["y", "present_k", "present_v"],
  });
}

/** Angles of rotary positions (Su et al. 2021, section 3.2.2): base 10,000, [16 positions, dHead / 2]. */
function table(of: (angle: number) => number): { dims: number[]; numbers: number[] } {
  const numbers = Array.from({ length: 16 * (D_HEAD / 2) }, (_, at) => {
    const [position, pair] = [Math.floor(at / (D_HEAD / 2)), at % (D_HEAD / 2)];
    return of(position / 10_000 ** ((2 * pair) / D_HEAD));
  });
  return { dims: [16, D_HEAD / 2], numbers };
}

async function weightsOf(bytes: Uint8Array, backend: "wasm" | "webgpu"): Promise<Float32Array> {
  const instrumented = await instrument(sourceOf(bytes), { capture: ["weights"], backend });
  const [captured] = instrumented.captured;
  if (!captured) throw new Error(JSON.stringify(instrumented.report));
  const session = await openSession(instrumented.bytes);
  const x = Float32Array.from({ length: TOKENS * N_HEADS * D_HEAD }, (_, at) => Math.cos(at * 0.9));
  const none = () => new ort.Tensor("float32", new Float32Array(0), [1, N_KEY_HEADS, 0, D_HEAD]);
  const results = await session.run({
    x: new ort.Tensor("float32", x, [1, TOKENS, N_HEADS * D_HEAD]),
    past_k: none(),
    past_v: none(),
    seqlens_k: new ort.Tensor("int32", Int32Array.of(TOKENS - 1), [1]),
    total: new ort.Tensor("int32", Int32Array.of(TOKENS), [1]),
  });
  await session.release();
  return results[captured.name]!.data as Float32Array;
}

describe("GroupQueryAttention recomputed for WebGPU", () => {
  it.each([
    ["as it is", {}],
    ["with interleaved rotation", { rotary_interleaved: 1 }],
    ["with a window of 3 keys", { local_window_size: 3 }],
  ])("gives the probabilities that the operator itself hands over, %s", async (_, ints) => {
    const bytes = model(ints);
    const own = await weightsOf(bytes, "wasm");
    const recomputed = await weightsOf(bytes, "webgpu");
    expect(own).toHaveLength(N_HEADS * TOKENS * TOKENS);
    expect(recomputed).toHaveLength(own.length);
    let largest = 0;
    own.forEach((value, i) => (largest = Math.max(largest, Math.abs(value - recomputed[i]!))));
    expect(largest).toBeLessThan(1e-5);
    // Rows that a wrong mask would let through, or a wrong rotation would flatten.
    expect(Math.max(...own.subarray(1, TOKENS))).toBe(0);
  });
});
