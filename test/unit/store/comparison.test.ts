import { describe, expect, it } from "vitest";
import type { HeadChoice, LayerOfRun, RunSummary } from "../../../src/core/run";
import { tensor } from "../../../src/core/tensor";
import type { Token } from "../../../src/core/token";
import { compareChoices, similarHeads } from "../../../src/store/comparison";
import { storedRun, type StoredRun } from "../../../src/store/storedRun";

function tokens(pieces: readonly string[]): Token[] {
  let start = 0;
  return pieces.map((text, id) => {
    const token = { id, text, piece: text, start, end: start + text.length, special: false };
    start = token.end;
    return token;
  });
}

/** One layer of heads over the pieces; `weight(head, query, key)`. */
function runOf(
  pieces: readonly string[],
  nHeads: number,
  weight: (head: number, query: number, key: number) => number,
  model = "m",
): StoredRun {
  const n = pieces.length;
  const info: LayerOfRun = {
    layer: 0,
    nHeads,
    nKeyHeads: nHeads,
    nQueries: n,
    nKeys: n,
    mask: { kind: "none" },
    has: ["weights"],
  };
  const data = Float32Array.from({ length: nHeads * n * n }, (_, i) =>
    weight(Math.floor(i / (n * n)), Math.floor(i / n) % n, i % n),
  );
  const summary = {
    runId: pieces.join("|"),
    model: { id: model },
    text: pieces.join(""),
    tokens: tokens(pieces),
    blocks: [{ kind: "encoder", queries: "source", keys: "source", layers: [info] }],
  } as unknown as RunSummary;
  return storedRun(summary, [
    { block: "encoder", info, tensors: new Map([["weights", tensor([nHeads, n, n], data)]]) },
  ]);
}
const head = (number: number | "mean"): HeadChoice => ({ block: "encoder", layer: 0, head: number });
/** Head 0 looks at itself, head 1 at token 0, head 2 half at each. */
const weightOf = (which: number, query: number, key: number): number =>
  which === 0
    ? Number(query === key)
    : which === 1
      ? Number(key === 0)
      : (Number(query === key) + Number(key === 0)) / 2;

// Divergences by hand from the definition (Lin 1991): disjoint rows 1 bit, (1, 0) against (1/2, 1/2) 0.3113.
describe("two heads of one run", () => {
  const run = runOf(["a", "b", "c"], 3, weightOf);
  const found = compareChoices({ run, choice: head(0) }, { run, choice: head(1) }, 64);

  it("differ by 1 bit where they share no key, and by nothing where they agree", () => {
    expect([...found.divergence]).toEqual([0, 1, 1]);
    expect(found).toMatchObject({ alignment: "same", largestDivergence: 1, mostDivergent: 1 });
    expect(found.meanDivergence).toBeCloseTo(2 / 3, 12);
  });

  it("give the signed difference, and its largest cells with both weights", () => {
    expect([...found.difference]).toEqual([0, 0, 0, -1, 1, 0, -1, 0, 1]);
    expect(found.largest).toHaveLength(4);
    expect(found.largest[0]).toEqual({ query: 1, key: 0, difference: -1, a: 0, b: 1 });
  });

  it("are wholly equal to themselves, and correlate with themselves", () => {
    const same = compareChoices({ run, choice: head(2) }, { run, choice: head(2) }, 64);
    expect(same.meanDivergence).toBe(0);
    expect(same.correlation).toBeCloseTo(1, 12);
    expect(same.largest).toEqual([]);
  });

  it("keep a single large difference when pooled, with its sign", () => {
    const pooled = compareChoices({ run, choice: head(0) }, { run, choice: head(1) }, 1);
    expect([pooled.rows, pooled.columns]).toEqual([1, 1]);
    expect(Math.abs(pooled.difference[0]!)).toBe(1);
  });

  it("name the nearest heads first", () => {
    const near = similarHeads(run, { block: "encoder", layer: 0, head: 0 });
    expect(near.map(({ address }) => address.head)).toEqual([2, 1]);
    expect(near[0]!.divergence).toBeCloseTo((0.3112781 * 2) / 3, 6);
    expect(near[1]!.divergence).toBeCloseTo(2 / 3, 6);
  });
});

describe("heads of two runs", () => {
  it("are joined by equal tokens; a token without partner has no divergence", () => {
    const a = runOf(["a", " red", " cat"], 1, (_, query, key) => Number(query === key));
    const b = runOf(["a", " cat"], 1, (_, query, key) => Number(query === key));
    const found = compareChoices({ run: a, choice: head(0) }, { run: b, choice: head(0) }, 64);
    expect(found.alignment).toBe("text");
    expect([...found.divergence]).toEqual([0, NaN, 0]);
    expect([...found.difference]).toEqual(new Array(9).fill(0));
    expect(found.largest).toEqual([]);
    expect(found.queries[1]).toEqual({ a: { start: 1, end: 2, text: " red" } });
    expect(found.queries[2]).toMatchObject({ a: { start: 2 }, b: { start: 1 } });
    expect([...found.visibleB]).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it("of two models are joined by places in the text, weights of a group's keys summed", () => {
    const a = runOf(["in", "duction", " head"], 1, () => 1 / 3);
    const b = runOf(["induction", " head"], 1, () => 1 / 2, "other");
    const found = compareChoices({ run: a, choice: head(0) }, { run: b, choice: head(0) }, 64);
    expect(found.alignment).toBe("spans");
    expect(found.queries.map((group) => [group.a?.text, group.b?.text])).toEqual([
      ["induction", "induction"],
      [" head", " head"],
    ]);
    expect(Array.from(found.a, (value) => Number(value.toFixed(4)))).toEqual([
      0.6667, 0.3333, 0.6667, 0.3333,
    ]);
    expect([...found.b]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });
});
