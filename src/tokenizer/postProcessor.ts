import { isHighSurrogate } from "./alignedText";
import { BYTE_CHARACTERS } from "./byteAlphabet";
import { malformedTokenizer, unsupportedTokenizer } from "./errors";
import { Fields, isCount } from "./fields";
import { MAX_DEPTH } from "./normalizers";

/** A token before it is shown: `start` is -1 where it stands for no text. */
export interface PlacedToken {
  readonly id: number;
  readonly piece: string;
  readonly start: number;
  readonly end: number;
  readonly special: boolean;
}

export interface PostProcessor {
  /** Trims spans in `text` and, where asked to, puts the special tokens around. */
  process(tokens: readonly PlacedToken[], text: string, addSpecialTokens: boolean): readonly PlacedToken[];
  /** Ids that it may add. */
  readonly specialIds: readonly number[];
}

/** The `post_processor` of tokenizer.json, for one text (pairs are not made). */
export function parsePostProcessor(value: unknown, where = "post_processor", depth = 0): PostProcessor {
  if (value === null || value === undefined) return { process: (tokens) => tokens, specialIds: [] };
  if (depth > MAX_DEPTH) throw malformedTokenizer(where, `is nested deeper than ${MAX_DEPTH} levels`);
  const fields = Fields.of(value, where);
  const type = fields.string("type");
  switch (type) {
    case "Sequence": {
      const steps = fields
        .array("processors")
        .map((step, i) => parsePostProcessor(step, `${where}.processors[${i}]`, depth + 1));
      return {
        process: (tokens, text, add) =>
          steps.reduce((result, step) => step.process(result, text, add), tokens),
        specialIds: steps.flatMap((step) => step.specialIds),
      };
    }
    case "ByteLevel": {
      const trims = fields.boolean("trim_offsets", true);
      const prefixed = fields.boolean("add_prefix_space", true);
      return {
        process: (tokens, text) => (trims ? trimSpans(tokens, text, prefixed) : tokens),
        specialIds: [],
      };
    }
    case "TemplateProcessing":
      return template(fields);
    case "BertProcessing":
    case "RobertaProcessing":
      return surrounding(fields, type === "RobertaProcessing");
    default:
      throw unsupportedTokenizer(`the post-processor ${JSON.stringify(type)}`);
  }
}

const MAX_SPECIAL = 1000;

function template(fields: Fields): PostProcessor {
  const special = fields.get("special_tokens") === undefined ? null : fields.object("special_tokens");
  const parts: (readonly PlacedToken[] | "text")[] = fields.array("single").map((entry, i) => {
    const part = Fields.of(entry, `${fields.where}.single[${i}]`);
    if (part.has("Sequence")) return "text";
    const name = part.object("SpecialToken").string("id");
    if (!special?.has(name)) {
      throw malformedTokenizer(
        part.where,
        `names the token ${JSON.stringify(name)}, which special_tokens lacks`,
      );
    }
    const token = special.object(name);
    const pieces = token.array("tokens");
    return token.array("ids").map((id, k) => specialToken(id, pieces[k], token.where));
  });
  const nSpecial = parts.reduce((sum, part) => sum + (part === "text" ? 0 : part.length), 0);
  if (nSpecial > MAX_SPECIAL) throw malformedTokenizer(fields.where, `adds ${nSpecial} special tokens`);
  return {
    process: (tokens, _, add) => parts.flatMap((part) => (part === "text" ? tokens : add ? part : [])),
    specialIds: parts.flatMap((part) => (part === "text" ? [] : part.map((token) => token.id))),
  };
}

/** [CLS] text [SEP], as BERT and RoBERTa name them. */
function surrounding(fields: Fields, roberta: boolean): PostProcessor {
  const named = (name: string) => {
    const [piece, id] = fields.array(name);
    return specialToken(id, piece, `${fields.where}.${name}`);
  };
  const first = named("cls");
  const last = named("sep");
  const trims = roberta && fields.boolean("trim_offsets", true);
  const prefixed = roberta && fields.boolean("add_prefix_space", true);
  return {
    process(tokens, text, add) {
      const trimmed = trims ? trimSpans(tokens, text, prefixed) : tokens;
      return add ? [first, ...trimmed, last] : trimmed;
    },
    specialIds: [first.id, last.id],
  };
}

function specialToken(id: unknown, piece: unknown, where: string): PlacedToken {
  if (!isCount(id) || typeof piece !== "string")
    throw malformedTokenizer(where, "is not a token with its id");
  return { id, piece, start: -1, end: -1, special: true };
}

const SPACE = new RegExp(`[${BYTE_CHARACTERS[0x20]}\\p{White_Space}]`, "u");

/**
 * Takes the leading and trailing spaces of each piece off its span, as the reference's `process_offsets` does. A single
 * leading space at the beginning is left alone: it was put there (`prefixed`).
 */
function trimSpans(tokens: readonly PlacedToken[], text: string, prefixed: boolean): readonly PlacedToken[] {
  return tokens.map((token, i) => {
    if (token.start < 0) return token;
    const leading = countSpaces(token.piece, 0, 1);
    const trailing = countSpaces(token.piece, token.piece.length - 1, -1);
    let { start, end } = token;
    const isPrefix = prefixed && leading === 1 && (i === 0 || start === 0);
    if (leading > 0 && !isPrefix) start = Math.min(forward(text, start, leading), end);
    if (trailing > 0) end = Math.max(backward(text, end, trailing), start);
    return { ...token, start, end };
  });
}

function countSpaces(piece: string, from: number, step: 1 | -1): number {
  let at = from;
  while (at >= 0 && at < piece.length && SPACE.test(piece[at]!)) at += step;
  return Math.abs(at - from);
}

function forward(text: string, start: number, nCharacters: number): number {
  let at = start;
  for (let i = 0; i < nCharacters; i++) at += isHighSurrogate(text.charCodeAt(at)) ? 2 : 1;
  return at;
}

/** `end` itself where there are not as many characters before it. */
function backward(text: string, end: number, nCharacters: number): number {
  let at = end;
  for (let i = 0; i < nCharacters; i++) at -= at > 1 && isHighSurrogate(text.charCodeAt(at - 2)) ? 2 : 1;
  return at < 0 ? end : at;
}
