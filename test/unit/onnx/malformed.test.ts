import { PbfWriter } from "pbf";
import { describe, expect, it } from "vitest";
import { HeadlightError } from "../../../src/core/errors";
import { describe as describeGraph, instrument } from "../../../src/onnx/instrument";
import { foldersIn, readFixture, sourceOf } from "./fixtures";
import { mutate, random } from "./mutate";

interface NodeParts {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
}

/** A ModelProto of nodes; `weights` are initialisers that lie in other files. */
function modelOf(
  nodes: readonly NodeParts[],
  weights: readonly { name: string; location: string }[] = [],
): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, 8);
  pbf.writeMessage(
    7,
    (_, graph) => {
      for (const { op, inputs = [], outputs = [] } of nodes) {
        graph.writeMessage(
          1,
          (_, node) => {
            for (const name of inputs) node.writeStringField(1, name);
            for (const name of outputs) node.writeStringField(2, name);
            node.writeStringField(4, op);
          },
          null,
        );
      }
      for (const { name, location } of weights) {
        graph.writeMessage(
          5,
          (_, tensor) => {
            tensor.writeVarintField(1, 4);
            tensor.writeVarintField(2, 1);
            tensor.writeStringField(8, name);
            tensor.writeMessage(
              13,
              (_, entry) => {
                entry.writeStringField(1, "location");
                entry.writeStringField(2, location);
              },
              null,
            );
            tensor.writeVarintField(14, 1);
          },
          null,
        );
      }
      graph.writeMessage(11, (_, info) => info.writeStringField(1, "x"), null);
      graph.writeMessage(12, (_, info) => info.writeStringField(1, "y"), null);
    },
    null,
  );
  pbf.writeMessage(8, (_, opset) => opset.writeVarintField(2, 17), null);
  return pbf.finish();
}

const identity: NodeParts = { op: "Identity", inputs: ["x"], outputs: ["y"] };

async function codeOf(bytes: Uint8Array): Promise<string> {
  try {
    await instrument(sourceOf(bytes), { capture: ["weights"], backend: "wasm" });
  } catch (error) {
    if (!(error instanceof HeadlightError)) throw error;
    expect(error.message.length).toBeLessThan(400);
    return error.code;
  }
  return "no error";
}

describe("a file that is no good model", () => {
  it("is refused when it is empty, text, or another protobuf", async () => {
    expect(await codeOf(new Uint8Array(0))).toBe("not-onnx");
    expect(await codeOf(new TextEncoder().encode("<html>not found</html>"))).toMatch(
      /not-onnx|damaged-model/,
    );
    const other = new PbfWriter();
    other.writeStringField(2, "a name and nothing else");
    expect(await codeOf(other.finish())).toBe("not-onnx");
  });

  it("is refused at every place where it may be cut off", async () => {
    const whole = modelOf([identity]);
    for (let length = 1; length < whole.byteLength - 4; length++) {
      expect(await codeOf(whole.slice(0, length))).toMatch(/not-onnx|damaged-model/);
    }
  });

  it("is refused when its operations wait for one another", async () => {
    const cycle = modelOf([
      { op: "Add", inputs: ["x", "b"], outputs: ["a"] },
      { op: "Neg", inputs: ["a"], outputs: ["b"] },
    ]);
    expect(await codeOf(cycle)).toBe("cyclic-graph");
    expect(await codeOf(modelOf([{ op: "Neg", inputs: ["a"], outputs: ["a"] }]))).toBe("cyclic-graph");
  });

  it("is refused when a name has 10 MB", async () => {
    expect(await codeOf(modelOf([{ op: "Neg", inputs: ["x".repeat(10_000_000)], outputs: ["y"] }]))).toBe(
      "name-too-long",
    );
  });

  it("is refused when a length goes beyond what holds it", async () => {
    const bytes = modelOf([identity]);
    const graphLength = bytes.indexOf(0x3a) + 1;
    bytes[graphLength] = (bytes[graphLength] ?? 0) + 1;
    expect(await codeOf(bytes)).toBe("damaged-model");
  });

  it.each(["../secret", "/etc/passwd", "a/../../b", "C:\\weights", "file:///etc/passwd", "", "~/.ssh/id"])(
    "is refused when it asks for weights in %j",
    async (location) => {
      expect(await codeOf(modelOf([identity], [{ name: "w", location }]))).toBe("external-data-outside");
    },
  );

  it("names the weight files beside it", async () => {
    const bytes = modelOf([identity], [{ name: "w", location: "parts/model.onnx_data" }]);
    const { externalData } = await instrument(sourceOf(bytes), { capture: ["weights"], backend: "wasm" });
    expect(externalData).toEqual([{ path: "parts/model.onnx_data", reference: "parts/model.onnx_data" }]);
  });

  it("is described without attention where it has none", async () => {
    const report = await describeGraph(sourceOf(modelOf([identity])));
    expect(report.blocks).toEqual([]);
    expect(report.notFound).toEqual([]);
  });
});

const CASES = 3000;
const LONGEST_MS = 25_000;
/** Above this a case is as good as a hang on graphs of this size. */
const LONGEST_CASE_MS = 5_000;

describe("mutated graphs", () => {
  const small = foldersIn("onnx-attention").map((name) => `onnx-attention/${name}/model.onnx`);
  const larger = [
    "fusion__attention_mask_no_cast.onnx",
    "fusion__gpt2_one_layer.onnx",
    "attention_mha.onnx",
    "attention_opt.onnx",
  ];
  const paths = [...small.slice(0, 12), ...larger.map((name) => `ort-graphs/${name}`)];

  it.runIf(small.length > 0)(
    "end in a result or in one sentence, and nothing is read outside the file",
    async () => {
      const next = random(20261120);
      const originals = paths.map(readFixture);
      const start = performance.now();
      const outcomes = new Map<string, number>();
      for (let index = 0; index < CASES && performance.now() - start < LONGEST_MS; index++) {
        const original = originals[Math.floor(next() * originals.length)] ?? new Uint8Array(0);
        const bytes = mutate(original, next);
        const before = performance.now();
        const outcome = await codeOf(bytes);
        expect(performance.now() - before).toBeLessThan(LONGEST_CASE_MS);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      const total = [...outcomes.values()].reduce((a, b) => a + b, 0);
      expect(total).toBeGreaterThan(500);
      expect(outcomes.get("no error") ?? 0).toBeGreaterThan(0);
      expect(outcomes.get("damaged-model") ?? 0).toBeGreaterThan(0);
    },
  );
});
