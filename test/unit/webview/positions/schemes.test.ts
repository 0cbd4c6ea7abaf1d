import { describe, expect, it } from "vitest";
import { ropeFrequencies } from "../../../../src/core/positions/rope";
import { sinusoidalTable } from "../../../../src/core/positions/sinusoidal";
import { T5_BUCKETS } from "../../../../src/core/positions/relativeBuckets";
import { tensor } from "../../../../src/core/tensor";
import { headCurves } from "../../../../webview/views/positions/distancePanel";
import { modelPanels } from "../../../../webview/views/positions/modelPanel";
import {
  alibiPanels,
  relativePanels,
  ropePanels,
  sinusoidalPanels,
  toggledCurve,
} from "../../../../webview/views/positions/schemes";

const finite = (numbers: ArrayLike<number>) => Array.from(numbers).every(Number.isFinite);

describe("what there is to see of a scheme", () => {
  it.each([
    ["sinusoidal", sinusoidalPanels(16, 8, 10_000), 2, 2],
    ["rope", ropePanels(16, ropeFrequencies(8)), 2, 3],
    ["alibi", alibiPanels(16, 8, 3), 1, 2],
    ["relative", relativePanels(16, T5_BUCKETS), 1, 1],
    ["two positions, two dimensions", sinusoidalPanels(2, 2, 10), 2, 2],
    ["one head", alibiPanels(2, 1, 0), 1, 2],
  ])("%s: pictures and curves, all of numbers", (_name, { pictures, charts }, nPictures, nCharts) => {
    expect([pictures.length, charts.length]).toEqual([nPictures, nCharts]);
    for (const { tensor } of pictures)
      expect(tensor.data.length).toBe(tensor.dims.reduce((a, b) => a * b, 1));
    for (const { series } of charts) for (const { x, y } of series) expect(finite(x) && finite(y)).toBe(true);
  });

  it("of relative buckets, adds the learned bias of the head where the model's is known", () => {
    const bias = Float32Array.from({ length: 32 }, (_, bucket) => bucket / 10);
    const [learned] = relativePanels(4, T5_BUCKETS, bias).charts;
    // Key 3 after the query falls into bucket 16 + 3 (Raffel et al. 2020: exact below 8).
    expect(learned!.series[0]!.y[6]).toBeCloseTo(1.9);
  });
});

describe("a model's own scheme", () => {
  const none = { parameters: {} };
  it("is shown as sinusoidal where its table is one, whatever the report says", () => {
    const panels = modelPanels(
      { ...none, scheme: "learned", table: sinusoidalTable(40, 16, 300) },
      40,
      0,
      "encoder",
    )!;
    expect(panels.charts.map(({ title }) => title)).toContain("Wavelength 2π/θ of each pair");
    const learned = tensor([4, 2], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 9));
    const other = modelPanels({ ...none, scheme: "learned", table: learned }, 4, 0, "encoder")!;
    expect(other.charts.map(({ title }) => title)).toEqual(["Dimensions over position"]);
  });

  it("shows the model's own table where it is a sinusoidal one, not the formula's", () => {
    const table = sinusoidalTable(40, 16, 300);
    table.data[5] = table.data[5]! + 1e-3;
    const panels = modelPanels({ ...none, scheme: "sinusoidal", table }, 40, 0, "encoder")!;
    expect(panels.pictures[0]!.tensor.data[5]).toBe(table.data[5]);
  });

  it("draws rotations over 64 positions at least, and the curves of chosen dimensions", () => {
    const panels = modelPanels(
      { ...none, scheme: "rope", frequencies: ropeFrequencies(8) },
      5,
      0,
      "decoder",
    )!;
    expect(panels.pictures[0]!.tensor.dims).toEqual([64, 4]);
    expect(toggledCurve([0, 4, 8, 15], 4)).toEqual([0, 8, 15]);
    expect(toggledCurve([0, 4, 8, 15], 7)).toEqual([4, 8, 15, 7]);
    const table = sinusoidalTable(40, 16, 300);
    const chosen = modelPanels({ ...none, scheme: "learned", table }, 40, 0, "encoder", [3, 7])!;
    expect(chosen.charts[0]!.series.map(({ name }) => name)).toEqual(["dimension 3", "dimension 7"]);
  });

  it("takes the chosen head's column of the learned bias", () => {
    const bucketBias = tensor(
      [32, 2],
      Float32Array.from({ length: 64 }, (_, i) => (i % 2 ? 5 : -5)),
    );
    const panels = modelPanels(
      { ...none, scheme: "relative-bias", buckets: T5_BUCKETS, bucketBias },
      8,
      1,
      "encoder",
    )!;
    expect([...new Set(Array.from(panels.charts[0]!.series[0]!.y))]).toEqual([5]);
  });

  it("has each block's own buckets: a decoder's count backwards only, and cross-attention has none", () => {
    const table = (value: number) => tensor([32, 1], new Float32Array(32).fill(value));
    const known = {
      ...none,
      scheme: "relative-bias" as const,
      buckets: T5_BUCKETS,
      bucketsOfBlocks: [
        { block: "encoder" as const, buckets: T5_BUCKETS, bias: table(1) },
        { block: "decoder" as const, buckets: { ...T5_BUCKETS, bidirectional: false }, bias: table(2) },
      ],
    };
    const chart = (block: "encoder" | "decoder", title: string) =>
      modelPanels(known, 8, 0, block)!.charts.find((each) => each.title === title)!.series[0]!;
    const ahead = (block: "encoder" | "decoder") =>
      Array.from(chart(block, "Bucket over distance").y).slice(64, 71);
    expect(new Set(ahead("decoder"))).toEqual(new Set([0]));
    expect(ahead("encoder")).toEqual([17, 18, 19, 20, 21, 22, 23]);
    expect(chart("decoder", "Learned bias over distance").y[0]).toBe(2);
    expect(modelPanels(known, 8, 0, "cross")).toBeUndefined();
  });

  it("is nothing to draw where no numbers are known", () => {
    expect(modelPanels({ ...none, scheme: "unknown" }, 8, 0, "encoder")).toBeUndefined();
    expect(modelPanels({ ...none, scheme: "learned" }, 8, 0, "encoder")).toBeUndefined();
  });
});

describe("the small curves of all heads", () => {
  it("name the distance at which each head looks most, and leave gaps where nothing is visible", () => {
    const mean = Float32Array.of(0.1, 0.7, 0.2, NaN, 0.5, 0.25);
    const curves = headCurves({ layers: [{ layer: 2, nHeads: 2 }], firstDistance: 0, nDistances: 3, mean });
    expect(curves.map(({ head, peak, peakWeight }) => [head, peak, peakWeight])).toEqual([
      [0, 1, expect.closeTo(0.7)],
      [1, 1, 0.5],
    ]);
    expect(curves[1]!.path).toMatch(/^M50/);
  });
});
