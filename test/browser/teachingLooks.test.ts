import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { expectAccessible } from "./axe";
import { setTheme } from "./harness";
import { expectPicture } from "./pictures";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import type { PageOptions } from "./harness";
import { teachingPage } from "./teachingPage";

const { run, openView } = teachingPage();
let page: Page;
const open = async (shown: StandaloneRun, view: ViewName, options?: PageOptions) =>
  (page = await openView(shown, view, options));

describe("every teaching view", () => {
  const views = ["steps", "mask", "positions", "scoring"] as const;
  test.each(views)(
    "%s is accessible in the dark, in the light and in both high contrasts, explanation open",
    async (view) => {
      await open(run(), view);
      await page.locator(".explanation summary").click();
      for (const theme of ["dark", "light", "highContrast", "highContrastLight"] as const) {
        await setTheme(page, theme);
        await expectAccessible(page);
      }
    },
  );

  test.each(views)("%s looks as kept, wide and narrow", async (view) => {
    await open(run(), view, { theme: "dark", width: 1000, height: 900 });
    await expectPicture(page.locator("#page"), `${view}-dark-1000`);
    await page.close();
    await open(run(), view, { theme: "light", width: 400, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
    await expectPicture(page.locator("#page"), `${view}-light-400`);
  });
});
