import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { canCapture, capturedRun } from "../support/capturedRun";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { problemsOf, settled, setTheme, startHarness, type Harness, type PageOptions } from "./harness";
import { expectPicture } from "./pictures";

const llama = "llama-stories260K-eager-ts-opset17";
const t5 = "t5-eager-ts-opset17";
const hasFixtures = hasReference(llama) && hasReference(t5);
if (!hasFixtures)
  console.warn("SKIPPED: ../shared/fixtures is not there, so the page has no real run to show.");

let harness: Harness;
let page: Page;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness?.close());
afterEach(async () => {
  const problems = page ? problemsOf(page) : [];
  await page?.close();
  expect(problems, "errors, warnings or refusals by the policy in the page").toEqual([]);
});

async function open(run: StandaloneRun | undefined, options?: PageOptions): Promise<Page> {
  page = await harness.open(run, options);
  return page;
}
const calls = (method: string) =>
  page.evaluate(
    (name) => window.fakeHost.calls.filter((call) => call.method === name).map((call) => call.argument),
    method,
  );
const readout = () => page.locator(".readout").innerText();
const press = async (...keys: string[]) => {
  for (const key of keys) await page.keyboard.press(key);
  await settled(page);
};
/** Weight of a cell in PyTorch's own output. */
const weightOf = (run: StandaloneRun, layer: number, head: number, query: number, key: number) => {
  const { dims, data } = run.tensors[layer]!;
  return data[(head * dims[1]! + query) * dims[2]! + key]!;
};

describe.skipIf(!hasFixtures)("a causal run", () => {
  const run = hasFixtures ? referenceRun(llama, "causal") : ({} as StandaloneRun);

  test("shows every head of every layer, walked with the arrow keys", async () => {
    await open(run);
    const cells = page.getByRole("gridcell");
    expect(await cells.count()).toBe(5 * (8 + 1));
    await page.getByRole("gridcell", { name: "layer 0, head 0" }).focus();
    await press("ArrowDown", "ArrowRight", "ArrowRight");
    const chosen = page.locator('[role=gridcell][aria-selected="true"]');
    expect(await chosen.getAttribute("aria-label")).toBe("layer 1, head 2");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
      "layer 1, head 2",
    );
    await press("Enter");
    expect(await page.locator(".view-head .figure").isVisible()).toBe(true);
    await expect
      .poll(async () => (await calls("select")).at(-1))
      .toMatchObject({
        view: "head",
        choice: { block: "decoder", layer: 1, head: 2 },
      });
  });

  test("says the exact weight and both tokens of the cell that the keyboard is on", async () => {
    await open(run);
    await press("2", "]", ".", ".");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight");
    const weight = weightOf(run, 1, 2, 2, 1);
    expect(await readout()).toContain("·upon (2) → ·Once (1)");
    expect(await readout()).toContain(`weight ${weight.toFixed(4)}`);
    expect(await page.locator("#head-cell").textContent()).toBe(
      `query ·upon 2, key ·Once 1, weight ${weight.toPrecision(3)}`,
    );
    expect(await page.locator(".figure").getAttribute("aria-activedescendant")).toBe("head-cell");
    await expect.poll(() => page.locator("#said").textContent()).toContain("key ·Once 1, weight");
    await press("ArrowRight", "ArrowRight");
    expect(await readout()).toContain("masked");
  });

  test("says the exact weight of the cell under the pointer", async () => {
    await open(run);
    await press("2");
    const box = (await page.locator(".figure .cells").boundingBox())!;
    const nTokens = run.run.tokens.length;
    await page.mouse.move(box.x + (box.width * 6.5) / nTokens, box.y + (box.height * 13.5) / nTokens);
    await settled(page);
    expect(await readout()).toContain("·named (13) → ·there (6)");
    expect(await readout()).toContain(weightOf(run, 0, 0, 13, 6).toFixed(4));
  });

  test("paints each cell in the colour that the colour bar gives its weight", async () => {
    await open(run, { theme: "light" });
    await press("2");
    const nTokens = run.run.tokens.length;
    const darkness = await page.evaluate((n) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".figure .cells")!;
      const size = canvas.width / n;
      const pen = canvas.getContext("2d")!;
      return Array.from({ length: n }, (_, query) =>
        Array.from({ length: query + 1 }, (_, key) => {
          const [r, g, b] = pen.getImageData((key + 0.5) * size, (query + 0.5) * size, 1, 1).data;
          return 765 - r! - g! - b!;
        }),
      );
    }, nTokens);
    const cells = darkness.flatMap((row, query) =>
      row.map((dark, key) => ({ dark, weight: weightOf(run, 0, 0, query, key) })),
    );
    cells.sort((a, b) => a.weight - b.weight);
    for (let at = 1; at < cells.length; at++) {
      expect(cells[at]!.dark).toBeGreaterThanOrEqual(cells[at - 1]!.dark - 2);
    }
    expect(cells.at(-1)!.dark).toBeGreaterThan(600);
    expect(cells[0]!.dark).toBeLessThan(20);
  });

  test("zooms by wheel and key about the pointer, pans, and shows everything again by double click", async () => {
    await open(run);
    await press("2");
    const box = (await page.locator(".figure .cells").boundingBox())!;
    const at = { x: box.x + box.width * 0.3, y: box.y + box.height * 0.7 };
    await page.mouse.move(at.x, at.y);
    await settled(page);
    const before = await readout();
    await page.mouse.wheel(0, -300);
    await settled(page);
    expect(await readout()).toBe(before);
    expect(await page.locator(".minimap").isVisible()).toBe(true);
    await page.mouse.down();
    await page.mouse.move(at.x - 120, at.y - 120, { steps: 4 });
    await page.mouse.up();
    await page.mouse.move(at.x, at.y);
    await settled(page);
    expect(await readout()).not.toBe(before);
    await page.mouse.dblclick(at.x, at.y);
    await settled(page);
    expect(await page.locator(".minimap").isVisible()).toBe(false);
    await press("+");
    expect(await page.locator(".minimap").isVisible()).toBe(true);
    await press("0");
    expect(await page.locator(".minimap").isVisible()).toBe(false);
  });

  test("previews a hovered token, pins and reveals a clicked one, and frees it by Escape", async () => {
    await open(run);
    const token = page.locator("#token-query-10");
    await token.hover();
    await settled(page);
    expect(await readout()).toMatch(/^·g \(10\) →/);
    await token.click();
    await page.mouse.move(500, 790);
    await settled(page);
    expect(await token.getAttribute("aria-selected")).toBe("true");
    await expect
      .poll(() => calls("revealToken"))
      .toEqual([{ runId: run.run.runId, side: "source", index: 10 }]);
    const shade = (index: number) =>
      page
        .locator(`#token-query-${index}`)
        .evaluate((element) => (element as HTMLElement).style.backgroundColor);
    expect(await shade(0)).not.toBe("");
    expect(await shade(11)).toBe("");
    await press("Escape");
    expect(await token.getAttribute("aria-selected")).toBe("false");
    expect(await shade(0)).toBe("");
  });

  test("walks the tokens of the strip by keyboard", async () => {
    await open(run);
    await page.getByRole("listbox", { name: "Tokens" }).focus();
    await press("ArrowRight", "ArrowRight", "Enter");
    expect(await page.locator("#token-query-1").getAttribute("aria-selected")).toBe("true");
    await expect.poll(() => calls("revealToken")).toHaveLength(1);
  });

  test("makes the column's token the query by q", async () => {
    await open(run);
    await press("2");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight", "q");
    expect(await readout()).toContain("·Once (1) → ·Once (1)");
    expect(await page.locator("#token-query-1").getAttribute("aria-selected")).toBe("true");
  });

  test("orders heads by a statistic and dims those below the threshold", async () => {
    await open(run);
    await page.getByRole("combobox", { name: "Order" }).click();
    await page.locator("vscode-option:visible", { hasText: "entropy" }).first().click();
    await settled(page);
    const values = await page.locator(".caption b").allInnerTexts();
    expect(values).toHaveLength(40);
    const numbers = values.map(Number);
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    await page.locator("input[type=range]").fill("0.5");
    await settled(page);
    const nDim = await page.locator(".head-cell.dim").count();
    expect(nDim).toBe(numbers.filter((value) => value < (numbers[0]! + numbers.at(-1)!) / 2).length);
  });

  test("draws the head as lines, walked by keyboard, and exports them as seen", async () => {
    await open(run, { theme: "light" });
    await press("2");
    await page.getByRole("combobox", { name: "Form" }).click();
    await page.locator("vscode-option:visible", { hasText: "Matrix and lines" }).click();
    await settled(page);
    expect(await page.locator(".figure").isVisible()).toBe(true);
    await page.locator(".lines").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown");
    expect(await readout()).toMatch(/^·upon \(2\) →/);
    await expectAccessible(page);
    await press("Enter");
    expect(await page.locator("#token-query-2").getAttribute("aria-selected")).toBe("true");
    expect(
      await page.evaluate(() => (window.fakeHost.state as { arrangement: unknown }).arrangement),
    ).toMatchObject({
      form: "both",
    });
    await page.getByRole("combobox", { name: "Form" }).click();
    await page.locator("vscode-option:visible", { hasText: /^\s*Lines/ }).click();
    await settled(page);
    expect(await page.locator(".figure").isVisible()).toBe(false);
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "SVG" }).click();
    await expect.poll(() => calls("save"), { timeout: 10_000 }).toHaveLength(1);
    const [saved] = (await calls("save")) as { bytes: Record<string, number> }[];
    const svg = Buffer.from(Object.values(saved!.bytes)).toString("utf8");
    // The pinned query sees itself and the two tokens before it; PyTorch gives all three more than 0.0039.
    expect(svg.match(/M[\d.]+ [\d.]+C/g)).toHaveLength(3);
  });

  test("keeps what it looks at, and comes back to it", async () => {
    await open(run);
    await press("2", "]", "]", ".", "r");
    const state = await page.evaluate(() => window.fakeHost.state);
    expect(state).toMatchObject({ version: 1, request: { modelId: llama, text: run.run.text } });
    await page.close();
    await open(run, { state });
    expect(await page.locator(".view-head .figure").isVisible()).toBe(true);
    await expect
      .poll(async () => (await calls("select")).at(-1))
      .toMatchObject({
        choice: { layer: 2, head: 1 },
      });
    expect(await page.getByRole("checkbox", { name: "Square-root scale" }).isChecked()).toBe(false);
  });

  test.each([
    ["another version", { version: 2, selection: { view: "head" } }],
    ["text", "x"],
    ["nothing", null],
  ])("opens plainly with state that is %s", async (_, state) => {
    await open(run, { state });
    expect(await page.getByRole("gridcell").count()).toBe(45);
  });

  test("exports picture and numbers of what is seen through the host", async () => {
    await open(run);
    await press("2");
    for (const kind of ["SVG", "PNG", "CSV", "JSON"]) {
      await page.getByRole("button", { name: "Export" }).click();
      await page.getByRole("menuitem", { name: kind }).click();
      await expect.poll(async () => (await calls("save")).length, { timeout: 10_000 }).toBeGreaterThan(0);
      const { name, bytes } = await page.evaluate(() => {
        const { name, bytes } = window.fakeHost.calls.findLast(({ method }) => method === "save")!
          .argument as {
          name: string;
          bytes: Uint8Array;
        };
        window.fakeHost.calls.splice(0);
        return { name, bytes: [...bytes] };
      });
      expect(name).toBe(`headlight-decoder-L0-H0-weights.${kind.toLowerCase()}`);
      const text = Buffer.from(bytes).toString("utf8");
      if (kind === "SVG") expect(text).toMatch(/^<svg .*·named.*<\/svg>$/s);
      if (kind === "PNG") expect(bytes.slice(0, 4)).toEqual([137, 80, 78, 71]);
      if (kind === "JSON") {
        const { dims, values } = JSON.parse(text) as { dims: number[]; values: number[] };
        expect(dims).toEqual([21, 21]);
        expect(values[13 * 21 + 6]).toBe(weightOf(run, 0, 0, 13, 6));
      }
      if (kind === "CSV") {
        const lines = text.trim().split("\r\n");
        expect(lines).toHaveLength(1 + 21 * 21);
        expect(lines[1 + 13 * 21 + 6]).toBe(`13, named,6, there,${weightOf(run, 0, 0, 13, 6)}`);
      }
    }
  });

  test("follows the theme and the colour map while it is open", async () => {
    await open(run, { theme: "dark" });
    const corner = () =>
      page.evaluate(() => {
        const pen = document.querySelector<HTMLCanvasElement>(".overview-grid canvas")!.getContext("2d")!;
        return [...pen.getImageData(30, 22, 1, 1).data].slice(0, 3);
      });
    const dark = await corner();
    await setTheme(page, "light");
    const light = await corner();
    expect(light).not.toEqual(dark);
    await page.evaluate(() => window.fakeHost.emit("settings", { colourMap: "viridis" }));
    await settled(page);
    // The last colour of viridis: the first token can see only itself.
    expect(await corner()).toEqual([253, 231, 37]);
  });

  test("takes the caret's token for the query and keeps the head that was chosen here", async () => {
    await open(run);
    await page.getByRole("gridcell", { name: /layer 1.*head 2/i }).click();
    await page.evaluate(() => window.fakeHost.emit("query", { query: 3 }));
    await settled(page);
    expect(await page.locator("#token-query-3").getAttribute("aria-selected")).toBe("true");
    await expect
      .poll(async () => (await calls("select")).at(-1))
      .toMatchObject({ view: "head", choice: { layer: 1, head: 2 }, query: 3 });
  });

  test("marks a stale inspection and runs again on a click", async () => {
    await open(run);
    await page.evaluate(
      (summary) => window.fakeHost.emit("content", { status: "shown", run: summary, stale: true }),
      run.run,
    );
    await settled(page);
    expect(await page.locator(".banner").innerText()).toContain(
      "The text has changed since this inspection.",
    );
    await page.getByRole("button", { name: "Run again" }).click();
    await expect.poll(() => calls("runAgain")).toHaveLength(1);
    expect(await page.getByRole("gridcell").count()).toBe(45);
  });

  test("shows progress only after 300 ms, keeps the last result, and cancels", async () => {
    await open(run);
    await page.evaluate(() =>
      window.fakeHost.emit("content", { status: "running", text: "x", stage: "Running" }),
    );
    await settled(page);
    expect(await page.locator(".banner").isVisible()).toBe(false);
    await page.waitForTimeout(350);
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect.poll(() => calls("cancel")).toHaveLength(1);
    expect(await page.getByRole("gridcell").count()).toBe(45);
  });

  test("says why a matrix did not come, and recovers with the next head", async () => {
    await open(run);
    await page.evaluate(
      () => (window.fakeHost.failing.matrix = "This inspection is no longer in memory. Run it again."),
    );
    await press("2", "]");
    expect(await page.locator(".view-message").innerText()).toBe(
      "This inspection is no longer in memory. Run it again.",
    );
    await page.evaluate(() => delete window.fakeHost.failing.matrix);
    await press(".");
    expect(await page.locator(".figure").isVisible()).toBe(true);
  });

  test("ignores malformed messages", async () => {
    await open(run);
    await page.evaluate((summary) => {
      const events = ["content", "selection", "settings", "command", "constructor", "__proto__"];
      const arguments_ = [
        undefined,
        null,
        3,
        "x",
        {},
        { status: "shown" },
        { view: "x" },
        { name: "nope" },
        [],
      ];
      window.fakeHost.post(undefined);
      window.fakeHost.post({ kind: "result", id: 99999, value: 1 });
      window.fakeHost.post({ kind: "failure", id: 1, error: null });
      for (const event of events) {
        for (const argument of arguments_) window.fakeHost.post({ kind: "event", event, argument });
      }
      window.fakeHost.post({
        kind: "event",
        event: "selection",
        argument: {
          view: "head",
          choice: { block: "decoder", layer: 99, head: 1e9 },
          measure: "weights",
          query: 1e6,
        },
      });
      void summary;
    }, run.run);
    await settled(page);
    expect(await page.locator(".figure").isVisible()).toBe(true);
    const value = (element: Element) => (element as HTMLSelectElement).value;
    expect(await page.getByRole("combobox", { name: "Layer" }).evaluate(value)).toBe("4");
  });

  test("lists the keys and gives the focus back", async () => {
    await open(run);
    await press("?");
    expect(await page.getByRole("dialog").isVisible()).toBe(true);
    await expectAccessible(page);
    await press("Escape");
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
  });

  test.each(["dark", "light", "highContrast"] as const)(
    "has no accessibility violations in %s",
    async (theme) => {
      await open(run, { theme });
      await expectAccessible(page);
      await press("2");
      await page.locator(".figure").focus();
      await press("ArrowDown", "ArrowDown");
      await expectAccessible(page);
    },
  );

  test.each([
    ["dark", 1000],
    ["light", 1000],
    ["highContrast", 1000],
    ["light", 400],
  ] as const)("looks as kept in %s at %i pixels", async (theme, width) => {
    await open(run, { theme, width });
    await expectPicture(page.locator(".stage"), `heads-${theme}-${width}`);
    await press("2", "]", "]");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight");
    await expectPicture(page.locator(".stage"), `head-${theme}-${width}`);
  });
});

describe.skipIf(!hasFixtures)("an encoder-decoder run", () => {
  const run = hasFixtures ? referenceRun(t5, "encoder-decoder") : ({} as StandaloneRun);

  test("switches between encoder, decoder and cross-attention, target rows against source columns", async () => {
    await open(run);
    await page.getByRole("combobox", { name: "Attention" }).click();
    await page.locator("vscode-option:visible", { hasText: "Cross" }).click();
    await settled(page);
    await press("2");
    expect(await page.getByRole("listbox", { name: "Target: queries" }).locator(".token").count()).toBe(5);
    expect(await page.getByRole("listbox", { name: "Source: keys" }).locator(".token").count()).toBe(13);
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const cross = run.tensors.find(({ block, layer }) => block === "cross" && layer === 0)!;
    expect(await readout()).toContain("·How (1) → ·quick (1)");
    expect(await readout()).toContain(cross.data[1 * 13 + 1]!.toFixed(4));
    await expectAccessible(page);
    await expectPicture(page.locator(".stage"), "cross-dark-1000");
  });
});

describe.skipIf(!canCapture())("a run of the embedded model", () => {
  test("shows scores beside weights, and the score of the cell that the keyboard is on", async () => {
    const run = await capturedRun("I saw a saw", "weights,scores");
    await open(run, { theme: "light" });
    await press("2", "m");
    await page.locator(".figure").focus();
    await press("ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight");
    const { dims, data } = run.tensors.find(({ what, layer }) => what === "scores" && layer === 0)!;
    const score = data[2 * dims[2]! + 1]!;
    expect(await readout()).toContain("·saw (2) → I (1)");
    expect(await readout()).toContain(`score ${score.toPrecision(4).replace("-", "−")}`);
    await expectAccessible(page);
  });
});

describe("without a run", () => {
  test("says what to do when there is nothing", async () => {
    await open(undefined);
    expect(await page.locator(".page-message").innerText()).toContain("Headlight: Inspect Attention");
    await expectAccessible(page);
  });

  test("says what failed and offers to run again", async () => {
    const error = {
      code: "too-many-tokens",
      message: "The selection is 1,300 tokens; gpt2 reads at most 1,024.",
    };
    await open(undefined, { content: { status: "failed", error, canRunAgain: true } });
    expect(await page.getByRole("alert").innerText()).toContain(error.message);
    await page.getByRole("button", { name: "Run again" }).click();
    await expect.poll(() => calls("runAgain")).toHaveLength(1);
    await expectAccessible(page);
  });
});
