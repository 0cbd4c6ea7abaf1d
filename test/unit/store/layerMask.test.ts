import { describe, expect, it } from "vitest";
import { tensor } from "../../../src/core/tensor";
import { maskOf, visibleKeys } from "../../../src/store/layerMask";

/** Two heads over n tokens with a weight on every key that the pattern shows. */
function weights(n: number, sees: (query: number, key: number, head: number) => boolean) {
  const data = new Float32Array(2 * n * n);
  for (let h = 0; h < 2; h++)
    for (let q = 0; q < n; q++)
      for (let k = 0; k < n; k++) if (sees(q, k, h)) data[(h * n + q) * n + k] = 1 / n;
  return tensor([2, n, n], data);
}

describe("the mask that weights show", () => {
  it.each([
    ["none", () => true, { kind: "none" }],
    ["causal", (q: number, k: number) => k <= q, { kind: "causal" }],
    ["sliding", (q: number, k: number) => k <= q && k > q - 3, { kind: "sliding", window: 3 }],
    ["padding", (_: number, k: number) => k < 5, { kind: "padding" }],
  ] as const)("is %s", (_, sees, expected) => {
    expect(maskOf(weights(8, sees), true)).toMatchObject(expected);
  });

  it("is the union over the heads: a head that ignores a key does not mask it", () => {
    const mask = maskOf(
      weights(8, (q, k, h) => k <= q && (h === 0 || k === q)),
      true,
    );
    expect(mask.kind).toBe("causal");
  });

  it("stays causal where a few weights vanished in every head, and fills them", () => {
    const holed = weights(20, (q, k) => k <= q && !(q === 15 && k === 3) && !(q === 9 && k === 8));
    const mask = maskOf(holed, true);
    expect(mask).toEqual({ kind: "causal" });
    const visible = visibleKeys(holed, mask);
    expect([visible[15 * 20 + 3], visible[3 * 20 + 15]]).toEqual([1, 0]);
  });

  it("is never causal for cross-attention", () => {
    expect(
      maskOf(
        weights(4, (q, k) => k <= q),
        false,
      ).kind,
    ).toBe("other");
  });

  it("cannot be told from one token", () => {
    expect(
      maskOf(
        weights(1, () => true),
        true,
      ).kind,
    ).toBe("unknown");
  });
});
