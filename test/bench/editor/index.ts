import * as vscode from "vscode";
import type { HeadlightApi } from "../../../src/host/api";
import { Overlay } from "../../../src/host/overlay";
import type { Session } from "../../../src/host/session";

/** Medians, in milliseconds. */
export interface EditorFigures {
  /** 1,024 tokens with weights for 16 shades: outline, boundaries and shades set where there were none. */
  readonly decorationsSetMs: number;
  /** The same where every shade changes with the query. */
  readonly decorationsChangedMs: number;
  /** From the question to a hover's content, with the run in hand; every token for the first time. */
  readonly hoverMs: number;
  /** Of the text hovered. */
  readonly nTokens: number;
}

const REPETITIONS = 15;
const N_TOKENS = 1024;

/** Runs in the extension host in place of a suite; prints its figures in one line. */
export async function run(): Promise<void> {
  const figures: EditorFigures = { ...(await measureDecorations()), ...(await measureHovers()) };
  console.log(`suite|RESULT ${JSON.stringify(figures)}`);
  console.log(`suite|TESTS_DONE ${JSON.stringify({ passed: 1, failed: 0, skipped: 0 })}`);
}

async function measureDecorations() {
  const { document } = await show("decorated.txt");
  const words = [...document.getText().matchAll(/\s*\S+/g)].slice(0, N_TOKENS);
  if (words.length < N_TOKENS) throw new Error(`decorated.txt has ${words.length} words only.`);
  const tokens = words.map(({ 0: text, index }, id) => ({
    id,
    text,
    piece: text,
    start: index,
    end: index + text.length,
    special: false,
  }));
  const set: number[] = [];
  const changed: number[] = [];
  const settings = { enabled: true, boundaries: true, weights: "head", direction: "keys" } as const;
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const overlay = new Overlay((error) => {
      throw error;
    });
    for (const [query, times] of [
      [N_TOKENS - 1, set],
      [N_TOKENS - 2, changed],
    ] as const) {
      const startedMs = performance.now();
      await overlay.show(sessionOf(document, tokens, query), settings);
      times.push(performance.now() - startedMs);
    }
    overlay.dispose();
    // What was set goes to the window before the next round.
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { decorationsSetMs: median(set), decorationsChangedMs: median(changed) };
}

/** A session as far as the overlay looks at it. Weights fall with the square of the distance, so that all shades occur. */
function sessionOf(document: vscode.TextDocument, tokens: readonly object[], query: number): Session {
  const weights = Float32Array.from(
    tokens,
    (_, key) => (((key * 7) % 31) / 30) ** 2 * (key <= query ? 1 : 0),
  );
  const place = { uri: document.uri.toString(), version: 1, start: 0, end: document.getText().length };
  const block = { kind: "decoder", queries: "source", keys: "source", layers: [] };
  const run = { runId: "bench", tokens, blocks: [block] };
  return {
    inspection: { shown: { status: "shown", run, stale: false, request: { document: place } } },
    selection: { choice: { block: "decoder", layer: 0, head: 0 }, query },
    rows: { vectors: async () => [weights] },
  } as unknown as Session;
}

async function measureHovers() {
  const extension = vscode.extensions.getExtension<HeadlightApi>("headlight.headlight");
  if (!extension) throw new Error("The extension headlight.headlight is not installed.");
  const api = await extension.activate();
  const { document } = await show("256.txt");
  const { run, error } = await api.inspect({ uri: document.uri });
  if (!run) throw new Error(`The inspection failed: ${error?.message}`);
  const places = run.tokens.filter(({ start }) => start >= 0).map(({ start, end }) => (start + end) / 2);
  const times: number[] = [];
  for (const offset of places.slice(0, 8 * REPETITIONS)) {
    const startedMs = performance.now();
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      document.uri,
      document.positionAt(Math.floor(offset)),
    );
    if (hovers.length > 0) times.push(performance.now() - startedMs);
  }
  if (times.length < REPETITIONS) throw new Error(`Only ${times.length} tokens had a hover.`);
  return { hoverMs: median(times.slice(2)), nTokens: run.tokens.length };
}

async function show(name: string): Promise<vscode.TextEditor> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error("VS Code opened no folder.");
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder.uri, name));
  return vscode.window.showTextDocument(document, vscode.ViewColumn.One);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
