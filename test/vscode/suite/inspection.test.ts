import { assert } from "chai";
import * as vscode from "vscode";
import { firstBlock, type HeadAddress, type RunSummary } from "../../../src/core/run";
import { closeAll, headlight, inspect, openSample, sampleUri, select } from "./headlight";

/** What the command line says of the same text, written by the launcher before VS Code starts. */
interface Expected {
  readonly text: string;
  readonly tokens: { id: number; start: number; end: number }[];
  /** In the order of the layers; weights are [head][query][key]. */
  readonly layers: { layer: number; weights: number[][][] }[];
}

describe("Inspecting a selection", () => {
  let run: RunSummary;
  let expected: Expected;

  before(async () => {
    expected = await readExpected();
    const editor = await openSample("words.md");
    const start = editor.document.getText().indexOf(expected.text);
    select(editor, start, start + expected.text.length);
    const snapshot = await inspect();
    assert.equal(snapshot.status, "shown", JSON.stringify(snapshot.error));
    assert.isDefined(snapshot.run);
    run = snapshot.run!;
  });
  after(closeAll);

  it("shows the selected text in an inspector beside the editor, which keeps the focus", async () => {
    assert.equal(run.text, expected.text);
    assert.isTrue((await headlight()).current().visible);
    assert.include(vscode.window.activeTextEditor?.document.uri.path, "words.md");
    assert.equal(vscode.window.tabGroups.all.length, 2);
  });

  it("gives the tokens and spans that the command line gives", () => {
    const spansOf = (tokens: Expected["tokens"]) => tokens.map(({ id, start, end }) => ({ id, start, end }));
    assert.deepEqual(spansOf([...run.tokens]), spansOf(expected.tokens));
  });

  it("covers the selected text with its spans, in order, without a gap in the words", () => {
    const covered = run.tokens.filter(({ start }) => start >= 0);
    assert.equal(covered[0]?.start, 0);
    assert.equal(covered.at(-1)?.end, run.text.length);
    let end = 0;
    for (const token of covered) {
      assert.equal(run.text.slice(end, Math.max(end, token.start)).trim(), "");
      end = Math.max(end, token.end);
    }
  });

  it("gives the weights that the command line gives, for every head", async () => {
    for (const address of heads(run)) {
      for (let query = 0; query < run.tokens.length; query++) {
        const row = await weightsOf(run, address, query);
        const other = expected.layers[address.layer]?.weights[address.head]?.[query] ?? [];
        assert.equal(row.length, other.length);
        // Both are float32 of the same graph; the number of threads may change the order of sums.
        row.forEach((weight, key) => assert.closeTo(weight, other[key]!, 1e-5));
      }
    }
  });

  it("has rows that sum to 1 and nothing on keys that come after the query", async () => {
    assert.equal(run.model.kind, "causal");
    for (const address of heads(run)) {
      for (let query = 0; query < run.tokens.length; query++) {
        const row = await weightsOf(run, address, query);
        const sum = row.reduce((total, weight) => total + weight, 0);
        assert.closeTo(sum, 1, 1e-4);
        assert.deepEqual([...row.slice(query + 1)], new Array(run.tokens.length - query - 1).fill(0));
      }
    }
  });

  it("takes the paragraph at the cursor when nothing is selected", async () => {
    const editor = await openSample("words.md");
    const at = editor.document.getText().indexOf("Beijing");
    select(editor, at, at);
    const { text } = await inspect();
    assert.equal(text, "The 2022 Beijing Winter Games were the second Olympic Games held in Beijing.");
  });

  it("chooses a head, which hovers and the outline follow", async () => {
    const { selection } = (await headlight()).current();
    assert.equal(selection?.choice.block, firstBlock(run)?.kind);
  });
});

function* heads(run: RunSummary): Generator<HeadAddress> {
  for (const block of run.blocks) {
    for (const { layer, nHeads } of block.layers) {
      for (let head = 0; head < nHeads; head++) yield { block: block.kind, layer, head };
    }
  }
}

async function weightsOf(run: RunSummary, address: HeadAddress, query: number): Promise<Float32Array> {
  const api = await headlight();
  const ask = {
    runId: run.runId,
    choices: [address],
    measure: "weights",
    axis: "query",
    index: query,
  } as const;
  const [row] = await api.vectors({ ...ask, choices: [...ask.choices] });
  if (!row) throw new Error(`No row ${query} came for layer ${address.layer}, head ${address.head}.`);
  return row;
}

async function readExpected(): Promise<Expected> {
  const bytes = await vscode.workspace.fs.readFile(sampleUri("expected.json"));
  return JSON.parse(new TextDecoder().decode(bytes)) as Expected;
}
