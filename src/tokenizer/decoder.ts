import { SequenceDecoder } from "@huggingface/tokenizers";
import { bytesOf } from "./byteAlphabet";
import { malformedTokenizer, unsupportedTokenizer } from "./errors";
import { Fields } from "./fields";

/** Ids back to text. */
export interface Decoder {
  /** Text of a sequence of pieces. */
  join(pieces: readonly string[]): string;
  /** What a reader sees of one piece: its own blanks kept, bytes that are not a whole character as <0xNN>. */
  show(piece: string): string;
}

/** The `decoder` of tokenizer.json; joining is the library's, which agrees with the reference here. */
export function parseDecoder(value: unknown): Decoder {
  const configs = value === null || value === undefined ? [] : flatten(Fields.of(value, "decoder"), 0);
  const decoder = configs.length > 0 ? libraryDecoder(configs) : null;
  const types = configs.map((config) => config.type);
  return {
    join: (pieces) => (decoder ? joined(decoder, pieces) : pieces.join(" ")),
    show: types.includes("ByteLevel") ? showBytes : (piece) => showPiece(piece, configs),
  };
}

function libraryDecoder(configs: readonly DecoderConfig[]): SequenceDecoder {
  try {
    return new SequenceDecoder({ type: "Sequence", decoders: configs } as never);
  } catch (error) {
    throw malformedTokenizer(
      "decoder",
      `has a pattern that cannot be compiled (${error instanceof Error ? error.message : error})`,
    );
  }
}

function joined(decoder: SequenceDecoder, pieces: readonly string[]): string {
  try {
    return decoder.decode([...pieces]);
  } catch (error) {
    // A Replace that makes a text longer, again and again, ends in V8's longest string.
    if (error instanceof RangeError) throw unsupportedTokenizer("a decoder that makes endless texts");
    throw error;
  }
}

interface DecoderConfig {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** What the library reads of each type; what it is not given has the library's default. */
const KNOWN: Readonly<Record<string, Readonly<Record<string, "string" | "boolean" | "count">>>> = {
  ByteLevel: {},
  WordPiece: { prefix: "string", cleanup: "boolean" },
  Metaspace: { replacement: "string" },
  BPEDecoder: { suffix: "string" },
  CTC: { pad_token: "string", word_delimiter_token: "string", cleanup: "boolean" },
  Replace: { content: "string" },
  Fuse: {},
  Strip: { content: "string", start: "count", stop: "count" },
  ByteFallback: {},
};

function flatten(fields: Fields, depth: number): DecoderConfig[] {
  const type = fields.string("type");
  if (type === "Sequence") {
    if (depth > 32) throw malformedTokenizer(fields.where, "is nested deeper than 32 levels");
    return fields
      .array("decoders")
      .flatMap((step, i) => flatten(Fields.of(step, `${fields.where}.decoders[${i}]`), depth + 1));
  }
  const known = Object.hasOwn(KNOWN, type) ? KNOWN[type] : undefined;
  if (!known) {
    throw malformedTokenizer(fields.where, `has the unknown type ${JSON.stringify(type.slice(0, 40))}`);
  }
  const given = Object.entries(known).filter(([name]) => fields.has(name));
  const read = {
    string: (name: string) => fields.shortString(name),
    boolean: (name: string) => fields.boolean(name),
    count: (name: string) => fields.count(name),
  };
  const parts = given.map(([name, kind]) => [name, read[kind](name)] as const);
  return [{ ...Object.fromEntries(parts), type, ...(type === "Replace" && { pattern: patternOf(fields) }) }];
}

function patternOf(fields: Fields): { String: string } | { Regex: string } {
  if (typeof fields.get("pattern") === "string") return { String: fields.shortString("pattern") };
  const pattern = fields.object("pattern");
  return pattern.has("Regex")
    ? { Regex: pattern.shortString("Regex") }
    : { String: pattern.shortString("String") };
}

function showBytes(piece: string): string {
  const bytes = bytesOf(piece);
  if (!bytes) return piece;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Part of a character: its bytes, in the notation of byte-fallback vocabularies.
    return Array.from(bytes, (byte) =>
      byte > 0x20 && byte < 0x7f
        ? String.fromCharCode(byte)
        : `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
    ).join("");
  }
}

function showPiece(piece: string, configs: readonly DecoderConfig[]): string {
  for (const { type, prefix, suffix } of configs) {
    if (type === "WordPiece" && typeof prefix === "string" && prefix && piece.startsWith(prefix)) {
      return piece.slice(prefix.length);
    }
    if (type === "BPEDecoder" && typeof suffix === "string" && suffix && piece.endsWith(suffix)) {
      return `${piece.slice(0, -suffix.length)} `;
    }
  }
  return piece.replaceAll("▁", " ");
}
