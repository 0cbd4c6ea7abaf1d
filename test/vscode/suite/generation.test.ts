import { assert } from "chai";
import * as vscode from "vscode";
import { closeAll, headlight, inspect, openText, select, setting } from "./headlight";

describe("What a model writes", () => {
  after(async () => {
    await setting("model", undefined);
    await closeAll();
  });

  it("continues a text by so many tokens, which have no place in a document", async () => {
    const { run } = await (await headlight()).inspect({ text: "I saw a saw. The saw saw", continueBy: 5 });
    assert.deepInclude(run?.generated, { side: "source", start: 9, count: 5, end: "length" });
    assert.deepEqual(
      run!.tokens.slice(9).map(({ start }) => start),
      [-1, -1, -1, -1, -1],
    );
    assert.equal(run!.blocks[0]!.layers[0]!.nQueries, 14);
  });

  it("refuses more than the model reads, with the numbers, and leaves what was shown", async () => {
    const api = await headlight();
    const { outcome, error } = await api.inspect({ text: "I saw a saw.", continueBy: 5000 });
    assert.equal(outcome, "failed");
    assert.match(
      error!.message,
      /5,000 more were asked for; .* reads at most 512\. Continue by at most 506\./,
    );
    assert.equal(api.current().status, "shown");
  });

  it("writes the target of an encoder-decoder from a selection, whose tokens have their hovers", async () => {
    await setting("model", "dates-2x4");
    const editor = await openText("born on March 5th 1998 in Rome");
    select(editor, 8, 22);
    const { run, status } = await inspect();
    assert.equal(status, "shown");
    const target = run!.targetTokens!.slice(1).map(({ text }) => text);
    assert.equal(target.join(""), "1998-03-05");
    assert.deepInclude(run!.generated, { side: "target", start: 1, count: 10, end: "end-token" });
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      editor.document.uri,
      editor.document.positionAt(9),
    );
    assert.isNotEmpty(hovers);
  });

  it("takes a target that is given", async () => {
    const { run } = await (await headlight()).inspect({ text: "7.8.2031", targetText: "2031-07" });
    assert.isUndefined(run!.generated);
    assert.equal(run!.targetTokens!.length, 8);
  });
});
