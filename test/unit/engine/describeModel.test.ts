import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeModel } from "../../../src/engine/worker/describeModel";
import { embeddedModels } from "../../../src/model/embedded";
import { fileModel } from "../../../src/model/folder";
import { nodeFiles } from "../../../src/node/files";
import { home } from "../node/built";
import { modelBytes, wave } from "../onnx/graphBuilder";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "headlight-facts-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function modelOf(name: string, bytes: Uint8Array) {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return (await fileModel(nodeFiles, file)).source;
}

const oneProduct = modelBytes({
  nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
  weights: { w: wave(8, 8) },
  inputs: { x: [1, 4, 8] },
  outputs: ["y"],
});

describe("what a list says of a model", () => {
  it("is read from the graph as the card says it", async () => {
    for (const { source, card } of await embeddedModels(nodeFiles, home.modelsFolder)) {
      const facts = await describeModel(source, nodeFiles);
      expect(facts).toMatchObject({ shown: "all", precision: expect.stringMatching(/float|int/) as string });
      const most = Math.max(...facts!.blocks.map(({ nLayers }) => nLayers));
      expect([source.id, most]).toEqual([source.id, card!.nLayers]);
    }
  });

  it("says that a graph has no attention", async () => {
    const facts = await describeModel(await modelOf("plain.onnx", oneProduct), nodeFiles);
    expect(facts).toMatchObject({ shown: "none", reason: "no attention was found in its graph", blocks: [] });
  });

  it("says that a file is no model, in one sentence", async () => {
    const facts = await describeModel(
      await modelOf("text.onnx", new TextEncoder().encode("not a model")),
      nodeFiles,
    );
    expect(facts?.shown).toBe("none");
    expect(facts?.reason).toMatch(/^(This file is not an ONNX model|The ONNX file is damaged)/);
  });

  it("is not read again while size and time are the same, and is when the time is another", async () => {
    const source = await modelOf("stamped.onnx", oneProduct);
    const { stamp } = (await describeModel(source, nodeFiles))!;
    expect(await describeModel(source, nodeFiles, stamp)).toBeUndefined();
    await utimes(source.graph, new Date(0), new Date(0));
    expect((await describeModel(source, nodeFiles, stamp))?.stamp).not.toBe(stamp);
  });
});
