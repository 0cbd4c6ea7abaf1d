import { describe, expect, it } from "vitest";
import type { ModelFacts } from "../../../src/core/modelFacts";
import type { Engine } from "../../../src/engine/engine";
import { KnownFacts } from "../../../src/host/knownFacts";
import { attentionText, describeEntry } from "../../../src/host/modelText";
import { RecentModels } from "../../../src/host/recentModels";
import type { ModelEntry } from "../../../src/model/entry";
import { english } from "./english";

const entry: ModelEntry = {
  source: { id: "/m", name: "M", source: "folder", graph: "/m/model.onnx" },
  summary: {
    id: "/m",
    name: "M",
    source: "folder",
    kind: "unknown",
    nLayers: 0,
    nHeads: 0,
    hasTokenizer: true,
  },
  architecture: "gpt2",
  sizeBytes: 2e6,
};
const facts: ModelFacts = {
  stamp: "1:2",
  sizeBytes: 1.5e9,
  precision: "float16",
  blocks: [
    { kind: "encoder", nLayers: 2, nHeads: 4 },
    { kind: "cross", nLayers: 2 },
  ],
  shown: "all",
};

class Memory {
  readonly kept = new Map<string, unknown>();
  keys = () => [...this.kept.keys()];
  get = (key: string) => this.kept.get(key) as undefined;
  async update(key: string, value: unknown) {
    this.kept.set(key, JSON.parse(JSON.stringify(value)));
  }
}

describe("a model in the list", () => {
  it("says before the scan what its files say", () => {
    expect(describeEntry(entry, undefined, english)).toBe("gpt2 · 2.0 MB");
    expect(attentionText(undefined, english)).toBeUndefined();
  });

  it("says after the scan layers x heads, precision and the size of all its files", () => {
    expect(describeEntry(entry, facts, english)).toBe("gpt2 · 2x4 + 2x? · float16 · 1.5 GB");
    expect(attentionText({ ...facts, shown: "none", reason: "why" }, english)).toContain("why");
  });
});

describe("what was learned of models", () => {
  const describing = (answers: (ModelFacts | undefined)[]) => {
    const asked: (string | undefined)[] = [];
    const describe: Engine["describe"] = (request) => {
      asked.push(request?.stamp);
      return Promise.resolve(answers.shift());
    };
    return { asked, describe };
  };
  const { signal } = new AbortController();

  it("is kept over restarts and asked for with its stamp", async () => {
    const memory = new Memory();
    const { asked, describe } = describing([facts, undefined]);
    expect(await new KnownFacts({ describe }, memory).describe(entry.source, signal)).toEqual(facts);
    expect(await new KnownFacts({ describe }, memory).describe(entry.source, signal)).toEqual(facts);
    expect(asked).toEqual([undefined, "1:2"]);
  });

  it("is forgotten where an earlier version kept it", async () => {
    const memory = new Memory();
    await memory.update("headlight.modelFacts", { version: 0, facts: { "/m/model.onnx": facts } });
    expect(new KnownFacts(describing([]), memory).remembered(entry.source)).toBeUndefined();
  });
});

describe("recent models", () => {
  it("stand newest first, each once, no more than eight", async () => {
    const recent = new RecentModels(new Memory());
    for (const id of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "b"]) await recent.add(id);
    expect(recent.ids).toEqual(["b", "i", "h", "g", "f", "e", "d", "c"]);
    await recent.forget("i");
    expect(recent.ids[1]).toBe("h");
  });

  it("are none where what was kept is something else", () => {
    const memory = new Memory();
    memory.kept.set("headlight.recentModels", { a: 1 });
    expect(new RecentModels(memory).ids).toEqual([]);
  });
});
