import { groupCells, groupingOf } from "../../src/core/groupMatrix";
import { measureWords, type ShownMeasure } from "../../src/core/measures/measure";
import type { RunWindow } from "../../src/core/run";
import { hiddenBecause } from "./readout";
import { readoutWeight, signedText, tableWeight } from "../../src/paint/numberText";
import { groupLabel } from "../../src/paint/tokenText";
import type { Side } from "./inspector";
import type { Readout } from "./readout";
import type { Visible } from "./maskRows";
import type { Row } from "./runData";

/** A row and a column of words of several tokens, with the value that their cell shows. */
export interface WordCell {
  readonly query: number;
  readonly key: number;
  readonly queries?: readonly number[];
  readonly keys?: readonly number[];
}

/** One cell of words: weights are summed over its keys and averaged over its queries. */
export function wordReadout(
  at: WordCell,
  queries: Side,
  keys: Side,
  row: Row | undefined,
  measure: ShownMeasure,
  isVisible: Visible | undefined,
  windows?: readonly RunWindow[],
): Readout {
  const rows = at.queries ?? [at.query];
  const columns = at.keys ?? [at.key];
  const query = groupLabel(queries.tokens, rows);
  const key = groupLabel(keys.tokens, columns);
  const title = `${query} (${rangeText(rows)}) → ${key} (${rangeText(columns)})`;
  const names = `query ${query} ${rangeText(rows)}, key ${key} ${rangeText(columns)}`;
  if (isVisible && !rows.some((one) => columns.some((other) => isVisible(one, other)))) {
    const why = hiddenBecause(at.query, at.key, windows);
    return { title, values: [{ name: why, text: "" }], spoken: `${names}, ${why}` };
  }
  if (!row) return { title, values: [], spoken: names };
  const value = groupCells(row.values, columns, groupingOf(measure));
  const { one } = measureWords[measure];
  return measure !== "scores"
    ? {
        title,
        values: [{ name: one, text: readoutWeight(value) }],
        spoken: `${names}, ${one} ${tableWeight(value)}`,
      }
    : {
        title,
        values: [{ name: "mean score", text: signedText(value) }],
        spoken: `${names}, mean score ${signedText(value)}`,
      };
}

/** Several queries: the strongest keys of their mean row. */
export function meanReadout(
  several: readonly number[],
  queries: Side,
  keys: Side,
  weights: Row | undefined,
  measure: ShownMeasure = "weights",
): Readout {
  const by = measure === "weights" ? "" : ` by ${measureWords[measure].one}`;
  const named =
    several.length <= 3
      ? several.map((query) => `${queries.labels[query] ?? ""} (${query})`).join(" ")
      : `${queries.labels[several[0]!] ?? ""} (${several[0]}) … ${queries.labels[several.at(-1)!] ?? ""} (${several.at(-1)})`;
  const title = `mean of ${several.length} queries: ${named} →${by}`;
  if (weights?.queries.length !== several.length) return { title, values: [], spoken: title };
  const strongest = [...weights.values.keys()]
    .sort((a, b) => weights.values[b]! - weights.values[a]!)
    .slice(0, 3)
    .filter((key) => weights.values[key]! > 0);
  const values = strongest.map((key) => ({
    name: `${keys.labels[key] ?? ""} (${key})`,
    text: readoutWeight(weights.values[key]!),
  }));
  const said = strongest.map((key) => `${keys.labels[key]} ${tableWeight(weights.values[key]!)}`).join(", ");
  return { title, values, spoken: `mean of ${several.length} queries, strongest keys: ${said}` };
}

/** "4" or "4–6". */
function rangeText(indices: readonly number[]): string {
  const [first] = indices;
  return indices.length === 1 ? String(first) : `${first}–${indices.at(-1)}`;
}
