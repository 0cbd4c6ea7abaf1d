import type { Notice } from "../core/run";
import { fromSource, slice, type AlignedText } from "./alignedText";
import { ENDS_WITH_WORD, STARTS_WITH_WORD, whiteSpaceEnd, whiteSpaceStart } from "./characters";
import { malformedTokenizer } from "./errors";
import { Fields } from "./fields";
import type { Normalizer } from "./normalizers";
import { PieceTree } from "./pieceTree";
import type { SubwordModel } from "./subwordModel";

/** One entry of `added_tokens`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly singleWord: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A piece of text that the model still has to cut, or an added token that was found as it stands. */
export type Section = { readonly text: AlignedText; readonly token: AddedToken | null };

/** Reads `added_tokens`. Ids are the reference's: those of the vocabulary, else the next free one; the file's own id is only compared. */
export function parseAddedTokens(
  value: unknown,
  model: SubwordModel,
): { tokens: AddedToken[]; notices: Notice[] } {
  if (value === undefined || value === null) return { tokens: [], notices: [] };
  if (!Array.isArray(value)) throw malformedTokenizer("added_tokens", "is not a list");
  const byContent = new Map<string, AddedToken>();
  const notices: Notice[] = [];
  let nextId = model.size;
  for (const [i, entry] of value.entries()) {
    const fields = Fields.of(entry, `added_tokens[${i}]`);
    const content = fields.string("content");
    if (!content || byContent.has(content)) continue;
    const fileId = fields.count("id");
    const id = model.vocabulary.get(content) ?? nextId;
    nextId = Math.max(nextId, id + 1);
    if (id !== fileId) {
      notices.push({
        code: "tokenizer-added-id",
        message: `The added token ${JSON.stringify(content.slice(0, 40))} has the id ${fileId} in the file; the reference gives it ${id}, and so does Headlight.`,
      });
    }
    const special = fields.boolean("special", false);
    byContent.set(content, {
      id,
      content,
      singleWord: fields.boolean("single_word", false),
      lstrip: fields.boolean("lstrip", false),
      rstrip: fields.boolean("rstrip", false),
      normalized: fields.boolean("normalized", !special),
      special,
    });
  }
  return { tokens: [...byContent.values()], notices };
}

/** Finds added tokens before normalisation, normalises the rest, and finds those that are looked for after it. */
export function sectionsOf(
  tokens: readonly AddedToken[],
  normalize: Normalizer,
): (text: string) => Section[] {
  const before = new Finder(
    tokens.filter((token) => !token.normalized).map((token) => [token.content, token]),
  );
  const after = new Finder(
    tokens
      .filter((token) => token.normalized)
      .map((token) => [normalize(fromSource(token.content)).text, token]),
  );
  return (text) =>
    before
      .cut(fromSource(text))
      .flatMap((section) => (section.token ? [section] : after.cut(normalize(section.text))));
}

/** Leftmost-longest search for many strings at once. */
class Finder {
  private readonly tree: PieceTree | null;
  private readonly tokens: AddedToken[] = [];

  constructor(entries: readonly (readonly [string, AddedToken])[]) {
    const wanted = entries.filter(([content]) => content !== "");
    const nUnits = wanted.reduce((sum, [content]) => sum + content.length, 0);
    this.tree = wanted.length > 0 ? new PieceTree(nUnits) : null;
    for (const [content, token] of wanted) {
      this.tree?.insert(content, this.tokens.length);
      this.tokens.push(token);
    }
  }

  cut(aligned: AlignedText): Section[] {
    const { text } = aligned;
    if (!text) return [];
    if (!this.tree) return [{ text: aligned, token: null }];
    const sections: Section[] = [];
    let open = 0;
    for (let at = 0; at < text.length;) {
      const match = this.matchAt(text, at);
      if (!match) {
        at++;
        continue;
      }
      const { token } = match;
      let start = at;
      let end = (at = match.end);
      if (token.singleWord && !isWordAlone(text, start, end)) continue;
      if (token.lstrip) start = whiteSpaceStart(text, Math.min(open, start), start);
      if (token.rstrip) end = whiteSpaceEnd(text, end);
      if (open < start) sections.push({ text: slice(aligned, open, start), token: null });
      sections.push({ text: slice(aligned, start, end), token });
      open = end;
    }
    if (open < text.length) sections.push({ text: slice(aligned, open, text.length), token: null });
    return sections;
  }

  private matchAt(text: string, start: number): { token: AddedToken; end: number } | null {
    let found: { token: AddedToken; end: number } | null = null;
    let node = 0;
    for (let end = start; end < text.length;) {
      node = this.tree!.step(node, text.charCodeAt(end++));
      if (node < 0) break;
      const index = this.tree!.idAt(node);
      if (index >= 0) found = { token: this.tokens[index]!, end };
    }
    return found;
  }
}

function isWordAlone(text: string, start: number, end: number): boolean {
  return (
    !ENDS_WITH_WORD.test(text.slice(Math.max(0, start - 2), start)) &&
    !STARTS_WITH_WORD.test(text.slice(end, end + 2))
  );
}
