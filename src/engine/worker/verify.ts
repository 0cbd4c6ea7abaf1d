import { noAttention } from "../../core/errors";
import { roundedTo8Bits } from "../../core/quantise";
import { recomputeRow, type ScoreFormula } from "../../core/recompute";
import type { LayerTensor } from "../../core/run";
import type { Tensor } from "../../core/tensor";
import { TOLERANCES, type Verification, type VerifiedLayer } from "../../core/verification";
import { withTerms } from "../../onnx/capturedFormula";
import { ADDITIVE_PARTS, type CapturedTerm, type LayerReport } from "../../onnx/instrumented";
import type { InspectRequest } from "../../protocol/engineContract";
import { unfold } from "./capture";
import type { Stages } from "./inspect";
import { runParts, type RunFormula } from "./passes";
import { checkpoint } from "./queue";
import { readSequences } from "./sequences";

/** Products of one layer that are computed again: all rows of a short text, rows spread evenly over a long one. */
const MOST_PRODUCTS = 20e6;

/** Runs the model once with everything that explains its weights, and computes these again from q and k. */
export async function verify(
  request: InspectRequest,
  { models, progress }: Stages,
  signal: AbortSignal,
): Promise<Verification> {
  const started = performance.now();
  progress({ stage: "load" });
  await checkpoint(signal);
  const model = await models.get(request.model, "formulas");
  const parts = await model.parts("formulas");
  const sequences = readSequences(model, parts, request, signal);
  progress({ stage: "run" });
  await checkpoint(signal);
  const wanted = new Set(["weights", "q", "k", "v", "output", ...ADDITIVE_PARTS] as const);
  const { captured, formulas } = await runParts(model, parts, request, sequences, wanted);
  const reported = model.report.blocks.flatMap(({ kind, layers }) =>
    layers.map((report) => ({ block: kind, report })),
  );
  if (reported.length === 0) {
    throw noAttention(
      model.summary.name,
      model.report.notFound.map(({ where, reason }) => `${where}: ${reason}`),
    );
  }
  const layers: VerifiedLayer[] = [];
  for (const [index, { block, report }] of reported.entries()) {
    progress({ stage: "verify", fraction: index / reported.length });
    await checkpoint(signal);
    const isSame = (one: { block: string; layer: number }) =>
      one.block === block && one.layer === report.layer;
    const tensors = new Map(
      captured.filter(({ output }) => isSame(output)).map(({ output, tensor }) => [output.what, tensor]),
    );
    const formula = formulas.find(isSame);
    const place = { block, layer: report.layer, pattern: report.pattern };
    layers.push({ ...place, ...verifyLayer(tensors, formula, report) });
  }
  return {
    model: model.summary,
    nTokens: sequences.source?.length ?? layers[0]?.ofRows ?? 0,
    precision: model.report.precision,
    layers,
    notTaken: model.report.notFound,
    durationMs: performance.now() - started,
  };
}

type Tensors = ReadonlyMap<LayerTensor, Tensor>;
type Checked = Omit<VerifiedLayer, "block" | "layer" | "pattern">;

function verifyLayer(tensors: Tensors, formula: RunFormula | undefined, report: LayerReport): Checked {
  const weights = tensors.get("weights");
  const [nHeads = 0, nQueries = 0, nKeys = 0] = weights?.dims ?? [];
  const ofRows = nHeads * nQueries;
  const fail = (why: string) => unchecked(why, nHeads, ofRows);
  if (!weights) return fail(report.note ?? "its weights were not handed over");
  const q = tensors.get("q") ?? ofOneHead(tensors.get("additiveQuery"));
  const k = tensors.get("k") ?? ofOneHead(tensors.get("additiveKey"));
  const vector = report.additive && tensors.get("additiveVector")?.data;
  if (formula?.missing !== undefined) return fail(formula.missing);
  if (!formula || !q || !k) return fail(`${q ? "k" : "q"} was not handed over`);
  if (q.dims[1] !== nQueries || (k.dims[1] ?? 0) < nKeys || q.dims[2] !== k.dims[2]) {
    return fail(
      `q [${q.dims.join(", ")}] and k [${k.dims.join(", ")}] do not fit ${nQueries} x ${nKeys} weights`,
    );
  }
  if (vector && vector.length !== q.dims[2])
    return fail(`its vector has ${vector.length} numbers, q and k ${q.dims[2]}`);
  const steps = formula.steps.map((step) =>
    withTerms(step, (term: CapturedTerm) => termTensor(term, formula, nHeads)),
  );
  const [left, right] = [
    formula.rounds.includes("q") ? roundedTo8Bits(q) : q,
    formula.rounds.includes("k") ? roundedTo8Bits(k) : k,
  ];
  const scores: ScoreFormula = { q: left, k: right, vector, nHeads, nQueries, nKeys, steps };
  const found = compareRows(scores, weights, sampled(ofRows, nKeys * (q.dims[2] ?? 1)), outputOf(tensors));
  return { nHeads, ofRows, tolerance: TOLERANCES[formula.computedIn], ...found };
}

/** [positions, d] as [1, positions, d]. */
function ofOneHead(terms: Tensor | undefined): Tensor | undefined {
  return terms && { dims: [1, ...terms.dims], data: terms.data };
}

function unchecked(missing: string, nHeads: number, ofRows: number): Checked {
  return { nHeads, nRows: 0, ofRows, tolerance: 0, missing };
}

/** Numbers of rows, evenly spread, the first and the last among them; a step that no number of queries shares. */
function sampled(nRows: number, productsEach: number): number[] {
  const most = Math.max(1, Math.floor(MOST_PRODUCTS / Math.max(1, productsEach)));
  if (nRows <= most) return Array.from({ length: nRows }, (_, row) => row);
  const step = (nRows - 1) / (most - 1 || 1);
  return Array.from({ length: most }, (_, index) => Math.round(index * step));
}

interface Outputs {
  readonly v: Tensor;
  readonly output: Tensor;
}

function outputOf(tensors: Tensors): Outputs | undefined {
  const [v, output] = [tensors.get("v"), tensors.get("output")];
  return v && output && v.dims[2] === output.dims[2] ? { v, output } : undefined;
}

function compareRows(
  formula: ScoreFormula,
  weights: Tensor,
  rows: readonly number[],
  outputs: Outputs | undefined,
): Pick<VerifiedLayer, "nRows" | "difference" | "worst" | "outputDifference" | "missing"> {
  const { nQueries, nKeys } = formula;
  let nRows = 0;
  let difference = 0;
  let worst = { head: 0, query: 0, key: 0 };
  let outputDifference = 0;
  for (const index of rows) {
    const [head, query] = [Math.floor(index / nQueries), index % nQueries];
    if (outputs) outputDifference = larger(outputDifference, outputError(weights, outputs, head, query));
    const row = recomputeRow(formula, head, query);
    if (!row) continue;
    nRows++;
    row.forEach((weight, key) => {
      const off = Math.abs(weight - weights.data[index * nKeys + key]!);
      if (!(off <= difference)) [difference, worst] = [larger(difference, off), { head, query, key }];
    });
  }
  if (nRows === 0 && rows.length > 0) return { nRows, missing: "no query of this text sees a key" };
  const scale = outputs ? largest(outputs.output.data) : 0;
  return {
    nRows,
    difference,
    worst,
    ...(outputs && { outputDifference: scale > 0 ? outputDifference / scale : outputDifference }),
  };
}

/** Numbers that are none count as infinitely far. */
function larger(a: number, b: number): number {
  return Number.isNaN(b) ? Infinity : Math.max(a, b);
}

function largest(data: Float32Array): number {
  let most = 0;
  for (const number of data) most = Math.max(most, Math.abs(number));
  return most;
}

function outputError(weights: Tensor, { v, output }: Outputs, head: number, query: number): number {
  const [nHeads = 1, nQueries = 1, nKeys = 1] = weights.dims;
  const [nValueHeads = 1, nValues = 1, dValue = 1] = v.dims;
  const [nOutputHeads = 1, nRows = 1] = output.dims;
  const valuesFrom = Math.floor((head * nValueHeads) / nHeads) * nValues * dValue;
  const outputFrom = (Math.floor((head * nOutputHeads) / nHeads) * nRows + query) * dValue;
  const weightsFrom = (head * nQueries + query) * nKeys;
  let worst = 0;
  for (let d = 0; d < dValue; d++) {
    let sum = 0;
    for (let key = 0; key < nKeys; key++) {
      const weight = weights.data[weightsFrom + key]!;
      if (weight !== 0) sum += weight * v.data[valuesFrom + key * dValue + d]!;
    }
    worst = larger(worst, Math.abs(sum - output.data[outputFrom + d]!));
  }
  return worst;
}

/** A term as [heads, queries, keys]; leading axes that it lacks are of length 1. */
function termTensor({ name, axes }: CapturedTerm, formula: RunFormula, nHeads: number): Tensor {
  const { dims, data, type } = formula.resultOf(name);
  const numbers = data instanceof Float32Array ? data : Float32Array.from(data as never, Number);
  const lacking = dims.slice(axes.length).map((_, index) => `outer ${index}`);
  const own = [...lacking, ...axes.slice(Math.max(0, axes.length - dims.length))];
  const found = unfold(
    { name, axes: own, what: "scores", block: formula.block, layer: formula.layer },
    { dims, data: numbers, type: type === "float16" ? type : "float32" },
    formula.nBatch,
  );
  const isOfWindows = (dims[own.indexOf("w")] ?? 1) > 1 || (dims[own.indexOf("b")] ?? 1) > formula.nBatch;
  return isOfWindows || own.includes("g") ? found : inAllWindows(found, nHeads);
}

/** Windows of an image are the outer part of the heads: what is said of each head holds in all of them. */
function inAllWindows(term: Tensor, nHeads: number): Tensor {
  const [heads = 1, ...rest] = term.dims;
  if (heads === 1 || heads >= nHeads || nHeads % heads !== 0) return term;
  const data = new Float32Array((term.data.length / heads) * nHeads);
  for (let at = 0; at < data.length; at += term.data.length) data.set(term.data, at);
  return { dims: [nHeads, ...rest], data };
}
