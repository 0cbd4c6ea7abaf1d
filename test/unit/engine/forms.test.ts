import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunSummary } from "../../../src/core/run";
import { codeError } from "../../../src/core/weightCodes";
import { windowAt } from "../../../src/core/windows";
import type { Engine } from "../../../src/engine/engine";
import { createEngine } from "../../../src/engine/handle";
import { inlineStarter } from "../../../src/engine/inline";
import { createService } from "../../../src/engine/worker/service";
import { embeddedModels } from "../../../src/model/embedded";
import { folderModel } from "../../../src/model/folder";
import { nodeFiles } from "../../../src/node/files";
import { nodePlatform } from "../../../src/node/platform";
import type { ModelSource } from "../../../src/protocol/engineContract";
import { writeGeneratedModel } from "../../support/generatedModel";
import { runtimeFolder } from "../node/built";

const N = 96;
const sizes = { nLayers: 3, nHeads: 4, dHead: 8, context: 1024, vocab: 100 };
const ids = Array.from({ length: N }, (_, i) => (i * 37 + (i % 7) * 11) % 100);
/** All weights of the run as float32, and as bytes. */
const whole = 3 * 4 * N * N * 4;
const asBytes = whole / 4;

let folder: string;
let model: ModelSource;
let engine: Engine;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "headlight-forms-"));
  await writeGeneratedModel(folder, sizes);
  model = (await folderModel(nodeFiles, folder)).source;
  engine = createEngine(
    inlineStarter((emit) => createService(nodePlatform(runtimeFolder), emit)),
    { threads: 1, byteBudget: 1e9 },
  );
});
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true });
});

/** The same ids inspected with a budget for weights. */
async function inspected(byteBudget: number, what = ids): Promise<RunSummary> {
  await engine.configure({ threads: 1, byteBudget });
  return engine.inspect({ model, ids: what });
}

const choice = (layer: number, head: number) => ({ block: "decoder", layer, head }) as const;

describe("the form in which a run is kept", () => {
  it("is float32 while that takes at most half of the budget, then bytes, then single layers on demand", async () => {
    expect((await inspected(2 * whole)).kept).toBeUndefined();
    expect((await inspected(2 * whole - 1)).kept?.form).toBe("bytes");
    expect((await inspected(asBytes)).kept?.form).toBe("bytes");
    expect((await inspected(asBytes - 1)).kept?.form).toBe("on-demand");
  });

  it.each([
    ["bytes", asBytes],
    ["on-demand", asBytes / 2],
  ])("says in a notice that it is %s, with the error as stated and as measured", async (form, budget) => {
    const { kept, notices } = await inspected(budget);
    expect(kept?.largestError).toBe(codeError(1));
    expect(kept!.measuredError).toBeGreaterThan(0);
    expect(kept!.measuredError).toBeLessThanOrEqual(kept!.largestError);
    expect(
      notices.find(({ code }) => code === `weights-${form === "bytes" ? "as-bytes" : form}`)?.message,
    ).toMatch(/± 0.004 at most, ± 0.0004 for a weight of 0.01; measured on one head: 0.00\d/);
  });

  it.each([
    ["bytes", asBytes],
    ["on-demand", asBytes / 2],
  ])(
    "%s: matrices, rows, columns, means and statistics are those of float32 within the error",
    async (_, budget) => {
      const exact = await inspected(1e9);
      const read = async (runId: string) => {
        const matrices = [];
        const vectors = [];
        for (const layer of [2, 0, 1]) {
          for (const head of [0, 3, "mean", "max"] as const) {
            const one = { ...choice(layer, 0), head };
            matrices.push((await engine.matrix({ runId, choice: one, measure: "weights" })).data);
            for (const axis of ["query", "key"] as const) {
              const query = { runId, choices: [one], measure: "weights", axis, index: 40 } as const;
              vectors.push(...(await engine.vectors({ ...query, choices: [...query.choices] })));
            }
          }
        }
        const statistics = await engine.statistics({ runId, block: "decoder" });
        return { matrices, vectors, statistics };
      };
      const expected = await read(exact.runId);
      const run = await inspected(budget);
      const found = await read(run.runId);
      expect(run.blocks[0]!.layers.map(({ mask, nHeads }) => [mask.kind, nHeads])).toEqual(
        exact.blocks[0]!.layers.map(({ mask, nHeads }) => [mask.kind, nHeads]),
      );
      for (const kind of ["matrices", "vectors"] as const) {
        found[kind].forEach((data, i) => {
          expect(data).toHaveLength(expected[kind][i]!.length);
          data.forEach((weight, at) => {
            const least = expected[kind][i]![at]!;
            expect(Math.abs(weight - least)).toBeLessThanOrEqual(
              codeError(Math.min(1, least + 0.004)) + 1e-6,
            );
          });
        });
      }
      expect(found.statistics.map(({ address }) => address)).toEqual(
        expected.statistics.map(({ address }) => address),
      );
      found.statistics.forEach(({ values }, i) => {
        for (const name of ["previousToken", "firstToken", "self", "largest"]) {
          expect(values[name], name).toBeCloseTo(expected.statistics[i]!.values[name]!, 2);
        }
      });
    },
  );

  it("gives scores and vectors exactly, head by head, from a run that keeps bytes", async () => {
    const read = async (runId: string) => ({
      scores: (await engine.matrix({ runId, choice: choice(1, 2), measure: "scores" })).data,
      q: (await engine.headVectors({ runId, address: choice(1, 2), which: "q" })).data,
      output: (await engine.headVectors({ runId, address: choice(2, 3), which: "output" })).data,
    });
    const expected = await read((await inspected(1e9)).runId);
    const found = await read((await inspected(asBytes)).runId);
    for (const what of ["scores", "q", "output"] as const) {
      expect(found[what]).toHaveLength(expected[what].length);
      found[what].forEach((value, i) => {
        const least = expected[what][i]!;
        if (least < -1e8) expect(value).toBeLessThan(-1e8);
        else expect(value).toBeCloseTo(least, 4);
      });
    }
  });

  it.each([
    ["bytes", asBytes],
    ["on-demand", asBytes / 2],
  ])("%s: the stages of a head that was not looked at yet are recomputed and agree", async (_, budget) => {
    const { runId } = await inspected(budget);
    for (const [layer, head] of [
      [1, 2],
      [1, 3],
      [2, 0],
    ] as const) {
      const stages = await engine.stages({
        runId,
        address: choice(layer, head),
        maxRows: 32,
        maxColumns: 32,
      });
      expect(stages.product, `layer ${layer}, head ${head}`).toHaveLength(32 * 32);
      expect(stages.checks.scores?.largestDifference).toBeLessThan(1e-4);
      expect(stages.checks.weights?.largestDifference).toBeLessThan(codeError(1));
      expect(stages.checks.output?.largestDifference).toBeLessThan(0.05);
    }
  });

  it("on-demand: thumbnails come without another pass, and every strong weight is in them, at most 8 tokens aside", async () => {
    const exact = await inspected(1e9);
    const size = { block: "decoder", size: 12 } as const;
    const expected = await engine.thumbnails({ runId: exact.runId, ...size });
    const exactMeans = await engine.thumbnails({ runId: exact.runId, ...size, of: "means" });
    const { runId } = await inspected(asBytes / 3);
    const stages: string[] = [];
    const stop = engine.onEvent({ progress: ({ stage }) => stages.push(stage) });
    const found = await engine.thumbnails({ runId, ...size });
    const means = await engine.thumbnails({ runId, ...size, of: "means" });
    stop();
    expect(stages).toEqual([]);
    expect(means.layers).toEqual(exactMeans.layers);
    means.data.forEach((byte, i) => expect(Math.abs(byte - exactMeans.data[i]!)).toBeLessThanOrEqual(1));
    expect([found.rows, found.columns, found.layers]).toEqual([12, 12, expected.layers]);
    // 96 tokens in 12 cells: the cells are those that were pooled, and the codes' own steps are all that differs.
    found.data.forEach((byte, i) => expect(Math.abs(byte - expected.data[i]!)).toBeLessThanOrEqual(1));
  });

  it("on-demand: what covers all layers is read from one layer after the other", async () => {
    const exact = await inspected(1e9);
    const all = { block: "decoder", layer: "all", head: "mean" } as const;
    const read = async (runId: string) => {
      const of = { runId, measure: "weights" } as const;
      const [row] = await engine.vectors({ ...of, choices: [all], axis: "query", index: 40 });
      const [column] = await engine.vectors({ ...of, choices: [all], axis: "key", index: 40 });
      return {
        mean: (await engine.matrix({ ...of, choice: all })).data,
        max: (await engine.matrix({ ...of, choice: { ...all, head: "max" } })).data,
        marginals: (await engine.marginals({ ...of, choice: all })).columnSums,
        distances: (await engine.distances({ runId, block: "decoder" })).mean,
        row: row!,
        column: column!,
      };
    };
    const near = async (runId: string) => {
      const found = await engine.similarHeads({ runId, address: choice(1, 2) });
      return new Map(
        found.map(({ address: { layer, head }, divergence }) => [`${layer} ${head}`, divergence]),
      );
    };
    const expected = await read(exact.runId);
    const expectedNear = await near(exact.runId);
    const { runId } = await inspected(asBytes / 2);
    const found = await read(runId);
    for (const [name, data] of Object.entries(found)) {
      const wanted = expected[name as keyof typeof found];
      expect(data.length, name).toBe(wanted.length);
      const allowed = name === "marginals" ? N * 0.004 : 0.004;
      data.forEach((value, i) => {
        if (!Number.isNaN(wanted[i]!))
          expect(Math.abs(value - wanted[i]!), name).toBeLessThanOrEqual(allowed);
      });
    }
    const foundNear = await near(runId);
    expect([...foundNear.keys()].sort()).toEqual([...expectedNear.keys()].sort());
    for (const [head, divergence] of foundNear)
      expect(Math.abs(divergence - expectedNear.get(head)!)).toBeLessThan(0.01);
    const other = { runId, choice: choice(2, 1) };
    const { a, b } = await engine.compare({ runId, choice: all, other, size: N });
    expect(Math.abs(a[40 * N + 40]! - expected.mean[40 * N + 40]!)).toBeLessThan(0.004);
    expect(b[0]).toBe(1);
  });

  it("on-demand: what takes more than the budget even for one layer says so, with the setting to raise", async () => {
    const { runId } = await inspected(asBytes / 2);
    const all = { block: "decoder", layer: "all", head: "mean" } as const;
    await expect(engine.matrix({ runId, choice: all, measure: "scores" })).rejects.toMatchObject({
      code: "too-much-at-once",
      message: expect.stringContaining("headlight.byteBudget") as string,
    });
  });

  it("on-demand: keeps within the budget while one layer after the other is looked at", async () => {
    const { runId } = await inspected(asBytes / 2);
    for (const layer of [0, 1, 2, 1, 0]) {
      const { data } = await engine.matrix({ runId, choice: choice(layer, 1), measure: "weights" });
      expect(data[0], `layer ${layer}`).toBe(1);
    }
  });
});

describe("a text run in windows", () => {
  const long = Array.from({ length: 250 }, (_, i) => (i * 53 + 7) % 100);

  it("shows each query as inspecting its window alone does, and nothing outside the window", async () => {
    await engine.configure({ threads: 1, byteBudget: 1e9 });
    const run = await engine.inspect({ model, ids: long, tokenLimit: 100, inWindows: true });
    expect(run.tokens).toHaveLength(250);
    expect(run.windows).toEqual([
      { start: 0, end: 100, queryStart: 0, queryEnd: 100 },
      { start: 50, end: 150, queryStart: 100, queryEnd: 150 },
      { start: 100, end: 200, queryStart: 150, queryEnd: 200 },
      { start: 150, end: 250, queryStart: 200, queryEnd: 250 },
    ]);
    expect(run.notices.map(({ code }) => code)).toContain("in-windows");
    const { data } = await engine.matrix({ runId: run.runId, choice: choice(1, 2), measure: "weights" });
    for (const { start, end, queryStart, queryEnd } of run.windows!) {
      const alone = await engine.inspect({ model, ids: long.slice(start, end) });
      const own = await engine.matrix({ runId: alone.runId, choice: choice(1, 2), measure: "weights" });
      for (let query = queryStart; query < queryEnd; query++) {
        const row = data.subarray(query * 250, (query + 1) * 250);
        expect(row.subarray(start, end)).toEqual(
          own.data.subarray((query - start) * (end - start), (query - start + 1) * (end - start)),
        );
        expect(row.subarray(0, start).every((weight) => weight === 0)).toBe(true);
        expect(row.subarray(end).every((weight) => weight === 0)).toBe(true);
        const single = {
          runId: run.runId,
          choices: [choice(1, 2)],
          measure: "weights",
          axis: "query",
        } as const;
        const [vector] = await engine.vectors({ ...single, choices: [...single.choices], index: query });
        expect(vector).toEqual(row);
      }
    }
    const column = {
      runId: run.runId,
      choices: [choice(1, 2)],
      measure: "weights" as const,
      axis: "key" as const,
    };
    const [vector] = await engine.vectors({ ...column, index: 120 });
    expect([...vector!]).toEqual(Array.from({ length: 250 }, (_, query) => data[query * 250 + 120]));
    expect(run.blocks[0]!.layers[0]!.mask).toEqual({ kind: "causal", windows: run.windows });
    expect(run.blocks[0]!.layers[0]!.has).toEqual(["weights"]);
  });

  it("puts an encoder's own special tokens around every window and counts them once", async () => {
    const [entry] = (
      await embeddedModels(nodeFiles, path.join(import.meta.dirname, "../../../media/models"))
    ).filter(({ source }) => source.id === "encoder-4x8");
    const text = Array.from({ length: 90 }, (_, i) => `word${i} and`).join(" ");
    const run = await engine.inspect({ model: entry!.source, text, tokenLimit: 64, inWindows: true });
    const { tokens, windows } = run;
    expect(windows!.length).toBeGreaterThan(3);
    const specials = tokens.filter(({ special }) => special);
    const one = await engine.inspect({ model: entry!.source, text: "word" });
    expect(specials).toHaveLength(one.tokens.filter(({ special }) => special).length);
    const { data } = await engine.matrix({
      runId: run.runId,
      choice: { block: "encoder", layer: 2, head: 5 },
      measure: "weights",
    });
    const window = windows![1]!;
    const before = tokens.slice(
      0,
      tokens.findIndex(({ special }) => !special),
    );
    const after = tokens.slice(tokens.findLastIndex(({ special }) => !special) + 1);
    const windowIds = [...before, ...tokens.slice(window.start, window.end), ...after].map(({ id }) => id);
    expect(windowIds.length).toBeLessThanOrEqual(64);
    const alone = await engine.inspect({ model: entry!.source, ids: windowIds });
    const own = await engine.matrix({
      runId: alone.runId,
      choice: { block: "encoder", layer: 2, head: 5 },
      measure: "weights",
    });
    const query = window.queryStart + 3;
    expect(windowAt(windows!, query)).toBe(window);
    const inWindow = query - window.start + before.length;
    const width = window.end - window.start;
    expect(data.subarray(query * tokens.length + window.start, query * tokens.length + window.end)).toEqual(
      own.data.subarray(
        inWindow * windowIds.length + before.length,
        inWindow * windowIds.length + before.length + width,
      ),
    );
  });

  it("is kept as bytes where the windows together take more than the budget's half, and refused beyond it", async () => {
    const all = 4 * 12 * 100 * 100;
    await engine.configure({ threads: 1, byteBudget: all * 2 });
    const run = await engine.inspect({ model, ids: long, tokenLimit: 100, inWindows: true });
    expect(run.kept?.form).toBe("bytes");
    await engine.configure({ threads: 1, byteBudget: all / 2 });
    await expect(
      engine.inspect({ model, ids: long, tokenLimit: 100, inWindows: true }),
    ).rejects.toMatchObject({ code: "windows-too-large" });
    await engine.configure({ threads: 1, byteBudget: 1e9 });
  });

  it("runs a text that fits as ever, and says no windows", async () => {
    const run = await engine.inspect({ model, ids: long, inWindows: true });
    expect(run.windows).toBeUndefined();
  });
});
