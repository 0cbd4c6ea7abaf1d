import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { engineRun } from "../support/engineRun";
import { expectAccessible } from "./axe";
import { settled } from "./harness";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import type { PageOptions } from "./harness";
import { signed, teachingPage } from "./teachingPage";

const { run, openView, press, valueOf, without } = teachingPage();
let page: Page;
const open = async (shown: StandaloneRun, view: ViewName, options?: PageOptions) =>
  (page = await openView(shown, view, options));

describe("Steps", () => {
  test("light the term that the arrow keys reach, and say what it does", async () => {
    await open(run(), "steps");
    await page.getByRole("radio", { name: "Products: Q Kᵀ" }).focus();
    const lit = page.locator(".term[aria-checked=true]");
    await press("ArrowRight");
    expect(await lit.getAttribute("aria-label")).toBe("Scaled: / √32");
    await press("ArrowRight");
    expect(await lit.getAttribute("aria-label")).toBe("Mask: + mask");
    expect(await page.locator(".formula-says").innerText()).toContain("−∞");
    await press("ArrowRight", "ArrowRight", "ArrowRight");
    expect(await lit.getAttribute("aria-label")).toBe("All heads: concat");
    expect(await page.locator(".head-outputs tbody tr").count()).toBe(8);
    await press("End");
    expect(await lit.getAttribute("aria-label")).toBe("Residual stream: + x");
  });

  test("show one query's numbers as the model computed them, each recomputed stage checked", async () => {
    await open(run(), "steps");
    const row = page.locator(".flow tr[data-key='3']");
    const weight = valueOf("weights", 8, 3);
    const score = valueOf("scores", 8, 3);
    expect(await row.innerText()).toContain(weight.toFixed(4));
    expect(await row.innerText()).toContain(score.toPrecision(4));
    const checks = await page.locator(".flow .check").allInnerTexts();
    expect(checks).toHaveLength(3);
    for (const check of checks) expect(check).toMatch(/^✓ (0|\de−\d+)$/);
  });

  test("mark a key in table, token strip and readout, and a dimension in every strip", async () => {
    await open(run(), "steps");
    await page.locator(".flow").focus();
    await press("ArrowDown", "ArrowDown");
    expect(await page.locator(".flow tr.marked").getAttribute("data-key")).toBe("1");
    expect(await page.locator(".readout").innerText()).toContain("→ I (1)");
    await page.locator(".bar-plot").focus();
    await press("Home", "ArrowRight");
    expect(await page.locator(".bar-note").innerText()).toBe("dimension 1");
    // q, nine keys' products, nine keys' values, the output.
    expect(await page.locator(".flow .strip-cells .marked").count()).toBe(20);
  });

  test("show all queries as pictures that share their marks", async () => {
    await open(run(), "steps");
    await page.getByRole("radio", { name: "All queries" }).click();
    await settled(page);
    const titles = await page.locator(".stage-matrix button").allInnerTexts();
    expect(titles).toEqual(["Q", "K", "Q Kᵀ", "scaled", "causal mask", "scores", "weights", "V", "output"]);
    await page.locator(".matrix-picture").nth(5).focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const here = await page.locator(".stage-matrix .here").allInnerTexts();
    expect(here[5]).toBe(valueOf("scores", 2, 1).toPrecision(4).replace("-", "−"));
    expect(here[4]).toBe("visible");
  });

  test("follow one product of W_O, and its sum into the residual stream", async () => {
    await open(run(), "steps");
    await page.locator(".term[data-stage=projection]").click();
    await settled(page);
    const w = run().tensors.find((tensor) => tensor.layer === 2 && tensor.what === "projection")!;
    await page.getByRole("img", { name: /^Rows of W_O, 32 by 256/ }).focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const z = valueOf("output", 8, 2);
    const weight = w.data[(3 * 32 + 2) * 256 + 1]!;
    const here = await page.locator(".w-o > .here").innerText();
    expect(here).toContain(`z[2] × W_O[2, 1] = ${signed(z)} × ${signed(weight)}`);
    await page.locator(".term[data-stage=residual]").click();
    await settled(page);
    await page.locator(".bar-plot").focus();
    await press("Home");
    const before = run().tensors.find((tensor) => tensor.layer === 2 && tensor.what === "before")!.data;
    const after = run().tensors.find((tensor) => tensor.layer === 2 && tensor.what === "after")!.data;
    const rows = await page.locator(".residual tbody tr").allInnerTexts();
    expect(rows).toHaveLength(11);
    expect(rows.at(-2)).toContain(signed(before[8 * 256]!));
    expect(rows.at(-1)).toContain(signed(after[8 * 256]!));
    for (const check of await page.locator(".residual .check").allInnerTexts())
      expect(check).toMatch(/^✓ (0|\de−\d+)$/);
  });

  test("choose a head by what it adds, and see the lengths for all queries", async () => {
    await open(run(), "steps");
    await page.locator(".term[data-stage=residual]").click();
    await page.getByRole("button", { name: "H5" }).click();
    await settled(page);
    expect(await page.locator(".residual tr.marked").innerText()).toContain("H5");
    await page.getByRole("radio", { name: "All queries" }).click();
    await settled(page);
    await page.getByRole("img", { name: /^Length of what each head adds, 9 by 8/ }).focus();
    await press("ArrowRight");
    expect(await page.locator(".addition-pictures .here").first().innerText()).toMatch(/^head 6: \d/);
  });

  test("show additive scores dimension by dimension, and why they have no W_O", async () => {
    const dates = await engineRun("dates-additive", "the 7th of May, 2019", "2019-05-07");
    const of = (what: string) => dates.tensors.find((tensor) => tensor.what === what)!;
    const selection = {
      view: "steps",
      choice: { block: "cross", layer: 0, head: 0 },
      measure: "weights",
      query: 3,
    } as const;
    await open({ ...dates, selection }, "steps");
    await page.locator(".flow").waitFor();
    expect(await page.locator(".term").allInnerTexts()).toEqual(
      ["softmax", "vᵀ tanh(W_q q + W_k k)", "+ 0", "V", "concat", "W_O", "+ x"], // prettier-ignore
    );
    const [q, k, v] = [of("additiveQuery"), of("additiveKey"), of("additiveVector")];
    await page.locator(".flow").focus();
    await press("Home", "ArrowDown", "ArrowDown");
    await page.locator(".bar-plot").focus();
    await press("Home", "ArrowRight");
    const [ofQuery, ofKey] = [q.data[3 * 96 + 1]!, k.data[2 * 96 + 1]!];
    const bent = Math.tanh(ofQuery + ofKey);
    const bars = await page.locator(".bar-name").allInnerTexts();
    expect(bars.map((bar) => bar.replaceAll(/\s+(±[\d.]+\s+)?/g, " "))).toEqual([
      `W_q q ${signed(ofQuery)}`,
      `W_k k ${signed(ofKey)}`,
      `tanh(q + k) ${signed(bent)}`,
      `v ${signed(v.data[1]!)}`,
      `v ∘ tanh ${signed(v.data[1]! * bent)}`,
    ]);
    for (const check of await page.locator(".flow .check").allInnerTexts())
      expect(check).toMatch(/^✓ (0|\de−\d+)$/);
    await page.locator(".term[data-stage=projection]").click();
    await settled(page);
    expect(await page.locator(".notice-line").innerText()).toContain("are joined with something else");
    await expectAccessible(page);
  });

  test("say why there is no W_O", async () => {
    const missing = { has: [], missing: "the graph ends with the heads", around: [] };
    const layers = run().run.blocks[0]!.layers.map((layer) => ({ ...layer, projection: missing }));
    await open({ ...run(), run: { ...run().run, blocks: [{ ...run().run.blocks[0]!, layers }] } }, "steps");
    await page.locator(".term[data-stage=projection]").click();
    await settled(page);
    expect(await page.locator(".notice-line").innerText()).toBe(
      "The output projection W_O of layer 2 is not shown: the graph ends with the heads.",
    );
  });

  test("leave out what the run does not hold, and say so", async () => {
    await open(without("q", "k", "v", "output"), "steps");
    expect(await page.locator(".notice-line").innerText()).toContain(
      "holds no q, k, v and output of layer 2",
    );
    expect(await page.locator(".flow thead th[scope=col]").allInnerTexts()).toHaveLength(3);
  });
});
