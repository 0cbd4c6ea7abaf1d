import { describe, expect, it } from "vitest";
import { heapBytes, planRun, type RunSize } from "../../../src/engine/worker/plan";

const limits = { heapBytes: 3.8e9, byteBudget: 2 ** 30 };
/** The size of GPT-2 small: 124 million float32 weights. */
const gpt2 = (nTokens: number): RunSize => ({
  modelName: "gpt2",
  weightBytes: 498e6,
  headsPerLayer: new Array<number>(12).fill(12),
  nTokens,
  vocab: 50_257,
  isSelective: true,
});

describe("the memory plan", () => {
  it.each([
    [512, "float32", 1],
    [1024, "bytes", 1],
    [2048, "bytes", 1],
    [3072, "on-demand", 1],
  ] as const)("runs 12 x 12 heads over %i tokens as %s in %i passes", (nTokens, form, nPasses) => {
    const plan = planRun(gpt2(nTokens), limits);
    expect([plan.form, plan.passes.length]).toEqual([form, nPasses]);
    expect(plan.passes.flat()).toEqual(form === "on-demand" ? [0] : [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("never plans a pass above what the heap may grow to", () => {
    for (let nTokens = 64; nTokens < 8192; nTokens = Math.ceil(nTokens * 1.2)) {
      for (const heap of [1e9, 2e9, 3.8e9]) {
        try {
          const plan = planRun(gpt2(nTokens), { ...limits, heapBytes: heap });
          for (const pass of plan.passes) {
            expect(heapBytes(gpt2(nTokens), pass, plan.form !== "float32")).toBeLessThanOrEqual(heap);
          }
        } catch (error) {
          expect(error).toMatchObject({ code: "run-too-large" });
        }
      }
    }
  });

  it("splits a run over passes where the layers do not fit into one heap together", () => {
    const plan = planRun(gpt2(2048), { heapBytes: 2.1e9, byteBudget: 2 ** 30 });
    expect(plan.form).toBe("bytes");
    expect(plan.passes.length).toBeGreaterThan(1);
    expect(plan.passes.flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it("does not keep what predictions need where that alone would fill the budget", () => {
    expect(planRun(gpt2(1024), limits).keepsLogits).toBe(true);
    expect(planRun(gpt2(2048), limits).keepsLogits).toBe(false);
  });

  it("says what would be needed and how many tokens fit, and that many do fit", () => {
    let fits = 0;
    try {
      planRun(gpt2(8192), limits);
    } catch (error) {
      const { message } = error as Error;
      expect(message).toMatch(
        /^8,192 tokens through gpt2 would need about \d+\.\d GB of memory; .* 3\.8 GB\./,
      );
      fits = Number(/Up to about ([\d,]+) tokens fit/.exec(message)![1]!.replace(",", ""));
    }
    expect(fits).toBeGreaterThan(2000);
    expect(planRun(gpt2(fits), limits).passes.length).toBeGreaterThan(0);
    expect(() => planRun(gpt2(Math.ceil(fits * 1.15)), limits)).toThrow("would need");
  });

  it("keeps float32 where a graph can give nothing else, as far as the heap allows", () => {
    const whole = { ...gpt2(1024), isSelective: false };
    expect(planRun(whole, limits).form).toBe("float32");
    expect(() => planRun({ ...whole, nTokens: 4096 }, limits)).toThrow("Up to about");
  });
});
