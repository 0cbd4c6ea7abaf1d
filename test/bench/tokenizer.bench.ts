import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { Tokenizer as Library } from "@huggingface/tokenizers";
import { openTokenizer } from "../../src/tokenizer/tokenizer";

/** One figure of a benchmark: what was measured, the number as seen, and what it should stay under. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly aim?: number;
  /** In place of the figure: why there is none, and how to get it. */
  readonly note?: string;
}

const N_PAIRS = 7;
const N_UNITS = 100_000;

/** Encoding 100 KB with spans over the plain encode of @huggingface/tokenizers (no spans): medians of pairs in one run. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const name of ["gpt2", "bert-uncased-minilm-l6", "llama2", "t5-small", "qwen2.5-built"]) {
    const folder = join(import.meta.dirname, "../../../shared/fixtures/tokenizers", name);
    if (!existsSync(folder)) {
      console.warn(`SKIPPED: the benchmark of ${name} needs ../shared/fixtures`);
      continue;
    }
    const tokenizerJson = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8"));
    const reference = JSON.parse(readFileSync(join(folder, "reference.json"), "utf8"));
    rows.push(...(await measure(name, tokenizerJson, textsOf(reference.rows))));
  }
  return rows;
}

async function measure(
  name: string,
  tokenizerJson: object,
  sentences: readonly string[],
): Promise<BenchRow[]> {
  const openings = await medianPair(
    () => openTokenizer({ tokenizerJson }),
    () => new Library(tokenizerJson as never, {}),
    3,
  );
  const ours = openTokenizer({ tokenizerJson });
  const library = new Library(tokenizerJson as never, {});
  // Each pair has a text of its own, so that neither side meets only words that it remembers.
  const encodings = await medianPair(
    (i) => ours.encode(rotated(sentences, i)),
    (i) => library.encode(rotated(sentences, i)),
    N_PAIRS,
  );
  return [
    { name: `tokenizer ${name}: 100 KB with spans`, value: encodings.ours, unit: "ms" },
    {
      name: `tokenizer ${name}: with spans over the library's plain encode`,
      value: encodings.ratio,
      unit: "x",
      aim: 1.2,
    },
    { name: `tokenizer ${name}: opening over the library's`, value: openings.ratio, unit: "x" },
  ];
}

function textsOf(rows: readonly { text: string }[]): string[] {
  return rows.map((row) => row.text);
}

/** 100,000 units that begin with another sentence each time. */
function rotated(sentences: readonly string[], shift: number): string {
  const parts: string[] = [];
  for (let i = shift * 17, length = 0; length < N_UNITS; i++) {
    const sentence = `${sentences[i % sentences.length]!} ${i}`;
    parts.push(sentence);
    length += sentence.length + 1;
  }
  return parts.join("\n").slice(0, N_UNITS);
}

async function medianPair(ours: (i: number) => unknown, theirs: (i: number) => unknown, nPairs: number) {
  const ourTimes: number[] = [];
  const ratios: number[] = [];
  for (let i = 0; i < nPairs; i++) {
    const ourMs = timed(() => ours(i));
    const theirMs = timed(() => theirs(i));
    ourTimes.push(ourMs);
    ratios.push(ourMs / theirMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { ours: median(ourTimes), ratio: median(ratios) };
}

function timed(task: () => unknown): number {
  const start = performance.now();
  task();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
