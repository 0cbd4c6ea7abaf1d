import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import type { PageOptions } from "./harness";
import { teachingPage } from "./teachingPage";

const { run, openView, press, valueOf, without } = teachingPage();
let page: Page;
const open = async (shown: StandaloneRun, view: ViewName, options?: PageOptions) =>
  (page = await openView(shown, view, options));

describe("Scoring", () => {
  test("show the head's own q and k with the scale as the model weighs them", async () => {
    await open(run(), "scoring");
    await page.getByRole("img", { name: /^Weights by scaled dot product/ }).focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const here = page.locator(".scoring-columns figure").nth(2).locator(".here b").first();
    expect(Number(await here.innerText())).toBeCloseTo(valueOf("weights", 2, 1), 4);
  });

  test("read the experiment by keyboard, all four charts at one d_k", async () => {
    await open(run(), "scoring");
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
