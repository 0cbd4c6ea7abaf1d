import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { earlierOccurrences, statisticsOf, type StatisticName } from "../../../src/core/statistics";
import { tensor } from "../../../src/core/tensor";
import { textRelations } from "../../../src/core/textRelations";
import type { Engine } from "../../../src/engine/engine";
import { folderModel } from "../../../src/model/folder";
import { nodeFiles } from "../../../src/node/files";
import { inlineEngine } from "../../support/writtenRun";
import { hasReference, referenceRun } from "../../support/referenceRun";
import { fixtures, hasFixtures } from "../node/built";

// Expected numbers: NumPy, by a forward pass of its own (test/golden/measures/make_measures.py).
const golden = (name: string): unknown =>
  JSON.parse(readFileSync(path.resolve(import.meta.dirname, `../../golden/measures/${name}.json`), "utf8"));

type Matrices = readonly (readonly (readonly number[])[])[];
interface Weighted {
  readonly model: string;
  readonly ids: readonly number[];
  readonly layers: readonly { readonly valueWeighted: Matrices; readonly normWeighted: Matrices }[];
}
interface Statistics {
  readonly fixture: { readonly model: string; readonly layers: readonly Record<string, number[]>[] };
  readonly text: {
    readonly tokens: readonly string[];
    readonly weights: Matrices;
    readonly values: Readonly<Record<string, readonly number[]>>;
  };
}

describe.skipIf(!hasFixtures)("attention weighted by what is moved, in every head of every layer", () => {
  let engine: Engine;
  beforeAll(() => {
    engine = inlineEngine();
  });
  afterAll(() => engine.stop());

  it.each(golden("weighted") as Weighted[])("of $model is NumPy's", async ({ model, ids, layers }) => {
    const { source } = await folderModel(nodeFiles, path.join(fixtures, "models", model));
    const { runId, blocks } = await engine.inspect({ model: source, ids: [...ids] });
    const [block] = blocks;
    expect(block!.layers).toHaveLength(layers.length);
    for (const [layer, expected] of layers.entries()) {
      expect(block!.layers[layer]!.nHeads).toBe(expected.valueWeighted.length);
      for (const [measure, heads] of [
        ["value-weighted", expected.valueWeighted],
        ["norm-weighted", expected.normWeighted],
      ] as const) {
        for (const [head, matrix] of heads.entries()) {
          const choice = { block: block!.kind, layer, head };
          const { data } = await engine.matrix({ runId, choice, measure });
          const numbers = matrix.flat();
          const largest = Math.max(...numbers);
          const worst = numbers.reduce((most, number, i) => Math.max(most, Math.abs(number - data[i]!)), 0);
          expect(data.length).toBe(numbers.length);
          // float32 against float64: 5 digits of the largest.
          expect(worst / largest, `${measure}, L${layer} H${head}`).toBeLessThan(1e-5);
        }
      }
    }
  });
});

const { fixture, text } = golden("statistics") as Statistics;

it.skipIf(!hasReference(fixture.model))("statistics of every head of a real Llama are NumPy's", () => {
  const { run, tensors } = referenceRun(fixture.model, "causal");
  const earlier = earlierOccurrences(run.tokens.map(({ id }) => id));
  expect(fixture.layers).toHaveLength(tensors.length);
  tensors.forEach(({ dims, data }, layer) => {
    const [nHeads, n] = [dims[0]!, dims[1]!];
    for (let head = 0; head < nHeads; head++) {
      const weights = tensor([n, n], data.subarray(head * n * n, (head + 1) * n * n));
      const values = statisticsOf(weights, earlier);
      const expected = fixture.layers[layer]!;
      expect(Object.keys(values).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, heads] of Object.entries(expected)) {
        expect(values[name as StatisticName], `${name} of L${layer} H${head}`).toBeCloseTo(heads[head]!, 5);
      }
    }
  });
});

it("statistics of brackets, words, punctuation and line breaks are NumPy's", () => {
  let start = 0;
  const tokens = text.tokens.map((each, id) => {
    const token = { id, text: each, piece: each, start, end: start + each.length, special: false };
    start = token.end;
    return token;
  });
  const n = tokens.length;
  for (const [head, matrix] of text.weights.entries()) {
    const weights = tensor([n, n], Float32Array.from(matrix.flat()));
    const values = statisticsOf(
      weights,
      earlierOccurrences(tokens.map(({ id }) => id)),
      textRelations(tokens),
    );
    for (const [name, heads] of Object.entries(text.values)) {
      expect(values[name as StatisticName], name).toBeCloseTo(heads[head]!, 6);
    }
  }
});
