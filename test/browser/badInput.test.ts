import path from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun, StandaloneTensor } from "../../src/protocol/standalone";
import type { InspectorSelection, ViewName } from "../../src/protocol/viewContract";
import { modelRun } from "../support/modelRun";
import { expectAccessible } from "./axe";
import { settled } from "./harness";
import { teachingPage } from "./teachingPage";

const { run, openView, without, press, calls } = teachingPage();
const views = ["head", "steps", "mask", "positions", "scoring"] as const;
type TestedView = (typeof views)[number];

/** The same run with its tensors changed, those of layer 2 above all. */
function changed(change: (tensor: StandaloneTensor) => Partial<StandaloneTensor>): StandaloneRun {
  const tensors = run().tensors.map((tensor) => ({
    ...tensor,
    data: tensor.data.slice(),
  }));
  return { ...run(), tensors: tensors.map((tensor) => ({ ...tensor, ...change(tensor) })) };
}

/** Rows of all heads cut or padded with zeros to another number of dimensions. */
function resized({ dims, data }: StandaloneTensor, d: number): Partial<StandaloneTensor> {
  const [nHeads = 0, rows = 0, own = 0] = dims;
  const wanted = new Float32Array(nHeads * rows * d);
  for (let row = 0; row < nHeads * rows; row++)
    wanted.set(data.subarray(row * own, row * own + Math.min(own, d)), row * d);
  return { dims: [nHeads, rows, d], data: wanted };
}

const textOf = (page: Page, view: ViewName) => page.locator(`.view-${view}`).innerText();
/** Nothing lies beside the page, and no number reads as an accident of the language it is written in. */
async function expectCalm(page: Page, view: ViewName): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
  expect(await textOf(page, view)).not.toMatch(/undefined|\[object|-Infinity/);
  await expectAccessible(page);
}

describe("a run without q, k or v", () => {
  const sentence: Record<TestedView, RegExp> = {
    head: /attention weight/,
    steps: /This run holds no q, k and v of layer 2; the stages that need them are left out\./,
    mask: /scores, masked/,
    positions: /Rotary positions/,
    scoring: /This run holds no q and k of this layer\./,
  };
  test.each(views)("leaves %s with what there is, and one sentence", async (view) => {
    const page = await openView(without("q", "k", "v"), view);
    if (view === "head") expect(await page.locator(".figure .cells").count()).toBe(1);
    else expect(await textOf(page, view)).toMatch(sentence[view]);
    await expectCalm(page, view);
  });
});

describe("a run of one token", () => {
  test.each(views)("is shown by %s", async (view) => {
    const folder = path.resolve(import.meta.dirname, "../../media/models/code-4x8");
    const one = await modelRun(folder, "model.onnx", "");
    expect(one.run.tokens).toHaveLength(1);
    const page = await openView({ ...one, positions: run().positions }, view);
    const seen: Record<TestedView, () => Promise<void>> = {
      head: async () => {
        await page.locator(".figure").focus();
        await press("ArrowDown");
        expect(await page.locator(".readout").innerText()).toMatch(/weight 1\b/);
      },
      steps: async () => expect(await page.locator(".flow tbody tr[data-key]").count()).toBe(1),
      mask: async () => expect(await textOf(page, view)).toMatch(/Queries see 1 of 1 key|sees 1 of 1/),
      positions: async () => expect(await page.locator(".distances .chart").count()).toBe(1),
      scoring: async () => expect(await textOf(page, view)).toMatch(/entropy 0 bits, largest weight 1\b/),
    };
    await seen[view]();
    await expectCalm(page, view);
  });
});

describe("a query that sees no key", () => {
  const row = 4;
  const masked = () =>
    changed(({ what, dims, data }) => {
      if (what !== "weights" && what !== "scores") return {};
      const [nHeads = 0, n = 0] = dims;
      for (let head = 0; head < nHeads; head++) {
        const start = (head * n + row) * n;
        data.fill(what === "weights" ? 0 : -Infinity, start, start + n);
      }
      return { data };
    });
  test.each(views)("is shown by %s as masked, without NaN", async (view) => {
    const broken = masked();
    const [block] = broken.run.blocks;
    const layers = block!.layers.map((layer) => ({ ...layer, mask: { kind: "other" as const } }));
    const page = await openView(
      {
        ...broken,
        run: { ...broken.run, blocks: [{ ...block!, layers }] },
        selection: { view, choice: { block: "decoder", layer: 2, head: 3 }, measure: "weights", query: row },
      },
      view,
    );
    const seen: Record<TestedView, () => Promise<void>> = {
      head: async () => {
        await page.locator(".figure").focus();
        await press("ArrowDown");
        expect(await page.locator(".readout").innerText()).toMatch(/\(4\) → .* \(0\)\s+masked/);
      },
      steps: async () => expect(await page.locator(".flow tr.masked").count()).toBe(run().run.tokens.length),
      mask: async () => expect(await textOf(page, view)).toMatch(/sees 0 of 9/),
      positions: async () => expect(await page.locator(".distances .chart").count()).toBe(1),
      scoring: async () => expect(await textOf(page, view)).toMatch(/entropy [\d.]+ bits/),
    };
    await seen[view]();
    expect(await textOf(page, view)).not.toMatch(/NaN/);
    await expectCalm(page, view);
  });
});

describe("NaN and infinite values", () => {
  /** At layer 2, head 3: the weight and score of query 8 and key 2 are NaN, q of query 8 begins with NaN, v of key 0 with ∞. */
  const broken = () =>
    changed(({ layer, what, dims, data }) => {
      if (layer !== 2) return {};
      const [, n = 0, columns = 0] = dims;
      const at = (rowIndex: number, column: number) => (3 * n + rowIndex) * columns + column;
      if (what === "weights" || what === "scores") data[at(8, 2)] = NaN;
      if (what === "q") data[at(8, 0)] = NaN;
      if (what === "v") data[at(0, 0)] = Infinity;
      return { data };
    });
  test.each(views)("are shown by %s as such", async (view) => {
    const page = await openView(broken(), view);
    const seen: Record<TestedView, () => Promise<void>> = {
      head: async () => {
        await page.locator(".figure").focus();
        await press("End", ...Array<string>(9).fill("ArrowDown"), "Home", "ArrowRight", "ArrowRight");
        expect(await page.locator(".readout").innerText()).toMatch(/weight NaN/);
      },
      steps: async () => {
        expect(await page.locator(".flow tr[data-key='2'] td.of-weight").innerText()).toBe("NaN");
        expect(await page.locator(".flow .check.off").count()).toBeGreaterThan(0);
      },
      mask: async () => {
        await page.locator(".matrix-picture").nth(2).focus();
        await press(...Array<string>(8).fill("ArrowDown"), "ArrowRight", "ArrowRight");
        expect(await page.locator(".mask-pictures .here").nth(2).innerText()).toBe("NaN");
      },
      positions: async () =>
        expect(await page.locator(".distances .chart path.curve").first().getAttribute("d")).not.toContain(
          "NaN",
        ),
      scoring: async () => {
        await page.getByRole("img", { name: /^Weights by scaled dot product/ }).focus();
        await press(...Array<string>(8).fill("ArrowDown"), "ArrowRight", "ArrowRight");
        const here = page.locator(".scoring-columns:not(.trained) figure").nth(2).locator(".here b").first();
        expect(await here.innerText()).toBe("NaN");
      },
    };
    await seen[view]();
    await expectCalm(page, view);
  });
});

describe("heads of unequal size", () => {
  /** Values of 48 dimensions beside keys of 32; in the second case keys of 16 beside queries of 32 too. */
  const unequal = (keysToo: boolean) =>
    changed((tensor) => {
      if (tensor.layer !== 2) return {};
      if (tensor.what === "v" || tensor.what === "output") return resized(tensor, 48);
      return keysToo && tensor.what === "k" ? resized(tensor, 16) : {};
    });
  test.each(views)("whose values are longer than their keys are shown by %s", async (view) => {
    const page = await openView(unequal(false), view);
    if (view === "steps") {
      await page.locator(".term[data-stage=values]").click();
      await settled(page);
      expect(await page.locator(".bar-note").innerText()).toContain("48 dimensions");
    }
    if (view === "mask" || view === "scoring")
      expect(await page.locator(".matrix-picture").count()).toBeGreaterThan(1);
    await expectCalm(page, view);
  });

  test.each(views)("whose keys do not fit their queries leave %s calm", async (view) => {
    const page = await openView(unequal(true), view);
    if (view === "mask") expect(await textOf(page, view)).toContain("scores, masked");
    if (view === "scoring")
      expect(await textOf(page, view)).toContain(
        "The queries of this head have 32 dimensions and its keys 16: there is no product q·k.",
      );
    if (view === "steps") {
      expect(await page.locator(".flow thead").innerText()).not.toContain("q · k");
      expect(await textOf(page, view)).toContain("and its keys 16: there is no product q·k.");
    }
    await expectCalm(page, view);
  });

  test("and layers with fewer heads keep every view on a head that is there", async () => {
    const few = changed((tensor) => {
      const [nHeads = 0, rows = 0, columns = 0] = tensor.dims;
      if (tensor.layer !== 1 || tensor.dims.length < 3 || nHeads < 8) return {};
      return { dims: [2, rows, columns], data: tensor.data.slice(0, 2 * rows * columns) };
    });
    const layers = few.run.blocks[0]!.layers.map((layer) =>
      layer.layer === 1 ? { ...layer, nHeads: 2, nKeyHeads: 2, projection: undefined } : layer,
    );
    const shown = { ...few, run: { ...few.run, blocks: [{ ...few.run.blocks[0]!, layers }] } };
    for (const view of views) {
      const page = await openView(shown, view);
      await press("[");
      await page.waitForTimeout(150);
      await expect
        .poll(async () => ((await calls("select")).at(-1) as InspectorSelection | undefined)?.choice)
        .toEqual({ block: "decoder", layer: 1, head: 1 });
      await expectCalm(page, view);
    }
  });
});

describe("4,096 tokens", () => {
  const enlarge = { nTokens: 4096, nLayers: 1, nHeads: 1, vectors: ["q", "k", "v"] } as const;
  test.each(views)("are shown by %s", { timeout: 120_000 }, async (view) => {
    const page = await openView(
      { ...run(), selection: { view, choice: { block: "decoder", layer: 0, head: 0 }, measure: "weights" } },
      view,
      { enlarge, hostInWorker: true },
    );
    const seen: Record<TestedView, () => Promise<void>> = {
      head: async () =>
        expect(await page.locator(".toolbar").innerText()).toContain("Each cell is the largest of"),
      steps: async () => {
        await expect
          .poll(() => page.locator(".flow tbody tr[data-key]").count(), { timeout: 30_000 })
          .toBeGreaterThan(8);
        expect(await page.locator(".flow tbody tr[data-key]").count()).toBeLessThan(40);
      },
      mask: async () => {
        await expect
          .poll(() => textOf(page, view), { timeout: 60_000 })
          .toContain("4,096 queries × 4,096 keys");
        await expect.poll(() => page.locator(".matrix-picture").count(), { timeout: 60_000 }).toBe(3);
      },
      positions: async () =>
        expect
          .poll(() => page.locator(".distances .chart").count(), { timeout: 60_000 })
          .toBe(1)
          .then(() => undefined),
      scoring: async () =>
        expect
          .poll(() => textOf(page, view), { timeout: 30_000 })
          .toContain("Shown up to 512 tokens; this run has 4,096.")
          .then(() => undefined),
    };
    await seen[view]();
    await expectCalm(page, view);
  });
});
