import { assert } from "chai";
import * as vscode from "vscode";
import { closeAll, headlight, inspect, openSample, openText, sampleUri, select, until } from "./headlight";

const TEXT = "The cat sat on the mat.";
const SCHEME = "headlight-test";

/** Documents that no file holds and nobody can write: what a scheme's provider says they are. */
class Virtual implements vscode.TextDocumentContentProvider {
  readonly texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? "";
  }

  set(name: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.texts.set(uri.path, text);
    this.#changed.fire(uri);
    return uri;
  }
}

describe("Documents that are no plain file", () => {
  const virtual = new Virtual();
  let registered: vscode.Disposable;
  before(() => {
    registered = vscode.workspace.registerTextDocumentContentProvider(SCHEME, virtual);
  });
  after(() => registered.dispose());
  afterEach(closeAll);

  it("are inspected where they are virtual and read-only, and go stale when their provider changes them", async () => {
    const uri = virtual.set("virtual.txt", `Before.\n\n${TEXT}`);
    const editor = await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.One });
    select(editor, 9, 9 + TEXT.length);
    const { status, run, error } = await inspect();
    assert.equal(status, "shown", JSON.stringify(error));
    assert.equal(run?.text, TEXT);
    assert.include(await hoverAt(uri, 9 + 5), "token ");
    virtual.set("virtual.txt", `Before.\n\n${TEXT.replace("cat", "cow")}`);
    await until((snapshot) => snapshot.status === "stale");
    assert.include(await hoverAt(uri, 9 + 5), "changed");
  });

  it("are inspected on the side of a diff editor that has the cursor, and nothing is said on the other", async () => {
    const [left, right] = [virtual.set("left.txt", "The dog sat."), virtual.set("right.txt", TEXT)];
    await vscode.commands.executeCommand("vscode.diff", left, right, "left and right");
    const editor = await activeEditor(right);
    select(editor, 0, TEXT.length);
    const { status, document, error } = await inspect();
    assert.equal(status, "shown", JSON.stringify(error));
    assert.equal(document?.uri, right.toString());
    assert.include(await hoverAt(right, 5), "token ");
    assert.equal(await hoverAt(left, 5), "");
  });

  it("are inspected cell by cell in a notebook, with hovers in the cell alone", async () => {
    const notebook = await vscode.workspace.openNotebookDocument(sampleUri("notebook.ipynb"));
    await vscode.window.showNotebookDocument(notebook);
    const cells = notebook.getCells();
    const cell = cells.find(({ document }) => document.getText().startsWith("import math"))!;
    await vscode.commands.executeCommand("headlight.inspect", cell);
    const { status, text, error } = (await headlight()).current();
    assert.equal(status, "shown", JSON.stringify(error));
    assert.equal(text, cell.document.getText());
    assert.include(await hoverAt(cell.document.uri, 1), "token ");
    for (const other of cells.filter((each) => each !== cell)) {
      assert.equal(await hoverAt(other.document.uri, 1), "");
    }
  });

  it("may be closed: what was inspected stays, and runs again on the text it had", async () => {
    const editor = await openSample("start-here.py");
    const { document } = editor;
    select(editor, 0, 40);
    const text = document.getText(editor.selection);
    const { run } = await inspect();
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.closeActiveEditor");
    // VS Code may keep the document in memory for minutes; its editor is gone.
    assert.isFalse(vscode.window.visibleTextEditors.some((each) => each.document === document));
    const api = await headlight();
    assert.equal(api.current().status, "shown");
    await vscode.commands.executeCommand("headlight.runAgain");
    assert.equal(api.current().run?.text, text);
    assert.notEqual(api.current().run?.runId, run?.runId);
  });
});

describe("Following the editor", () => {
  afterEach(async () => {
    await vscode.commands.executeCommand("headlight.toggleFollow");
    await closeAll();
  });

  it("runs again as the text changes, and the panel keeps its view and head", async () => {
    const editor = await openText(TEXT);
    const { document } = editor;
    await inspect();
    const choice = { block: "decoder", layer: 1, head: 3 } as const;
    await vscode.commands.executeCommand("headlight.openHead", { choice, query: 2 });
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("headlight.toggleFollow");
    await editor.edit((edit) => edit.insert(document.positionAt(TEXT.length), " It purred."));
    const { run, selection } = await until(
      ({ status, text }) => status === "shown" && text?.endsWith("It purred.") === true,
    );
    assert.equal(run?.text, `${TEXT} It purred.`);
    assert.deepInclude(selection, { view: "head", choice });
  });

  it("goes to another paragraph with the cursor", async () => {
    const editor = await openText(`${TEXT}\n\nThe dog ran.`);
    await inspect();
    await vscode.window.showTextDocument(editor.document);
    await vscode.commands.executeCommand("headlight.toggleFollow");
    const end = editor.document.positionAt(editor.document.getText().length);
    editor.selection = new vscode.Selection(end, end);
    const { run } = await until(({ status, text }) => status === "shown" && text === "The dog ran.");
    assert.equal(run?.text, "The dog ran.");
  });
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 25));

async function activeEditor(uri: vscode.Uri): Promise<vscode.TextEditor> {
  for (;;) {
    const { activeTextEditor } = vscode.window;
    if (activeTextEditor?.document.uri.toString() === uri.toString()) return activeTextEditor;
    await pause();
  }
}

async function hoverAt(uri: vscode.Uri, offset: number): Promise<string> {
  const document = await vscode.workspace.openTextDocument(uri);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    "vscode.executeHoverProvider",
    uri,
    document.positionAt(offset),
  );
  const texts = hovers.flatMap(({ contents }) =>
    contents.map((each) => (each as vscode.MarkdownString).value),
  );
  return texts.filter((text) => text.includes("command:headlight.")).join("\n");
}
