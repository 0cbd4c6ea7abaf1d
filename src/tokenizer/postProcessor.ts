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
  /** Trims spans and, where asked to, puts the special tokens around. */
  process(tokens: readonly PlacedToken[], addSpecialTokens: boolean): readonly PlacedToken[];
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
        process: (tokens, add) => steps.reduce((result, step) => step.process(result, add), tokens),
        specialIds: steps.flatMap((step) => step.specialIds),
      };
    }
    case "ByteLevel": {
      const trims = fields.boolean("trim_offsets", true);
      const prefixed = fields.boolean("add_prefix_space", true);
      return { process: (tokens) => (trims ? trimSpans(tokens, prefixed) : tokens), specialIds: [] };
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
  return {
    process: (tokens, add) => parts.flatMap((part) => (part === "text" ? tokens : add ? part : [])),
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
    process(tokens, add) {
      const trimmed = trims ? trimSpans(tokens, prefixed) : tokens;
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

const SPACE = `[${BYTE_CHARACTERS[0x20]}\\p{White_Space}]`;
const LEADING_SPACES = new RegExp(`^${SPACE}+`, "u");
const ALL_SPACES = new RegExp(`^${SPACE}*$`, "u");
const LAST_SPACE = new RegExp(`${SPACE}$`, "u");

/**
 * Takes the leading and trailing spaces of each piece off its span, as the reference's `process_offsets` does. The first
 * piece keeps one: it was put there (`prefixed`).
 */
function trimSpans(tokens: readonly PlacedToken[], prefixed: boolean): readonly PlacedToken[] {
  return tokens.map((token, i) => {
    let leading = LEADING_SPACES.exec(token.piece)?.[0].length ?? 0;
    const trailing = trailingSpaces(token.piece);
    if ((leading === 0 && trailing === 0) || token.start < 0) return token;
    let { start, end } = token;
    if (leading > 0) {
      if ((i === 0 || start === 0) && prefixed) leading--;
      start = Math.min(start + leading, end);
    }
    if (trailing > 0 && end >= trailing) end = Math.max(end - trailing, start);
    return { ...token, start, end };
  });
}

function trailingSpaces(piece: string): number {
  if (!LAST_SPACE.test(piece)) return 0;
  let count = 0;
  while (count < piece.length && ALL_SPACES.test(piece[piece.length - 1 - count]!)) count++;
  return count;
}
