import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { settled } from "./harness";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import type { PageOptions } from "./harness";
import { signed, teachingPage } from "./teachingPage";

const { run, openView, press, valueOf } = teachingPage();
let page: Page;
const open = async (shown: StandaloneRun, view: ViewName, options?: PageOptions) =>
  (page = await openView(shown, view, options));

describe("Positions", () => {
  test("name the model's scheme and stand the same beside it by formula", async () => {
    await open(run(), "positions");
    expect(await page.getByRole("region", { name: "This model" }).innerText()).toContain(
      "Rotary positions (RoPE)",
    );
    expect(await page.getByRole("radio", { name: "RoPE" }).getAttribute("aria-checked")).toBe("true");
  });

  test("show by how much each pair of this run's q and k is turned, by keyboard, and mark the pair elsewhere", async () => {
    await open(run(), "positions");
    const dials = page.getByRole("slider", { name: "Rotation of q of . (8), pair by pair" });
    await dials.focus();
    await press("Home", "ArrowRight");
    // Dimensions 1 and 17 of 32 turn together; θ_1 = 10,000^(-2/32) = 0.5623 (Su et al. 2021, §3.2.2).
    const length = Math.hypot(valueOf("q", 8, 1), valueOf("q", 8, 17));
    const words = `pair 1: turned by 8 × 0.5623 = 4.499 rad (257.8°), length ${signed(length)}`;
    expect(await dials.getAttribute("aria-valuetext")).toBe(words);
    expect(await page.locator(".rotation .here").first().innerText()).toBe(words);
    const wavelength = page
      .getByRole("region", { name: "This model" })
      .getByRole("slider", { name: /^Wavelength/ });
    expect(await wavelength.getAttribute("aria-valuetext")).toBe("pair of dimensions 1: wavelength 11.17");
  });

  test("draw the curve of a dimension that is clicked, and take it away again", async () => {
    await open(run(), "positions");
    await page.getByRole("radio", { name: "Sinusoidal" }).click();
    const names = page.getByRole("region", { name: "By formula" }).locator(".chart-names").first();
    await expect
      .poll(() => names.innerText())
      .toMatch(/dimension 0\s+dimension 16\s+dimension 32\s+dimension 63/);
    await page.getByRole("img", { name: /^position × dimension/ }).focus();
    await press("ArrowRight", "ArrowRight", "ArrowRight", "Enter");
    await expect
      .poll(() => names.innerText())
      .toMatch(/dimension 16\s+dimension 32\s+dimension 63\s+dimension 3$/);
    await press("Enter");
    await expect.poll(() => names.innerText()).not.toMatch(/dimension 3$/);
  });

  test("say that the curves of the heads are of attention weights where another measure is chosen", async () => {
    const choice = { block: "decoder", layer: 2, head: 3 } as const;
    await open(
      { ...run(), selection: { view: "positions", choice, measure: "value-weighted" } },
      "positions",
    );
    expect(await page.locator(".distances .notice-line").innerText()).toContain(
      "means of the attention weights",
    );
  });

  test("redraw when a slider moves", async () => {
    await open(run(), "positions");
    await page.getByRole("radio", { name: "Sinusoidal" }).click();
    const table = page.getByRole("img", { name: /^position × dimension/ });
    expect(await table.getAttribute("aria-label")).toContain("64 by 64");
    await page.getByRole("slider", { name: "positions" }).focus();
    await press("ArrowRight");
    expect(await table.getAttribute("aria-label")).toContain("72 by 64");
  });

  test("choose a head by its curve", async () => {
    await open(run(), "positions");
    await page.getByRole("button", { name: /^L1 H2:/ }).click();
    await settled(page);
    expect(await page.locator(".distances .chart-title").innerText()).toBe("Layer 1, head 2");
  });

  test("say that nothing was found where nothing was", async () => {
    await open({ ...run(), positions: undefined }, "positions");
    expect(await page.getByRole("region", { name: "This model" }).innerText()).toContain("was not found");
  });
});
