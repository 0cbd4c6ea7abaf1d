import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { problemsOf, settled, startHarness, type Harness, type PageOptions } from "./harness";

/**
 * The set-up of a file of page tests: one browser for all, its pages closed after each test, and no page may leave an error, a
 * warning or a refusal by its policy behind. To be called once at the top of the file.
 */
export function openedPage(defaults: PageOptions = {}) {
  let harness: Harness;
  let page: Page | undefined;
  const pages: Page[] = [];
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(() => harness?.close());
  afterEach(async () => {
    const all = pages.splice(0);
    const problems = all.flatMap(problemsOf);
    await Promise.all(all.map((each) => each.close()));
    expect(problems, "errors, warnings or refusals by the policy in the page").toEqual([]);
  });
  return {
    async open(run: StandaloneRun | undefined, options?: PageOptions): Promise<Page> {
      page = await harness.open(run, { ...defaults, ...options });
      pages.push(page);
      return page;
    },
    /** Arguments of the page's calls of a method, oldest first. */
    calls: (method: string) =>
      page!.evaluate(
        (name) => window.fakeHost.calls.filter((call) => call.method === name).map((call) => call.argument),
        method,
      ),
    async press(...keys: string[]): Promise<void> {
      for (const key of keys) await page!.keyboard.press(key);
      await settled(page!);
    },
  };
}
