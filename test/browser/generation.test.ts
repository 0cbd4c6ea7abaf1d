import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine";
import type { ScoringRuns } from "../../src/protocol/scoringRuns";
import type { StandaloneRun } from "../../src/protocol/standalone";
import type { ViewName } from "../../src/protocol/viewContract";
import { inlineEngine, scoringModels, writtenRun } from "../support/writtenRun";
import { expectAccessible } from "./axe";
import { settled, setTheme, type PageOptions } from "./harness";
import { openedPage } from "./openedPage";
import { expectPicture } from "./pictures";

let engine: Engine;
let page: Page;
const opened = openedPage();
const { press, calls } = opened;
let dates: StandaloneRun;
let saw: StandaloneRun;
let scoring: ScoringRuns;
beforeAll(async () => {
  engine = inlineEngine();
  dates = await writtenRun(engine, "dates-2x4", { text: "March 5th 1998", generate: {} });
  const text = "I saw a saw. The saw saw";
  saw = await writtenRun(engine, "code-4x8", { text, generate: { nTokens: 8 } });
  scoring = await scoringModels(engine, "March 5th 1998");
}, 180_000);
afterAll(() => engine?.stop());

async function open(shown: StandaloneRun, view: ViewName, options: PageOptions = {}): Promise<Page> {
  const block = shown.run.targetTokens ? "cross" : "decoder";
  const selection = { view, choice: { block, layer: 0, head: 3 }, measure: "weights" } as const;
  page = await opened.open({ ...shown, selection }, options);
  await page.locator(`.view-${view}`).waitFor();
  await page.waitForTimeout(200);
  await settled(page);
  return page;
}
describe("Encoder-decoder", () => {
  test("steps through the target by keyboard, with probabilities and what was attended", async () => {
    await open(dates, "encoderDecoder");
    await page.getByRole("listbox", { name: "Target, token by token" }).focus();
    expect(await page.locator(".step-words").innerText()).toContain("Step 11 of 11");
    await press("Home");
    expect(await page.locator(".step-words").innerText()).toContain("Step 1 of 11");
    await press("ArrowRight", "ArrowRight");
    expect(await page.locator(".step-words").innerText()).toMatch(/Step 3 of 11: after 9 it writes 9/);
    await press("End");
    expect(await page.locator(".step-words").innerText()).toMatch(/Step 11 of 11: after 5 it ends with/);
    const options = await page.getByRole("option").allInnerTexts();
    expect(
      options
        .slice(0, 10)
        .map((text) => text[0])
        .join(""),
    ).toBe("1998-03-05");
  });

  test("keeps the step with the page's query, in whichever attention of the target the page is", async () => {
    await open(dates, "encoderDecoder");
    await page.getByRole("listbox", { name: "Target, token by token" }).focus();
    await press("Home", "ArrowRight");
    await expect
      .poll(async () => (await calls("select")).at(-1))
      .toMatchObject({ choice: { block: "cross" }, query: 1 });
    expect(await page.locator(".step-words").innerText()).toContain("Step 2 of 11");
    const selection = {
      view: "encoderDecoder",
      choice: { block: "decoder", layer: 0, head: 3 },
      measure: "weights",
      query: 4,
    } as const;
    await page.close();
    page = await opened.open({ ...dates, selection });
    await page.locator(".view-encoderDecoder").waitFor();
    await expect.poll(() => page.locator(".step-words").innerText()).toContain("Step 5 of 11");
  });

  test("shows each attention's own numbers under the marks", async () => {
    await open(dates, "encoderDecoder");
    await page.getByRole("listbox", { name: "Target, token by token" }).focus();
    await press("Home");
    await page.getByRole("img", { name: /^Cross-attention/ }).focus();
    await press("ArrowDown", "ArrowDown", "ArrowRight");
    const cross = dates.tensors.find(({ block, layer }) => block === "cross" && layer === 0)!;
    const [, nQueries = 0, nKeys = 0] = cross.dims;
    // Head 3, step 2 (from 0), source token 1.
    const weight = cross.data[(3 * nQueries + 2) * nKeys + 1]!;
    const here = await page.locator(".attention.cross .here b").innerText();
    expect(here === "<0.001" ? 0 : Number(here)).toBeCloseTo(weight, 2);
  });

  test("asks the host for a target that is typed, and for the model's own", async () => {
    await open(dates, "encoderDecoder");
    await page.getByRole("radio", { name: "Given" }).click();
    const field = page.getByRole("textbox", { name: "Target text" });
    expect(await field.inputValue()).toBe("1998-03-05");
    await field.fill("2001-01-01");
    await field.press("Enter");
    await expect.poll(() => calls("generate")).toEqual([{ targetText: "2001-01-01" }]);
  });

  test("says what a given target was worth", async () => {
    const given = await writtenRun(engine, "dates-2x4", { text: "March 5th 1998", targetText: "1998-04" });
    await open(given, "encoderDecoder");
    await page.getByRole("option", { name: /^4/ }).click();
    await settled(page);
    expect(await page.locator(".step-words").innerText()).toMatch(/is given 4: the model's choice no\. \d/);
  });

  test("shows what there is of a model without self-attention", async () => {
    const scaled = await writtenRun(engine, "dates-scaled", { text: "7.8.2031", generate: {} });
    await open(scaled, "encoderDecoder");
    expect(await page.locator(".attention.encoder").innerText()).toContain("no self-attention");
    expect(await page.locator(".attention.cross .matrix-picture").count()).toBe(1);
  });
});

describe("Generation", () => {
  test("lists what the model wrote with its probabilities, and steps through it by keyboard", async () => {
    await open(saw, "generate");
    const rows = page.locator(".written-row");
    expect(await rows.count()).toBe(9);
    await page.getByRole("grid", { name: "Written tokens" }).focus();
    const { predictions } = saw.generation!;
    const { start } = saw.run.generated!;
    for (const step of [0, 1, 2]) {
      const row = page.locator(".written-row[aria-selected=true]");
      expect(await row.getAttribute("id")).toBe(`written-${start + step}`);
      const { probability } = predictions.find(({ index }) => index === start + step)!;
      expect(Number(await row.locator(".probability").innerText())).toBeCloseTo(probability!, 3);
      await press("ArrowDown");
    }
    // The row that wrote a token is the query of the strip above.
    const query = page.locator(".strip .token.is-query");
    expect(await query.getAttribute("data-index")).toBe(String(start + 2));
  });

  test("marks in the strip what the model wrote", async () => {
    await open(saw, "generate");
    expect(await page.locator(".strip .token.generated").count()).toBe(8);
  });

  test("says which tokens were attended to, by the row that wrote the token or by its own", async () => {
    await open(saw, "generate");
    await page.getByRole("grid", { name: "Written tokens" }).focus();
    await press("ArrowDown");
    const { start } = saw.run.generated!;
    const layer = saw.tensors.find((each) => each.layer === 0)!;
    const [, nQueries = 0, nKeys = 0] = layer.dims;
    const largest = (query: number) =>
      Math.max(...layer.data.subarray((3 * nQueries + query) * nKeys, (3 * nQueries + query + 1) * nKeys));
    const first = page.locator(".strongest figure").first().locator("li b").first();
    expect(Number(await first.innerText())).toBeCloseTo(largest(start), 2);
    await page.getByRole("radio", { name: "Its own row" }).click();
    await settled(page);
    expect(Number(await first.innerText())).toBeCloseTo(largest(start + 1), 2);
  });

  test("walks the lens by keyboard: each cell is what that layer predicts", async () => {
    await open(saw, "generate");
    const lens = page.getByRole("grid", { name: /^Logit lens/ });
    await lens.focus();
    await press("ArrowUp", "ArrowRight");
    const { rows } = saw.generation!.lens!;
    const position = saw.run.generated!.start;
    const { final } = rows.at(-2)!.cells[position]!;
    expect(await page.locator(".lens-below p").innerText()).toContain(`After layer 2 at`);
    const said = await page.locator(".lens-below p b").innerText();
    expect(said === "<0.001" ? 0 : Number(said)).toBeCloseTo(final, 2);
  });

  test("asks for as many tokens as are wanted, and refuses more than the model reads", async () => {
    await open(saw, "generate");
    const field = page.getByRole("spinbutton", { name: /Continue by/ });
    expect(await field.inputValue()).toBe("8");
    await field.fill("24");
    await field.press("Enter");
    await expect.poll(() => calls("generate")).toEqual([{ nTokens: 24 }]);
    await field.fill("600");
    await field.press("Enter");
    await settled(page);
    expect(await page.locator(".continue-form").innerText()).toContain("reads at most 512: continue by 1 to");
    expect(await calls("generate")).toHaveLength(1);
  });

  test("offers what would come next before anything was written", async () => {
    const plain = await writtenRun(engine, "code-4x8", { text: "def add(a, b):\n    return a +" });
    await open(plain, "generate");
    expect(await page.locator(".written-row").count()).toBe(1);
    expect(await page.locator(".written-row .index").innerText()).toBe("next");
  });

  test("says why where there is no lens", async () => {
    const without = {
      ...saw,
      generation: { ...saw.generation!, lens: { start: 0, rows: [], missing: "it is a test" } },
    };
    await open(without, "generate");
    expect(await page.getByRole("region", { name: "Logit lens" }).innerText()).toContain(
      "Not possible for this model: it is a test.",
    );
  });
});

describe("Scoring", () => {
  test("stands three models beside each other, each with its formula, output and accuracy", async () => {
    await open(dates, "scoring", { scoring });
    const columns = page.locator(".scored");
    expect(await columns.count()).toBe(3);
    const texts = await columns.allInnerTexts();
    expect(texts[0]).toContain("vᵀ tanh(W_q q + W_k k)");
    expect(texts[1]).toContain("q · k");
    expect(texts[2]).toContain("q · k / √d_k");
    for (const text of texts) {
      expect(text).toContain("1998-03-05");
      expect(text).toContain("exact on 1,000 unseen dates");
    }
    await page.getByRole("img", { name: /^Cross-attention by dot product/ }).focus();
    await press("ArrowDown", "ArrowRight", "ArrowRight");
    for (const [index, run] of scoring.runs.entries()) {
      const weight = run.weights[run.source.length + 2]!;
      const said = await columns.nth(index).locator(".here b").innerText();
      expect(said === "<0.001" ? 0 : Number(said)).toBeCloseTo(weight, 2);
    }
  });

  test("runs another input", async () => {
    await open(dates, "scoring", { scoring });
    const field = page.getByRole("textbox", { name: "Input" });
    expect(await field.inputValue()).toBe("March 5th 1998");
    await field.fill("7.8.2031");
    await field.press("Enter");
    await expect.poll(() => calls("scoringRuns")).toEqual([{ text: "March 5th 1998" }, { text: "7.8.2031" }]);
  });
});

describe.each([
  ["scoring", () => dates],
  ["encoderDecoder", () => dates],
  ["generate", () => saw],
] as const)("the view %s", (view, run) => {
  // The other picture of this view is of a causal model's head.
  const picture = view === "scoring" ? "scoring-trained" : view;

  test("is accessible in the dark, light and high contrast, explanation open", async () => {
    await open(run(), view, { scoring });
    await page.locator(".explanation summary").click();
    for (const theme of ["dark", "light", "highContrast"] as const) {
      await setTheme(page, theme);
      await expectAccessible(page);
    }
  });

  test("looks as kept, wide and narrow", async () => {
    await open(run(), view, { scoring, theme: "dark", width: 1000, height: 900 });
    await expectPicture(page.locator("#page"), `${picture}-dark-1000`);
    await page.close();
    await open(run(), view, { scoring, theme: "light", width: 400, height: 900 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
    await expectPicture(page.locator("#page"), `${picture}-light-400`);
  });

  test.each(["Svg", "Png", "Csv", "Json"])("exports as %s", async (kind) => {
    await open(run(), view, { scoring });
    await page.evaluate((name) => window.fakeHost.emit("command", { name } as never), `export${kind}`);
    await expect.poll(() => calls("save")).toHaveLength(1);
    const [saved] = (await calls("save")) as { name: string }[];
    expect(saved!.name.endsWith(`.${kind.toLowerCase()}`)).toBe(true);
  });
});
