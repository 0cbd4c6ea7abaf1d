import type { HeadAddress, ModelSummary } from "../run";
import { uniformNumbers } from "../scoring/random";
import { earlierOccurrences, statisticsOf, type StatisticName } from "../statistics";
import type { Tensor } from "../tensor";
import { textRelations } from "../textRelations";
import type { Token } from "../token";
import type { CrossingName } from "./crossing";
import { enclosing } from "./relations";

/** What a probe measures: statistics, those of enclosures by rules of code; of cross-attention what it crosses to. */
export type ProbeName = StatisticName | CrossingName;

/**
 * "random": a sequence of distinct tokens in random order, said twice (Olsson et al. 2022). "pairs": a source and the
 * target that the model is to make of it, for cross-attention alone.
 */
export type ProbeKind = "random" | "code" | "prose" | "pairs";

export interface ProbeInput {
  readonly kind: Exclude<ProbeKind, "pairs">;
  readonly tokens: readonly Token[];
  /** What the tokens are of; empty for random ones. */
  readonly text: string;
}

/** A model's heads over all inputs of the probe. */
export interface ProbeReport {
  readonly version: 2;
  readonly model: ModelSummary;
  readonly inputs: readonly { readonly kind: ProbeKind; readonly nTokens: number }[];
  /** Of every head: means over the inputs that measure it. */
  readonly heads: readonly {
    readonly address: HeadAddress;
    readonly values: Readonly<Record<string, number>>;
  }[];
  readonly durationMs: number;
}

/** What each kind of input measures. */
const measured: Readonly<Record<Exclude<ProbeKind, "pairs">, readonly StatisticName[]>> = {
  random: ["induction", "duplicate"],
  code: ["insideBracket", "insideQuote", "bracket", "newline"],
  prose: [
    "entropy",
    "largest",
    "distance",
    "previousToken",
    "nextToken",
    "firstToken",
    "self",
    "neighbours",
    "sameWord",
    "delimiter",
  ],
};

/** Of one head on one input: weights [n, n], n the input's tokens. */
export function probeHead(input: ProbeInput, weights: Tensor): Partial<Record<ProbeName, number>> {
  const ids = input.tokens.map(({ id }) => id);
  const text = input.kind === "random" ? undefined : textRelations(input.tokens);
  const all: Partial<Record<ProbeName, number>> = {
    ...statisticsOf(weights, earlierOccurrences(ids), text),
    ...(input.kind === "code" && insideOf(input, weights)),
  };
  return Object.fromEntries(
    measured[input.kind].flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])),
  );
}

/** Means over inputs, each input counting once. */
export class ProbeMeans {
  readonly #sums = new Map<string, number>();
  readonly #counts = new Map<string, number>();

  add(values: Readonly<Partial<Record<string, number>>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined || !Number.isFinite(value)) continue;
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  values(): Record<string, number> {
    return Object.fromEntries([...this.#sums].map(([name, sum]) => [name, sum / this.#counts.get(name)!]));
  }
}

/** `count` distinct entries in random order, from a seed; fewer where there are fewer. */
export function drawDistinct<T>(from: readonly T[], count: number, seed: number): T[] {
  const uniform = uniformNumbers(seed);
  const left = [...from];
  const drawn: T[] = [];
  while (drawn.length < count && left.length > 0) {
    const at = Math.floor(uniform() * left.length);
    drawn.push(left[at]!);
    left[at] = left.at(-1)!;
    left.pop();
  }
  return drawn;
}

/** The head that does most of something, and how much. */
export interface BestHead {
  readonly name: string;
  readonly address: HeadAddress;
  readonly value: number;
}

/** What a card lists, in order; entropy and the like are no behaviours. */
export const behaviourNames: readonly ProbeName[] = [
  "induction",
  "duplicate",
  "previousToken",
  "nextToken",
  "firstToken",
  "self",
  "sameWord",
  "insideBracket",
  "insideQuote",
  "bracket",
  "delimiter",
  "newline",
  "copied",
  "monotonic",
  "year",
  "month",
  "day",
];

export function bestHeads({ heads }: Pick<ProbeReport, "heads">): BestHead[] {
  return behaviourNames.flatMap((name) => {
    let best: BestHead | undefined;
    for (const { address, values } of heads) {
      const value = values[name];
      if (value !== undefined && value > (best?.value ?? -Infinity)) best = { name, address, value };
    }
    return best ? [best] : [];
  });
}

function insideOf({ text, tokens }: ProbeInput, weights: Tensor): Partial<Record<ProbeName, number>> {
  const around = enclosing(text, tokens);
  const meanOn = (openers: Int32Array): number | undefined => {
    let sum = 0;
    let count = 0;
    openers.forEach((opener, query) => {
      if (opener < 0) return;
      sum += weights.data[query * openers.length + opener]!;
      count++;
    });
    return count === 0 ? undefined : sum / count;
  };
  return { insideBracket: meanOn(around.bracket), insideQuote: meanOn(around.quote) };
}
