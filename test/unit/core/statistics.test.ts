import { describe, expect, it } from "vitest";
import { earlierOccurrences, statisticsOf, type StatisticName } from "../../../src/core/statistics";
import { tensor } from "../../../src/core/tensor";

/** A head whose weight(query, key) is given. */
function head(n: number, weight: (query: number, key: number) => number, nKeys = n) {
  const data = new Float32Array(n * nKeys);
  for (let q = 0; q < n; q++) for (let k = 0; k < nKeys; k++) data[q * nKeys + k] = weight(q, k);
  return tensor([n, nKeys], data);
}
const distinct = earlierOccurrences([1, 2, 3, 4]);

// Expected values are worked out by hand from the definitions in words; the heads are the textbook ones.
describe("statistics of constructed heads", () => {
  it.each<[string, ReturnType<typeof head>, Partial<Record<StatisticName, number>>]>([
    [
      "looks at itself",
      head(4, (q, k) => (q === k ? 1 : 0)),
      {
        entropy: 0,
        largest: 1,
        distance: 0,
        self: 1,
        neighbours: 1,
        previousToken: 0,
        firstToken: 0,
        nextToken: 0,
      },
    ],
    [
      "looks at the token before, query 0 at itself",
      head(4, (q, k) => (k === Math.max(0, q - 1) ? 1 : 0)),
      { entropy: 0, distance: 0.75, self: 0.25, neighbours: 1, previousToken: 1, firstToken: 1 / 3 },
    ],
    [
      "looks at the token after, the last at itself",
      head(4, (q, k) => (k === Math.min(3, q + 1) ? 1 : 0)),
      { nextToken: 1, self: 0.25, distance: 0.75 },
    ],
    [
      "rests on token 0",
      head(4, (_, k) => (k === 0 ? 1 : 0)),
      { firstToken: 1, distance: 1.5, self: 0.25, previousToken: 1 / 3 },
    ],
    [
      "looks everywhere alike",
      head(4, () => 0.25),
      { entropy: 2, largest: 0.25, self: 0.25, firstToken: 0.25, distance: 1.25, neighbours: 0.625 },
    ],
  ])("a head that %s", (_, weights, expected) => {
    const values = statisticsOf(weights, distinct);
    for (const [name, value] of Object.entries(expected)) {
      expect(values[name as StatisticName], name).toBeCloseTo(value, 6);
    }
    expect(values.induction).toBeUndefined();
    expect(values.duplicate).toBeUndefined();
  });

  it("induction: a b c a b c, each second copy looks after its first", () => {
    const earlier = earlierOccurrences([7, 8, 9, 7, 8, 9]);
    const weights = head(6, (q, k) => (q < 3 ? (k === 0 ? 1 : 0) : k === q - 2 ? 1 : 0));
    expect(statisticsOf(weights, earlier)).toMatchObject({ induction: 1, duplicate: 0 });
    const copies = head(6, (q, k) => (q < 3 ? (k === 0 ? 1 : 0) : k === q - 3 ? 1 : 0));
    expect(statisticsOf(copies, earlier)).toMatchObject({ induction: 0, duplicate: 1 });
  });

  it("induction: a token right after itself has no follower but itself", () => {
    const values = statisticsOf(
      head(2, (q, k) => (q === k ? 1 : 0)),
      earlierOccurrences([5, 5]),
    );
    expect(values.induction).toBeUndefined();
    expect(values.duplicate).toBe(0);
  });

  it("induction: weight on all followers counts", () => {
    // a x a y a: the last a may look at x or y.
    const weights = head(5, (q, k) => (q === 4 ? [0, 0.5, 0, 0.25, 0.25][k]! : k === q ? 1 : 0));
    const values = statisticsOf(weights, earlierOccurrences([1, 2, 1, 3, 1]));
    // Query 2: follower is x (weight 0); query 4: 0.5 + 0.25.
    expect(values.induction).toBeCloseTo(0.375, 6);
  });

  it("leaves out queries that see nothing", () => {
    const weights = head(3, (q, k) => (q === 0 ? 0 : k === 0 ? 1 : 0));
    expect(statisticsOf(weights, earlierOccurrences([1, 2, 3]))).toMatchObject({ largest: 1, distance: 1.5 });
  });

  it("gives only entropy and largest for cross-attention", () => {
    expect(statisticsOf(head(2, () => 0.25, 4))).toEqual({ entropy: 2, largest: 0.25 });
  });
});
