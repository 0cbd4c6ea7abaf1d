import fs from "node:fs";
import path from "node:path";
import { root, throwawayFolder } from "../../scripts/folders.mjs";
import { bundleSuite } from "../../scripts/vscode/bundleSuite.mjs";
import { runSuite } from "../../scripts/vscode/suite.mjs";
import { openVscode } from "../vscode/servedVscode";
import type { EditorFigures } from "./editor";
import type { BenchRow } from "./tokenizer.bench";

const MOVES = 31;

/** What the person who types and points waits for, in a real VS Code: decorations, shading, hovers. Medians. */
export async function run(): Promise<BenchRow[]> {
  const folder = throwawayFolder("bench-editor");
  const words = "The keeper of the old lamp walked along the quiet shore and looked at the grey water".split(
    " ",
  );
  const text = (count: number) =>
    Array.from({ length: count }, (_, i) => words[i % words.length]! + (i % 16 === 15 ? "\n" : " ")).join("");
  fs.writeFileSync(path.join(folder, "decorated.txt"), text(1100));
  fs.writeFileSync(path.join(folder, "256.txt"), text(200));
  const suite = await bundleSuite("bench/editor");
  const { result } = await runSuite({ host: "node", extension: root, suite, folder });
  const host = result as EditorFigures;
  return [
    row("decorations of 1,024 tokens set", host.decorationsSetMs, 30),
    row("decorations of 1,024 tokens changed with the query", host.decorationsChangedMs, 30),
    row(`hover on a token of ${host.nTokens}: content, run in hand`, host.hoverMs, 20),
    row(
      "caret to another token of the same text: key to new shading on screen",
      await measureCaret(folder),
      50,
    ),
  ];
}

async function measureCaret(folder: string): Promise<number> {
  const vscode = await openVscode({ file: "256.txt", from: folder });
  try {
    const { page } = vscode;
    await vscode.line("The keeper").click();
    await page.keyboard.press("Control+Home");
    await vscode.run("Headlight: Inspect Attention");
    await vscode.painted(".overview");
    await vscode.line("The keeper").click();
    await page.keyboard.press("Control+Home");
    const times: number[] = [];
    for (let move = 0; move < MOVES; move++) {
      await page.waitForTimeout(150);
      const watched = page.evaluate(untilDecorationsChange);
      await page.keyboard.press("Control+ArrowRight");
      const tookMs = await watched;
      // From the end of a line to the next the caret can stay in one token.
      if (tookMs !== null) times.push(tookMs);
    }
    if (times.length < MOVES / 2)
      throw new Error(`Only ${times.length} of ${MOVES} moves changed the shading.`);
    return times.sort((a, b) => a - b)[times.length >> 1]!;
  } finally {
    await vscode.close();
  }
}

/** Runs in the page: from the next key to the frame in which the decorations that extensions set are others; null where they stay. */
function untilDecorationsChange(): Promise<number | null> {
  const seen = () =>
    [...document.querySelectorAll('.monaco-editor .view-overlays [class*="ced-"]')]
      .map((each) => `${each.className} ${each.getAttribute("style")}`)
      .join();
  const before = seen();
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), 3000);
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "ArrowRight") return;
      removeEventListener("keydown", onKey, true);
      const look = (frameMs: number) => {
        if (seen() !== before) resolve(performance.now() - event.timeStamp);
        else if (frameMs - event.timeStamp > 2000) resolve(null);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    };
    addEventListener("keydown", onKey, true);
  });
}

function row(name: string, value: number, aim: number): BenchRow {
  return { name, value, unit: "ms", aim };
}
