import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openVscode, type ServedVscode } from "../servedVscode";

let vscode: ServedVscode;

const status = () => vscode.page.locator('.statusbar-item[id*="headlight.status"]');
const statusSays = (what: RegExp) =>
  expect.poll(() => status().innerText(), { timeout: 90_000 }).toMatch(what);
const inspect = async () => {
  await vscode.line("def add").click();
  await vscode.run("Headlight: Inspect Attention");
};
/** The lines behind the entry in the status bar. */
const details = async () => {
  await vscode.page.mouse.move(700, 400);
  await status().hover();
  const hover = vscode.page.locator(".monaco-hover", { hasText: "Forward pass" }).first();
  await hover.waitFor();
  return hover.innerText();
};

/** All weights of the shown run, as the page gets them from the extension; asked again while another run is on its way. */
async function weights(): Promise<number[][]> {
  await vscode.painted(".overview");
  for (;;) {
    const answer = await vscode.inspector.locator("body").evaluate(askWeights);
    if (answer) return answer;
    await vscode.page.waitForTimeout(250);
  }
}

const runId = () =>
  vscode.inspector
    .locator("body")
    .evaluate(() => (window as unknown as { headlightRun: { runId: string } }).headlightRun.runId);

/** Runs in the page; undefined where the extension refuses. */
async function askWeights(): Promise<number[][] | undefined> {
  const { headlightRun, headlightPort } = window as unknown as {
    headlightRun: { runId: string; blocks: { kind: string; layers: { layer: number; nHeads: number }[] }[] };
    headlightPort: { postMessage(message: unknown): void };
  };
  const answers = new Map<number, (matrix?: { data: Float32Array }) => void>();
  window.addEventListener("message", ({ data }) => answers.get(data?.id)?.(data.value));
  let id = 1e9 + Math.floor(performance.now()) * 1000;
  const ask = (choice: unknown) =>
    new Promise<{ data: Float32Array } | undefined>((resolve) => {
      answers.set(++id, resolve);
      const argument = { runId: headlightRun.runId, choice, measure: "weights" };
      headlightPort.postMessage({ kind: "call", id, method: "matrix", argument });
    });
  const choices = headlightRun.blocks.flatMap(({ kind, layers }) =>
    layers.flatMap(({ layer, nHeads }) =>
      Array.from({ length: nHeads }, (_, head) => ({ block: kind, layer, head })),
    ),
  );
  const matrices = await Promise.all(choices.map(ask));
  return matrices.includes(undefined) ? undefined : matrices.map((matrix) => [...matrix!.data]);
}

const largestDifference = (one: number[][], other: number[][]) =>
  Math.max(...one.flatMap((head, at) => head.map((value, i) => Math.abs(value - other[at]![i]!))));

function standingOnEachOther(): void {
  let failed: string | undefined;
  beforeEach(() => {
    if (failed) throw new Error(`The way ended at "${failed}".`);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail" || failed) return;
    failed = task.name;
    await vscode.picture("webgpu-failed");
  });
  afterAll(() => vscode?.close());
}

/** The extension runs in Node, which has no WebGPU; the browser's adapter is SwiftShader: right, not fast. */
describe("WebGPU inside the inspector, for an extension that runs in Node", () => {
  beforeAll(async () => {
    const settings = { "headlight.backend": "webgpu" };
    vscode = await openVscode({ file: "start-here.py", gpu: true, settings });
  });
  standingOnEachOther();

  let onGpu: number[][];

  it("computes, and the status bar says on which adapter", async () => {
    await inspect();
    await statusSays(/· WebGPU ·.*tokens/);
    expect(await details()).toMatch(/WebGPU on .*swiftshader/i);
    onGpu = await weights();
    expect(onGpu).toHaveLength(4 * 8);
  });

  it("lives on while another tab hides the inspector", async () => {
    const { page } = vscode;
    const before = await runId();
    await page.getByRole("tab", { name: /^Attention/ }).click();
    await vscode.run("File: New Untitled Text File");
    await vscode.inspector.locator("body").waitFor({ state: "hidden" });
    await vscode.pointAt("return first + second", "first");
    await page.locator(".monaco-hover", { hasText: "attends to" }).first().waitFor();
    await page.mouse.move(700, 700);
    await page.getByRole("tab", { name: /^Attention/ }).click();
    expect(await weights()).toEqual(onGpu);
    // Another engine would not have had the run.
    expect(await runId()).toBe(before);
  });

  it("gives what WASM gives, to 1e-3, once the setting says WASM", async () => {
    await vscode.set("headlight.backend", "wasm");
    await statusSays(/· WASM \d+ ·.*tokens/);
    const onWasm = await weights();
    expect(onWasm.map(({ length }) => length)).toEqual(onGpu.map(({ length }) => length));
    const difference = largestDifference(onGpu, onWasm);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(1e-3);
  });

  it("ends with the inspector, and starts again with the next one", async () => {
    const { page } = vscode;
    await vscode.set("headlight.backend", "webgpu");
    await statusSays(/· WebGPU ·.*tokens/);
    await page.getByRole("tab", { name: /^Attention/ }).hover();
    await page
      .getByRole("tab", { name: /^Attention/ })
      .getByRole("button", { name: /Close/ })
      .click();
    await status().waitFor({ state: "hidden" });
    await inspect();
    await statusSays(/· WebGPU ·.*tokens/);
    expect(largestDifference(await weights(), onGpu)).toBe(0);
  });

  it("is not chosen by itself where the adapter is software, which the status bar explains", async () => {
    await vscode.set("headlight.backend", "auto");
    // What is shown stays until something is asked; VS Code reads the file when it likes.
    const again = async () => {
      await vscode.run("Headlight: Run Again");
      await statusSays(/ms|s$/);
      return status().innerText();
    };
    await expect
      .poll(again, { timeout: 90_000, interval: 1_000 })
      .toMatch(/· WASM \d+, not WebGPU ·.*tokens/);
    expect(await details()).toMatch(
      /WASM in place of WebGPU: the adapter .*swiftshader.* is software and slower/i,
    );
    await vscode.picture("webgpu-auto");
  });
});

describe("A browser without an adapter", () => {
  beforeAll(async () => {
    const settings = { "headlight.backend": "webgpu" };
    vscode = await openVscode({ file: "start-here.py", settings });
  });
  standingOnEachOther();

  it("leaves models on WASM, and the status bar says why", async () => {
    await inspect();
    await vscode.painted(".overview");
    await statusSays(/· WASM \d+, not WebGPU ·.*tokens/);
    expect(await details()).toMatch(
      /WASM in place of WebGPU: (the browser offers no graphics adapter|this window (has no WebGPU|is too old))/,
    );
  });
});
