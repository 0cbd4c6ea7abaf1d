import type { CharOffset } from "../core/token";

/** What the extension needs of a document: offsets are UTF-16 code units, an end is exclusive, a line's end leaves out its line break. */
export interface DocumentText {
  readonly uri: string;
  readonly version: number;
  readonly lineCount: number;
  /** Length of the whole text; costs no copy of it. */
  readonly nChars: number;
  slice(start: CharOffset, end: CharOffset): string;
  lineAt(offset: CharOffset): number;
  lineStart(line: number): CharOffset;
  lineEnd(line: number): CharOffset;
  isBlank(line: number): boolean;
}
