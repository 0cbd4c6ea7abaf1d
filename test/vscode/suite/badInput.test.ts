import { assert } from "chai";
import * as vscode from "vscode";
import type { InspectionResult } from "../../../src/host/api";
import { closeAll, headlight, openText, select } from "./headlight";

const MEBIBYTE = 2 ** 20;

describe("Bad input", () => {
  afterEach(closeAll);

  it("refuses an empty document with a sentence", async () => {
    await openText("");
    assert.equal((await failure()).error?.code, "empty-text");
  });

  it("refuses a document of blank lines", async () => {
    await openText("\n \n\t\n");
    assert.equal((await failure()).error?.code, "empty-text");
  });

  it("refuses bytes that are not text", async () => {
    const editor = await openText("PK\u0003\u0004\0\0\b\0\0\0");
    select(editor, 0, 10);
    assert.equal((await failure()).error?.code, "binary-text");
  });

  it("refuses more tokens than the model reads, and names both numbers", async () => {
    const api = await headlight();
    const { run } = await api.inspect({ text: "a" });
    const context = run?.model.context;
    assert.isDefined(context);
    const editor = await openText("word ".repeat(context! + 50));
    select(editor, 0, editor.document.getText().length);
    const { error } = await failure();
    assert.equal(error?.code, "too-many-tokens");
    assert.include(error?.message, context!.toLocaleString("en"));
    const [nTokens] = /[\d,]+/.exec(error?.message ?? "") ?? [];
    assert.isAbove(Number(nTokens?.replace(/,/g, "")), context!);
  });

  it("refuses 10 MB selected by accident without blocking the extension host", async () => {
    const editor = await openText("0123456789abcde\n".repeat((10 * MEBIBYTE) / 16));
    await vscode.commands.executeCommand("editor.action.selectAll");
    assert.isFalse(editor.selection.isEmpty);
    const watch = longestBlock();
    const { error } = await failure();
    const blockedMs = watch.stop();
    assert.equal(error?.code, "too-much-text");
    // On an idle machine it is a few milliseconds; the limit leaves room for a loaded one.
    assert.isBelow(blockedMs, 500);
  });

  it("leaves what was shown in place when the next input is refused", async () => {
    const api = await headlight();
    assert.equal((await api.inspect({ text: "I saw a saw." })).outcome, "shown");
    await openText("");
    await failure();
    assert.equal(api.current().status, "shown");
    assert.equal(api.current().text, "I saw a saw.");
  });
});

/** Inspects what the active editor offers, which has to fail with a sentence. */
async function failure(): Promise<InspectionResult> {
  const result = await (await headlight()).inspect();
  assert.equal(result.outcome, "failed", JSON.stringify(result));
  assert.match(result.error?.message ?? "", /^[A-Z].*\.$/s);
  return result;
}

/** Measures the longest time between two turns of this thread's event loop. */
function longestBlock(): { stop(): number } {
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
      return Math.max(longestMs, performance.now() - lastMs);
    },
  };
}
