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

describe("Mask", () => {
  test("names the rule that the run follows and counts the keys of each query", async () => {
    await open(run(), "mask");
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
