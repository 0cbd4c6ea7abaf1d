import { assert } from "chai";
import * as vscode from "vscode";
import type { Pins } from "../../../src/protocol/panelContract";
import { closeAll, headlight, openText, select, setting } from "./headlight";

const TEXT = "The cat sat on the mat.\n\nThe dog sat on the mat.";

/** Waits for pins that satisfy; the test's own time limit is the limit. */
async function pinsWhen(satisfies: (pins: Pins) => boolean): Promise<Pins> {
  const api = await headlight();
  while (!satisfies(api.pins())) await pause();
  return api.pins();
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 25));
const compare = () => vscode.commands.executeCommand("headlight.compareSelections");
const areReady = ({ a, b }: Pins) => a?.runId !== undefined && b?.runId !== undefined;

describe("Comparing two selections", () => {
  let editor: vscode.TextEditor;
  beforeEach(async () => {
    editor = await openText(TEXT);
    // An untitled document may take over the name, and for a moment the text, of the one just closed.
    while (vscode.window.activeTextEditor?.document.getText() !== TEXT) await pause();
  });
  afterEach(async () => {
    await setting("model", undefined);
    await vscode.commands.executeCommand("headlight.clearPins");
    await closeAll();
  });
  const selectRanges = (...ranges: [start: number, end: number][]) => {
    const at = (offset: number) => editor.document.positionAt(offset);
    editor.selections = ranges.map(([start, end]) => new vscode.Selection(at(start), at(end)));
  };

  it("runs both and pins them as A and B, in the order of the text", async () => {
    selectRanges([25, 48], [0, 23]);
    await compare();
    const { a, b } = await pinsWhen(areReady);
    assert.deepInclude(a, { text: "The cat sat on the mat.", stale: false });
    assert.deepInclude(b, { text: "The dog sat on the mat.", stale: false });
    assert.deepInclude(b?.choice, { layer: "all", head: "mean" });
    assert.equal((await headlight()).current().run?.runId, a?.runId);
  });

  it("takes a selection of each of two editors, of one document too, where they overlap", async () => {
    select(editor, 0, 23);
    const beside = await vscode.window.showTextDocument(editor.document, vscode.ViewColumn.Two);
    select(beside, 4, 48);
    await compare();
    const { a, b } = await pinsWhen(areReady);
    assert.deepEqual([a?.text, b?.text], [TEXT.slice(4, 48), TEXT.slice(0, 23)]);
  });

  it("keeps A's run when another model and text are inspected, and pins that as B", async () => {
    select(editor, 0, 23);
    const api = await headlight();
    await api.inspect();
    await vscode.commands.executeCommand("headlight.pinA");
    const before = api.pins().a;
    await setting("model", "letters-2x2");
    select(editor, 4, 23);
    const { run, error } = await api.inspect();
    assert.isDefined(run, JSON.stringify(error));
    await vscode.commands.executeCommand("headlight.pinB");
    const { a, b } = api.pins();
    assert.equal(a?.runId, before?.runId);
    assert.notEqual(a?.model, b?.model);
    assert.equal(b?.runId, run?.runId);
  });

  it("says which side failed, and leaves the other in place", async () => {
    await editor.edit((edit) => edit.insert(new vscode.Position(2, 23), `\n\n${"word ".repeat(900)}`));
    selectRanges([0, 23], [50, 4500]);
    await compare();
    const { a, b } = await pinsWhen((pins) => pins.a?.runId !== undefined && pins.b?.error !== undefined);
    assert.equal(b?.error?.code, "too-many-tokens");
    assert.equal(a?.text, "The cat sat on the mat.");
  });

  it("is stale on the side whose text changed", async () => {
    selectRanges([0, 23], [25, 48]);
    await compare();
    await pinsWhen(areReady);
    await editor.edit((edit) => edit.replace(new vscode.Range(2, 4, 2, 7), "cow"));
    const { a, b } = await pinsWhen((pins) => pins.b?.stale === true);
    assert.isFalse(a?.stale);
    assert.isTrue(b?.stale);
  });

  it("swaps A and B, and clears them", async () => {
    selectRanges([0, 23], [25, 48]);
    await compare();
    await pinsWhen(areReady);
    await vscode.commands.executeCommand("headlight.swapPins");
    assert.include((await headlight()).pins().a?.text, "dog");
    await vscode.commands.executeCommand("headlight.clearPins");
    assert.deepEqual((await headlight()).pins(), {});
  });

  it("pins nothing where there are not two selections", async () => {
    for (const ranges of [
      [[0, 23]],
      [
        [0, 3],
        [4, 7],
        [8, 11],
      ],
    ] as [number, number][][]) {
      selectRanges(...ranges);
      await compare();
      assert.deepEqual((await headlight()).pins(), {});
    }
  });
});
