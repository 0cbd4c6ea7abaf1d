import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { type PageOptions, settled } from "./harness";
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
const readout = () => page.locator(".readout").innerText();
/** Weight of a cell in PyTorch's own output. */
const weightOf = (run: StandaloneRun, layer: number, head: number, query: number, key: number) => {
  const { dims, data } = run.tensors[layer]!;
  return data[(head * dims[1]! + query) * dims[2]! + key]!;
};

describe.skipIf(!hasFixtures)("heads and cells of a causal run", () => {
  const run = hasFixtures ? referenceRun(llama, "causal") : ({} as StandaloneRun);

  test("shows every head of every layer, walked with the arrow keys", async () => {
    await open(run);
    const cells = page.getByRole("gridcell");
    expect(await cells.count()).toBe(5 * (8 + 1));
    await page.getByRole("gridcell", { name: "layer 0, head 0" }).focus();
    await press("ArrowDown", "ArrowRight", "ArrowRight");
    const chosen = page.locator('[role=gridcell][aria-selected="true"]');
    expect(await chosen.getAttribute("aria-label")).toBe("layer 1, head 2");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
      "layer 1, head 2",
    );
    await press("Enter");
    expect(await page.locator(".view-head .figure").isVisible()).toBe(true);
    await expect
      .poll(async () => (await calls("select")).at(-1))
      .toMatchObject({
        view: "head",
        choice: { block: "decoder", layer: 1, head: 2 },
      });
  });

  test("says the exact weight and both tokens of the cell that the keyboard is on", async () => {
    await open(run);
    await press("2", "]", ".", ".");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight");
    const weight = weightOf(run, 1, 2, 2, 1);
    expect(await readout()).toContain("·upon (2) → ·Once (1)");
    expect(await readout()).toContain(`weight ${weight.toFixed(4)}`);
    expect(await page.locator("#head-cell").textContent()).toBe(
      `query ·upon 2, key ·Once 1, weight ${weight.toPrecision(3)}`,
    );
    expect(await page.locator(".figure").getAttribute("aria-activedescendant")).toBe("head-cell");
    await expect.poll(() => page.locator("#said").textContent()).toContain("key ·Once 1, weight");
    await press("ArrowRight", "ArrowRight");
    expect(await readout()).toContain("masked");
  });

  test("says the exact weight of the cell under the pointer", async () => {
    await open(run);
    await press("2");
    const box = (await page.locator(".figure .cells").boundingBox())!;
    const nTokens = run.run.tokens.length;
    await page.mouse.move(box.x + (box.width * 6.5) / nTokens, box.y + (box.height * 13.5) / nTokens);
    await settled(page);
    expect(await readout()).toContain("·named (13) → ·there (6)");
    expect(await readout()).toContain(weightOf(run, 0, 0, 13, 6).toFixed(4));
  });

  test("paints each cell in the colour that the colour bar gives its weight", async () => {
    await open(run, { theme: "light" });
    await press("2");
    const nTokens = run.run.tokens.length;
    const darkness = await page.evaluate((n) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".figure .cells")!;
      const size = canvas.width / n;
      const pen = canvas.getContext("2d")!;
      return Array.from({ length: n }, (_, query) =>
        Array.from({ length: query + 1 }, (_, key) => {
          const [r, g, b] = pen.getImageData((key + 0.5) * size, (query + 0.5) * size, 1, 1).data;
          return 765 - r! - g! - b!;
        }),
      );
    }, nTokens);
    const cells = darkness.flatMap((row, query) =>
      row.map((dark, key) => ({ dark, weight: weightOf(run, 0, 0, query, key) })),
    );
    cells.sort((a, b) => a.weight - b.weight);
    for (let at = 1; at < cells.length; at++) {
      expect(cells[at]!.dark).toBeGreaterThanOrEqual(cells[at - 1]!.dark - 2);
    }
    expect(cells.at(-1)!.dark).toBeGreaterThan(600);
    expect(cells[0]!.dark).toBeLessThan(20);
  });

  test("zooms by wheel and key about the pointer, pans, and shows everything again by double click", async () => {
    await open(run);
    await press("2");
    const box = (await page.locator(".figure .cells").boundingBox())!;
    const at = { x: box.x + box.width * 0.3, y: box.y + box.height * 0.7 };
    await page.mouse.move(at.x, at.y);
    await settled(page);
    const before = await readout();
    await page.mouse.wheel(0, -300);
    await settled(page);
    expect(await readout()).toBe(before);
    expect(await page.locator(".minimap").isVisible()).toBe(true);
    await page.mouse.down();
    await page.mouse.move(at.x - 120, at.y - 120, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(at.x, at.y);
    await settled(page);
    expect(await readout()).not.toBe(before);
    await page.mouse.dblclick(at.x, at.y);
    await settled(page);
    expect(await page.locator(".minimap").isVisible()).toBe(false);
    await press("+");
    expect(await page.locator(".minimap").isVisible()).toBe(true);
    await press("0");
    expect(await page.locator(".minimap").isVisible()).toBe(false);
  });

  test("previews a hovered token, pins and reveals a clicked one, and frees it by Escape", async () => {
    await open(run);
    const token = page.locator("#token-query-10");
    await token.hover();
    await settled(page);
    expect(await readout()).toMatch(/^·g \(10\) →/);
    await token.click();
    await page.mouse.move(500, 790);
    await settled(page);
    expect(await token.getAttribute("aria-selected")).toBe("true");
    await expect
      .poll(() => calls("revealToken"))
      .toEqual([{ runId: run.run.runId, side: "source", index: 10 }]);
    const shade = (index: number) =>
      page
        .locator(`#token-query-${index}`)
        .evaluate((element) => (element as HTMLElement).style.backgroundColor);
    expect(await shade(0)).not.toBe("");
    expect(await shade(11)).toBe("");
    await press("Escape");
    expect(await token.getAttribute("aria-selected")).toBe("false");
    expect(await shade(0)).toBe("");
  });

  test("walks the tokens of the strip by keyboard", async () => {
    await open(run);
    await page.getByRole("listbox", { name: "Tokens" }).focus();
    await press("ArrowRight", "ArrowRight", "Enter");
    expect(await page.locator("#token-query-1").getAttribute("aria-selected")).toBe("true");
    await expect.poll(() => calls("revealToken")).toHaveLength(1);
  });

  test("makes the column's token the query by q", async () => {
    await open(run);
    await press("2");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "q");
    expect(await readout()).toContain("·Once (1) → ·Once (1)");
    expect(await page.locator("#token-query-1").getAttribute("aria-selected")).toBe("true");
  });

  test("orders heads by a statistic and dims those below the threshold", async () => {
    await open(run);
    await page.getByRole("combobox", { name: "Order" }).click();
    await page.locator("vscode-option:visible", { hasText: "entropy" }).first().click();
    await settled(page);
    const values = await page.locator(".caption b").allInnerTexts();
    expect(values).toHaveLength(40);
    const numbers = values.map(Number);
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    await page.locator("input[type=range]").fill("0.5");
    await settled(page);
    const nDim = await page.locator(".head-cell.dim").count();
    expect(nDim).toBe(numbers.filter((value) => value < (numbers[0]! + numbers.at(-1)!) / 2).length);
  });

  test("draws the head as lines, walked by keyboard, and exports them as seen", async () => {
    await open(run, { theme: "light" });
    await press("2");
    await page.getByRole("combobox", { name: "Form" }).click();
    await page.locator("vscode-option:visible", { hasText: "Matrix and lines" }).click();
    await settled(page);
    expect(await page.locator(".figure").isVisible()).toBe(true);
    await page.locator(".lines").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown");
    expect(await readout()).toMatch(/^·upon \(2\) →/);
    await expectAccessible(page);
    await press("Enter");
    expect(await page.locator("#token-query-2").getAttribute("aria-selected")).toBe("true");
    expect(
      await page.evaluate(() => (window.fakeHost.state as { arrangement: unknown }).arrangement),
    ).toMatchObject({
      form: "both",
    });
    await page.getByRole("combobox", { name: "Form" }).click();
    await page.locator("vscode-option:visible", { hasText: /^\s*Lines/ }).click();
    await settled(page);
    expect(await page.locator(".figure").isVisible()).toBe(false);
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "SVG" }).click();
    await expect.poll(() => calls("save"), { timeout: 10_000 }).toHaveLength(1);
    const [saved] = (await calls("save")) as { bytes: Record<string, number> }[];
    const svg = Buffer.from(Object.values(saved!.bytes)).toString("utf8");
    // The pinned query sees itself and the two tokens before it; PyTorch gives all three more than 0.0039.
    expect(svg.match(/M[\d.]+ [\d.]+C/g)).toHaveLength(3);
  });
});
