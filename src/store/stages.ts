import { badChoice } from "../core/errors";
import { cellRange, maxPool } from "../core/pooling";
import type { HeadAddress, HeadVectors } from "../core/run";
import { mergeChecks, recompute, type Check, type HeadTensors, type Steps } from "../core/steps";
import type { Tensor } from "../core/tensor";
import type { StagesSlice } from "../protocol/stages";
import { headOf, layerOf } from "./heads";
import type { StoredLayer, StoredRun } from "./storedRun";

/** The queries that a head's scale and the kind of its bias are told from: the last, which see the most keys. */
const SAMPLE = 24;

/**
 * Recomputes a head's stages row by row and pools them as it goes, so that 4,096 tokens need no more memory than the
 * picture. It yields after each row of the picture (4,096 tokens, 64 dimensions, 288 rows: 4 million products).
 */
export function* stagesSlice(
  run: StoredRun,
  address: HeadAddress,
  most: { readonly maxRows: number; readonly maxColumns: number },
): Generator<void, StagesSlice> {
  const layer = layerOf(run, address.block, address.layer);
  const { nQueries, nKeys, nHeads } = layer.info;
  if (!(address.head >= 0 && address.head < nHeads)) throw badChoice(`the layer has no head ${address.head}`);
  const head = headTensors(layer, address.head);
  const { scale, bias } = recompute(rowsOf(head, Math.max(0, nQueries - SAMPLE), nQueries));
  const rows = Math.min(nQueries, most.maxRows);
  const columns = Math.min(nKeys, most.maxColumns);
  const pooled: Record<"product" | "scaled" | "bias", Float32Array | undefined> = {
    product: undefined,
    scaled: undefined,
    bias: undefined,
  };
  let checks: Steps["checks"] = {};
  for (let row = 0; row < rows; row++) {
    const [first, end] = cellRange(row, nQueries, rows);
    const steps = recompute(rowsOf(head, first, end), { scale: scale?.value });
    const window = { queryStart: 0, queryEnd: end - first, keyStart: 0, keyEnd: nKeys };
    const add = (name: keyof typeof pooled, tensor: Tensor | undefined) => {
      if (!tensor) return;
      pooled[name] ??= new Float32Array(rows * columns);
      pooled[name].set(maxPool(tensor.data, nKeys, window, 1, columns), row * columns);
    };
    add("product", steps.product);
    add("scaled", steps.scaled);
    add("bias", steps.bias?.tensor);
    // A few rows alone cannot tell a bias by distance from rounding: the sample's word counts.
    const isExplained = bias?.kind === "none" || bias?.kind === "mask";
    checks = merged(checks, isExplained ? steps.checks : { ...steps.checks, scores: undefined }, first, {
      nKeys,
      dValue: head.v?.dims[1] ?? 0,
    });
    yield;
  }
  const { product, scaled, bias: added } = pooled;
  return {
    nQueries,
    nKeys,
    rows,
    columns,
    ...(product && { product }),
    ...(scaled && { scaled }),
    ...(added && { bias: added }),
    ...(scale && { scale }),
    ...(bias && { biasKind: bias.kind }),
    checks,
  };
}

function merged(
  all: Steps["checks"],
  some: Steps["checks"],
  firstQuery: number,
  { nKeys, dValue }: { nKeys: number; dValue: number },
): Steps["checks"] {
  const join = (a: Check | undefined, b: Check | undefined, width: number) =>
    b ? mergeChecks(a, b, firstQuery * width) : a;
  return {
    scores: join(all.scores, some.scores, nKeys),
    weights: join(all.weights, some.weights, nKeys),
    output: join(all.output, some.output, dValue),
  };
}

/** Views of one head's tensors; where heads share keys, k and v are those of the key head that serves it. */
function headTensors({ info, tensors }: StoredLayer, head: number): HeadTensors {
  const of = (what: HeadVectors | "scores" | "weights"): Tensor | undefined => {
    const tensor = tensors.get(what);
    if (!tensor) return undefined;
    const own = Math.floor((head * (tensor.dims[0] ?? 0)) / info.nHeads);
    return { dims: tensor.dims.slice(1), data: headOf(tensor, own) };
  };
  const [q, k, v] = [of("q"), of("k"), of("v")];
  const [scores, weights, output] = [of("scores"), of("weights"), of("output")];
  const terms = (["additiveQuery", "additiveKey", "additiveVector"] as const).map((part) =>
    tensors.get(part),
  );
  const [ofQuery, ofKey, vector] = terms;
  return {
    ...(q && { q }),
    ...(k && { k }),
    ...(v && { v }),
    ...(scores && { scores }),
    ...(weights && { weights }),
    ...(output && { output }),
    ...(ofQuery && ofKey && vector && { additive: { q: ofQuery, k: ofKey, v: vector.data } }),
  };
}

/** The same for the queries first to end. */
function rowsOf(head: HeadTensors, first: number, end: number): HeadTensors {
  const rows = ({ dims, data }: Tensor): Tensor => {
    const columns = dims[1] ?? 0;
    return { dims: [end - first, columns], data: data.subarray(first * columns, end * columns) };
  };
  const { q, scores, weights, output, additive } = head;
  return {
    ...head,
    ...(q && { q: rows(q) }),
    ...(scores && { scores: rows(scores) }),
    ...(weights && { weights: rows(weights) }),
    ...(output && { output: rows(output) }),
    ...(additive && { additive: { ...additive, q: rows(additive.q) } }),
  };
}
