import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verification } from "../../../src/core/verification";
import type { RunSummary } from "../../../src/core/run";
import { headlightHere } from "../node/built";
import { modelBytes, wave, type NodeParts } from "../onnx/graphBuilder";

const WIDTH = 8;
const WORDS = 12;

/** softmax(q·kᵀ)·v of one head: queries of one tensor, keys and values of another. */
function attention(queries: string, keys: string, output: string): NodeParts[] {
  const at = (part: string) => `${output}.${part}`;
  return [
    { op: "MatMul", inputs: [queries, "wa"], outputs: [at("q")] },
    { op: "MatMul", inputs: [keys, "wb"], outputs: [at("k")] },
    { op: "MatMul", inputs: [keys, "wc"], outputs: [at("v")] },
    { op: "Transpose", inputs: [at("k")], outputs: [at("kt")], ints: { perm: [0, 2, 1] } },
    { op: "MatMul", inputs: [at("q"), at("kt")], outputs: [at("s")] },
    { op: "Softmax", inputs: [at("s")], outputs: [at("p")], ints: { axis: -1 } },
    { op: "MatMul", inputs: [at("p"), at("v")], outputs: [output] },
  ];
}

const embed: NodeParts = { op: "Gather", inputs: ["words", "input_ids"], outputs: ["x"] };
const weights = {
  words: wave(WORDS, WIDTH),
  wa: wave(WIDTH, WIDTH),
  wb: wave(WIDTH, WIDTH),
  wc: wave(WIDTH, WIDTH),
};
const ids = { input_ids: ["batch", "tokens"] };
const types = { input_ids: 7 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "headlight-two-"));
  await mkdir(path.join(folder, "onnx"));
  const encoder = modelBytes({
    nodes: [embed, ...attention("x", "x", "last_hidden_state")],
    weights,
    inputs: ids,
    types,
    outputs: ["last_hidden_state"],
  });
  const decoder = modelBytes({
    nodes: [embed, ...attention("x", "x", "y"), ...attention("y", "encoder_hidden_states", "logits")],
    weights,
    inputs: { ...ids, encoder_hidden_states: ["batch", "source", WIDTH] },
    types,
    outputs: ["logits"],
  });
  await writeFile(path.join(folder, "onnx/encoder_model.onnx"), encoder);
  await writeFile(path.join(folder, "onnx/decoder_model.onnx"), decoder);
  const config = { model_type: "t5", is_encoder_decoder: true, decoder_start_token_id: 0, vocab_size: WORDS };
  await writeFile(path.join(folder, "config.json"), JSON.stringify(config));
});
afterAll(() => rm(folder, { recursive: true }));

describe("an encoder and a decoder in two files", () => {
  const args = () => ["--model", folder, "--ids", "1,2,3,4", "--target-ids", "5,6"];

  it("run one after the other, with the encoder's, the decoder's and the cross-attention", async () => {
    const { code, stdout, stderr } = await headlightHere("inspect", ...args(), "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const run = JSON.parse(stdout) as RunSummary;
    const shapes = run.blocks.map(({ kind, layers }) => [kind, layers[0]!.nQueries, layers[0]!.nKeys]);
    expect(shapes).toEqual([
      ["encoder", 4, 4],
      ["decoder", 2, 2],
      ["cross", 2, 4],
    ]);
  });

  it("give weights that follow from their q and k", async () => {
    const { stdout } = await headlightHere("verify", ...args(), "--json");
    const { verdict, layers } = JSON.parse(stdout) as Verification & { verdict: string };
    expect(verdict).toBe("agrees");
    expect(layers.map(({ block, nRows }) => [block, nRows])).toEqual([
      ["encoder", 4],
      ["decoder", 2],
      ["cross", 2],
    ]);
  });
});
