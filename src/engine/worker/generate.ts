import { cannotContinue, continuationTooLong, notANumberPredicted, noPredictions } from "../../core/errors";
import type { Generated } from "../../core/run";
import type { Token } from "../../core/token";
import type { EngineEvents, InspectRequest } from "../../protocol/engineContract";
import { decodingSteps } from "./decodingSteps";
import { fixedLength } from "./inputRoles";
import type { OpenModel, OpenParts } from "./openModel";
import { checkSize } from "./passes";
import { checkpoint } from "./queue";
import { limitsOf, type Sequences } from "./sequences";
import { tokensOfIds } from "./text";

/** A target is written until its end token, and no further than this where nobody says how far. */
const MOST_TARGET_TOKENS = 64;

/** The sequences with what the model wrote behind them, and which part that is. */
export interface Continuation {
  readonly sequences: Sequences;
  readonly generated: Generated;
}

/**
 * Greedy decoding: the most likely token is appended until an end token comes (it is not appended) or as many tokens
 * as were asked for are there.
 */
export async function generate(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  given: Sequences,
  progress: EngineEvents["progress"],
  signal: AbortSignal,
): Promise<Continuation> {
  const side = given.target ? "target" : "source";
  const start = sideOf(given, side, model);
  const nAsked = countOf(model, parts, request, start.length, side);
  const grown = (tokens: readonly Token[]): Sequences => ({ ...given, [side]: tokens });
  // Refused before the first token is computed, not after the last.
  checkSize(model, parts, grown([...start, ...new Array<Token>(nAsked)]));
  const nextLogits = await decodingSteps(model, parts, request, given, nAsked);
  const ends = new Set(model.config.endTokenIds);
  let tokens: readonly Token[] = start;
  let end: Generated["end"] = "length";
  while (tokens.length < start.length + nAsked) {
    progress({ stage: "generate", fraction: (tokens.length - start.length) / nAsked });
    await checkpoint(signal);
    const id = largest(await nextLogits(grown(tokens)), model.summary.name);
    if (ends.has(id)) {
      end = "end-token";
      break;
    }
    tokens = [...tokens, ...tokensOfIds([id], model.tokenizer)];
  }
  const written = tokens.slice(start.length).map(({ id }) => id);
  // The library that decodes refuses an empty list.
  const text = written.length > 0 ? (model.tokenizer?.decode(written) ?? "") : "";
  const generated: Generated = {
    side,
    start: start.length,
    count: written.length,
    nAsked,
    end,
    text,
  };
  return { sequences: grown(tokens), generated };
}

/** The sequence that grows. An end token that the tokenizer put behind the text would end it before it began. */
function sideOf(given: Sequences, side: Generated["side"], model: OpenModel): readonly Token[] {
  if (side === "target") return given.target ?? [];
  const { kind, name } = model.summary;
  const tokens = given.source;
  if (kind !== "causal" || !tokens) throw cannotContinue(name);
  const last = tokens.at(-1);
  const isEnd = last?.special === true && model.config.endTokenIds.includes(last.id) && tokens.length > 1;
  return isEnd ? tokens.slice(0, -1) : tokens;
}

/** How many tokens to write; throws where the model cannot read so many. */
function countOf(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  nGiven: number,
  side: Generated["side"],
): number {
  const fixed = side === "source" ? fixedLength(parts.first.graph.inputs) : undefined;
  const limit = Math.min(limitsOf(model, request, side).limit ?? Infinity, fixed ?? Infinity);
  const { nTokens } = request.generate ?? {};
  if (nTokens === undefined) return Math.max(0, Math.min(MOST_TARGET_TOKENS, limit - nGiven));
  if (nGiven + nTokens > limit) throw continuationTooLong(model.summary.name, nGiven, nTokens, limit);
  return nTokens;
}

/** Index of the largest number, the first of equal ones. */
function largest(row: Float32Array, modelName: string): number {
  let found = -1;
  for (let id = 0; id < row.length; id++) {
    const value = row[id]!;
    if (Number.isNaN(value)) throw notANumberPredicted(modelName);
    if (found < 0 || value > row[found]!) found = id;
  }
  if (found < 0) throw noPredictions(modelName);
  return found;
}
