import { textRelations } from "./textRelations";
import type { Token } from "./token";

/** Which tokens a matrix shows along its sides, and in what order. */
export interface TokenLayout {
  readonly hidesSpecial: boolean;
  /** Tokens of one word become one row and one column. */
  readonly byWord: boolean;
  /** By place in the text, or by the weight that a token receives from all queries, largest first. */
  readonly order: "place" | "received";
  /** Only tokens or words that hold this text, upper and lower case alike; empty keeps all. */
  readonly filter: string;
  readonly filters: "queries" | "keys" | "both";
}

export const plainLayout: TokenLayout = {
  hidesSpecial: false,
  byWord: false,
  order: "place",
  filter: "",
  filters: "queries",
};

/** Token indices that share a row or a column, in order. */
export type TokenGroup = readonly number[];

export function isPlain({ hidesSpecial, byWord, order, filter }: TokenLayout): boolean {
  return !hidesSpecial && !byWord && order === "place" && filter.trim() === "";
}

/**
 * The groups along one side. `received` is the weight that each token of this side receives; without it (queries of
 * cross-attention receive none) the order is that of the text.
 */
export function layOutTokens(
  tokens: readonly Token[],
  layout: TokenLayout,
  axis: "queries" | "keys",
  received?: Float32Array,
): TokenGroup[] {
  const filtered = layout.filters === axis || layout.filters === "both";
  const wanted = filtered ? layout.filter.trim().toLowerCase() : "";
  const groups = groupsOf(tokens, layout).filter((group) => holds(tokens, group, wanted));
  return layout.order === "received" && received ? largestFirst(groups, received) : groups;
}

function groupsOf(tokens: readonly Token[], { hidesSpecial, byWord }: TokenLayout): TokenGroup[] {
  const starts = byWord ? textRelations(tokens).wordStart : undefined;
  const groups: number[][] = [];
  tokens.forEach((token, index) => {
    if (hidesSpecial && token.special) return;
    const last = groups.at(-1);
    if (starts && last && starts[index] === starts[last[0]!]) last.push(index);
    else groups.push([index]);
  });
  return groups;
}

function holds(tokens: readonly Token[], group: TokenGroup, wanted: string): boolean {
  if (wanted === "") return true;
  const text = group.map((index) => tokens[index]!.text || tokens[index]!.piece).join("");
  return text.toLowerCase().includes(wanted);
}

/** Equal sums stay in the order of the text; what is not a number comes last. */
function largestFirst(groups: readonly TokenGroup[], received: Float32Array): TokenGroup[] {
  return groups
    .map((group) => ({ group, sum: group.reduce((sum, index) => sum + (received[index] ?? 0), 0) }))
    .sort((a, b) => (Number.isNaN(a.sum) ? 1 : Number.isNaN(b.sum) ? -1 : b.sum - a.sum))
    .map(({ group }) => group);
}
