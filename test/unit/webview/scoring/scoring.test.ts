import { describe, expect, it } from "vitest";
import { tensor } from "../../../../src/core/tensor";
import { scaleExperimentRandom } from "../../../../src/core/scoring/scaleExperiment";
import { bothWays } from "../../../../webview/views/scoring/bothWays";
import {
  bytesText,
  costCharts,
  countText,
  type CostSetting,
} from "../../../../webview/views/scoring/costCharts";
import { experimentCharts } from "../../../../webview/views/scoring/experiment";

const setting: CostSetting = { along: "n", n: 512, d: 64, window: 128, block: 64, nBlocks: 4, rank: 128 };

describe("a head's own q and k both ways", () => {
  it("by hand: q·k of 4 and 0 in 4 dimensions give e⁴ : 1 without the scale and e² : 1 with it", () => {
    const q = tensor([1, 4], Float32Array.of(1, 1, 1, 1));
    const k = tensor([2, 4], Float32Array.of(1, 1, 1, 1, 0, 0, 0, 0));
    const { plain, scaled } = bothWays(q, k, () => true);
    expect(plain.largestWeight).toBeCloseTo(0.98201379, 6);
    expect(scaled.largestWeight).toBeCloseTo(0.88079708, 6);
    expect(plain.entropyBits).toBeLessThan(scaled.entropyBits);
  });

  it("keep the mask of the run", () => {
    const q = tensor([2, 1], Float32Array.of(1, 1));
    const { plain } = bothWays(q, q, (query, key) => key <= query);
    expect([...plain.weights.data]).toEqual([1, 0, 0.5, 0.5]);
  });
});

describe("cost curves", () => {
  it("run over n with d standing still, or over d with n standing still", () => {
    const overN = costCharts(setting);
    expect(overN.scoring.map(({ series }) => series.length)).toEqual([3, 3, 3]);
    expect(overN.patterns.map(({ series }) => series.length)).toEqual([4, 4]);
    expect(overN.scoring[0]!.series[0]!.x[0]).toBe(16);
    const overD = costCharts({ ...setting, along: "d" });
    // Additive parameters are 2d² + d whatever n is.
    expect(overD.scoring[2]!.series[0]!.y[0]).toBe(2 * 4 * 4 + 4);
    expect(overD.scoring[2]!.x.label).toBe("d, dimensions");
  });

  it("say counts and bytes with 3 digits", () => {
    expect([0, 999_999, 1_234_567, 2.5e9, 7e13].map(countText)).toEqual(
      ["0", "999,999", "1.23 million", "2.5 billion", "70 trillion"], // prettier-ignore
    );
    expect([1, 300, 1e6].map(bytesText)).toEqual(["4 B", "1.2 KB", "4 MB"]);
  });
});

describe("the experiment's curves", () => {
  it("are of four measures, with the run's own beside the random ones where there are any", () => {
    const points = [4, 8].map((dKey) => scaleExperimentRandom(dKey, { nQueries: 4, nKeys: 4 }));
    expect(experimentCharts(points, []).map(({ series }) => series.length)).toEqual([2, 2, 2, 2]);
    const [variance] = experimentCharts(points, points);
    expect(variance!.series).toHaveLength(4);
    expect(variance!.series[1]!.y[1]).toBeCloseTo((variance!.series[0]!.y[1] as number) / 8, 6);
  });
});
