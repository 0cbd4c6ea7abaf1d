import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine";
import type { ExportKind } from "../../src/protocol/exportKind";
import type { ScoringRuns } from "../../src/protocol/scoringRuns";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import { modelRun } from "../support/modelRun";
import { readNpz } from "../support/npz";
import { inlineEngine, scoringModels, writtenRun } from "../support/writtenRun";
import { settled } from "./harness";
import { openedPage } from "./openedPage";

const folder = path.resolve(import.meta.dirname, "../../media/models/code-4x8");
const text = "I saw a saw saw a saw.";

let page: Page;
const opened = openedPage();
let engine: Engine;
let code: StandaloneRun;
let dates: StandaloneRun;
let saw: StandaloneRun;
let scoring: ScoringRuns;
beforeAll(async () => {
  engine = inlineEngine();
  code = await modelRun(folder, "model.onnx", text);
  code = {
    ...code,
    positions: { scheme: "rope", parameters: { base: 10_000, pairs: "halves" }, source: "graph" },
  };
  dates = await writtenRun(engine, "dates-2x4", { text: "March 5th 1998", generate: {} });
  saw = await writtenRun(engine, "code-4x8", { text, generate: { nTokens: 4 } });
  scoring = await scoringModels(engine, "March 5th 1998");
}, 180_000);
afterAll(() => engine?.stop());

async function open(shown: StandaloneRun, view: ViewName): Promise<void> {
  const block = shown.run.targetTokens ? "cross" : "decoder";
  const choice = { block, layer: 1, head: 3 } as const;
  const selection = { view, choice, measure: "weights" } as const;
  page = await opened.open({ ...shown, selection }, { scoring });
  await page.locator(`.view-${view}`).waitFor();
  await page.waitForTimeout(250);
  await settled(page);
}

async function openPanel(): Promise<void> {
  const choice = { block: "decoder", layer: 1, head: 3 } as const;
  const shown = { ...code, selection: { view: "head", choice, measure: "weights" } as const };
  page = await opened.open(shown, { page: "panel", width: 320, height: 900 });
  await page.locator('[data-name="L0 H2"]').focus();
  await opened.press("a", "ArrowDown", "b");
  await page.locator(".compare-pictures").waitFor();
}

interface Saved {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The file that came next after `ask`. */
async function saved(ask: () => Promise<void>): Promise<Saved> {
  const nBefore = (await opened.calls("save")).length;
  await ask();
  await expect.poll(async () => (await opened.calls("save")).length, { timeout: 20_000 }).toBe(nBefore + 1);
  const { name, bytes } = await page.evaluate(() => {
    const { argument } = window.fakeHost.calls.findLast(({ method }) => method === "save")!;
    const file = argument as { name: string; bytes: Uint8Array };
    let binary = "";
    for (const byte of file.bytes) binary += String.fromCharCode(byte);
    return { name: file.name, bytes: btoa(binary) };
  });
  return { name, bytes: Buffer.from(bytes, "base64") };
}

const byCommand = (kind: ExportKind) => () =>
  page.evaluate(
    (name) => window.fakeHost.emit("command", { name } as never),
    `export${kind[0]!.toUpperCase()}${kind.slice(1)}`,
  );
const ofPanel = (what: "heads" | "comparison", kind: ExportKind) => () =>
  page.evaluate((message) => window.fakeHost.emit("export", message), { what, kind });

const numbersOf = async ({ bytes }: Saved) => readNpz(bytes);

/** Weights of one head as the model computed them, [queries, keys]. */
function weightsOf(run: StandaloneRun, block: string, layer: number, head: number) {
  const { dims, data } = run.tensors.find(
    (one) => one.block === block && one.layer === layer && one.what === "weights",
  )!;
  const size = dims[1]! * dims[2]!;
  return { dims: [dims[1]!, dims[2]!], data: [...data.subarray(head * size, (head + 1) * size)] };
}

const idsOf = (run: StandaloneRun) => run.run.tokens.map(({ id }) => id);

/** Each file is what its ending says: a picture that a viewer reads, lines of equal length, an object, arrays. */
async function expectReadable({ name, bytes }: Saved, kind: ExportKind): Promise<void> {
  expect(name).toMatch(new RegExp(`^headlight-[^/]+\\.${kind}$`));
  if (kind === "png") {
    expect([...bytes.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
    // To be looked at.
    mkdirSync("out/browser", { recursive: true });
    writeFileSync(path.join("out/browser", name), bytes);
  }
  if (kind === "svg") {
    const found = await page.evaluate((source) => {
      const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
      const { width, height } = parsed.documentElement as unknown as SVGSVGElement;
      return {
        errors: parsed.querySelectorAll("parsererror").length,
        w: width.baseVal.value,
        h: height.baseVal.value,
      };
    }, bytes.toString("utf8"));
    expect(found.errors).toBe(0);
    expect(Math.min(found.w, found.h)).toBeGreaterThan(80);
    expect(bytes.toString("utf8")).not.toMatch(/NaN|undefined/);
  }
  if (kind === "csv") {
    const rows = bytes.toString("utf8").trimEnd().split("\r\n").map(fields);
    expect(rows.length).toBeGreaterThan(1);
    expect([...new Set(rows)].every((row) => row === rows[0])).toBe(true);
  }
  if (kind === "json")
    expect(Object.keys(JSON.parse(bytes.toString("utf8")) as object).length).toBeGreaterThan(1);
  if (kind === "npz") expect(Object.keys(await readNpz(bytes)).length).toBeGreaterThan(2);
}

/** How many fields a line has (RFC 4180). */
function fields(line: string): number {
  return line.replaceAll(/"(?:[^"]|"")*"/g, "").split(",").length;
}

const kinds: readonly ExportKind[] = ["svg", "png", "csv", "json", "npz"];
const runOf = (view: ViewName) => (view === "encoderDecoder" ? dates : view === "generate" ? saw : code);
const views: readonly ViewName[] = [
  "heads",
  "head",
  "steps",
  "mask",
  "positions",
  "scoring",
  "generate",
  "encoderDecoder",
];

describe("saves what is seen in every form", () => {
  test.each(views)("from %s, by menu and by command", async (view) => {
    await open(runOf(view), view);
    await openMenu(page.locator("#page"));
    expect(await page.getByRole("menuitem").allInnerTexts()).toEqual([
      "Picture as SVG",
      "Picture as PNG",
      "Numbers as CSV",
      "Numbers as JSON",
      "Numbers as NPZ (NumPy)",
      "Whole inspection as HTML",
    ]);
    const byMenu = await saved(() =>
      opened.press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "Enter"),
    );
    for (const kind of kinds) await expectReadable(await saved(byCommand(kind)), kind);
    const byCommandToo = await saved(byCommand("npz"));
    expect(byCommandToo.name).toBe(byMenu.name);
    expect(await numbersOf(byCommandToo)).toEqual(await numbersOf(byMenu));
  });

  test.each(["heads", "comparison"] as const)("from the side panel's %s", async (what) => {
    await openPanel();
    for (const kind of kinds) await expectReadable(await saved(ofPanel(what, kind)), kind);
    const region = page.locator(what === "heads" ? ".head-tools" : ".compare-head");
    await openMenu(region);
    const byMenu = await saved(() => opened.press("End", "Enter"));
    expect(byMenu.name).toMatch(/\.npz$/);
  });
});

/** By the keyboard; the first entry has the focus when the menu is drawn. */
async function openMenu(region: Locator): Promise<void> {
  await region.getByRole("button", { name: "Export" }).press("Enter");
  await page.locator("[role=menuitem]:focus").waitFor();
}

describe("arrays for NumPy are the run's numbers", () => {
  test("Heads: each statistic of each head", async () => {
    await open(code, "heads");
    const { layer, head, previousToken, ids, spans } = await numbersOf(await saved(byCommand("npz")));
    expect(layer!.data).toEqual(Array.from({ length: 32 }, (_, i) => Math.floor(i / 8)));
    expect(head!.data).toEqual(Array.from({ length: 32 }, (_, i) => i % 8));
    const { dims, data } = weightsOf(code, "decoder", 1, 3);
    let sum = 0;
    for (let query = 1; query < dims[0]!; query++) sum += data[query * dims[1]! + query - 1]!;
    expect(previousToken!.data[11]).toBeCloseTo(sum / (dims[0]! - 1), 6);
    expect(ids).toEqual({ dims: [code.run.tokens.length], type: "int64", data: idsOf(code) });
    expect(spans!.dims).toEqual([code.run.tokens.length, 2]);
    expect(text.slice(...(spans!.data.slice(2, 4) as [number, number]))).toBe(code.run.tokens[1]!.text);
  });

  test("Head: its matrix with the tokens of rows and columns", async () => {
    await open(code, "head");
    const { weights, queries, keys } = await numbersOf(await saved(byCommand("npz")));
    expect(weights).toEqual({ ...weightsOf(code, "decoder", 1, 3), type: "float32" });
    expect(queries!.data).toEqual(Array.from(code.run.tokens, (_, i) => i));
    expect(keys!.data).toEqual(queries!.data);
  });

  test("Steps: every stage of the query", async () => {
    await open(code, "steps");
    const arrays = await numbersOf(await saved(byCommand("npz")));
    const n = code.run.tokens.length;
    const whole = weightsOf(code, "decoder", 1, 3).data.slice((n - 1) * n);
    expect(arrays.weight!.dims).toEqual([n, 1]);
    const order = arrays["weight.rows"]?.data ?? Array.from({ length: n }, (_, i) => i);
    expect(arrays.weight!.data).toEqual(order.map((key) => whole[key]));
    expect(arrays.q_times_k!.dims[0]).toBe(n);
  });

  test("Mask: which keys each query sees", async () => {
    await open(code, "mask");
    const { mask, keys_seen: seen, ids } = await numbersOf(await saved(byCommand("npz")));
    const n = code.run.tokens.length;
    expect(mask!.dims).toEqual([n, n]);
    expect(mask!.data).toEqual(
      Array.from({ length: n * n }, (_, at) => (at % n <= Math.floor(at / n) ? 1 : 0)),
    );
    expect(seen!.data).toEqual(Array.from({ length: n }, (_, query) => query + 1));
    expect(ids!.data).toEqual(idsOf(code));
  });

  test("Positions: pictures and curves by their titles", async () => {
    await open(code, "positions");
    const arrays = await numbersOf(await saved(byCommand("npz")));
    const curves = Object.keys(arrays).filter((name) => name.endsWith(".y"));
    expect(curves.length).toBeGreaterThan(0);
    for (const name of curves) {
      expect(arrays[name]!.dims).toEqual(arrays[`${name.slice(0, -1)}x`]!.dims);
    }
    expect(Object.keys(arrays).some((name) => name.startsWith("this_model_"))).toBe(true);
    expect(Object.keys(arrays).every((name) => /^[\p{L}\p{N}_.]+$/u.test(name))).toBe(true);
  });

  test("Scoring: the weights of all three models", async () => {
    await open(code, "scoring");
    const arrays = await numbersOf(await saved(byCommand("npz")));
    for (const run of scoring.runs) {
      expect(arrays[`${run.scoring}.weights`]).toEqual({
        dims: [run.target.length, run.source.length],
        type: "float32",
        data: [...run.weights],
      });
      expect(arrays[`${run.scoring}.target_ids`]!.data).toEqual(run.target.map(({ id }) => id));
    }
  });

  test("Generation: what was written, its row, and the lens", async () => {
    await open(saw, "generate");
    const arrays = await numbersOf(await saved(byCommand("npz")));
    const predictions = saw.generation!.predictions.filter(({ index }) => index >= saw.run.generated!.start);
    expect(arrays["written.index"]!.data).toEqual(predictions.map(({ index }) => index));
    expect(arrays["written.likely"]!.dims).toEqual([predictions.length, 5]);
    expect(arrays["written.likely"]!.data.slice(0, 5)).toEqual(
      predictions[0]!.likely.slice(0, 5).map(({ id }) => id),
    );
    const { dims, data } = weightsOf(saw, "decoder", 1, 3);
    const query = arrays["attention.query"]!.data[0]!;
    expect(arrays["attention.weights"]!.data).toEqual(data.slice(query * dims[1]!, (query + 1) * dims[1]!));
    expect(arrays["lens.probability"]!.dims.slice(0, 2)).toEqual([
      arrays["lens.layer"]!.dims[0],
      arrays["lens.position"]!.dims[0],
    ]);
    expect(arrays["lens.layer"]!.data).toEqual([-1, 0, 1, 2, 3]);
  });

  test("Encoder-decoder: the three attentions and the steps", async () => {
    await open(dates, "encoderDecoder");
    const arrays = await numbersOf(await saved(byCommand("npz")));
    expect(arrays["cross.weights"]).toEqual({ ...weightsOf(dates, "cross", 1, 3), type: "float32" });
    expect(arrays["encoder.weights"]!.dims).toEqual([dates.run.tokens.length, dates.run.tokens.length]);
    expect(arrays.target_ids!.data).toEqual(dates.run.targetTokens!.map(({ id }) => id));
    // Greedy: what stands in the target was the most likely at each step.
    const written = arrays.target_ids!.data.slice(1);
    const nLikely = arrays["steps.likely"]!.dims[1]!;
    expect(written.map((_, step) => arrays["steps.likely"]!.data[step * nLikely])).toEqual(written);
  });

  test("Comparison: A, B, their difference and the tokens behind them", async () => {
    await openPanel();
    const arrays = await numbersOf(await saved(ofPanel("comparison", "npz")));
    const [a, b] = [weightsOf(code, "decoder", 0, 2), weightsOf(code, "decoder", 0, 3)];
    expect(arrays.a).toEqual({ ...a, type: "float32" });
    expect(arrays.b).toEqual({ ...b, type: "float32" });
    expect(arrays.difference!.data).toEqual(a.data.map((value, i) => Math.fround(value - b.data[i]!)));
    expect(arrays.queries!.dims).toEqual([a.dims[0], 2, 2]);
    expect(arrays.queries!.data.slice(4, 8)).toEqual([1, 2, 1, 2]);
    expect(arrays.divergence!.dims).toEqual([a.dims[0]]);
  });

  test("the list of heads: as it is sorted and filtered, without the layers' means", async () => {
    await openPanel();
    await page.getByRole("searchbox").fill("L2");
    await settled(page);
    const { layer, head, entropy } = await numbersOf(await saved(ofPanel("heads", "npz")));
    expect(layer!.data).toEqual(Array(8).fill(2));
    expect(head!.data).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(entropy!.data.every((bits) => bits >= 0 && bits < Math.log2(code.run.tokens.length))).toBe(true);
    const csv = (await saved(ofPanel("heads", "csv"))).bytes.toString("utf8").split("\r\n");
    expect(csv[0]).toMatch(/^block,layer,head,of,divergence,does,figure,entropy,/);
    expect(csv[9]).toMatch(/^decoder,2,mean,weights,,/);
  });
});

test("says why nothing was exported", async () => {
  await openPanel();
  await page.evaluate(() => {
    window.fakeHost.failing.save = "The disk is full.";
    window.fakeHost.emit("export", { what: "heads", kind: "csv" });
  });
  await expect
    .poll(() => opened.calls("exportFailed"))
    .toEqual([{ error: { code: "test", message: "The disk is full." } }]);
});
