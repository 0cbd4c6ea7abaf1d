import type { DocumentText } from "../../../src/host/documentText";

/** A document whose text is all there; `read` counts the characters that were copied out of it. */
export function plainDocument(
  text: string,
  { uri = "file:///a.txt", version = 1 } = {},
): DocumentText & { read: number } {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n/g)) starts.push(match.index + match[0].length);
  const lineEnd = (line: number) => {
    const next = starts[line + 1];
    return next === undefined ? text.length : next - (text.slice(0, next).endsWith("\r\n") ? 2 : 1);
  };
  return {
    uri,
    version,
    lineCount: starts.length,
    nChars: text.length,
    read: 0,
    slice(start, end) {
      this.read += end - start;
      return text.slice(start, end);
    },
    lineAt: (offset) => starts.findLastIndex((start) => start <= offset),
    lineStart: (line) => starts[line]!,
    lineEnd,
    isBlank: (line) => text.slice(starts[line], lineEnd(line)).trim() === "",
  };
}
