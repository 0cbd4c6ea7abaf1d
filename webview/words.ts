let known: Readonly<Record<string, string>> | undefined;

/**
 * A sentence of the page in the editor's language: `{0}` stands for the first argument. The host puts the words
 * into the page as data; without them, and for what they lack, it is the English.
 */
export function t(message: string, ...args: (string | number)[]): string {
  known ??= readWords();
  return (known[message] ?? message).replace(/\{(\d+)\}/g, (place, index: string) =>
    String(args[Number(index)] ?? place),
  );
}

function readWords(): Readonly<Record<string, string>> {
  const text = globalThis.document?.getElementById("headlight-words")?.textContent;
  return text ? (JSON.parse(text) as Record<string, string>) : {};
}
