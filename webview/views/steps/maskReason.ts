import type { LayerOfRun } from "../../../src/core/run";

/** Which rule hides a key from a query, in a word; for keys that the mask hides. */
export function maskReason({ mask, nQueries, nKeys }: LayerOfRun, query: number, key: number): string {
  const position = query + Math.max(0, nKeys - nQueries);
  const { kind, window, reach } = mask;
  if (kind === "other" || kind === "unknown") return "masked";
  if (key > position && (kind === "causal" || (kind === "sliding" && !reach?.ahead))) return "causal";
  const back = reach?.back ?? (window === undefined ? Infinity : window - 1);
  const ahead = reach?.ahead ?? 0;
  if (kind === "sliding" && (key < position - back || key > position + ahead)) return "window";
  return kind === "block" ? "block" : "padding";
}
