import { assert } from "chai";
import * as vscode from "vscode";
import type { InspectionSnapshot } from "../../../src/host/api";
import { closeAll, headlight, inspect, openText, select, setting, until } from "./headlight";

const TEXT = "The cat sat on the mat.";

describe("Hovering a token in the editor", () => {
  let editor: vscode.TextEditor;
  let shown: InspectionSnapshot;

  beforeEach(async () => {
    editor = await openText(`Not inspected.\n\n${TEXT}`);
    select(editor, 16, 16 + TEXT.length);
    shown = await inspect();
    assert.equal(shown.status, "shown", JSON.stringify(shown.error));
  });
  afterEach(closeAll);

  it("names the token and the key with the largest weight, for the chosen head", async () => {
    const index = shown.run!.tokens.findIndex(({ start, end }) => start <= 9 && end > 9);
    const markdown = await someHoverAt(16 + 9);
    assert.include(markdown, `token ${index}`);
    const { choice } = shown.selection!;
    const query = {
      runId: shown.run!.runId,
      choices: [choice],
      measure: "weights",
      axis: "query",
      index,
    } as const;
    const [row] = await (await headlight()).vectors({ ...query, choices: [...query.choices] });
    const largest = row!.indexOf(Math.max(...row!));
    assert.include(markdown, `(${largest})`);
    assert.include(
      markdown.replace(/\\/g, ""),
      Math.max(...row!)
        .toPrecision(3)
        .slice(0, 4),
    );
  });

  it("names three next tokens", async () => {
    const line = (await someHoverAt(16 + 9)).split("\n").find((each) => each.startsWith("next:"));
    assert.equal(line?.split("·").length, 3);
  });

  it("says nothing outside the inspected text", async () => {
    assert.equal(await hoverAt(3), "");
  });

  it("shows no number once the text has changed, and offers to run again", async () => {
    await editor.edit((edit) => edit.insert(new vscode.Position(2, 4), "old "));
    await until(({ status }) => status === "stale");
    const markdown = await someHoverAt(16 + 9);
    assert.include(markdown, "command:headlight.runAgain");
    assert.notMatch(markdown, /0\.\d/);
  });

  it("can be turned off", async () => {
    await setting("hover.enabled", false);
    try {
      assert.equal(await hoverAt(16 + 9), "");
    } finally {
      await setting("hover.enabled", undefined);
    }
  });

  /** VS Code's window hears of a new provider or text a little later than the extension host. */
  async function someHoverAt(offset: number): Promise<string> {
    for (;;) {
      const markdown = await hoverAt(offset);
      if (markdown) return markdown;
    }
  }

  /** All that Headlight says there, as Markdown. */
  async function hoverAt(offset: number): Promise<string> {
    const { document } = editor;
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      document.uri,
      document.positionAt(offset),
    );
    const contents = hovers.flatMap(({ contents }) => contents);
    return contents.map((content) => (typeof content === "string" ? content : content.value)).join("\n");
  }
});
