import type { Page } from "playwright-core";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { Harness, PageOptions } from "../browser/harness";

/** The page at a view, by its key ("2") or its name ("mask"), when its data has come. */
export async function openAt(
  harness: Harness,
  run: StandaloneRun,
  view: string,
  options: PageOptions = {},
  form: "matrix" | "lines" = "matrix",
): Promise<Page> {
  const arrangement = { squareRoot: true, form };
  const page = await harness.open(run, { ...options, state: { version: 1, arrangement } });
  if (view.length > 1) await showTab(page, view);
  else await page.keyboard.press(view);
  await page.waitForTimeout(1000);
  return page;
}

export async function showTab(page: Page, name: string): Promise<void> {
  await page.locator(`#tab-${name}`).click();
}
