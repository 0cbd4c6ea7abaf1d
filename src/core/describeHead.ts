import type { ProbeName } from "./probe/probe";

/** What a head does, as read from its statistics, and the figure that says so. */
export interface HeadDescription {
  /** How sure: "mostly", "partly", or "otherwise" where no place gets enough to be named. */
  readonly how: "mostly" | "partly" | "otherwise";
  readonly what: keyof typeof behaviours | "spread" | "picks";
  readonly statistic: ProbeName;
  readonly value: number;
  /** The same statistic of a head that looks at all keys alike. */
  readonly uniform?: number;
}

/** Where the weight goes, in words that follow "mostly" or "partly". Places that every query has stand first. */
export const behaviours = {
  previousToken: "the token before",
  nextToken: "the token after",
  firstToken: "token 0 (sink)",
  self: "the token itself",
  induction: "what followed the token before (induction)",
  duplicate: "earlier copies of the token",
  bracket: "the opening bracket or quote",
  insideBracket: "the innermost open bracket",
  insideQuote: "the quote that opens the string",
  sameWord: "the word's earlier tokens",
  newline: "line breaks",
  delimiter: "punctuation",
  year: "the year in the source",
  month: "the month in the source",
  day: "the day in the source",
  copied: "the source's copies of what is written",
} as const satisfies Partial<Record<ProbeName, string>>;

const ofSomeQueries: ReadonlySet<string> = new Set<keyof typeof behaviours>([
  "induction",
  "duplicate",
  "bracket",
  "insideBracket",
  "insideQuote",
  "sameWord",
  "newline",
  "delimiter",
  "year",
  "month",
  "day",
  "copied",
]);

const names = Object.keys(behaviours) as (keyof typeof behaviours)[];

/**
 * From where a behaviour is worth its name, as the way from a head that looks at all keys alike to one that does
 * nothing else. The share alone misleads: in a piece of code whose tokens are 43 % punctuation a uniform head has 0.43
 * on punctuation. "Mostly" is meant as said: more than half of that way.
 */
const MOSTLY = 0.5;
/**
 * "Partly" is what chance does not give: of 100 heads with random scores (normal, deviation 4, sharper than most
 * trained heads) on each of four texts of the probe, 169 to 228 tokens, none went 0.2 of the way, whereas more than half
 * of the heads of code-4x8 go further (test/unit/engine/headRoles.test.ts draws them again). On a dozen tokens chance
 * goes as far as 0.7: there a description is of the text, and only the probe's is of the head.
 */
const PARTLY = 0.25;
/**
 * By this much has a place that only some queries have to beat one that all have: a head that looks at the token before
 * also looks at "the word's earlier tokens" where words are cut in two, with a share that is off by as much as 0.07 on
 * the embedded models' own examples.
 */
const MARGIN = 0.1;

/**
 * The known place that gets most attention beyond what a uniform head would give it; else whether single tokens are
 * picked or the weight is spread, by the largest weight and the entropy in bits. Undefined without statistics.
 */
export function describeHead(values: Statistics, uniform: Statistics = {}): HeadDescription | undefined {
  let best: { name: keyof typeof behaviours; share: number; excess: number } | undefined;
  for (const name of names) {
    const share = values[name];
    if (share === undefined) continue;
    const excess = beyondChance(share, uniform[name] ?? 0);
    const isSpecial = best !== undefined && !ofSomeQueries.has(best.name) && ofSomeQueries.has(name);
    if (excess > (best?.excess ?? 0) + (isSpecial ? MARGIN : 0)) best = { name, share, excess };
  }
  if (best && best.excess >= PARTLY) {
    const how = best.excess >= MOSTLY ? "mostly" : "partly";
    const expected = uniform[best.name];
    const stated = { how, what: best.name, statistic: best.name, value: best.share } as const;
    return expected === undefined ? stated : { ...stated, uniform: expected };
  }
  const { largest = NaN, entropy = NaN } = values;
  if (largest >= MOSTLY) return { how: "otherwise", what: "picks", statistic: "largest", value: largest };
  return Number.isNaN(entropy)
    ? undefined
    : { how: "otherwise", what: "spread", statistic: "entropy", value: entropy };
}

/** A share corrected for chance, as Cohen's kappa does (Cohen 1960): 0 for a uniform head, 1 for one that does nothing else. */
function beyondChance(share: number, expected: number): number {
  return expected < 1 ? (share - expected) / (1 - expected) : 0;
}

type Statistics = Readonly<Partial<Record<ProbeName, number>>>;

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
