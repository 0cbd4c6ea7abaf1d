import { assert } from "chai";
import * as vscode from "vscode";
import { closeAll, headlight, inspect, openText, select, until } from "./headlight";

const WORDS = "I saw a saw, and the saw saw me.";

describe("An inspection and its document", () => {
  let editor: vscode.TextEditor;

  beforeEach(async () => {
    editor = await openText(`Before.\n\n${WORDS}\n\nAfter.`);
    select(editor, 9, 9 + WORDS.length);
    const { status, error } = await inspect();
    assert.equal(status, "shown", JSON.stringify(error));
  });
  afterEach(closeAll);

  it("moves with an edit before it and stays fresh", async () => {
    await editor.edit((edit) => edit.insert(new vscode.Position(0, 0), "12345"));
    const moved = await until(({ document }) => document?.start === 14);
    assert.equal(moved.status, "shown");
    assert.equal(moved.document?.end, 14 + WORDS.length);
  });

  it("goes stale when its text changes and fresh when that is undone", async () => {
    await editor.edit((edit) => edit.insert(new vscode.Position(2, 2), "x"));
    await until(({ status }) => status === "stale");
    await vscode.commands.executeCommand("undo");
    await until(({ status }) => status === "shown");
  });

  it("runs again on the text as it is now", async () => {
    await editor.edit((edit) => edit.replace(new vscode.Range(2, 2, 2, 5), "heard"));
    await until(({ status }) => status === "stale");
    await vscode.commands.executeCommand("headlight.runAgain");
    const { status, text, run } = (await headlight()).current();
    assert.equal(status, "shown");
    assert.equal(text, WORDS.replace("saw", "heard"));
    assert.equal(run?.text, text);
  });

  it("is gone when its inspector is closed", async () => {
    await closeAll();
    const { visible } = await until((snapshot) => snapshot.status === "empty");
    assert.isFalse(visible);
  });
});

describe("Two inspections at once", () => {
  after(closeAll);

  it("end with the newer one; the older says that it was superseded", async () => {
    const api = await headlight();
    const older = api.inspect({ text: WORDS.repeat(6) });
    const newer = api.inspect({ text: "The cat sat on the mat." });
    assert.equal((await older).outcome, "superseded");
    assert.equal((await newer).outcome, "shown");
    assert.equal(api.current().run?.text, "The cat sat on the mat.");
  });

  it("give the place back to what was shown before when the newer one is cancelled", async () => {
    const api = await headlight();
    assert.equal((await api.inspect({ text: WORDS })).outcome, "shown");
    const cancelled = api.inspect({ text: "The cat sat on the mat. The cat sat on the" });
    await until(({ status }) => status === "running");
    await vscode.commands.executeCommand("headlight.cancel");
    assert.equal((await cancelled).outcome, "cancelled");
    const { status, text } = await until((snapshot) => snapshot.status === "shown");
    assert.equal(status, "shown");
    assert.equal(text, WORDS);
  });

  it("can be followed by a third that works after a cancel", async () => {
    const result = await (await headlight()).inspect({ text: "Once more." });
    assert.equal(result.outcome, "shown");
    assert.equal(result.run?.text, "Once more.");
  });
});

describe("An inspector closed while it runs", () => {
  it("ends its inspection without an error", async () => {
    const api = await headlight();
    const running = api.inspect({ text: WORDS.repeat(6) });
    await until(({ status }) => status === "running");
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    assert.include(["cancelled", "shown"], (await running).outcome);
    const { status, error } = await until((snapshot) => snapshot.status === "empty");
    assert.equal(status, "empty");
    assert.isUndefined(error);
  });
});
