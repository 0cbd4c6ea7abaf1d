import type { HeadChoice, LayerOfRun, RunSummary } from "../../src/core/run";
import { compareChoices, similarHeads } from "../../src/store/comparison";
import { statistics } from "../../src/store/slices";
import { storedRun, type StoredRun } from "../../src/store/storedRun";
import type { BenchRow } from "./tokenizer.bench";

const [N_LAYERS, N_HEADS, N_TOKENS] = [12, 12, 512];
const REPETITIONS = 7;

/** What the side panel asks of a run of GPT-2's shape, as the worker computes it: processor time, medians. */
export async function run(): Promise<BenchRow[]> {
  const head = (layer: number, which: HeadChoice["head"]): HeadChoice => ({
    block: "decoder",
    layer,
    head: which,
  });
  const all: HeadChoice = { block: "decoder", layer: "all", head: "mean" };
  const fresh = () => causalRun("a");
  const [one, other] = [fresh(), causalRun("b")];
  const size = `${N_LAYERS * N_HEADS} heads x ${N_TOKENS} tokens`;
  const row = (
    name: string,
    aim: number | undefined,
    before: () => StoredRun,
    work: (run: StoredRun) => unknown,
  ) => ({
    name: `${size}: ${name}`,
    value: median(
      Array.from({ length: REPETITIONS }, () => {
        const of = before();
        const started = process.cpuUsage();
        work(of);
        const { user, system } = process.cpuUsage(started);
        return (user + system) / 1000;
      }),
    ),
    unit: "ms of processor time",
    ...(aim !== undefined && { aim }),
  });
  const same = () => one;
  const uncached = () => withoutCaches(one);
  return [
    row("all statistics", 300, uncached, (run) => statistics(run, { block: "decoder" })),
    row("heads like one, first asked", 300, uncached, (run) =>
      similarHeads(run, { block: "decoder", layer: 3, head: 1 }),
    ),
    row("heads like another, later", undefined, same, (run) =>
      similarHeads(run, { block: "decoder", layer: 5, head: 2 }),
    ),
    row("two heads compared", 100, same, (run) =>
      compareChoices({ run, choice: head(3, 1) }, { run, choice: head(5, 2) }, 192),
    ),
    row("means of all heads of two texts compared", 300, uncached, (run) =>
      compareChoices({ run, choice: all }, { run: withoutCaches(other), choice: all }, 192),
    ),
  ];
}

/** A run whose weights a causal mask shapes: softmax over pseudo-random scores, the same for each seed. */
function causalRun(name: string): StoredRun {
  let state = name.charCodeAt(0);
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const layers = Array.from({ length: N_LAYERS }, (_, layer): LayerOfRun => ({
    layer,
    nHeads: N_HEADS,
    nKeyHeads: N_HEADS,
    nQueries: N_TOKENS,
    nKeys: N_TOKENS,
    mask: { kind: "causal" },
    has: ["weights"],
  }));
  const dims = [N_HEADS, N_TOKENS, N_TOKENS];
  const words = ["the", " cat", " sat", ",", " on", " a", "\n", " mat"];
  let start = 0;
  const tokens = Array.from({ length: N_TOKENS }, () => {
    const id = Math.floor(random() * words.length);
    const text = words[id]!;
    start += text.length;
    return { id, text, piece: text, start: start - text.length, end: start, special: false };
  });
  const summary = {
    runId: name,
    model: { id: "bench" },
    text: tokens.map(({ text }) => text).join(""),
    tokens,
    blocks: [{ kind: "decoder", queries: "source", keys: "source", layers }],
  } as unknown as RunSummary;
  return storedRun(
    summary,
    layers.map((info) => {
      const data = new Float32Array(N_HEADS * N_TOKENS * N_TOKENS);
      for (let row = 0; row < N_HEADS * N_TOKENS; row++) {
        const nVisible = (row % N_TOKENS) + 1;
        const cells = data.subarray(row * N_TOKENS, row * N_TOKENS + nVisible);
        let sum = 0;
        for (let key = 0; key < nVisible; key++) sum += cells[key] = Math.exp(6 * random());
        for (let key = 0; key < nVisible; key++) cells[key]! /= sum;
      }
      return { block: "decoder" as const, info, tensors: new Map([["weights" as const, { dims, data }]]) };
    }),
  );
}

/** The same tensors in a run that has computed nothing yet. */
function withoutCaches({ summary, layers }: StoredRun): StoredRun {
  return storedRun(
    summary,
    layers.map((layer) => ({ ...layer })),
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
