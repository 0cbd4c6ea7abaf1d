import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeError, LEAST_WEIGHT, weightOfCode } from "../../../src/core/weightCodes";
import { instrument } from "../../../src/onnx/instrument";
import type { InstrumentedModel } from "../../../src/onnx/instrumented";
import { POOLED } from "../../../src/onnx/selective";
import { writeGeneratedModel } from "../../support/generatedModel";
import { fixtures, hasFixtures } from "../node/built";
import { openSession } from "./runtime";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "headlight-selective-"));
  await writeGeneratedModel(folder, { nLayers: 2, nHeads: 4, dHead: 8, context: 4096, vocab: 100 });
});
afterAll(() => rm(folder, { recursive: true }));

async function instrumented(file: string, selective: boolean): Promise<InstrumentedModel> {
  const bytes = new Uint8Array(await readFile(file));
  const source = {
    byteLength: bytes.length,
    read: async (at: number, n: number) => bytes.subarray(at, at + n),
  };
  const capture = ["weights", "scores", "q", "k", "v", "output"] as const;
  return instrument(source, { capture, backend: "wasm", selective });
}

const list = (values: readonly number[]) =>
  new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [values.length]);

function idFeeds({ inputs }: InstrumentedModel, nTokens: number): Record<string, ort.Tensor> {
  const row = (of: (i: number) => number) =>
    new ort.Tensor(
      "int64",
      BigInt64Array.from({ length: nTokens }, (_, i) => BigInt(of(i))),
      [1, nTokens],
    );
  return Object.fromEntries(
    inputs.map(({ name }) => [
      name,
      row((i) => (/mask/.test(name) ? 1 : /type/.test(name) ? 0 : /position/.test(name) ? i : (i * 37) % 90)),
    ]),
  );
}

type Range = readonly [first: number, end: number];

/** Runs with these heads of every layer, as codes and exactly. */
async function runSelective(model: InstrumentedModel, nTokens: number, codes: Range, exact: Range) {
  const session = await openSession(model.bytes);
  const feeds = idFeeds(model, nTokens);
  for (const name of model.selections) feeds[name] = list([0, 0]);
  for (const { form, selectedBy } of model.captured) {
    if (selectedBy) feeds[selectedBy] = list(form === "exact" ? exact : codes);
  }
  const results = await session.run(feeds);
  await session.release();
  return results;
}

async function runWhole(model: InstrumentedModel, nTokens: number) {
  const session = await openSession(model.bytes);
  const results = await session.run(idFeeds(model, nTokens));
  await session.release();
  return results;
}

const models = [
  "bert-eager-ts-opset14",
  "bert-eager-dynamo-opset18",
  "distilbert-sdpa-dynamo-opset18",
  "gpt2-eager-ts-opset14",
  "gpt2-eager-dynamo-opset18",
  "llama-stories260K-eager-ts-opset17",
  "llama-stories260K-sdpa-dynamo-opset18",
  "qwen2-eager-ts-opset17",
  "qwen2-sdpa-dynamo-opset18",
];
const files = (): [string, string][] => [
  ["a generated model", path.join(folder, "model.onnx")],
  ...(hasFixtures
    ? models.map((name): [string, string] => [name, path.join(fixtures, "models", name, "onnx/model.onnx")])
    : []),
];

describe("a graph that hands over only what is asked for", () => {
  const N = 20;
  const ALL: Range = [0, 2 ** 31];

  it("gives every weight as a byte within the stated error of its float32, with the same outputs of the model", async () => {
    for (const [name, file] of files()) {
      const whole = await instrumented(file, false);
      const selective = await instrumented(file, true);
      expect(selective.selections.length, name).toBeGreaterThan(0);
      const before = await runWhole(whole, N);
      const after = await runSelective(selective, N, ALL, [0, 0]);
      for (const { name: output } of whole.outputs) {
        expect(largestDifference(before[output]!, after[output]!), `${name} ${output}`).toBeLessThan(1e-5);
      }
      for (const layer of whole.captured.filter(({ what }) => what === "weights")) {
        const exact = before[layer.name]!.data as Float32Array;
        const found = selective.captured.find(
          (one) => one.form === "codes" && one.layer === layer.layer && one.block === layer.block,
        )!;
        const codes = after[found.name]!.data as Uint8Array;
        expect(codes, name).toHaveLength(exact.length);
        let worst = -Infinity;
        codes.forEach((code, i) => {
          const counts = exact[i] === 0 || exact[i]! > LEAST_WEIGHT;
          if (counts) expect(code === 0, `${name}: code ${code} for ${exact[i]}`).toBe(exact[i] === 0);
          worst = Math.max(worst, Math.abs(weightOfCode[code]! - exact[i]!) - codeError(exact[i]!));
        });
        // The two graphs agree to float32 rounding only, so a weight at an edge may fall into the next code.
        expect(worst, name).toBeLessThan(1e-5 + 1 / 254 ** 2);
      }
    }
  });

  it("gives single heads exactly, key heads by their own number, and nothing of the others", async () => {
    for (const [name, file] of files()) {
      const whole = await instrumented(file, false);
      const selective = await instrumented(file, true);
      const before = await runWhole(whole, N);
      const after = await runSelective(selective, N, [0, 0], [1, 2]);
      for (const layer of whole.captured) {
        const found = selective.captured.find(
          (one) =>
            one.form === "exact" &&
            one.what === layer.what &&
            one.layer === layer.layer &&
            one.block === layer.block,
        )!;
        const [all, picked] = [before[layer.name]!, after[found.name]!];
        const axis = found.axes.findIndex((axis) => axis === "h" || axis === "bh");
        expect(picked.dims[axis], `${name} ${layer.what}`).toBe(1);
        const head = nthOf(all, layer.axes, 1);
        expect(difference(head, picked.data as Float32Array), `${name} ${layer.what}`).toBeLessThan(1e-5);
      }
    }
  });

  it("sums rows to one before they are coded, and pools every head so that no strong weight is lost", async () => {
    const selective = await instrumented(path.join(folder, "model.onnx"), true);
    const results = await runSelective(selective, N, ALL, [0, 0]);
    for (const layer of [0, 1]) {
      const of = (form: string) => {
        const found = selective.captured.find((one) => one.form === form && one.layer === layer)!;
        return results[found.name]!;
      };
      for (const sum of of("sums").data as Float32Array) expect(sum).toBeCloseTo(1, 4);
      expect(of("absoluteSums").data).toEqual(of("sums").data);
      const cells = Math.ceil(N / POOLED);
      expect(of("pooled").dims).toEqual([1, 4, cells, cells]);
      expect(of("pooledMean").dims).toEqual([1, 1, cells, cells]);
      const codes = of("codes").data as Uint8Array;
      const pooled = of("pooled").data as Uint8Array;
      for (let at = 0; at < pooled.length; at++) {
        const [head, row, column] = [Math.floor(at / cells ** 2), Math.floor(at / cells) % cells, at % cells];
        let largest = 0;
        for (let query = row * POOLED; query < Math.min(N, (row + 1) * POOLED); query++) {
          for (let key = column * POOLED; key < Math.min(N, (column + 1) * POOLED); key++) {
            largest = Math.max(largest, codes[(head * N + query) * N + key]!);
          }
        }
        expect(pooled[at]).toBe(largest);
      }
    }
  });
});

/** Head number `index` of a tensor whose heads may lie anywhere among its axes. */
function nthOf(tensor: ort.Tensor, axes: readonly string[], index: number): Float32Array {
  const data = tensor.data as Float32Array;
  const first = axes.findIndex((axis) => ["h", "bh"].includes(axis));
  const heads = axes.includes("g") ? tensor.dims[first]! * tensor.dims[first + 1]! : tensor.dims[first]!;
  const last = axes.includes("g") ? first + 1 : first;
  const inner = tensor.dims.slice(last + 1).reduce((a, b) => a * b, 1);
  const outer = tensor.dims.slice(0, first).reduce((a, b) => a * b, 1);
  const picked = new Float32Array(outer * inner);
  for (let at = 0; at < outer; at++) {
    const from = (at * heads + index) * inner;
    picked.set(data.subarray(from, from + inner), at * inner);
  }
  return picked;
}

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let worst = a.length === b.length ? 0 : Infinity;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return worst;
}

function largestDifference(a: ort.Tensor, b: ort.Tensor): number {
  return difference(a.data as Float32Array, b.data as Float32Array);
}
