import { modelBytes, wave, type NodeParts } from "../unit/onnx/graphBuilder";

export const FUSED_HEADS = 4;
const N_KEY_HEADS = 2;
const D_HEAD = 16;
const WIDTH = FUSED_HEADS * D_HEAD;
const VOCAB = 20;
const INT32 = 6;
const INT64 = 7;

const domain = "com.microsoft";
const matMul = (name: string): NodeParts => ({ op: "MatMul", inputs: ["x", `w${name}`], outputs: [name] });

/** Models of one operator each, from ids to logits, so that they can be run like any other. */
export const fusedModels = [
  fused("MultiHeadAttention", [
    ...["q", "k", "v"].map(matMul),
    {
      op: "MultiHeadAttention",
      domain,
      inputs: ["q", "k", "v"],
      outputs: ["y"],
      ints: { num_heads: FUSED_HEADS, unidirectional: 1 },
    },
  ]),
  fused("Attention", [
    {
      op: "Attention",
      domain,
      inputs: ["x", "packed", "bias"],
      outputs: ["y"],
      ints: { num_heads: FUSED_HEADS, unidirectional: 1 },
    },
  ]),
  fused("GroupQueryAttention", [
    ...["q", "kFew", "vFew"].map(matMul),
    { op: "Shape", inputs: ["input_ids"], outputs: ["shape"] },
    { op: "Gather", inputs: ["shape", "one"], outputs: ["length64"], ints: { axis: 0 } },
    { op: "Cast", inputs: ["length64"], outputs: ["total"], ints: { to: INT32 } },
    { op: "Sub", inputs: ["length64", "one"], outputs: ["last64"] },
    { op: "Cast", inputs: ["last64"], outputs: ["seqlens"], ints: { to: INT32 } },
    {
      op: "GroupQueryAttention",
      domain,
      inputs: ["q", "kFew", "vFew", "", "", "seqlens", "total", "cos", "sin"],
      outputs: ["y", "presentK", "presentV"],
      ints: { num_heads: FUSED_HEADS, kv_num_heads: N_KEY_HEADS, do_rotary: 1 },
    },
  ]),
];

function fused(name: string, nodes: readonly NodeParts[]) {
  const bytes = modelBytes({
    nodes: [
      { op: "Gather", inputs: ["embedding", "input_ids"], outputs: ["x"], ints: { axis: 0 } },
      ...nodes,
      { op: "MatMul", inputs: ["y", "unembedding"], outputs: ["logits"] },
    ],
    weights: {
      embedding: wave(VOCAB, WIDTH),
      unembedding: wave(WIDTH, VOCAB),
      wq: wave(WIDTH, WIDTH),
      wk: shifted(wave(WIDTH, WIDTH)),
      wv: wave(WIDTH, WIDTH),
      wkFew: shifted(wave(WIDTH, N_KEY_HEADS * D_HEAD)),
      wvFew: wave(WIDTH, N_KEY_HEADS * D_HEAD),
      packed: wave(WIDTH, WIDTH * 3),
      bias: wave(WIDTH * 3),
      cos: rotary(Math.cos),
      sin: rotary(Math.sin),
    },
    integers: { one: [1] },
    inputs: { input_ids: ["batch", "sequence"] },
    types: { input_ids: INT64 },
    outputs: ["logits"],
  });
  return { name, bytes };
}

function shifted({ dims, numbers }: ReturnType<typeof wave>) {
  return { dims, numbers: numbers.map((_, at) => Math.cos(at * 0.7) / 2) };
}

/** Angles of rotary positions (Su et al. 2021, section 3.2.2): base 10,000, [32 positions, dHead / 2]. */
function rotary(of: (angle: number) => number) {
  const half = D_HEAD / 2;
  const numbers = Array.from({ length: 32 * half }, (_, at) =>
    of(Math.floor(at / half) / 10_000 ** ((2 * (at % half)) / D_HEAD)),
  );
  return { dims: [32, half], numbers };
}
