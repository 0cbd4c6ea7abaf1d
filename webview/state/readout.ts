import { measureWords, type ShownMeasure } from "../../src/core/measures/measure";
import type { RunWindow } from "../../src/core/run";
import { readoutWeight, signedText, tableWeight } from "../../src/paint/numberText";
import type { HeadStatistics } from "../../src/protocol/slices";
import type { Side } from "./inspector";
import type { Visible } from "./maskRows";
import type { Row } from "./runData";

/** One number of the readout line with its name. */
export interface ReadoutValue {
  readonly name: string;
  readonly text: string;
}

export interface Readout {
  /** "Games (4) → Winter (3)". */
  readonly title: string;
  readonly values: readonly ReadoutValue[];
  /** The same as a sentence, for a screen reader. */
  readonly spoken: string;
}

/** A row of the chosen measure, where that is neither weights nor scores. */
export interface MeasuredRow {
  readonly measure: ShownMeasure;
  readonly row: Row | undefined;
}

/** One cell: both tokens and what is known of their weight. */
export function cellReadout(
  at: { readonly query: number; readonly key: number },
  queries: Side,
  keys: Side,
  weights: Row | undefined,
  scores: Row | undefined,
  isVisible: Visible | undefined,
  shown?: MeasuredRow,
  windows?: readonly RunWindow[],
): Readout {
  const query = queries.labels[at.query] ?? "";
  const key = keys.labels[at.key] ?? "";
  const title = `${query} (${at.query}) → ${key} (${at.key})`;
  const names = `query ${query} ${at.query}, key ${key} ${at.key}`;
  if (isVisible && !isVisible(at.query, at.key)) {
    const why = hiddenBecause(at.query, at.key, windows);
    return { title, values: [{ name: why, text: "" }], spoken: `${names}, ${why}` };
  }
  const values: ReadoutValue[] = [];
  const measured = shown && isOwn(shown.measure) ? shown : undefined;
  const value = measured?.row?.query === at.query ? measured.row.values[at.key] : undefined;
  if (measured && value !== undefined)
    values.push({ name: measureWords[measured.measure].one, text: readoutWeight(value) });
  const weight = weights?.query === at.query ? weights.values[at.key] : undefined;
  const score = scores?.query === at.query ? scores.values[at.key] : undefined;
  if (weight !== undefined) values.push({ name: "weight", text: readoutWeight(weight) });
  if (score !== undefined) values.push({ name: "score", text: signedText(score) });
  if (weight !== undefined && weights) {
    const { rank, of, sum } = rankInRow(weights, at.key, isVisible);
    if (Number.isFinite(weight)) values.push({ name: "rank", text: `${rank} of ${of}` });
    values.push({ name: "row sum", text: readoutWeight(Math.round(sum * 1e5) / 1e5) });
  }
  const said =
    measured && value !== undefined
      ? `${measureWords[measured.measure].one} ${tableWeight(value)}`
      : weight !== undefined
        ? `weight ${tableWeight(weight)}`
        : score !== undefined
          ? `score ${signedText(score)}`
          : "";
  return { title, values, spoken: said ? `${names}, ${said}` : names };
}

/** Whether a measure is neither of those that every readout names. */
function isOwn(measure: ShownMeasure): boolean {
  return measure !== "weights" && measure !== "scores";
}

/** Masked by the model; or, in a text run in windows, never computed: the key lies outside the query's window. */
export function hiddenBecause(query: number, key: number, windows: readonly RunWindow[] = []): string {
  const number = windows.findIndex(({ queryStart, queryEnd }) => query >= queryStart && query < queryEnd);
  const window = windows[number];
  if (!window || (key >= window.start && key < window.end)) return "masked";
  const range = `tokens ${window.start} to ${window.end - 1}`;
  return `not computed: outside window ${number + 1} of ${windows.length}, ${range}`;
}

/** One query token: its strongest keys, by its weights or by the chosen measure. */
export function queryReadout(
  index: number,
  queries: Side,
  keys: Side,
  weights: Row | undefined,
  isVisible: Visible | undefined,
  measure: ShownMeasure = "weights",
): Readout {
  const label = `${queries.labels[index] ?? ""} (${index})`;
  if (weights?.query !== index) return { title: label, values: [], spoken: `query ${label}` };
  const strongest = [...weights.values.keys()]
    .filter((key) => isVisible?.(index, key) ?? true)
    .sort((a, b) => weights.values[b]! - weights.values[a]!)
    .slice(0, 3);
  const values = strongest.map((key) => ({
    name: `${keys.labels[key] ?? ""} (${key})`,
    text: readoutWeight(weights.values[key]!),
  }));
  const said = strongest.map((key) => `${keys.labels[key]} ${tableWeight(weights.values[key]!)}`).join(", ");
  const by = isOwn(measure) ? ` by ${measureWords[measure].one}` : "";
  return {
    title: `${label} →${by}`,
    values,
    spoken: `query ${label}, strongest keys${by}: ${said}`,
  };
}

/** One head: its statistics. */
export function headReadout(
  layer: number,
  head: number | "mean",
  statistics: readonly HeadStatistics[] | undefined,
  measure: ShownMeasure = "weights",
): Readout {
  const title =
    (head === "mean" ? `L${layer} mean of heads` : `L${layer} H${head}`) +
    (isOwn(measure) ? ` · shares of ${measureWords[measure].one}` : "");
  const spokenTitle = head === "mean" ? `layer ${layer}, mean of heads` : `layer ${layer}, head ${head}`;
  const found = statistics?.find(({ address }) => address.layer === layer && address.head === head);
  const values = Object.entries(found?.values ?? {}).map(([name, value]) => ({
    name: statisticLabel(name),
    text: statisticText(value),
  }));
  const said = values.map(({ name, text }) => `${name} ${text}`).join(", ");
  return { title, values, spoken: said ? `${spokenTitle}: ${said}` : spokenTitle };
}

/** One layer of what joins all heads. */
export function mixReadout(layer: number, measure: ShownMeasure): Readout {
  const title = `L${layer} ${measure}`;
  return {
    title,
    values: [{ name: "from layer 0 up to this one, all heads", text: "" }],
    spoken: `layer ${layer}, ${measureWords[measure].legend}`,
  };
}

/** "previousToken" as "previous token". */
export function statisticLabel(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

/** 3 significant digits. */
export function statisticText(value: number): string {
  return Math.abs(value) > 1 || value < 0 ? signedText(Number(value.toPrecision(3))) : tableWeight(value);
}

function rankInRow(
  row: Row,
  key: number,
  isVisible: Visible | undefined,
): { rank: number; of: number; sum: number } {
  let rank = 1;
  let of = 0;
  let sum = 0;
  for (let other = 0; other < row.values.length; other++) {
    const weight = row.values[other]!;
    sum += weight;
    if (isVisible && !isVisible(row.query, other)) continue;
    of++;
    if (weight > row.values[key]!) rank++;
  }
  return { rank, of, sum };
}
