import type { Page } from "playwright-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { canCapture, capturedRun } from "../support/capturedRun";
import { expectAccessible } from "./axe";
import { settled, type PageOptions } from "./harness";
import { openedPage } from "./openedPage";
import { expectPicture } from "./pictures";

if (!canCapture()) console.warn("SKIPPED: dist/node/cli.js is not built, so there is no run with values.");

const text = "Tom opened the red box. Anna closed the red box.";

let page: Page;
const opened = openedPage();
const { press } = opened;
let run: StandaloneRun;
beforeAll(async () => {
  if (canCapture()) run = withoutProjection(await capturedRun(text));
});

async function open(view: "heads" | "head", measure: string, options: PageOptions = {}): Promise<Page> {
  const selection = { view, choice: { block: "decoder", layer: 3, head: 7 }, measure };
  page = await opened.open(run, { state: { version: 1, selection }, ...options });
  await settled(page);
  return page;
}
/** The tensors of a page whose model has no W_O. */
function withoutProjection(captured: StandaloneRun): StandaloneRun {
  const blocks = captured.run.blocks.map((block) => ({
    ...block,
    layers: block.layers.map(({ projection: _, ...layer }) => layer),
  }));
  return { ...captured, run: { ...captured.run, blocks } };
}
const readout = () => page.locator(".readout").innerText();
const saved = async (item: string) => {
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: item }).click();
  await expect
    .poll(() => page.evaluate(() => window.fakeHost.calls.some(({ method }) => method === "save")))
    .toBe(true);
  return page.evaluate(() => {
    const { argument } = window.fakeHost.calls.filter(({ method }) => method === "save").at(-1)!;
    const { name, bytes } = argument as { name: string; bytes: Uint8Array };
    return { name, bytes: [...bytes] };
  });
};
const tensorOf = (what: string, layer: number) =>
  run.tensors.find((tensor) => tensor.what === what && tensor.layer === layer)!;
/** weight x ‖v‖ of layer 3, head 7, from what the command line wrote. */
const valueWeighted = (query: number, key: number) => {
  const [weights, v] = [tensorOf("weights", 3), tensorOf("v", 3)];
  const [, n = 0] = weights.dims;
  const [, , dHead = 0] = v.dims;
  const start = (7 * n + key) * dHead;
  return weights.data[(7 * n + query) * n + key]! * Math.hypot(...v.data.subarray(start, start + dHead));
};

describe.skipIf(!canCapture())("a measure chosen once", () => {
  test("is in the readout with the exact number, in the file's name and in its column", async () => {
    await open("head", "value-weighted");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown");
    expect(await readout()).toContain(`weight × ‖v‖ ${valueWeighted(3, 0).toFixed(4)}`);
    const { name, bytes } = await saved("Numbers as CSV");
    expect(name).toBe("headlight-decoder-L3-H7-value-weighted.csv");
    const lines = Buffer.from(bytes).toString("utf8").split("\r\n");
    expect(lines[0]).toBe("query,queryToken,key,keyToken,value-weighted");
    const nTokens = run.run.tokens.length;
    expect(Number(lines[1 + 3 * nTokens + 1]!.split(",").at(-1))).toBeCloseTo(valueWeighted(3, 1), 5);
  });

  test("is named in the legend of an exported figure", async () => {
    await open("heads", "value-weighted");
    const { name, bytes } = await saved("Picture as SVG");
    expect(name).toBe("headlight-heads-decoder-value-weighted.svg");
    expect(Buffer.from(bytes).toString("utf8")).toContain("value-weighted: weight × ‖v‖, square-root scale");
  });

  test("that joins all heads shows one picture for each layer, and no head to choose", async () => {
    await open("heads", "rollout");
    const cells = page.locator(".head-cell");
    expect(await cells.count()).toBe(4);
    expect(await cells.last().getAttribute("aria-label")).toBe("layer 3, rollout");
    expect(await page.locator("vscode-dropdown[aria-label=Head]").count()).toBe(0);
    expect(await page.locator(".choosers").innerText()).toContain("All heads");
    await cells.last().click();
    await settled(page);
    await page.locator(".figure").focus();
    await press("ArrowDown");
    // The first token sees only itself, at every layer.
    expect(await readout()).toContain("rollout 1");
    expect(await readout()).not.toContain("weight");
  });

  test("goes on to the next one by key; weights come again after the last", async () => {
    await open("head", "weights");
    const names: string[] = [];
    for (let i = 0; i < 4; i++) {
      await press("m");
      names.push(
        await page.evaluate(() => {
          const calls = window.fakeHost.calls.filter(({ method }) => method === "matrix");
          return (calls.at(-1)!.argument as { measure: string }).measure;
        }),
      );
    }
    expect(names).toEqual(["scores", "value-weighted", "rollout", "flow"]);
    await press("m");
    expect(
      await page
        .locator("vscode-dropdown[aria-label=Measure]")
        .evaluate((list) => (list as HTMLSelectElement).value),
    ).toBe("weights");
  });

  test("that the model lacks is listed with the reason, and gives way to weights", async () => {
    await open("head", "norm-weighted");
    const lacking = page.locator("vscode-option[value=norm-weighted]");
    expect(await lacking.textContent()).toContain("Norm-weighted (not here)");
    expect(await lacking.getAttribute("title")).toContain(
      "the output projection W_O of layer 3 is not known",
    );
    expect(
      await page
        .locator("vscode-dropdown[aria-label=Measure]")
        .evaluate((list) => (list as HTMLSelectElement).value),
    ).toBe("weights");
  });

  test("says what flow costs before it is chosen", async () => {
    await open("head", "weights");
    const flow = page.locator("vscode-option[value=flow]");
    expect(await flow.textContent()).toContain("Flow (<1 s)");
    expect(await flow.getAttribute("title")).toContain("105 maximum flows");
  });

  test.each(["heads", "head"] as const)("has no accessibility violations in %s", async (view) => {
    await open(view, "rollout");
    await expectAccessible(page);
  });

  test.each([
    ["heads", "value-weighted", "light"],
    ["heads", "rollout", "dark"],
    ["head", "value-weighted", "dark"],
    ["head", "flow", "light"],
  ] as const)("looks as kept: %s, %s, %s", async (view, measure, theme) => {
    await open(view, measure, { theme });
    await expectPicture(page.locator("body"), `measure-${view}-${measure}-${theme}`);
  });
});

describe.skipIf(!canCapture())("the side panel's statistics", () => {
  test("are of this text or of the probe, which is asked for once", async () => {
    page = await opened.open(run, { page: "panel", width: 420, height: 900 });
    const source = page.locator("vscode-dropdown[aria-label='Statistics of']");
    await source.evaluate((list) => {
      (list as HTMLSelectElement).value = "probe";
      list.dispatchEvent(new Event("change"));
    });
    const button = page.locator("vscode-button", { hasText: "Probe this model's heads" });
    await button.click();
    await page.locator("vscode-button", { hasText: "Model card" }).waitFor();
    expect(await button.count()).toBe(0);
    const calls = () =>
      page.evaluate(() =>
        window.fakeHost.calls.map(({ method }) => method).filter((name) => name === "probe"),
      );
    expect(await calls()).toEqual(["probe"]);
    expect(await page.locator("[data-name='L1 H6']").innerText()).toContain("mostly the token before");
    await expectAccessible(page);
    await expectPicture(page.locator("body"), "panel-probe-dark-420");
  });
});
