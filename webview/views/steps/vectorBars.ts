import { nothing } from "lit-html";
import type { HeadTensors } from "../../../src/core/steps";
import type { ProjectionSlice } from "../../../src/protocol/projection";
import { dimensionBars, type BarRow } from "./dimensionBars";
import { contributionOf } from "./projectionStage";
import type { Flow } from "./queryFlow";
import type { Stage } from "./stage";

/** How the bars are ordered, and the dimension that is marked in them. */
export interface BarMarks {
  readonly byContribution: boolean;
  readonly marked?: number;
  onMark(dimension: number | undefined): void;
}

/** The vectors behind a stage for one query and key, dimension by dimension. */
export function keyBars(
  { flow, head, stage, key }: { flow: Flow; head: HeadTensors; stage: Stage; key: number },
  names: { readonly query: string; readonly key: string },
  marks: BarMarks,
) {
  const { k, v, additive } = head;
  const q = rowOf(flow.q, 0);
  const terms = rowOf(flow.terms, key);
  const candidates: [string, Float32Array | undefined, boolean][] =
    stage === "values"
      ? [
          ["v of key", v && rowOf({ tensor: v }, key), false],
          ["weight × v", rowOf(flow.values, key), false],
          ["output", rowOf(flow.output, 0), false],
        ]
      : additive
        ? [
            ["W_q q", q, false],
            ["W_k k", rowOf({ tensor: additive.k }, key), false],
            ["tanh(q + k)", bentSum(additive, flow.query, key), false],
            ["v", additive.v, false],
            ["v ∘ tanh", terms, true],
          ]
        : [
            ["q", q, false],
            ["k", k && rowOf({ tensor: k }, key), false],
            ["q ∘ k", terms, true],
          ];
  const rows = candidates.flatMap(([name, values, sums]): BarRow[] =>
    values?.length ? [{ name, values, sums }] : [],
  );
  const last = rows.at(-1)?.values;
  if (!last) return nothing;
  return dimensionBars({
    title: `${names.query} → ${names.key}, dimension by dimension`,
    rows,
    order: orderOf(last, marks.byContribution),
    marked: marks.marked,
    onMark: (next) => marks.onMark(next),
  });
}

/** The residual stream dimension by dimension: what this head adds, all heads, and the stream itself. */
export function streamBars(shown: ProjectionSlice, queryLabel: string, stage: Stage, marks: BarMarks) {
  const added = contributionOf(shown);
  const rows: BarRow[] = [
    { name: `H${shown.head} adds`, values: added },
    { name: "attention", values: shown.output },
    ...(shown.before ? [{ name: "x before", values: shown.before }] : []),
    ...(shown.after && stage === "residual" ? [{ name: "x after", values: shown.after }] : []),
  ];
  return dimensionBars({
    title: `${queryLabel}: the residual stream, dimension by dimension`,
    rows,
    order: orderOf(added, marks.byContribution),
    marked: marks.marked,
    onMark: (next) => marks.onMark(next),
  });
}

/** By place, or the largest first. */
function orderOf(values: Float32Array, byContribution: boolean): number[] {
  const order = Array.from(values.keys());
  if (byContribution) order.sort((a, b) => size(values[b]!) - size(values[a]!));
  return order;
}

/** What is not a number comes last. */
function size(value: number): number {
  return Number.isNaN(value) ? -1 : Math.abs(value);
}

function rowOf(
  strips: { tensor: { dims: readonly number[]; data: Float32Array } } | undefined,
  row: number,
): Float32Array | undefined {
  const columns = strips?.tensor.dims[1] ?? 0;
  return strips?.tensor.data.subarray(row * columns, (row + 1) * columns);
}

/** tanh(q + k) of one query and key. */
function bentSum({ q, k }: NonNullable<HeadTensors["additive"]>, query: number, key: number): Float32Array {
  const d = k.dims[1] ?? 0;
  return Float32Array.from({ length: d }, (_, i) => Math.tanh(q.data[query * d + i]! + k.data[key * d + i]!));
}
