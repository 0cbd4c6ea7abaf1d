import { HeadlightError, unexpectedShape } from "../../core/errors";
import type { BlockKind } from "../../core/run";
import { codeError, weightOfCode } from "../../core/weightCodes";
import type { Capture, CapturedOutput } from "../../onnx/instrumented";
import type { SelectedForm } from "../../onnx/selective";
import type { PooledCodes } from "../../store/headwise";
import type { RuntimeTensor } from "../runtime";
import { isMeasure, unfold } from "./capture";
import type { Feeds } from "./feeds";
import type { OpenGraph } from "./openModel";

/** Heads [first, end) of one layer in one form. */
export interface Wanted {
  readonly block: BlockKind;
  readonly layer: number;
  readonly what: Capture;
  readonly form: SelectedForm;
  /** All where absent. Forms that hold all heads in any case take none. */
  readonly heads?: readonly [first: number, end: number];
}

/** What came for a wish: in the store's axes without the batch, and the numbers. */
export interface Brought {
  readonly wanted: Wanted;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
}

/** More heads than any layer has: a range to here takes all. */
const ALL_HEADS: readonly [number, number] = [0, 2 ** 31];

/** One forward pass of a selective graph that hands over what is wanted, and the model's own outputs `names`. */
export async function runSelective(
  { graph, session }: OpenGraph,
  feeds: Feeds,
  wishes: readonly Wanted[],
  names: readonly string[],
): Promise<{ brought: Brought[]; own: RuntimeTensor[] }> {
  const ranges = new Map(graph.selections.map((name) => [name, [0, 0] as readonly [number, number]]));
  const asked = wishes.map((wanted) => {
    const output = graph.captured.find((one) => isFor(one, wanted));
    if (!output) throw unexpectedShape(wanted.what, `layer ${wanted.layer} has no ${wanted.form}`);
    if (output.selectedBy) ranges.set(output.selectedBy, wanted.heads ?? ALL_HEADS);
    return { wanted, output };
  });
  const range = (values: readonly [number, number]): RuntimeTensor => ({
    type: "int64",
    dims: [2],
    data: BigInt64Array.from(values, BigInt),
  });
  const allFeeds = { ...feeds, ...Object.fromEntries([...ranges].map(([name, at]) => [name, range(at)])) };
  const fetches = [...new Set([...names, ...asked.map(({ output }) => output.name)])];
  const results = await session.run(allFeeds, fetches);
  const resultOf = (name: string) => results[fetches.indexOf(name)]!;
  return {
    brought: asked.map(({ wanted, output }) => {
      const result = resultOf(output.name);
      // Selected measures leave the graph in the store's axes; vectors as the model has them, keys often turned.
      if (!isMeasure(wanted.what)) return { wanted, ...unfold(output, result) };
      return { wanted, dims: withoutBatch(output, result.dims), data: result.data };
    }),
    own: names.map(resultOf),
  };
}

function isFor(output: CapturedOutput, { block, layer, what, form }: Wanted): boolean {
  return output.block === block && output.layer === layer && output.what === what && output.form === form;
}

/** Batch 1 is all that is ever run. */
function withoutBatch({ axes }: CapturedOutput, dims: readonly number[]): readonly number[] {
  if (axes[0] !== "b") return dims;
  if (dims[0] !== 1) throw new NotReducible(`the graph gives a batch of ${dims[0]}`);
  return dims.slice(1);
}

/** Codes of a layer head by head: views of what came, all let go of together. */
export function codesByHead({ wanted, dims, data }: Brought): [head: number, codes: Uint8Array][] {
  const [nHeads = 0, nQueries = 0, nKeys = 0] = dims;
  const size = nQueries * nKeys;
  const codes = data as Uint8Array;
  const first = wanted.heads?.[0] ?? 0;
  return Array.from({ length: nHeads }, (_, i) => [first + i, codes.subarray(i * size, (i + 1) * size)]);
}

export function pooledCodes(heads: Brought, mean: Brought): PooledCodes {
  const [, rows = 0, columns = 0] = heads.dims;
  return { rows, columns, heads: heads.data as Uint8Array, mean: mean.data as Uint8Array };
}

/** Thrown where a run cannot be kept as bytes: weights that are no shares of attention, graphs of a fixed batch. */
export class NotReducible extends HeadlightError {
  constructor(why: string) {
    super("not-reducible", `The weights cannot be kept as bytes: ${why}.`);
  }
}

/** How far rows may sum from 1 and still be coded. */
const TOLERANCE = 5e-3;

/**
 * Sums of rows [nHeads, nQueries] as checkRows sees them, before coding. Throws NotReducible where a weight is below 0,
 * above 1, or no number.
 */
export function checkSums(sums: Brought, absolute: Brought): { code: string; message: string }[] {
  const [, nQueries = 1] = sums.dims;
  const data = sums.data as Float32Array;
  const sizes = absolute.data as Float32Array;
  let worst = 0;
  let worstRow = 0;
  for (let row = 0; row < data.length; row++) {
    const sum = data[row]!;
    const { block, layer } = sums.wanted;
    const at = () => `${block} layer ${layer}, head ${Math.floor(row / nQueries)}, query ${row % nQueries}`;
    if (!(sum <= 1 + TOLERANCE && sizes[row]! - sum <= TOLERANCE))
      throw new NotReducible(`those at ${at()} are not between 0 and 1`);
    if (sum !== 0 && Math.abs(sum - 1) > worst) [worst, worstRow] = [Math.abs(sum - 1), row];
  }
  if (worst <= TOLERANCE) return [];
  const { block, layer } = sums.wanted;
  const where = `${block} layer ${layer}, head ${Math.floor(worstRow / nQueries)}, query ${worstRow % nQueries}`;
  return [
    {
      code: "rows-not-one",
      message: `The weights at ${where} sum to 1 only within ${worst.toPrecision(2)}: the model may keep a share for a sink outside the keys, or Headlight read the wrong tensor.`,
    },
  ];
}

/** Largest difference of a head's codes from its float32 weights. */
export function measuredError(codes: Uint8Array, exact: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < codes.length; i++) {
    worst = Math.max(worst, Math.abs(weightOfCode[codes[i]!]! - exact[i]!));
  }
  return worst;
}

/** Most that a code may be off: near 1. */
export const largestCodeError = codeError(1);
