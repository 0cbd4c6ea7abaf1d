import { expect, test } from "vitest";
import type { RunSummary } from "../../../src/core/run";
import { encodeStandalone, parseStandalone, type StandaloneRun } from "../../../src/protocol/standalone";

const run: RunSummary = {
  runId: "1",
  model: {
    id: "m",
    name: "m",
    source: "file",
    kind: "causal",
    nLayers: 1,
    nHeads: 1,
    hasTokenizer: false,
  },
  text: "</script><script>alert(1)</script>\u2028",
  tokens: [],
  blocks: [],
  backend: { name: "wasm" },
  durations: { loadMs: 0, tokenizeMs: 0, runMs: 0, totalMs: 0 },
  notices: [],
  hasPredictions: false,
};
const data = Float32Array.of(1, 0, 0.25, 0.75);
const content: StandaloneRun = {
  run,
  tensors: [{ block: "decoder", layer: 0, what: "weights", dims: [1, 2, 2], data }],
  predictions: [{ position: 1, likely: [{ id: 3, text: "a", probability: 0.5 }] }],
};

test.each(["float16", "float32"] as const)("keeps run, tensors and predictions as %s", (precision) => {
  const read = parseStandalone(encodeStandalone(content, precision));
  expect(read).toMatchObject({ run, predictions: content.predictions, precision });
  expect(read.tensors).toEqual(content.tensors);
});

test("cannot end the script element that carries it", () => {
  expect(encodeStandalone(content)).not.toContain("<");
  expect(encodeStandalone(content)).not.toContain("\u2028");
});

test.each([
  ["no JSON", "{"],
  ["not an object", "3"],
  ["another format", '{"format":"x","version":1}'],
  ["another version", encodeStandalone(content).replace('"version":1', '"version":2')],
  ["no tensors", encodeStandalone(content).replace('"tensors"', '"tensor"')],
  ["a tensor cut short", encodeStandalone(content).replace(/"dims":\[1,2,2\]/, '"dims":[1,2,3]')],
])("refuses %s in one sentence", (_, json) => {
  expect(() => parseStandalone(json)).toThrow(/no inspection that this version of Headlight can read/);
});
