import type { Frame, Page } from "playwright-core";

/** The side panel's page among the frames of all webviews. */
export async function panelFrame(page: Page): Promise<Frame> {
  for (;;) {
    for (const frame of page.frames()) {
      const found = await frame
        .locator("section.heads")
        .count()
        .catch(() => 0);
      if (found > 0) return frame;
    }
    await page.waitForTimeout(250);
  }
}
