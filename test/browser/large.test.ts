import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { settled } from "./harness";
import { openedPage } from "./openedPage";

const llama = "llama-stories260K-eager-ts-opset17";
if (!hasReference(llama))
  console.warn("SKIPPED: ../shared/fixtures is not there, so there are no real weights to repeat.");

let page: Page;
const opened = openedPage();

describe.skipIf(!hasReference(llama))("a head of 4,096 tokens", () => {
  const run = hasReference(llama) ? referenceRun(llama, "causal") : ({} as StandaloneRun);
  const n = run.run?.tokens.length ?? 0;
  /** The weight as `enlarge.ts` repeats it, from PyTorch's own output. */
  const weightAt = (query: number, key: number) => {
    const [q, k] = [query % n, key % n];
    return run.tensors[0]!.data[Math.max(q, k) * n + Math.min(q, k)]!;
  };
  const open = async () => {
    const enlarge = { nTokens: 4096, nLayers: 1, nHeads: 1 };
    page = await opened.open(run, { enlarge, hostInWorker: true });
    await page.keyboard.press("2");
    await painted();
  };
  /** Until nothing more comes: two samples of the plot are equal. */
  const painted = async () => {
    await expect
      .poll(
        async () => {
          const sample = await picture();
          await page.waitForTimeout(250);
          return sample !== undefined && sample === (await picture());
        },
        { timeout: 30_000 },
      )
      .toBe(true);
  };
  const picture = () =>
    page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>(".figure .cells");
      const isBlank = !canvas || document.querySelector(".figure.pending");
      return isBlank ? undefined : canvas.toDataURL();
    });
  const messages = () =>
    page.evaluate(() =>
      window.fakeHost.calls
        .filter(({ method }) => method === "matrix")
        .map(({ argument }) => argument as { tokensPerCell?: number; window: Record<string, number> })
        .flatMap(({ tokensPerCell, window }) => (tokensPerCell ? [{ tokensPerCell, window }] : [])),
    );

  test("comes in tiles of at most a megabyte, coarse ones first, and says what a cell is", async () => {
    await open();
    const asked = await messages();
    expect(asked[0]).toMatchObject({ tokensPerCell: 16 });
    for (const { tokensPerCell, window } of asked) {
      const cells =
        ((window.queryEnd! - window.queryStart!) * (window.keyEnd! - window.keyStart!)) / tokensPerCell ** 2;
      expect(cells * 5).toBeLessThan(1e6);
    }
    expect(await page.locator(".toolbar").innerText()).toContain(
      "Each cell is the largest of 16 × 16 tokens",
    );
    await expectAccessible(page);
  });

  test("zooms in to single tokens, says their exact weights, and asks only for what is seen", async () => {
    await open();
    const before = (await messages()).length;
    const box = (await page.locator(".figure .cells").boundingBox())!;
    const at = { x: box.x + box.width * 0.3, y: box.y + box.height * 0.8 };
    await page.mouse.move(at.x, at.y);
    for (let step = 0; step < 12; step++) await page.mouse.wheel(0, -300);
    await painted();
    expect(await page.locator(".toolbar").innerText()).not.toContain("Each cell is the largest");
    await settled(page);
    const found = /\((\d+)\) → .*\((\d+)\)[\s\S]*weight ([\d.<]+)/.exec(
      await page.locator(".readout").innerText(),
    )!;
    const [query, key] = [Number(found[1]), Number(found[2])];
    expect(query).toBeGreaterThan(3000);
    const weight = weightAt(query, key);
    expect(found[3]).toBe(weight >= 0.001 ? weight.toFixed(4) : found[3]);
    const asked = (await messages()).slice(before);
    const finest = asked.filter(({ tokensPerCell }) => tokensPerCell === 1);
    expect(finest.length).toBeGreaterThan(0);
    // A screen of some 400 tokens lies on at most nine tiles at each level on the way.
    expect(asked.length).toBeLessThan(60);
  });

  test("draws single lines of what is seen, walked to the end by keyboard", async () => {
    await open();
    await page.getByRole("combobox", { name: "Form" }).click();
    await page.locator("vscode-option:visible", { hasText: /^\s*Lines/ }).click();
    await settled(page);
    await page.locator(".lines").focus();
    await page.evaluate(() => {
      const box = document.querySelector(".lines")!;
      box.scrollTop = box.scrollHeight;
    });
    await expect
      .poll(() =>
        page.evaluate(() => {
          const canvas = document.querySelector<HTMLCanvasElement>(".lines canvas")!;
          const { data } = canvas.getContext("2d")!.getImageData(canvas.width / 2, 0, 1, canvas.height);
          return data.some((channel) => channel > 0);
        }),
      )
      .toBe(true);
    await expect
      .poll(async () => (await messages()).filter(({ tokensPerCell }) => tokensPerCell === 1).at(-1)?.window)
      .toMatchObject({ queryEnd: 4096, keyStart: 0, keyEnd: 4096 });
    await page.keyboard.press("ArrowDown");
    await settled(page);
    expect(await page.locator(".readout").innerText()).toMatch(/\(0\) →/);
  });
});
