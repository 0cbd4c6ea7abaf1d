import { assert } from "chai";
import * as vscode from "vscode";
import { closeAll, headlight, inspect, openSample, openText, sampleUri, select } from "./headlight";

describe("Every kind of document", () => {
  afterEach(closeAll);

  it("inspects an untitled one", async () => {
    const editor = await openText("an untitled text");
    select(editor, 3, 11);
    assert.equal((await inspect()).run?.text, "untitled");
  });

  it("inspects a notebook's cell", async () => {
    const uri = sampleUri("notebook.ipynb");
    const notebook = await vscode.workspace.openNotebookDocument(uri);
    const cell = notebook.cellAt(1);
    const shown = await vscode.window.showNotebookDocument(notebook);
    shown.selection = new vscode.NotebookRange(1, 2);
    const { start, end } = { start: 0, end: "import math".length };
    const result = await (await headlight()).inspect({ uri: cell.document.uri, start, end });
    assert.equal(result.outcome, "shown", JSON.stringify(result.error));
    assert.equal(result.run?.text, "import math");
    assert.equal((await headlight()).current().document?.uri, cell.document.uri.toString());
  });

  it("counts line ends as the document has them", async () => {
    const editor = await openText("one\ntwo\nthree");
    await editor.edit((edit) => edit.setEndOfLine(vscode.EndOfLine.CRLF));
    select(editor, 0, editor.document.getText().length);
    const { run } = await inspect();
    assert.equal(run?.text, "one\r\ntwo\r\nthree");
    assert.equal(run?.tokens.at(-1)?.end, run?.text.length);
  });

  it("gives each token a span that lies on whole characters, in every script", async () => {
    const editor = await openSample("scripts.txt");
    const { document } = editor;
    for (let line = 0; line < document.lineCount; line++) {
      const { range, isEmptyOrWhitespace, text } = document.lineAt(line);
      if (isEmptyOrWhitespace) continue;
      editor.selection = new vscode.Selection(range.start, range.end);
      const { run } = await inspect();
      assert.equal(run?.text, text);
      const spans = run!.tokens.filter(({ start }) => start >= 0);
      assert.isNotEmpty(spans);
      for (const { start, end } of spans) {
        assert.isBelow(start, end);
        assert.isFalse(splitsSurrogatePair(text, start), `"${text}" at ${start}`);
        assert.isFalse(splitsSurrogatePair(text, end), `"${text}" at ${end}`);
      }
      assert.equal(Math.max(...spans.map(({ end }) => end)), text.length);
    }
  });
});

function splitsSurrogatePair(text: string, offset: number): boolean {
  const [before, after] = [text.charCodeAt(offset - 1), text.charCodeAt(offset)];
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}
