import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { type PageOptions, setTheme, settled } from "./harness";
import { openedPage } from "./openedPage";

const llama = "llama-stories260K-eager-ts-opset17";
const hasFixtures = hasReference(llama);
if (!hasFixtures)
  console.warn("SKIPPED: ../shared/fixtures is not there, so the page has no real run to show.");

let page: Page;
const opened = openedPage();
const { calls, press } = opened;
const open = async (run: StandaloneRun | undefined, options?: PageOptions) =>
  (page = await opened.open(run, options));
/** Weight of a cell in PyTorch's own output. */
const weightOf = (run: StandaloneRun, layer: number, head: number, query: number, key: number) => {
  const { dims, data } = run.tensors[layer]!;
  return data[(head * dims[1]! + query) * dims[2]! + key]!;
};

describe.skipIf(!hasFixtures)("the inspector and its host", () => {
  const run = hasFixtures ? referenceRun(llama, "causal") : ({} as StandaloneRun);
  test("keeps what it looks at, and comes back to it", async () => {
    await open(run);
    await press("2", "]", "]", ".", "r");
    const state = await page.evaluate(() => window.fakeHost.state);
    expect(state).toMatchObject({ version: 1, request: { modelId: llama, text: run.run.text } });
    await page.close();
    await open(run, { state });
    expect(await page.locator(".view-head .figure").isVisible()).toBe(true);
    await expect
      .poll(async () => (await calls("select")).at(-1))
      .toMatchObject({
        choice: { layer: 2, head: 1 },
      });
    expect(await page.getByRole("checkbox", { name: "Square-root scale" }).isChecked()).toBe(false);
  });

  test.each([
    ["another version", { version: 2, selection: { view: "head" } }],
    ["text", "x"],
    ["nothing", null],
  ])("opens plainly with state that is %s", async (_, state) => {
    await open(run, { state });
    expect(await page.getByRole("gridcell").count()).toBe(45);
  });

  test("exports picture and numbers of what is seen through the host", async () => {
    await open(run);
    await press("2");
    for (const kind of ["SVG", "PNG", "CSV", "JSON"]) {
      await page.getByRole("button", { name: "Export" }).click();
      await page.getByRole("menuitem", { name: kind }).click();
      await expect.poll(async () => (await calls("save")).length, { timeout: 10_000 }).toBeGreaterThan(0);
      const { name, bytes } = await page.evaluate(() => {
        const { name, bytes } = window.fakeHost.calls.findLast(({ method }) => method === "save")!
          .argument as {
          name: string;
          bytes: Uint8Array;
        };
        window.fakeHost.calls.splice(0);
        return { name, bytes: [...bytes] };
      });
      expect(name).toBe(`headlight-decoder-L0-H0-weights.${kind.toLowerCase()}`);
      const text = Buffer.from(bytes).toString("utf8");
      if (kind === "SVG") expect(text).toMatch(/^<svg .*·named.*<\/svg>$/s);
      if (kind === "PNG") expect(bytes.slice(0, 4)).toEqual([137, 80, 78, 71]);
      if (kind === "JSON") {
        const { dims, values } = JSON.parse(text) as { dims: number[]; values: number[] };
        expect(dims).toEqual([21, 21]);
        expect(values[13 * 21 + 6]).toBe(weightOf(run, 0, 0, 13, 6));
      }
      if (kind === "CSV") {
        const lines = text.trim().split("\r\n");
        expect(lines).toHaveLength(1 + 21 * 21);
        expect(lines[1 + 13 * 21 + 6]).toBe(`13, named,6, there,${weightOf(run, 0, 0, 13, 6)}`);
      }
    }
  });

  test("follows the theme and the colour map while it is open", async () => {
    await open(run, { theme: "dark" });
    const corner = () =>
      page.evaluate(() => {
        const pen = document.querySelector<HTMLCanvasElement>(".overview-grid canvas")!.getContext("2d")!;
        return [...pen.getImageData(30, 22, 1, 1).data].slice(0, 3);
      });
    const dark = await corner();
    await setTheme(page, "light");
    const light = await corner();
    expect(light).not.toEqual(dark);
    await page.evaluate(() => window.fakeHost.emit("settings", { colourMap: "viridis" }));
    await settled(page);
    // The last colour of viridis: the first token can see only itself.
    expect(await corner()).toEqual([253, 231, 37]);
  });

  test("takes the caret's token for the query and keeps the head that was chosen here", async () => {
    await open(run);
    await page.getByRole("gridcell", { name: /layer 1.*head 2/i }).click();
    await page.evaluate(() => window.fakeHost.emit("query", { query: 3 }));
    await settled(page);
    expect(await page.locator("#token-query-3").getAttribute("aria-selected")).toBe("true");
    await expect
      .poll(async () => (await calls("select")).at(-1))
      .toMatchObject({ view: "head", choice: { layer: 1, head: 2 }, query: 3 });
  });

  test("marks a stale inspection and runs again on a click", async () => {
    await open(run);
    await page.evaluate(
      (summary) => window.fakeHost.emit("content", { status: "shown", run: summary, stale: true }),
      run.run,
    );
    await settled(page);
    expect(await page.locator(".banner").innerText()).toContain(
      "The text has changed since this inspection.",
    );
    await page.getByRole("button", { name: "Run again" }).click();
    await expect.poll(() => calls("runAgain")).toHaveLength(1);
    expect(await page.getByRole("gridcell").count()).toBe(45);
  });

  test("shows progress only after 300 ms, keeps the last result, and cancels", async () => {
    await open(run);
    await page.evaluate(() =>
      window.fakeHost.emit("content", { status: "running", text: "x", stage: "Running" }),
    );
    await settled(page);
    expect(await page.locator(".banner").isVisible()).toBe(false);
    await page.waitForTimeout(350);
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect.poll(() => calls("cancel")).toHaveLength(1);
    expect(await page.getByRole("gridcell").count()).toBe(45);
  });

  test("says why a matrix did not come, and recovers with the next head", async () => {
    await open(run);
    await page.evaluate(
      () => (window.fakeHost.failing.matrix = "This inspection is no longer in memory. Run it again."),
    );
    await press("2", "]");
    expect(await page.locator(".view-message").innerText()).toBe(
      "This inspection is no longer in memory. Run it again.",
    );
    await page.evaluate(() => delete window.fakeHost.failing.matrix);
    await press(".");
    expect(await page.locator(".figure").isVisible()).toBe(true);
  });

  test("ignores malformed messages", async () => {
    await open(run);
    await page.evaluate((summary) => {
      const events = ["content", "selection", "settings", "command", "constructor", "__proto__"];
      const arguments_ = [
        undefined,
        null,
        3,
        "x",
        {},
        { status: "shown" },
        { view: "x" },
        { name: "nope" },
        [],
      ];
      window.fakeHost.post(undefined);
      window.fakeHost.post({ kind: "result", id: 99999, value: 1 });
      window.fakeHost.post({ kind: "failure", id: 1, error: null });
      for (const event of events) {
        for (const argument of arguments_) window.fakeHost.post({ kind: "event", event, argument });
      }
      window.fakeHost.post({
        kind: "event",
        event: "selection",
        argument: {
          view: "head",
          choice: { block: "decoder", layer: 99, head: 1e9 },
          measure: "weights",
          query: 1e6,
        },
      });
      void summary;
    }, run.run);
    await settled(page);
    expect(await page.locator(".figure").isVisible()).toBe(true);
    const value = (element: Element) => (element as HTMLSelectElement).value;
    expect(await page.getByRole("combobox", { name: "Layer" }).evaluate(value)).toBe("4");
  });

  test("lists the keys and gives the focus back", async () => {
    await open(run);
    await press("?");
    expect(await page.getByRole("dialog").isVisible()).toBe(true);
    await expectAccessible(page);
    await press("Escape");
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
  });
});
