import { noProbe } from "../../core/errors";
import { probeCrossing, type TextPair } from "../../core/probe/crossing";
import {
  drawDistinct,
  probeHead,
  ProbeMeans,
  type ProbeInput,
  type ProbeReport,
} from "../../core/probe/probe";
import { probeCode, probeProse } from "../../core/probe/texts";
import type { HeadAddress } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import type { Token } from "../../core/token";
import type { ModelSource } from "../../core/modelSource";
import { headOf } from "../../store/heads";
import type { Stages } from "./inspect";
import { takesIds } from "./inputRoles";
import type { OpenModel, OpenParts } from "./openModel";
import { runParts } from "./passes";
import { checkpoint } from "./queue";
import { readSequences } from "./sequences";
import { tokensOfIds } from "./text";

/** Long enough for every behaviour, short enough for 144 heads of a large model in a second or two. */
const MOST_TOKENS = 256;
/** Distinct random tokens, said twice: as the embedded models' own probes have it. */
const RANDOM_HALF = 100;
const SEEDS = [1, 2, 3];

/** Runs the model on every input of the probe; its runs are not kept. */
export async function probe(
  { model: source, pairs = [] }: { readonly model: ModelSource; readonly pairs?: readonly TextPair[] },
  { models, progress }: Stages,
  signal: AbortSignal,
): Promise<ProbeReport> {
  const started = performance.now();
  progress({ stage: "load" });
  await checkpoint(signal);
  const model = await models.get(source, "weights");
  const parts = await model.parts("weights");
  if (!takesIds(parts.first.graph.inputs)) throw noProbe(source.name, "it does not read tokens");
  const inputs = probeInputs(model, signal);
  if (inputs.length === 0) throw noProbe(source.name, "its vocabulary is not known");
  const means: HeadMeans = new Map();
  for (const [index, input] of inputs.entries()) {
    progress({ stage: "run", fraction: index / inputs.length });
    await checkpoint(signal);
    await probeOne(model, parts, source, input, pairs.length === 0, means, signal);
  }
  const probedPairs: { kind: "pairs"; nTokens: number }[] = [];
  for (const pair of pairs) {
    await checkpoint(signal);
    const nTokens = await probePair(model, parts, source, pair, means, signal);
    if (nTokens > 0) probedPairs.push({ kind: "pairs", nTokens });
  }
  return {
    version: 2,
    model: model.summary,
    inputs: [...inputs.map(({ kind, tokens }) => ({ kind, nTokens: tokens.length })), ...probedPairs],
    heads: [...means.values()].map(({ address, means: one }) => ({ address, values: one.values() })),
    durationMs: performance.now() - started,
  };
}

async function probeOne(
  model: OpenModel,
  parts: OpenParts,
  source: ModelSource,
  input: ProbeInput,
  crosses: boolean,
  means: HeadMeans,
  signal: AbortSignal,
): Promise<void> {
  const ids = input.tokens.map(({ id }) => id);
  const request = { model: source, ids, targetIds: ids };
  const sequences = readSequences(model, parts, request, signal);
  const { captured } = await runParts(
    model,
    parts,
    request,
    sequences,
    new Set(["weights"] as const),
    undefined,
    false,
  );
  for (const { output, tensor } of captured) {
    // Queries and keys of different texts have no previous token and no bracket; ids without a text no order to keep.
    if (output.block === "cross" && !(crosses && input.kind === "prose")) continue;
    const { tokens, text } = input;
    const copy = { text, targetText: text };
    addHeads(means, output, tensor, ids.length, ids.length, (weights) =>
      output.block === "cross" ? probeCrossing(copy, tokens, tokens, weights) : probeHead(input, weights),
    );
  }
}

/** The cross-attention while the model is given the target; how many tokens that were, 0 where there is none. */
async function probePair(
  model: OpenModel,
  parts: OpenParts,
  from: ModelSource,
  pair: TextPair,
  means: HeadMeans,
  signal: AbortSignal,
): Promise<number> {
  const request = { model: from, ...pair };
  const sequences = readSequences(model, parts, request, signal);
  const { source = [], target = [] } = sequences;
  if (target.length === 0) return 0;
  const { captured } = await runParts(
    model,
    parts,
    request,
    sequences,
    new Set(["weights"] as const),
    undefined,
    false,
  );
  for (const { output, tensor } of captured) {
    if (output.block !== "cross") continue;
    addHeads(means, output, tensor, target.length, source.length, (weights) =>
      probeCrossing(pair, source, target, weights),
    );
  }
  return source.length + target.length;
}

type HeadMeans = Map<string, { readonly address: HeadAddress; readonly means: ProbeMeans }>;

function addHeads(
  means: HeadMeans,
  { block, layer }: Omit<HeadAddress, "head">,
  tensor: Tensor,
  nQueries: number,
  nKeys: number,
  measure: (weights: Tensor) => Readonly<Partial<Record<string, number>>>,
): void {
  const [nHeads = 0] = tensor.dims;
  for (let head = 0; head < nHeads; head++) {
    const address = { block, layer, head };
    const key = JSON.stringify(address);
    const known = means.get(key) ?? { address, means: new ProbeMeans() };
    known.means.add(measure(ownCells(tensor, head, nQueries, nKeys)));
    means.set(key, known);
  }
}

/** A head's weights among the input's tokens, without padding: [rows, columns]. */
function ownCells(tensor: Tensor, head: number, rows: number, columns: number): Tensor {
  const [, nQueries = 0, nKeys = 0] = tensor.dims;
  const dims = [rows, columns];
  const cells = headOf(tensor, head);
  if (nQueries === rows && nKeys === columns) return { dims, data: cells };
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++)
    data.set(cells.subarray(row * nKeys, row * nKeys + columns), row * columns);
  return { dims, data };
}

function probeInputs(model: OpenModel, signal: AbortSignal): ProbeInput[] {
  const { tokenizer, summary } = model;
  const limit = Math.min(summary.context ?? MOST_TOKENS, MOST_TOKENS);
  const encoded = (text: string) => (tokenizer ? tokenizer.encode(text, { signal }) : []);
  const texts = (kind: "code" | "prose", all: readonly string[]): ProbeInput[] =>
    tokenizer ? all.map((text) => ({ kind, text, tokens: encoded(text).slice(0, limit) })) : [];
  const first = encoded("a").findIndex(({ special }) => !special);
  const lead = encoded("a").slice(0, Math.max(0, first));
  return [...randomInputs(model, lead, limit), ...texts("code", probeCode), ...texts("prose", probeProse)];
}

/** A sequence of distinct ids in random order, said twice, behind what the model's texts begin with. */
function randomInputs(
  { summary, tokenizer }: OpenModel,
  lead: readonly Token[],
  limit: number,
): ProbeInput[] {
  if (summary.vocab === undefined) return [];
  const ids = Array.from({ length: summary.vocab }, (_, id) => id).filter(
    (id) => !tokenizer?.specialIds.has(id),
  );
  const half = Math.min(RANDOM_HALF, Math.floor((limit - lead.length) / 2), ids.length);
  if (half < 2) return [];
  return SEEDS.map((seed) => {
    const drawn = drawDistinct(ids, half, seed);
    return { kind: "random", text: "", tokens: [...lead, ...tokensOfIds([...drawn, ...drawn], tokenizer)] };
  });
}
