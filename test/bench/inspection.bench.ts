import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import * as ort from "onnxruntime-web";
import { outFolder, root, throwawayFolder } from "../../scripts/folders.mjs";
import { loadedAtOnce } from "../../scripts/package/loadedAtOnce.mjs";
import { bundleSuite } from "../../scripts/vscode/bundleSuite.mjs";
import { runSuite } from "../../scripts/vscode/suite.mjs";
import type { Token } from "../../src/core/token";
import { openVscode, type ServedVscode } from "../vscode/servedVscode";
import type { HostFigures } from "./host";
import type { BenchRow } from "./tokenizer.bench";

const REPETITIONS = 9;
const SIZES = [64, 256] as const;

/** A text of an exact number of tokens, and their ids. */
interface Text {
  readonly text: string;
  readonly ids: readonly number[];
}

/**
 * An inspection in a real VS Code, end to end: from the key that runs the command to the first painted heatmap,
 * warm, over the plain model's forward pass in the same run; what it costs the extension host; sizes. Medians.
 */
export async function run(): Promise<BenchRow[]> {
  const model = modelToMeasure();
  const folder = throwawayFolder("bench");
  const texts = SIZES.map((nTokens) => [0, 1].map((which) => textOf(model, nTokens, which)));
  texts.forEach((pair, size) =>
    pair.forEach(({ text }, which) =>
      fs.writeFileSync(path.join(folder, fileName(SIZES[size]!, which)), text),
    ),
  );

  const painted = await measurePainted(folder);
  const plain = await measurePlain(
    model,
    texts.map(([first]) => first!.ids),
  );
  const host = await measureHost(folder);
  return [
    ...SIZES.flatMap((nTokens, size) => [
      { name: `inspection of ${nTokens} tokens: command to painted`, value: painted[size]!, unit: "ms" },
      { name: `inspection of ${nTokens} tokens: plain forward pass`, value: plain[size]!, unit: "ms" },
      {
        name: `inspection of ${nTokens} tokens: painted over plain`,
        value: painted[size]! / plain[size]!,
        unit: "x",
        ...(nTokens === 256 && { aim: 1.5 }),
      },
    ]),
    ...host.inspections.map(({ nTokens, longestBlockMs }) => ({
      name: `extension host: longest block, ${nTokens} tokens`,
      value: longestBlockMs,
      unit: "ms",
      aim: 20,
    })),
    { name: "extension host: activation", value: host.activationMs, unit: "ms" },
    ...sizes(),
  ];
}

function modelToMeasure(): string {
  const [first] = JSON.parse(headlight("models", "--json")) as { id: string }[];
  if (!first) throw new Error("There is no embedded model to measure with.");
  return first.id;
}

/** The beginning of a source file, cut after as many tokens. */
function textOf(model: string, nTokens: number, which: number): Text {
  const source = ["src/protocol/channel.ts", "src/protocol/viewContract.ts"][which]!;
  const whole = fs.readFileSync(path.join(root, source), "utf8").slice(0, nTokens * 12);
  const tokens = JSON.parse(headlight("tokens", "--model", model, "--text", whole, "--json")) as Token[];
  const last = tokens[nTokens - 1];
  if (!last) throw new Error(`${source} is shorter than ${nTokens} tokens.`);
  return { text: whole.slice(0, last.end), ids: tokens.slice(0, nTokens).map(({ id }) => id) };
}

function fileName(nTokens: number, which: number): string {
  return `${nTokens}${which ? "b" : ""}.txt`;
}

/** Two texts in turn, so that each painting differs from the one before. */
async function measurePainted(folder: string): Promise<number[]> {
  const vscode = await openVscode({ file: fileName(SIZES[0], 0), from: folder, watchPainting: true });
  try {
    // Opens the page and loads the model; a key that is pressed before VS Code knows the extension does nothing.
    await vscode.run("Headlight: Inspect Attention");
    await vscode.painted(".overview");
    const medians = [];
    for (const nTokens of SIZES) {
      const times = [];
      for (let repetition = 0; repetition < REPETITIONS + 2; repetition++) {
        const ms = await paintOnce(vscode, fileName(nTokens, repetition % 2));
        if (repetition >= 2) times.push(ms);
      }
      medians.push(median(times));
    }
    return medians;
  } finally {
    await vscode.close();
  }
}

async function paintOnce(vscode: ServedVscode, file: string): Promise<number> {
  const { page } = vscode;
  await page.getByRole("treeitem", { name: file, exact: true }).click();
  await page.locator(".tab.active", { hasText: file }).first().waitFor();
  await page.locator(".editor-group-container.active .monaco-editor .view-line").first().click();
  await page.keyboard.press("Control+a");
  const before = await vscode.paintings();
  const startedMs = await page.evaluate(() => performance.timeOrigin + performance.now());
  await page.keyboard.press("Control+Alt+a");
  for (;;) {
    const last = before.at(-1)?.checksum;
    const next = (await vscode.paintings()).find(
      ({ atMs, checksum }) => atMs > startedMs && checksum !== last,
    );
    if (next) return next.atMs - startedMs;
    if (Date.now() - startedMs > 120_000)
      throw new Error(`No new heatmap of ${file} was painted in two minutes.`);
    await page.waitForTimeout(50);
  }
}

/** The model as it is in the file, on the same runtime with as many threads. */
async function measurePlain(model: string, ids: readonly (readonly number[])[]): Promise<number[]> {
  const summary = JSON.parse(
    headlight("inspect", "--model", model, "--ids", ids[0]!.join(","), "--json"),
  ) as { backend: { threads?: number } };
  ort.env.wasm.numThreads = summary.backend.threads ?? 1;
  const graph = fs.readFileSync(path.join(root, "media", "models", model, "model.onnx"));
  const session = await ort.InferenceSession.create(graph, { logSeverityLevel: 3 });
  const medians = [];
  for (const each of ids) {
    const feed = new ort.Tensor("int64", BigInt64Array.from(each, BigInt), [1, each.length]);
    const times = [];
    for (let repetition = 0; repetition < REPETITIONS + 2; repetition++) {
      const startedMs = performance.now();
      await session.run({ [session.inputNames[0]!]: feed });
      if (repetition >= 2) times.push(performance.now() - startedMs);
    }
    medians.push(median(times));
  }
  await session.release();
  return medians;
}

async function measureHost(folder: string): Promise<HostFigures> {
  const suite = await bundleSuite("bench/host");
  const { result } = await runSuite({ host: "node", extension: root, suite, folder });
  return result as HostFigures;
}

function sizes(): BenchRow[] {
  const { outputs } = JSON.parse(fs.readFileSync(path.join(outFolder, "metafile.json"), "utf8")) as {
    outputs: Record<string, { bytes: number; imports: { path: string; kind: string }[] }>;
  };
  const kilobytes = (file: string) => (outputs[file]?.bytes ?? 0) / 1024;
  const rows: BenchRow[] = Object.keys(outputs).map((file) => ({
    name: `size: ${file}`,
    value: kilobytes(file),
    unit: "KB",
  }));
  const together = loadedAtOnce(outputs).reduce((sum, file) => sum + kilobytes(file), 0);
  rows.push({ name: "size: extension and first page together", value: together, unit: "KB", aim: 400 });
  for (const file of fs.readdirSync(root).filter((name) => name.endsWith(".vsix"))) {
    rows.push({ name: `size: ${file}`, value: fs.statSync(path.join(root, file)).size / 1024, unit: "KB" });
  }
  return rows;
}

function headlight(...args: string[]): string {
  const cli = path.join(root, "dist", "node", "cli.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`headlight ${args[0]} failed: ${stderr}`);
  return stdout;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
