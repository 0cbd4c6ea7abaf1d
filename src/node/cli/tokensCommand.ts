import { badLine } from "../../core/errors";
import type { Token } from "../../core/token";
import { openTokenizerOf, needsTokenizer } from "../../engine/worker/text";
import type { Tokenizer } from "../../tokenizer/tokenizer";
import { nodeBounded } from "../bounded";
import { nodeFiles } from "../files";
import { findTokenizer } from "./findModel";
import type { Home } from "./home";
import { oneOf, parseOptions } from "./options";
import { readText } from "./readText";
import { UsageError } from "./usage";

/** `headlight tokens`: ids with spans, as JSON; with --jsonl one list for each line of the file. */
export async function tokensCommand(args: string[], { modelsFolder }: Home): Promise<void> {
  const { values } = parseOptions(args, {
    model: { type: "string" },
    text: { type: "string" },
    file: { type: "string" },
    jsonl: { type: "string" },
    json: { type: "boolean" },
  });
  if (values.model === undefined) throw new UsageError("--model is needed.");
  oneOf(values, ["text", "file", "jsonl"]);
  const { source } = await findTokenizer(values.model, modelsFolder);
  const tokenizer = needsTokenizer(await openTokenizerOf(source, nodeFiles, nodeBounded), source.name);
  if (values.jsonl !== undefined) {
    const texts = parseLines(values.jsonl, await readText(values.jsonl));
    const lists = texts.map((text) => JSON.stringify(tokensOf(tokenizer, text)));
    process.stdout.write(lists.map((list) => `${list}\n`).join(""));
    return;
  }
  const tokens = tokensOf(tokenizer, values.text ?? (await readText(values.file!)));
  process.stdout.write(values.json ? `${JSON.stringify(tokens)}\n` : tokens.map(inWords).join(""));
}

function tokensOf(tokenizer: Tokenizer, text: string) {
  return tokenizer
    .encode(text)
    .map(({ id, text, start, end, special }: Token) => ({ id, text, start, end, special }));
}

function inWords({ id, text, start, end }: ReturnType<typeof tokensOf>[number]): string {
  return `${id}\t${start < 0 ? "-" : `${start}..${end}`}\t${JSON.stringify(text)}\n`;
}

/** Each line is one JSON string; empty lines at the end are none. */
function parseLines(file: string, content: string): string[] {
  const lines = content.split("\n");
  while (lines.length > 0 && lines.at(-1)!.trim() === "") lines.pop();
  return lines.map((line, index) => {
    const value = parseLine(line);
    if (typeof value !== "string") throw badLine(file, index + 1);
    return value;
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
