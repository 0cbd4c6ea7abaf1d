import { describe, expect, it } from "vitest";
import { modelPositions } from "../../../src/engine/worker/modelPositions";
import { parseConfig } from "../../../src/model/config";

const unknown = { scheme: "unknown", parameters: {} } as const;
const of = (config: unknown, nHeads = 8) => {
  const parsed = parseConfig(config);
  return modelPositions(unknown, parsed, { nHeads, dHead: parsed.dHead });
};

describe("a model's positions, where its graph does not say", () => {
  it("are read from config.json, with its name as the source", () => {
    const llama = of({ model_type: "llama", rope_theta: 500_000, hidden_size: 64, num_attention_heads: 8 });
    expect(llama).toMatchObject({ scheme: "rope", source: "config.json", parameters: { base: 500_000 } });
    expect(llama.frequencies).toHaveLength(4);
    expect(llama.frequencies![1]).toBeCloseTo(500_000 ** -0.25, 9);
    expect(of({ model_type: "t5", relative_attention_num_buckets: 32 }).buckets).toEqual({
      bidirectional: true,
      nBuckets: 32,
      maxDistance: 128,
    });
    expect(of({ model_type: "bloom" }, 4).slopes).toEqual(Float64Array.of(1 / 4, 1 / 16, 1 / 64, 1 / 256));
    expect(of({ model_type: "gpt2" })).toMatchObject({ scheme: "learned", source: "config.json" });
  });

  it("take T5's farthest distance from the config and its biases from the graph", () => {
    const config = parseConfig({ relative_attention_num_buckets: 32, relative_attention_max_distance: 100 });
    const bucketBias = { dims: [32, 4], data: new Float32Array(128) };
    const graph = { scheme: "relative-bias", parameters: { buckets: 32 } } as const;
    const found = modelPositions(graph, config, { nHeads: 4 }, { bucketBias });
    expect(found).toMatchObject({ source: "graph", buckets: { nBuckets: 32, maxDistance: 100 }, bucketBias });
  });

  it("are unknown, with a reason, where neither says", () => {
    expect(of(undefined)).toMatchObject({ scheme: "unknown", missing: expect.stringContaining("not found") });
  });

  it("follow the graph before the config", () => {
    const config = parseConfig({ rope_theta: 10_000, head_dim: 8 });
    const graph = { scheme: "rope", parameters: { base: 100, dimensions: 4 } } as const;
    const found = modelPositions(graph, config, { nHeads: 1, dHead: 8 });
    expect([...found.frequencies!]).toEqual([1, 0.1]);
    expect(found.source).toBe("graph");
  });
});
