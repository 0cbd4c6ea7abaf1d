import { nothingToRun } from "../../core/errors";
import { MOST_WINDOWED_TOKENS } from "../../core/windows";
import type { Token } from "../../core/token";
import type { InspectRequest, RawInput } from "../../protocol/engineContract";
import { fixedLength, rawIds, takesIds, takesTargetIds } from "./inputRoles";
import type { OpenModel, OpenParts } from "./openModel";
import { checkIds, checkLength, encodeWithin, needsTokenizer, tokensOfIds } from "./text";

/** The token sequences of a run. Both are absent for models of images and sounds. */
export interface Sequences {
  readonly source?: readonly Token[];
  readonly target?: readonly Token[];
}

/** Reads the request's texts or ids as tokens, within what the model reads. */
export function readSequences(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  signal: AbortSignal,
): Sequences {
  const { inputs } = parts.first.graph;
  const source = takesIds(inputs) ? readSource(model, parts, request, signal) : undefined;
  const hasTarget = parts.decoder !== undefined || takesTargetIds(inputs);
  return { source, target: hasTarget ? readTarget(model, parts, request, signal) : undefined };
}

function readSource(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  signal: AbortSignal,
): Token[] {
  const limits = limitsOf(model, request);
  const fixed = fixedLength(parts.first.graph.inputs);
  const most = smallest(limits.limit, fixed);
  const limit = request.inWindows && most ? Math.max(most, MOST_WINDOWED_TOKENS) : most;
  const given = request.ids ?? idsOf(rawIds(parts.first.graph.inputs, request.inputs, "input_ids"));
  if (given) {
    checkLength(given.length, { ...limits, limit });
    return checked(model, tokensOfIds(given, model.tokenizer));
  }
  if (request.text === undefined) throw nothingToRun(model.summary.name);
  const tokenizer = needsTokenizer(model.tokenizer, model.summary.name);
  return checked(model, encodeWithin(tokenizer, request.text, { ...limits, limit }, signal));
}

/** Decoder tokens: what was given, after what every target of the model starts with; that alone without a text. */
function readTarget(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
  signal: AbortSignal,
): Token[] {
  const limits = limitsOf(model, request, "target");
  const given =
    request.targetIds ?? idsOf(rawIds(parts.first.graph.inputs, request.inputs, "decoder_input_ids"));
  if (given) {
    checkLength(given.length, limits);
    return checked(model, tokensOfIds(given, model.tokenizer));
  }
  const { decoderStartTokenId, bosTokenId, padTokenId, targetPrompt } = model.config;
  const first = decoderStartTokenId ?? bosTokenId ?? padTokenId ?? 0;
  const start = checked(model, tokensOfIds([first, ...targetPrompt], model.tokenizer)).map((token) => ({
    ...token,
    special: true,
  }));
  if (!request.targetText) return start;
  const tokenizer = needsTokenizer(model.tokenizer, model.summary.name);
  const text = tokenizer.encode(request.targetText, { addSpecialTokens: false, signal });
  checkLength(start.length + text.length, limits);
  return checked(model, [...start, ...text]);
}

function checked(model: OpenModel, tokens: Token[]): Token[] {
  checkIds(
    tokens.map(({ id }) => id),
    model.summary.name,
    model.summary.vocab,
  );
  return tokens;
}

/** Most tokens of one window: what the model reads at once, or a person's own limit below it. */
export function windowLength(
  model: OpenModel,
  parts: OpenParts,
  request: InspectRequest,
): number | undefined {
  return smallest(limitsOf(model, request).limit, fixedLength(parts.first.graph.inputs));
}

/** What a sequence may be at most, by the model and by the person. */
export function limitsOf(
  { summary, config }: OpenModel,
  { tokenLimit }: InspectRequest,
  side: "source" | "target" = "source",
) {
  const ofSide = side === "target" ? config.targetContext : undefined;
  return { modelName: summary.name, limit: smallest(summary.context, ofSide, tokenLimit || undefined) };
}

function smallest(...limits: (number | undefined)[]): number | undefined {
  const known = limits.filter((limit) => limit !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}

function idsOf(raw: RawInput | undefined): number[] | undefined {
  return raw && Array.from(raw.data as unknown as ArrayLike<number | bigint>, Number);
}
