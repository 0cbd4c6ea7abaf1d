import type { MaskClass } from "../../../src/core/mask";
import type { LayerOfRun, MaskSummary } from "../../../src/core/run";

/** What a mask does, in one or two sentences. */
export function maskSentence(mask: MaskClass): string {
  const rule = ruleOf(mask);
  const hidden = mask.hiddenKeys.length;
  if (hidden === 0 || mask.kind === "padding") return rule;
  return `${rule} Besides, ${hiddenText(hidden)} hidden from every query (padding).`;
}

function ruleOf(mask: MaskClass): string {
  const { kind, hiddenKeys, reach, blockStarts, causal } = mask;
  switch (kind) {
    case "none":
      return "No mask: every query sees every key.";
    case "causal":
      return "Causal: a query sees itself and every key before it, none after it.";
    case "sliding":
      return causal
        ? `Sliding window: a query sees itself and at most ${keys(reach?.back ?? 0)} before it.`
        : `Sliding window: a query sees itself, at most ${keys(reach?.back ?? 0)} before and ${keys(reach?.ahead ?? 0)} after it.`;
    case "padding":
      return `Padding: ${hiddenText(hiddenKeys.length)} hidden from every query; all others are visible.`;
    case "block":
      return `Blocks: a query sees the keys of its own block only, of ${blockStarts?.length ?? 0}${causal ? ", and none after itself" : ""}.`;
    case "other":
      return `No simple rule${causal ? ", but no query sees what is after it" : ""}; the picture shows every cell.`;
    case "unknown":
      return "The run does not say what is masked.";
  }
}

/** "Layers 0 to 3 causal, layer 4 a window of 128": neighbours with equal masks together. */
export function masksOfLayers(layers: readonly LayerOfRun[]): string {
  const groups: { first: number; last: number; name: string }[] = [];
  for (const { layer, mask } of layers) {
    const name = maskName(mask);
    const before = groups.at(-1);
    if (before?.name === name) before.last = layer;
    else groups.push({ first: layer, last: layer, name });
  }
  const text = groups.map(({ first, last, name }) =>
    first === last ? `layer ${first} ${name}` : `layers ${first} to ${last} ${name}`,
  );
  const joined = text.join(", ");
  return joined.charAt(0).toUpperCase() + joined.slice(1);
}

/** How many keys the queries see: "Queries see 1 to 128 of 128 keys, 64.5 on average." */
export function keysSeenSentence(perQuery: Uint32Array, nKeys: number): string {
  if (perQuery.length === 0) return "";
  const { least, most, mean, blind } = extentOf(perQuery);
  const number = (value: number) => value.toLocaleString("en");
  const range =
    least === most ? `Every query sees ${number(least)}` : `Queries see ${number(least)} to ${number(most)}`;
  const average = least === most ? "" : `, ${number(Math.round(mean * 10) / 10)} on average`;
  const none =
    blind && most > 0
      ? ` ${blind === 1 ? "One query sees" : `${number(blind)} queries see`} no key at all (fully masked).`
      : "";
  return `${range} of ${keys(nKeys)}${average}.${none}`;
}

/** Fewest, most and mean of the counts, and how many are 0. */
export function extentOf(perQuery: Uint32Array) {
  let [least, most, sum, blind] = [Infinity, 0, 0, 0];
  for (const count of perQuery) {
    least = Math.min(least, count);
    most = Math.max(most, count);
    sum += count;
    if (count === 0) blind++;
  }
  return { least: Number.isFinite(least) ? least : 0, most, mean: sum / Math.max(1, perQuery.length), blind };
}

/** "causal", "a window of 128". */
export function maskName({ kind, window }: MaskSummary): string {
  const names: Record<MaskSummary["kind"], string> = {
    none: "without mask",
    causal: "causal",
    sliding: window === undefined ? "a sliding window" : `a window of ${window}`,
    padding: "padding only",
    block: "in blocks",
    other: "by no simple rule",
    unknown: "not known",
  };
  return names[kind];
}

function keys(count: number): string {
  return `${count.toLocaleString("en")} ${count === 1 ? "key" : "keys"}`;
}

function hiddenText(count: number): string {
  return `${keys(count)} ${count === 1 ? "is" : "are"}`;
}
