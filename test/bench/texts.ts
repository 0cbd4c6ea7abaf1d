import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { root, throwawayFolder } from "../../scripts/folders.mjs";
import type { Token } from "../../src/core/token";

/** A text of an exact number of tokens, its file, and its ids. */
export interface BenchText {
  readonly file: string;
  readonly ids: readonly number[];
}

/** The first embedded model: the one a person gets who chooses none. */
export function modelToMeasure(): string {
  const [first] = JSON.parse(headlight("models", "--json")) as { id: string }[];
  if (!first) throw new Error("There is no embedded model to measure with.");
  return first.id;
}

/** A folder with `count` texts of each size, `<tokens>-0.txt`, `<tokens>-1.txt` …: parts of a source file, no two the same. */
export function textFiles(
  model: string,
  sizes: readonly number[],
  count = 1,
): { folder: string; texts: (readonly [BenchText, ...BenchText[]])[] } {
  const folder = throwawayFolder("bench");
  const write = (nTokens: number, which: number): BenchText => {
    const { text, ids } = textOf(model, nTokens, which);
    const file = `${nTokens}-${which}.txt`;
    fs.writeFileSync(path.join(folder, file), text);
    return { file, ids };
  };
  const others = Array.from({ length: count - 1 }, (_, at) => at + 1);
  const ofSize = (nTokens: number): [BenchText, ...BenchText[]] => [
    write(nTokens, 0),
    ...others.map((which) => write(nTokens, which)),
  ];
  return { folder, texts: sizes.map(ofSize) };
}

/** The built command line's standard output. */
export function headlight(...args: string[]): string {
  const cli = path.join(root, "dist", "node", "cli.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`headlight ${args[0]} failed: ${stderr}`);
  return stdout;
}

/** A source file from a line on, cut after as many tokens. */
function textOf(model: string, nTokens: number, which: number): { text: string; ids: number[] } {
  const source = "src/host/inspect.ts";
  const lines = fs.readFileSync(path.join(root, source), "utf8").split("\n");
  const whole = lines
    .slice(which * 7)
    .join("\n")
    .slice(0, nTokens * 12);
  const tokens = JSON.parse(headlight("tokens", "--model", model, "--text", whole, "--json")) as Token[];
  const last = tokens[nTokens - 1];
  if (!last) throw new Error(`${source} is shorter than ${nTokens} tokens.`);
  return { text: whole.slice(0, last.end), ids: tokens.slice(0, nTokens).map(({ id }) => id) };
}
