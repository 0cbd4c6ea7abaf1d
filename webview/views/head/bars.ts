import { sumsToOne } from "../../../src/core/measures/measure";
import { groupCells } from "../../../src/core/groupMatrix";
import type { ViewContext } from "../view";
import type { HeadData } from "./headData";

/** A number for each column or row, drawn as bars beside the matrix and beside the lines. */
export interface Bars {
  readonly values: Float32Array;
  readonly name: string;
  readonly unit?: string;
  /** In the colour of the query: the mean row of the chosen ones. */
  readonly isChosen?: boolean;
}

/** Of the columns: the mean row of several queries, else what each key receives. Where rows sum to 1. */
export function columnBars({ inspector, data }: ViewContext, head: HeadData): Bars | undefined {
  if (!sumsToOne(inspector.selection.value.measure)) return undefined;
  const row = data.shown.value;
  if (row && row.queries.length > 1) {
    const { groups } = head.columns.value;
    const values = Float32Array.from(groups, (keys) => groupCells(row.values, keys, "weights"));
    return { values, name: `mean of ${row.queries.length}`, isChosen: true };
  }
  const sums = head.marginals.value?.columnSums;
  return sums?.length === head.size.value.nColumns ? { values: sums, name: "sum" } : undefined;
}

/** Of the rows, as the page is arranged: their entropy or their sum. Where they sum to 1. */
export function rowBars({ inspector }: ViewContext, head: HeadData): Bars | undefined {
  if (!sumsToOne(inspector.selection.value.measure)) return undefined;
  const marginals = head.marginals.value;
  if (marginals?.rowSums.length !== head.size.value.nRows) return undefined;
  return inspector.arrangement.value.rowBars === "sum"
    ? { values: marginals.rowSums, name: "row sum" }
    : { values: marginals.rowEntropy, name: "entropy", unit: "bit" };
}

export function largestBar({ values }: Bars): number {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most || 1;
}
