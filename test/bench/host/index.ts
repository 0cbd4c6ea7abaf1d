import * as vscode from "vscode";
import type { HeadlightApi } from "../../../src/host/api";

/** What the extension host measures of itself. */
export interface HostFigures {
  readonly activationMs: number;
  /** Per size, over files of the workspace `<tokens>-<0 to 10>.txt`. */
  readonly inspections: readonly {
    readonly nTokens: number;
    readonly longestBlockMs: number;
    readonly totalMs: number;
  }[];
}

const REPETITIONS = 9;

/** Runs in the extension host in place of a suite; prints its figures in one line. */
export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension<HeadlightApi>("headlight.headlight");
  if (!extension) throw new Error("The extension headlight.headlight is not installed.");
  const startedMs = performance.now();
  const api = await extension.activate();
  const activationMs = performance.now() - startedMs;

  const inspections = [];
  for (const nTokens of [64, 256]) inspections.push(await measure(api, nTokens));
  const figures: HostFigures = { activationMs, inspections };
  console.log(`suite|RESULT ${JSON.stringify(figures)}`);
  console.log(`suite|TESTS_DONE ${JSON.stringify({ passed: 1, failed: 0, skipped: 0 })}`);
}

async function measure(api: HeadlightApi, nTokens: number): Promise<HostFigures["inspections"][number]> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error("VS Code opened no folder.");
  const figures = [];
  // The first ones load the model, open the page and warm the code.
  for (let repetition = 0; repetition < REPETITIONS + 2; repetition++) {
    const name = `${nTokens}-${repetition}.txt`;
    const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder.uri, name));
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
    const watch = watchBlocks();
    const startedMs = performance.now();
    const { run, error } = await api.inspect({ uri: document.uri });
    const totalMs = performance.now() - startedMs;
    const longestBlockMs = watch.stop();
    if (!run) throw new Error(`The inspection of ${name} failed: ${error?.message}`);
    if (repetition >= 2) figures.push({ nTokens: run.tokens.length, longestBlockMs, totalMs });
  }
  return {
    nTokens: figures[0]!.nTokens,
    longestBlockMs: median(figures.map((each) => each.longestBlockMs)),
    totalMs: median(figures.map((each) => each.totalMs)),
  };
}

/** The longest time between two turns of this thread's event loop. */
function watchBlocks(): { stop(): number } {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      return longestMs;
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
