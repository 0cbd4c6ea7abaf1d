import { SequenceDecoder } from "@huggingface/tokenizers";
import { bytesOf } from "./byteAlphabet";
import { malformedTokenizer } from "./errors";
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
  const decoder =
    configs.length > 0 ? new SequenceDecoder({ type: "Sequence", decoders: configs } as never) : null;
  const types = configs.map((config) => config.type);
  return {
    join: (pieces) => (decoder ? decoder.decode([...pieces]) : pieces.join(" ")),
    show: types.includes("ByteLevel") ? showBytes : (piece) => showPiece(piece, configs),
  };
}

interface DecoderConfig {
  readonly type: string;
  readonly [name: string]: unknown;
}

const KNOWN = new Set([
  "ByteLevel",
  "WordPiece",
  "Metaspace",
  "BPEDecoder",
  "CTC",
  "Replace",
  "Fuse",
  "Strip",
  "ByteFallback",
]);

function flatten(fields: Fields, depth: number): DecoderConfig[] {
  const type = fields.string("type");
  if (type === "Sequence") {
    if (depth > 32) throw malformedTokenizer(fields.where, "is nested deeper than 32 levels");
    return fields
      .array("decoders")
      .flatMap((step, i) => flatten(Fields.of(step, `${fields.where}.decoders[${i}]`), depth + 1));
  }
  if (!KNOWN.has(type)) {
    throw malformedTokenizer(fields.where, `has the unknown type ${JSON.stringify(type.slice(0, 40))}`);
  }
  return [{ ...Object.fromEntries(fields.entries()), type }];
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
