import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { canCapture, capturedRun } from "../support/capturedRun";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { settled, type PageOptions } from "./harness";
import { openedPage } from "./openedPage";

const llama = "llama-stories260K-eager-ts-opset17";
if (!hasReference(llama))
  console.warn("SKIPPED: ../shared/fixtures is not there, so there is no real run to lay out.");

let page: Page;
const opened = openedPage();
const { press } = opened;

const readout = () => page.locator(".readout").innerText();
const exported = async (kind: string) => {
  await page.evaluate(() => void window.fakeHost.calls.splice(0));
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("menuitem", { name: kind }).click();
  const bytes = () =>
    page.evaluate(() => {
      const save = window.fakeHost.calls.findLast(({ method }) => method === "save");
      return save && [...(save.argument as { bytes: Uint8Array }).bytes];
    });
  await expect.poll(bytes, { timeout: 10_000 }).toBeDefined();
  return Buffer.from((await bytes())!).toString("utf8");
};
const pick = async (name: string, option: string | RegExp) => {
  await page.getByRole("combobox", { name, exact: true }).click();
  await page.locator("vscode-option:visible", { hasText: option }).first().click();
  await settled(page);
};

describe.skipIf(!hasReference(llama))("the tokens of a head", () => {
  const run = hasReference(llama) ? referenceRun(llama, "causal") : ({} as StandaloneRun);
  const n = run.run?.tokens.length ?? 0;
  /** Weight of layer 0, head 0 in PyTorch's own output. */
  const weightOf = (query: number, key: number) => run.tensors[0]!.data[query * n + key]!;
  const columnSum = (key: number) =>
    Array.from({ length: n }, (_, query) => weightOf(query, key)).reduce((sum, weight) => sum + weight, 0);
  const open = async (options?: PageOptions) => {
    page = await opened.open(run, options);
    await press("2");
    await page.getByRole("button", { name: "Tokens" }).click();
    await settled(page);
  };
  const json = async () =>
    JSON.parse(await exported("JSON")) as {
      queries: { index: number; indices?: number[]; text: string }[];
      keys: { index: number }[];
      values: number[];
      shown?: string;
      chosen: number[];
    };

  test("hides special ones, in picture, numbers and words, and shows them again", async () => {
    await open();
    expect(run.run.tokens[0]!.special).toBe(true);
    await page.getByRole("checkbox", { name: "Hide special tokens" }).click();
    await settled(page);
    expect(await page.locator(".layout-note").innerText()).toBe(
      `special tokens hidden · ${n - 1} × ${n - 1} of ${n} × ${n} tokens`,
    );
    const { queries, values, shown } = await json();
    expect(queries.map(({ index }) => index)).toEqual(Array.from({ length: n - 1 }, (_, i) => i + 1));
    expect(values[0]).toBe(weightOf(1, 1));
    expect(shown).toContain("special tokens hidden");
    expect(await exported("SVG")).toContain("special tokens hidden");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown");
    expect(await readout()).toContain("·upon (2) → ·Once (1)");
    await expectAccessible(page);
    await page.getByRole("button", { name: "Show all" }).click();
    await settled(page);
    expect((await json()).queries).toHaveLength(n);
  });

  test.skipIf(!canCapture())(
    "joins the tokens of a word: the sum over keys, the mean over queries",
    async () => {
      const captured = await capturedRun("def sawmillers(xs):\n    return sawmillers(xs)\n", "weights");
      const { data, dims } = captured.tensors[0]!;
      page = await opened.open(captured);
      await press("2");
      await page.getByRole("button", { name: "Tokens" }).click();
      await page.getByRole("checkbox", { name: "Group by word" }).click();
      await settled(page);
      const { queries, keys, values } = await json();
      const word = queries.findIndex(({ text }) => text.trim() === "sawmillers");
      const tokens = queries[word]!.indices!;
      expect(tokens.length).toBeGreaterThan(1);
      const weightOf = (query: number, key: number) => data[query * dims[2]! + key]!;
      const expected =
        tokens
          .flatMap((query) => tokens.map((key) => weightOf(query, key)))
          .reduce((sum, weight) => sum + weight, 0) / tokens.length;
      expect(values[word * keys.length + word]).toBeCloseTo(expected, 6);
      await page.locator(".figure").focus();
      await press(...Array<string>(word + 1).fill("ArrowDown"), ...Array<string>(word).fill("ArrowRight"));
      const range = `${tokens[0]}–${tokens.at(-1)}`;
      expect(await readout()).toContain(`·sawmillers (${range}) → ·sawmillers (${range})`);
      expect(await readout()).toContain(`weight ${expected.toFixed(4)}`);
    },
  );

  test("sorts by the weight that each token receives", async () => {
    await open();
    await pick("Order of tokens", "by weight received");
    const { keys, queries, values } = await json();
    const order = Array.from({ length: n }, (_, key) => key).sort((a, b) => columnSum(b) - columnSum(a));
    expect(keys.map(({ index }) => index)).toEqual(order);
    expect(queries.map(({ index }) => index)).toEqual(order);
    expect(values[1]).toBe(weightOf(order[0]!, order[1]!));
  });

  test("keeps the queries that hold a text, and says so when none does", async () => {
    await open();
    const field = page.getByRole("searchbox");
    await field.fill("L");
    await settled(page);
    const holding = run.run.tokens.flatMap(({ text }, index) => (/l/i.test(text) ? [index] : []));
    const found = await json();
    expect(found.queries.map(({ index }) => index)).toEqual(holding);
    expect(found.keys).toHaveLength(n);
    await pick("What the text filters", /^\s*keys/);
    expect((await json()).keys.map(({ index }) => index)).toEqual(holding);
    await field.fill("zebra");
    await settled(page);
    expect(await page.locator(".view-message").innerText()).toContain("No token holds “zebra”");
    await field.fill("");
    await settled(page);
    expect(await page.locator(".figure").isVisible()).toBe(true);
  });

  test("show the mean row of several queries, chosen by mouse and by keyboard", async () => {
    await open();
    const cells = (await page.locator(".figure .cells").boundingBox())!;
    const clickRow = async (row: number, ...keys: ("Control" | "Shift")[]) => {
      for (const key of keys) await page.keyboard.down(key);
      await page.mouse.click(cells.x + cells.width / n / 2, cells.y + (cells.height * (row + 0.5)) / n);
      for (const key of keys) await page.keyboard.up(key);
    };
    await clickRow(3);
    await clickRow(5, "Control");
    await page.mouse.move(5, 790);
    await settled(page);
    expect(await readout()).toContain("mean of 2 queries");
    const means = Array.from({ length: n }, (_, key) => (weightOf(3, key) + weightOf(5, key)) / 2);
    const strongest = means.indexOf(Math.max(...means));
    expect(await readout()).toContain(`(${strongest}) ${Math.max(...means).toFixed(4)}`);
    expect((await json()).chosen).toEqual([3, 5]);
    expect(await exported("SVG")).toContain("mean of 2 queries");
    for (const row of [3, 5])
      expect(await page.locator(`#token-query-${row}`).getAttribute("aria-selected")).toBe("true");
    await clickRow(7, "Shift");
    await settled(page);
    expect((await json()).chosen).toEqual([5, 6, 7]);
    await page.locator(".figure").focus();
    await press("Escape", "Escape", "Home", "Enter", "Shift+ArrowDown", "Shift+ArrowDown");
    expect((await json()).chosen).toHaveLength(3);
    await page.locator(".figure").focus();
    await press("Control+Enter");
    expect((await json()).chosen).toEqual([1, 2]);
    expect(await page.evaluate(() => window.fakeHost.state)).toMatchObject({
      selection: { queries: [expect.any(Number), expect.any(Number)] },
    });
    await page.locator(".figure").focus();
    await press("Escape", "Escape");
    expect((await json()).chosen).toEqual([]);
  });

  test("are laid out the same as lines", async () => {
    await open({ width: 900 });
    await page.getByRole("checkbox", { name: "Hide special tokens" }).click();
    await page.getByRole("checkbox", { name: "Group by word" }).click();
    await pick("Beside the rows", "row sum");
    await pick("Form", /^\s*Lines/);
    await page.locator(".lines").focus();
    await press("ArrowDown", "ArrowDown", "Enter", "ArrowDown", "Control+Enter");
    await page.mouse.move(5, 790);
    await page.locator(".lines").evaluate((element) => (element as HTMLElement).blur());
    await settled(page);
    expect(await readout()).toContain("mean of 2 queries: ·upon (2) ·a (3)");
    expect(await page.locator(".lines-note").innerText()).toContain("Left bars: row sum");
    expect(await page.locator(".lines-note").innerText()).toContain("Right bars: mean of 2");
    await expectAccessible(page);
    const svg = await exported("SVG");
    expect(svg).toContain("grouped by word");
    expect(svg).toContain("mean of 2 queries");
  });
});
