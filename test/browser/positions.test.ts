import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { settled } from "./harness";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import type { PageOptions } from "./harness";
import { teachingPage } from "./teachingPage";

const { run, openView, press } = teachingPage();
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
