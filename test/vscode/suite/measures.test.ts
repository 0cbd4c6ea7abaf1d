import { assert } from "chai";
import * as vscode from "vscode";
import type { ProbeReport } from "../../../src/core/probe/probe";
import { closeAll, headlight, inspect, openText, until } from "./headlight";

const text = "Tom opened the red box. Anna closed the red box.";

describe("What is shown of attention", () => {
  before(async () => {
    await openText(text);
    const snapshot = await inspect();
    assert.equal(snapshot.status, "shown", JSON.stringify(snapshot.error));
  });
  after(closeAll);

  it("is chosen by a command, for hovers and shading too", async () => {
    await vscode.commands.executeCommand("headlight.chooseMeasure", "norm-weighted");
    const { run, selection } = await until((now) => now.selection?.measure === "norm-weighted");
    const api = await headlight();
    const choices = [selection!.choice];
    const query = { runId: run!.runId, choices, axis: "query", index: 4 } as const;
    const [[weights], [norms]] = await Promise.all([
      api.vectors({ ...query, measure: "weights" }),
      api.vectors({ ...query, measure: "norm-weighted" }),
    ]);
    // A norm is the weight times one factor for each key: where there is no weight there is no norm.
    weights!.forEach((weight, key) => assert.equal(norms![key]! > 0, weight > 0, `key ${key}`));
    assert.isAbove(Math.max(...norms!), 0);
    await vscode.commands.executeCommand("headlight.chooseMeasure", "rollout");
    await until((now) => now.selection?.measure === "rollout");
    const [rolled] = await api.vectors({ ...query, measure: "rollout" });
    assert.closeTo(
      rolled!.reduce((sum, value) => sum + value, 0),
      1,
      1e-5,
    );
    await vscode.commands.executeCommand("headlight.chooseMeasure", "weights");
  });

  it("is written as one page that needs no network", async () => {
    const folder = vscode.workspace.workspaceFolders![0]!.uri;
    const file = vscode.Uri.joinPath(folder, "exported-by-the-suite.html");
    try {
      assert.isTrue(await vscode.commands.executeCommand("headlight.exportHtml", { file }));
      const page = new TextDecoder().decode(await vscode.workspace.fs.readFile(file));
      assert.include(page, "default-src 'none'");
      assert.include(page, 'id="headlight-data">{"format":"headlight-inspection"');
      assert.match(page, /<\/html>\s*$/);
    } finally {
      await vscode.workspace.fs.delete(file).then(undefined, () => undefined);
    }
  });

  it("is measured over a probe, whose best heads are those of the model's card", async () => {
    const report = await vscode.commands.executeCommand<ProbeReport>("headlight.probeModel");
    const largest = (name: string) =>
      [...report.heads].sort((a, b) => (b.values[name] ?? 0) - (a.values[name] ?? 0))[0]!.address;
    assert.deepInclude(largest("induction"), { layer: 3, head: 7 });
    assert.deepInclude(largest("insideBracket"), { layer: 3, head: 5 });
    assert.deepInclude(largest("insideQuote"), { layer: 2, head: 7 });
  });
});
