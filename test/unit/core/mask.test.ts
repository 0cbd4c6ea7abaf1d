import { describe, expect, it } from "vitest";
import { classifyMask, keysPerQuery, visibilityOf, type Visibility } from "../../../src/core/mask";
import { tensor } from "../../../src/core/tensor";

/** Rows of "x" (visible) and "." (masked). */
function mask(...rows: string[]): Visibility {
  return {
    nQueries: rows.length,
    nKeys: rows[0]!.length,
    visible: Uint8Array.from(rows.join(""), (cell) => (cell === "x" ? 1 : 0)),
  };
}

describe("a mask is named after the rule that gives every one of its cells", () => {
  const cases: [string, Visibility, object][] = [
    ["nothing hidden", mask("xxx", "xxx", "xxx"), { kind: "none", causal: false, hiddenKeys: [] }],
    ["one token", mask("x"), { kind: "none" }],
    ["each query up to itself", mask("x..", "xx.", "xxx"), { kind: "causal", causal: true }],
    ["cached keys: the queries are the last tokens", mask("xxx.", "xxxx"), { kind: "causal" }],
    [
      "left padding under a causal mask",
      mask("....", ".x..", ".xx.", ".xxx"),
      { kind: "causal", hiddenKeys: [0] },
    ],
    [
      "right padding under a causal mask",
      mask("x...", "xx..", "xxx.", "xxx."),
      { kind: "causal", hiddenKeys: [3] },
    ],
    ["right padding", mask("xx.", "xx.", "xx."), { kind: "padding", hiddenKeys: [2], causal: false }],
    [
      "a causal window of two keys",
      mask("x...", "xx..", ".xx.", "..xx"),
      { kind: "sliding", window: 2, reach: { back: 1, ahead: 0 }, causal: true },
    ],
    [
      "a window of one key to each side",
      mask("xx..", "xxx.", ".xxx", "..xx"),
      { kind: "sliding", window: 3, reach: { back: 1, ahead: 1 }, causal: false },
    ],
    [
      "two packed documents",
      mask("xx...", "xx...", "..xxx", "..xxx", "..xxx"),
      { kind: "block", blockStarts: [0, 2], causal: false },
    ],
    [
      "two packed documents, each causal",
      mask("x....", "xx...", "..x..", "..xx.", "..xxx"),
      { kind: "block", blockStarts: [0, 2], causal: true },
    ],
    ["holes without a rule, nothing ahead", mask("x..", ".x.", "x.x"), { kind: "other", causal: true }],
    ["more queries than keys", mask("xx", "xx", "x."), { kind: "other" }],
    ["cross-attention with padded source", mask("xx.", "xx."), { kind: "padding", hiddenKeys: [2] }],
    ["nothing visible at all", mask("..", ".."), { kind: "other", hiddenKeys: [0, 1] }],
  ];
  it.each(cases)("%s", (_name, given, expected) => {
    expect(classifyMask(given)).toMatchObject(expected);
  });

  it("leaves aside what queries at padded places see", () => {
    // Row 0 is padding and sees all the keys that are left, as attention kernels write it to avoid empty rows.
    expect(classifyMask(mask(".xxx", ".x..", ".xx.", ".xxx"))).toMatchObject({
      kind: "causal",
      hiddenKeys: [0],
    });
  });
});

describe("the mask as read from a run", () => {
  it.each([-Infinity, -3.4028234663852886e38, -65504, -1e9, -10000 + 12.5])(
    "takes a score of %d as masked",
    (masked) => {
      const scores = tensor([2, 2], Float32Array.of(0.5, masked, -40, 3));
      expect([...visibilityOf(scores, undefined).visible]).toEqual([1, 0, 1, 1]);
    },
  );

  it("sees a mask that the captured scores do not have yet, by weights of exactly 0", () => {
    const scores = tensor([2, 2], Float32Array.of(0.5, 0.7, 1, 2));
    const weights = tensor([2, 2], Float32Array.of(1, 0, 0.27, 0.73));
    expect([...visibilityOf(scores, weights).visible]).toEqual([1, 0, 1, 1]);
  });

  it("keeps a key visible whose weight vanished by its own low score", () => {
    const scores = tensor([1, 2], Float32Array.of(0, -200));
    expect([...visibilityOf(scores, tensor([1, 2], Float32Array.of(1, 0))).visible]).toEqual([1, 1]);
  });

  it("goes by the weights where there are no scores, and takes a weight that is not a number as visible", () => {
    expect([...visibilityOf(undefined, tensor([1, 3], Float32Array.of(0.5, 0, NaN))).visible]).toEqual([
      1, 0, 1,
    ]);
  });

  it("counts the keys of each query", () => {
    expect([...keysPerQuery(mask("x..", "...", "xxx"))]).toEqual([1, 0, 3]);
  });
});
