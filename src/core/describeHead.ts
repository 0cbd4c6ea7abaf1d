import type { StatisticName } from "./statistics";

/** What a head does, as read from its statistics, and the figure that says so. */
export interface HeadDescription {
  /** How sure: "mostly" from half of the weight on, "partly" below, "otherwise" where no place gets a quarter. */
  readonly how: "mostly" | "partly" | "otherwise";
  readonly what: keyof typeof behaviours | "spread" | "picks";
  readonly statistic: StatisticName;
  readonly value: number;
}

/** Where the weight goes, in words that follow "mostly" or "partly". The special before the general, for equal shares. */
export const behaviours = {
  induction: "what followed the token before (induction)",
  duplicate: "earlier copies of the token",
  bracket: "the opening bracket or quote",
  sameWord: "the word's earlier tokens",
  newline: "line breaks",
  delimiter: "punctuation",
  previousToken: "the token before",
  nextToken: "the token after",
  firstToken: "token 0 (sink)",
  self: "the token itself",
} as const satisfies Partial<Record<StatisticName, string>>;

const names = Object.keys(behaviours) as (keyof typeof behaviours)[];

/** Shares of attention from which a behaviour is worth its name; chosen, not measured. */
const MOSTLY = 0.5;
const PARTLY = 0.25;

/**
 * The largest share of attention that goes to a known place; else whether single tokens are picked or the weight is
 * spread, by the largest weight and the entropy in bits. Undefined without statistics.
 */
export function describeHead(
  values: Readonly<Partial<Record<StatisticName, number>>>,
): HeadDescription | undefined {
  let best: keyof typeof behaviours | undefined;
  for (const name of names) {
    if ((values[name] ?? 0) > (best === undefined ? 0 : values[best]!)) best = name;
  }
  const share = best === undefined ? 0 : values[best]!;
  if (best !== undefined && share >= PARTLY) {
    return { how: share >= MOSTLY ? "mostly" : "partly", what: best, statistic: best, value: share };
  }
  const { largest = NaN, entropy = NaN } = values;
  if (largest >= MOSTLY) return { how: "otherwise", what: "picks", statistic: "largest", value: largest };
  return Number.isNaN(entropy)
    ? undefined
    : { how: "otherwise", what: "spread", statistic: "entropy", value: entropy };
}

/** The description as a line without its figure: "mostly the token before". `t` translates; English without it. */
export function descriptionText({ how, what, value }: HeadDescription, t: Translate = english): string {
  if (what === "picks") return t("one token for each query; largest weight");
  // 2 to the entropy is how many equal weights would be as uncertain (perplexity).
  if (what === "spread") {
    return t("spread as over {0} equal tokens; entropy in bits", Math.round(2 ** value));
  }
  return t(how === "mostly" ? "mostly {0}" : "partly {0}", t(behaviours[what]));
}

type Translate = (message: string, ...args: (string | number)[]) => string;

function english(message: string, ...args: (string | number)[]): string {
  return message.replace(/\{(\d)\}/g, (_, index: string) => String(args[Number(index)]));
}
