import path from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import { engineRun } from "../support/engineRun";
import { modelRun } from "../support/modelRun";
import { expectAccessible } from "./axe";
import { problemsOf, settled, setTheme, startHarness, type Harness, type PageOptions } from "./harness";
import { expectPicture } from "./pictures";

const folder = path.resolve(import.meta.dirname, "../../media/models/code-4x8");

let harness: Harness;
let page: Page;
let run: StandaloneRun;
beforeAll(async () => {
  [harness, run] = await Promise.all([
    startHarness(),
    modelRun(folder, "model.onnx", "I saw a saw saw a saw."),
  ]);
  run = {
    ...run,
    positions: { scheme: "rope", parameters: { base: 10_000, pairs: "halves" }, source: "graph" },
  };
}, 180_000);
afterAll(() => harness?.close());
afterEach(async () => {
  const problems = page ? problemsOf(page) : [];
  await page?.close();
  expect(problems, "errors, warnings or refusals by the policy in the page").toEqual([]);
});

async function open(shown: StandaloneRun, view: ViewName, options: PageOptions = {}): Promise<Page> {
  const selection = { view, choice: { block: "decoder", layer: 2, head: 3 }, measure: "weights" } as const;
  page = await harness.open({ ...shown, selection }, options);
  await page.locator(`.view-${view}`).waitFor();
  await page.waitForTimeout(150);
  await settled(page);
  return page;
}
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
  await settled(page);
};
/** A number of layer 2, head 3, as the model computed it. */
const valueOf = (what: string, row: number, column: number) => {
  const { dims, data } = run.tensors.find((tensor) => tensor.layer === 2 && tensor.what === what)!;
  return data[(3 * dims[1]! + row) * dims[2]! + column]!;
};
/** As the page writes signed numbers. */
const text = (value: number) => value.toPrecision(4).replace("-", "−");
/** The same run without some of its tensors. */
const without = (...lost: string[]): StandaloneRun => ({
  ...run,
  tensors: run.tensors.filter(({ what }) => !lost.includes(what)),
  run: {
    ...run.run,
    blocks: run.run.blocks.map((block) => ({
      ...block,
      layers: block.layers.map((layer) => ({
        ...layer,
        has: layer.has.filter((what) => !lost.includes(what)),
      })),
    })),
  },
});

describe("Steps", () => {
  test("light the term that the arrow keys reach, and say what it does", async () => {
    await open(run, "steps");
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
    await open(run, "steps");
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
    await open(run, "steps");
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
    await open(run, "steps");
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
    await open(run, "steps");
    await page.locator(".term[data-stage=projection]").click();
    await settled(page);
    const w = run.tensors.find((tensor) => tensor.layer === 2 && tensor.what === "projection")!;
    await page.getByRole("img", { name: /^Rows of W_O, 32 by 256/ }).focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const z = valueOf("output", 8, 2);
    const weight = w.data[(3 * 32 + 2) * 256 + 1]!;
    const here = await page.locator(".w-o > .here").innerText();
    expect(here).toContain(`z[2] × W_O[2, 1] = ${text(z)} × ${text(weight)}`);
    await page.locator(".term[data-stage=residual]").click();
    await settled(page);
    await page.locator(".bar-plot").focus();
    await press("Home");
    const before = run.tensors.find((tensor) => tensor.layer === 2 && tensor.what === "before")!.data;
    const after = run.tensors.find((tensor) => tensor.layer === 2 && tensor.what === "after")!.data;
    const rows = await page.locator(".residual tbody tr").allInnerTexts();
    expect(rows).toHaveLength(11);
    expect(rows.at(-2)).toContain(text(before[8 * 256]!));
    expect(rows.at(-1)).toContain(text(after[8 * 256]!));
    for (const check of await page.locator(".residual .check").allInnerTexts())
      expect(check).toMatch(/^✓ (0|\de−\d+)$/);
  });

  test("choose a head by what it adds, and see the lengths for all queries", async () => {
    await open(run, "steps");
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
    page = await harness.open({ ...dates, selection }, {});
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
    expect(bars.map((bar) => bar.replaceAll(/\s+/g, " "))).toEqual([
      `W_q q ${text(ofQuery)}`,
      `W_k k ${text(ofKey)}`,
      `tanh(q + k) ${text(bent)}`,
      `v ${text(v.data[1]!)}`,
      `v ∘ tanh ${text(v.data[1]! * bent)}`,
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
    const layers = run.run.blocks[0]!.layers.map((layer) => ({ ...layer, projection: missing }));
    await open({ ...run, run: { ...run.run, blocks: [{ ...run.run.blocks[0]!, layers }] } }, "steps");
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

describe("Mask", () => {
  test("names the rule that the run follows and counts the keys of each query", async () => {
    await open(run, "mask");
    expect(await page.locator(".mask-sentence").innerText()).toMatch(/^Causal/);
    await page.locator(".matrix-picture").nth(1).focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const here = page.locator(".mask-pictures .here");
    expect(await here.nth(1).innerText()).toContain("visible sees 3 of 9");
    expect(await here.nth(2).innerText()).toBe(valueOf("weights", 2, 1).toFixed(4));
    await press("ArrowRight", "ArrowRight");
    expect(await here.nth(1).innerText()).toContain("masked");
  });

  test("does without q, k and scores", async () => {
    await open(without("q", "k", "scores"), "mask");
    expect(await page.locator(".mask-pictures").innerText()).toContain("holds no scores, q or k");
    expect(await page.locator(".matrix-picture").count()).toBe(2);
  });
});

describe("Positions", () => {
  test("name the model's scheme and stand the same beside it by formula", async () => {
    await open(run, "positions");
    expect(await page.getByRole("region", { name: "This model" }).innerText()).toContain(
      "Rotary positions (RoPE)",
    );
    expect(await page.getByRole("radio", { name: "RoPE" }).getAttribute("aria-checked")).toBe("true");
  });

  test("redraw when a slider moves", async () => {
    await open(run, "positions");
    await page.getByRole("radio", { name: "Sinusoidal" }).click();
    const table = page.getByRole("img", { name: /^position × dimension/ });
    expect(await table.getAttribute("aria-label")).toContain("64 by 64");
    await page.getByRole("slider", { name: "positions" }).focus();
    await press("ArrowRight");
    expect(await table.getAttribute("aria-label")).toContain("72 by 64");
  });

  test("choose a head by its curve", async () => {
    await open(run, "positions");
    await page.getByRole("button", { name: /^L1 H2:/ }).click();
    await settled(page);
    expect(await page.locator(".distances .chart-title").innerText()).toBe("Layer 1, head 2");
  });

  test("say that nothing was found where nothing was", async () => {
    await open({ ...run, positions: undefined }, "positions");
    expect(await page.getByRole("region", { name: "This model" }).innerText()).toContain("was not found");
  });
});

describe("Scoring", () => {
  test("show the head's own q and k with the scale as the model weighs them", async () => {
    await open(run, "scoring");
    await page.getByRole("img", { name: /^Weights by scaled dot product/ }).focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const here = page.locator(".scoring-columns figure").nth(2).locator(".here b").first();
    expect(Number(await here.innerText())).toBeCloseTo(valueOf("weights", 2, 1), 4);
  });

  test("read the experiment by keyboard, all four charts at one d_k", async () => {
    await open(run, "scoring");
    const charts = page.locator("[aria-label='What the scale is for'] .chart-plot");
    await expect.poll(() => charts.first().getAttribute("aria-valuemax")).toBe("8");
    await charts.first().focus();
    await press("End");
    expect(await page.locator("[aria-label='What the scale is for'] .chart-here").allInnerTexts()).toEqual(
      Array(4).fill("d_k 1024"),
    );
    expect(await charts.first().getAttribute("aria-valuetext")).toMatch(
      /^d_k 1024: random, without scale \d/,
    );
  });

  test("does without q and k", async () => {
    await open(without("q", "k"), "scoring");
    expect(await page.locator(".scoring-columns:not(.trained)").innerText()).toContain(
      "This run holds no q and k",
    );
  });
});

describe("exports", () => {
  const save = async (kind: string) => {
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: new RegExp(kind) }).click();
    await expect
      .poll(() => page.evaluate(() => window.fakeHost.calls.filter(({ method }) => method === "save").length))
      .toBe(1);
    const bytes = await page.evaluate(() => {
      const { argument } = window.fakeHost.calls.find(({ method }) => method === "save")!;
      return Array.from((argument as { bytes: Uint8Array }).bytes);
    });
    return Buffer.from(bytes).toString("utf8");
  };
  /** The value of one line of a table. */
  const cell = (csv: string, panel: string, at: number, column: number) => {
    const line = csv.split("\r\n").find((each) => {
      const fields = each.split(",");
      return fields[0] === panel && fields[1] === String(at) && fields.at(-3) === String(column);
    });
    return Number(line?.split(",").at(-1));
  };

  test("Steps saves each stage of the query as numbers of the run", async () => {
    await open(run, "steps");
    const csv = await save("CSV");
    expect(cell(csv, "weight", 3, 0)).toBe(valueOf("weights", 8, 3));
    expect(cell(csv, "score", 3, 0)).toBe(valueOf("scores", 8, 3));
    expect(cell(csv, "q ∘ k", 3, 5)).toBeCloseTo(valueOf("q", 8, 5) * valueOf("k", 3, 5), 5);
  });

  test("Steps saves what the heads add", async () => {
    await open(run, "steps");
    await page.locator(".term[data-stage=residual]").click();
    await settled(page);
    const json = JSON.parse(await save("JSON")) as {
      panels: { title: string; dims: number[]; values: number[] }[];
      checks: { output: { largestDifference: number } };
    };
    const before = run.tensors.find((tensor) => tensor.layer === 2 && tensor.what === "before")!.data;
    expect(json.panels.find(({ title }) => title === "x before")!.values).toEqual(
      Array.from(before.subarray(8 * 256, 9 * 256)),
    );
    expect(json.checks.output.largestDifference).toBeLessThan(1e-5);
  });

  test("Mask saves its cells and how many keys each query sees", async () => {
    await open(run, "mask");
    const csv = await save("CSV");
    expect([2, 3].map((key) => cell(csv, "mask", 2, key))).toEqual([1, 0]);
    expect(cell(csv, "keys seen", 4, 0)).toBe(5);
    expect(cell(csv, "weights after", 2, 1)).toBe(valueOf("weights", 2, 1));
  });

  test.each(["steps", "mask", "positions"] as const)(
    "%s saves a picture that a viewer reads",
    async (view) => {
      await open(run, view);
      const svg = await save("SVG");
      const found = await page.evaluate((source) => {
        const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
        return {
          isBroken: parsed.querySelector("parsererror") !== null,
          title: parsed.querySelector("title")?.textContent,
        };
      }, svg);
      expect(found.isBroken).toBe(false);
      expect(found.title).toContain("Layer 2, head 3");
    },
  );
});

describe("every teaching view", () => {
  const views = ["steps", "mask", "positions", "scoring"] as const;
  test.each(views)(
    "%s is accessible in the dark, light and high contrast, explanation open",
    async (view) => {
      await open(run, view);
      await page.locator(".explanation summary").click();
      for (const theme of ["dark", "light", "highContrast"] as const) {
        await setTheme(page, theme);
        await expectAccessible(page);
      }
    },
  );

  test.each(views)("%s looks as kept, wide and narrow", async (view) => {
    await open(run, view, { theme: "dark", width: 1000, height: 900 });
    await expectPicture(page.locator("#page"), `${view}-dark-1000`);
    await page.close();
    await open(run, view, { theme: "light", width: 400, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
    await expectPicture(page.locator("#page"), `${view}-light-400`);
  });

  test.each(views)("%s survives one token, NaN and infinities", async (view) => {
    const broken: StandaloneRun = {
      ...run,
      tensors: run.tensors.map((tensor) => {
        const data = tensor.data.slice();
        data[0] = NaN;
        data[data.length - 1] = Infinity;
        return { ...tensor, data };
      }),
    };
    await open(broken, view);
    await page.close();
    const one = await modelRun(folder, "model.onnx", "");
    expect(one.run.tokens.length).toBeLessThanOrEqual(1);
    if (one.run.tokens.length === 1) await open(one, view);
    else await open(broken, view);
  });
});
