import { expect, it } from "vitest";
import { modelCard } from "../../../src/core/probe/modelCard";
import type { ProbeReport } from "../../../src/core/probe/probe";
import { english } from "../host/english";

const head = (index: number, values: Record<string, number>) => ({
  address: { block: "decoder" as const, layer: 0, head: index },
  values,
});

it("names the best head of each behaviour with its figure, and what no head does", () => {
  const report: ProbeReport = {
    version: 2,
    model: {
      id: "m",
      name: "A | B",
      source: "embedded",
      kind: "causal",
      nLayers: 1,
      nHeads: 2,
      hasTokenizer: true,
    },
    inputs: [{ kind: "random", nTokens: 200 }],
    heads: [
      head(0, { induction: 0.25, previousToken: 0.05 }),
      head(1, { induction: 0.75, previousToken: 0.01 }),
    ],
    durationMs: 1500,
  };
  const card = modelCard(report, undefined, english);
  expect(card).toContain("# A \\| B");
  expect(card).toMatch(/\| induction \| L0\u00a0H1 \| 0\.750 \| Weight on the tokens that followed/);
  expect(card).toContain("No head has a tenth of its attention on: previous token.");
  expect(card).toContain("Probed in 1.5 s on random tokens said twice (1 of 200 tokens in all).");
});
