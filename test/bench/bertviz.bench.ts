import fs from "node:fs";
import path from "node:path";
import { chromium, type Browser } from "playwright-core";
import { browserArguments, findBrowser } from "../../scripts/browser.mjs";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { startHarness } from "../browser/harness";
import { enlarged, type Enlargement } from "../browser/page/enlarge";
import { capturedRun } from "../support/capturedRun";
import { median } from "./median";
import { openAt, showTab } from "./openAt";
import { timeOverview } from "./pageProbe";
import { modelToMeasure, textFiles } from "./texts";
import type { BenchRow } from "./tokenizer.bench";

const howTo =
  "not measured here: set HEADLIGHT_BERTVIZ to a folder with model_view.js and head_view.js of the bertviz package, " +
  "and d3 and jquery in its node_modules (npm install --prefix FOLDER d3@5 jquery@3)";

const comparisons = [
  {
    name: "12 x 12 heads, 32 tokens",
    script: "model_view.js",
    size: { nTokens: 32, nLayers: 12, nHeads: 12 },
    aim: 300,
  },
  {
    name: "one layer of 12 heads, 256 tokens",
    script: "head_view.js",
    size: { nTokens: 256, nLayers: 1, nHeads: 12 },
    aim: 200,
  },
] as const;

/**
 * BertViz's own scripts, from the copy of whoever runs this, against Headlight's overview on the same weights in the
 * same Chromium: from the data in the page to the painted frame.
 */
export async function run(): Promise<BenchRow[]> {
  const folder = process.env.HEADLIGHT_BERTVIZ;
  const named = comparisons.map((comparison) => ({
    ...comparison,
    name: `${comparison.name}: BertViz over Headlight`,
  }));
  if (!folder) return named.map(({ name }) => ({ name, value: NaN, unit: "x", note: howTo }));
  const model = modelToMeasure();
  const { folder: textFolder, texts } = textFiles(model, [256]);
  const harness = await startHarness();
  const browser = await chromium.launch({ executablePath: findBrowser(), args: browserArguments });
  try {
    const text = fs.readFileSync(path.join(textFolder, texts[0]![0].file), "utf8");
    const captured = await capturedRun(text, "weights", model);
    const rows: BenchRow[] = [];
    for (const { name, script, size, aim } of named) {
      const theirs: number[] = [];
      const ours: number[] = [];
      for (let repetition = 0; repetition < 5; repetition++) {
        theirs.push(await timeBertViz(browser, folder, script, captured, size));
        const page = await openAt(harness, captured, "mask", { enlarge: size, hostInWorker: true });
        const painted = page.evaluate(timeOverview);
        await showTab(page, "heads");
        ours.push(await painted);
        await page.close();
      }
      rows.push(
        { name: `${name}, BertViz`, value: median(theirs), unit: "ms" },
        { name: `${name}, Headlight`, value: median(ours), unit: "ms" },
        { name, value: median(theirs) / median(ours), unit: `x (aim: ${aim} or more)` },
      );
    }
    return rows;
  } finally {
    await browser.close();
    await harness.close();
    fs.rmSync(textFolder, { recursive: true });
  }
}

/** ms from the start of its script to the second frame after it. */
async function timeBertViz(
  browser: Browser,
  folder: string,
  script: string,
  run: StandaloneRun,
  size: Enlargement,
): Promise<number> {
  const read = (file: string) => fs.readFileSync(path.join(folder, file), "utf8");
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  try {
    await page.setContent(
      `<div id="bertviz"><select id="layer"></select><select id="filter"></select><div id="vis"></div></div>`,
    );
    await page.addScriptTag({ content: read("node_modules/jquery/dist/jquery.min.js") });
    await page.addScriptTag({ content: read("node_modules/d3/dist/d3.min.js") });
    return await page.evaluate(
      async ({ source, params }) => {
        const scope = window as unknown as Record<string, unknown>;
        const load = (names: string[], start: (...libraries: unknown[]) => void) =>
          start(...names.map((name) => scope[name === "jquery" ? "jQuery" : name]));
        Object.assign(load, { config: () => {} });
        Object.assign(scope, { requirejs: load, require: load, params });
        const started = performance.now();
        // Newer versions have the parameters written into the script, older ones read them from the window.
        const element = document.createElement("script");
        element.textContent = source.replaceAll("PYTHON_PARAMS", "window.params");
        document.head.append(element);
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        if (!document.querySelector("svg line")) throw new Error("BertViz's script drew no line");
        return performance.now() - started;
      },
      { source: read(script), params: bertVizParams(run, size) },
    );
  } finally {
    await page.close();
  }
}

/** What its Python side hands to its scripts: nested lists, [layer][head][query][key]. */
function bertVizParams(run: StandaloneRun, size: Enlargement) {
  const { tensors, run: summary } = enlarged(run, size);
  const n = size.nTokens;
  const labels = summary.tokens.map(({ text }) => text);
  const attn = tensors.map(({ data }) =>
    Array.from({ length: size.nHeads }, (_, head) =>
      Array.from({ length: n }, (_, query) => [
        ...data.subarray((head * n + query) * n, (head * n + query + 1) * n),
      ]),
    ),
  );
  const indices = (count: number) => Array.from({ length: count }, (_, index) => index);
  return {
    attention: [{ name: null, attn, left_text: labels, right_text: labels }],
    default_filter: "0",
    root_div_id: "bertviz",
    layer: null,
    heads: null,
    display_mode: "light",
    include_layers: indices(size.nLayers),
    include_heads: indices(size.nHeads),
    total_heads: size.nHeads,
  };
}
