import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { settled } from "./harness";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import type { PageOptions } from "./harness";
import { teachingPage } from "./teachingPage";

const { run, openView, valueOf } = teachingPage();
let page: Page;
const open = async (shown: StandaloneRun, view: ViewName, options?: PageOptions) =>
  (page = await openView(shown, view, options));

describe("exports", () => {
  const save = async (kind: string) => {
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: new RegExp(kind) }).click();
    await expect
      .poll(() => page.evaluate(() => window.fakeHost.calls.filter(({ method }) => method === "save").length))
      .toBe(1);
    const bytes = await page.evaluate(() => {
      const { argument } = window.fakeHost.calls.find(({ method }) => method === "save")!;
      return Array.from((argument as { bytes: Uint8Array }).bytes);
    });
    return Buffer.from(bytes).toString("utf8");
  };
  /** The value of one line of a table. */
  const cell = (csv: string, panel: string, at: number, column: number) => {
    const line = csv.split("\r\n").find((each) => {
      const fields = each.split(",");
      return fields[0] === panel && fields[1] === String(at) && fields.at(-3) === String(column);
    });
    return Number(line?.split(",").at(-1));
  };

  test("Steps saves each stage of the query as numbers of the run", async () => {
    await open(run(), "steps");
    const csv = await save("CSV");
    expect(cell(csv, "weight", 3, 0)).toBe(valueOf("weights", 8, 3));
    expect(cell(csv, "score", 3, 0)).toBe(valueOf("scores", 8, 3));
    expect(cell(csv, "q ∘ k", 3, 5)).toBeCloseTo(valueOf("q", 8, 5) * valueOf("k", 3, 5), 5);
  });

  test("Steps saves what the heads add", async () => {
    await open(run(), "steps");
    await page.locator(".term[data-stage=residual]").click();
    await settled(page);
    const json = JSON.parse(await save("JSON")) as {
      panels: { title: string; dims: number[]; values: number[] }[];
      checks: { output: { largestDifference: number } };
    };
    const before = run().tensors.find((tensor) => tensor.layer === 2 && tensor.what === "before")!.data;
    expect(json.panels.find(({ title }) => title === "x before")!.values).toEqual(
      Array.from(before.subarray(8 * 256, 9 * 256)),
    );
    expect(json.checks.output.largestDifference).toBeLessThan(1e-5);
  });

  test("Mask saves its cells and how many keys each query sees", async () => {
    await open(run(), "mask");
    const csv = await save("CSV");
    expect([2, 3].map((key) => cell(csv, "mask", 2, key))).toEqual([1, 0]);
    expect(cell(csv, "keys seen", 4, 0)).toBe(5);
    expect(cell(csv, "weights after", 2, 1)).toBe(valueOf("weights", 2, 1));
  });

  test.each(["steps", "mask", "positions"] as const)(
    "%s saves a picture that a viewer reads",
    async (view) => {
      await open(run(), view);
      const svg = await save("SVG");
      const found = await page.evaluate((source) => {
        const parsed = new DOMParser().parseFromString(source, "image/svg+xml");
        return {
          isBroken: parsed.querySelector("parsererror") !== null,
          title: parsed.querySelector("title")?.textContent,
        };
      }, svg);
      expect(found.isBroken).toBe(false);
      expect(found.title).toContain("Layer 2, head 3");
    },
  );
});
