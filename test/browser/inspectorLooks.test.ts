import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { StandaloneRun } from "../../src/protocol/standalone";
import { canCapture, capturedRun } from "../support/capturedRun";
import { hasReference, referenceRun } from "../support/referenceRun";
import { expectAccessible } from "./axe";
import { type PageOptions, settled } from "./harness";
import { openedPage } from "./openedPage";
import { expectPicture } from "./pictures";

const llama = "llama-stories260K-eager-ts-opset17";
const t5 = "t5-eager-ts-opset17";
const hasFixtures = hasReference(llama) && hasReference(t5);
if (!hasFixtures)
  console.warn("SKIPPED: ../shared/fixtures is not there, so the page has no real run to show.");

let page: Page;
const opened = openedPage();
const { calls, press } = opened;
const open = async (run: StandaloneRun | undefined, options?: PageOptions) =>
  (page = await opened.open(run, options));
const readout = () => page.locator(".readout").innerText();

describe.skipIf(!hasFixtures)("how the inspector looks", () => {
  const run = hasFixtures ? referenceRun(llama, "causal") : ({} as StandaloneRun);
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
